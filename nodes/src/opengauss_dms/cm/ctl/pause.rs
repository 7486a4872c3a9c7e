//! `cm_ctl pause` and `cm_ctl resume`: a file on every node.

use super::Control;
use crate::opengauss_dms::cm::messages::NodeCommand;

impl Control {
    pub(super) async fn pause(&self, command: NodeCommand) -> i32 {
        let (begin, end) = match command {
            NodeCommand::Pause => ("Pausing the cluster.", "The cluster has been paused."),
            _ => ("Resuming the cluster.", "The cluster has been resumed."),
        };
        self.say("Checking trust among all nodes.");
        for node in 0..self.plan.nodes.len() {
            if self.tell_node(node, NodeCommand::Inquire).await.is_err() {
                self.say("The ssh trust relationship may be abnormal on some nodes.");
                return 1;
            }
        }
        self.say(begin);
        for node in 0..self.plan.nodes.len() {
            if self.tell_node(node, command).await.is_err() {
                return 1;
            }
        }
        self.say(end);
        0
    }
}
