//! What cm_ctl does to a node: files that the loops of the agent look at.
//!
//! The real cm_ctl writes them through ssh; here the agent writes them, so they need an agent that lives.

use super::Agent;
use crate::opengauss_dms::cm::contents::RESOURCES;
use crate::opengauss_dms::cm::messages::{NodeAnswer, NodeCommand};
use crate::opengauss_dms::cm::server::PAUSE_FILE;
use crate::opengauss_dms::messages::Resource;

/// Nothing of the node shall run.
pub(in crate::opengauss_dms::cm) const NODE_STOP_FILE: &str = "cluster_manual_start";

/// A resource instance of the node shall not run. The content says how to stop it: `1` in order, `i` at once.
pub(super) fn instance_stop_file(cm_instance: u32) -> String {
    format!("instance_manual_start_{cm_instance}")
}

impl Agent {
    pub(super) fn paused(&self) -> bool {
        self.process.read_file(PAUSE_FILE).is_some()
    }

    /// Whether cm_server must take this node for out of service.
    pub(super) fn manually_stopped(&self) -> bool {
        self.process.read_file(NODE_STOP_FILE).is_some()
            || RESOURCES.into_iter().any(|resource| self.process.read_file(&self.stop_file(resource)).is_some())
    }

    pub(super) fn obey(&self, command: NodeCommand) -> NodeAnswer {
        match command {
            NodeCommand::StopNode { immediate } => self.write_stop_files(&RESOURCES, immediate),
            NodeCommand::StopInstance { immediate } => self.write_stop_files(&[Resource::Dms], immediate),
            NodeCommand::StartNode => self.remove_stop_files(&RESOURCES),
            NodeCommand::StartInstance => self.remove_stop_files(&[Resource::Dms]),
            NodeCommand::Pause => self.process.write_file(PAUSE_FILE, *b"1"),
            NodeCommand::Resume => {
                self.process.remove_file(PAUSE_FILE);
            }
            NodeCommand::Inquire => {}
        }
        NodeAnswer { gaussdb: self.exists(self.gaussdb()), dssserver: self.exists(self.dssserver()) }
    }

    fn write_stop_files(&self, resources: &[Resource], immediate: bool) {
        let content = if immediate { *b"i" } else { *b"1" };
        for resource in resources {
            self.process.write_file(&self.stop_file(*resource), content);
        }
    }

    fn remove_stop_files(&self, resources: &[Resource]) {
        self.process.remove_file(NODE_STOP_FILE);
        for resource in resources {
            self.process.remove_file(&self.stop_file(*resource));
        }
    }
}
