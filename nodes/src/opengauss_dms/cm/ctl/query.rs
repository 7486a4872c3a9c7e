//! `cm_ctl query`.

use super::options::Options;
use super::{Control, FAILED};
use crate::opengauss_dms::cm::display::{NodeLine, Screen};
use crate::opengauss_dms::cm::messages::{ServerAnswer, ToServer};

impl Control {
    pub(super) async fn query(&self, options: &Options) -> i32 {
        let servers = self.server_states().await;
        let primary = servers.iter().position(|state| *state == "Primary");
        let view = match primary {
            Some(primary) => self.view(primary).await.ok().flatten(),
            None => None,
        };
        let Some(view) = view else {
            self.say(
                "can't connect to cm_server.\nMaybe cm_server is not running, or timeout expired. Please try again.",
            );
            return FAILED;
        };
        let nodes = self.node_lines();
        let screen = Screen { nodes: &nodes, servers: &servers, view: &view };
        self.terminal.print_text(&screen.text(options.flags));
        0
    }

    async fn server_states(&self) -> Vec<&'static str> {
        let mut states = Vec::new();
        for node in 0..self.plan.nodes.len() {
            states.push(match self.ask_server(node, ToServer::Role).await {
                Ok(ServerAnswer::NotPrimary) => "Standby",
                Ok(_) => "Primary",
                Err(_) => "Down",
            });
        }
        states
    }

    fn node_lines(&self) -> Vec<NodeLine> {
        let line = |(index, node): (usize, &crate::opengauss_dms::cm::Node)| NodeLine {
            name: node.name.clone(),
            address: node.address.clone(),
            cm_directory: node.cm_directory.clone(),
            data_directory: node.data_directory.clone(),
            port: node.port,
            static_primary: index == self.plan.static_primary,
        };
        self.plan.nodes.iter().enumerate().map(line).collect()
    }
}
