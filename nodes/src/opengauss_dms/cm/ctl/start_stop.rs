//! `cm_ctl start` and `cm_ctl stop`: of the cluster, a node, or the database of a node.
//!
//! How long they wait is counted in seconds, not in looks: the tool looks in a thread of its own (CM:ctl_stop.cpp,
//! `stop_check`), so that an agent that does not answer makes it give up no later.

use super::options::Options;
use super::{Control, FAILED, ROUND};
use crate::opengauss_dms::cm::display::{cluster_state, role_and_state};
use crate::opengauss_dms::cm::messages::{NodeCommand, ToServer};

/// How long the commands wait unless told otherwise, and how much longer for each node.
const START_WAIT: u64 = 600;
const STOP_WAIT: u64 = 1200;
const WAIT_PER_NODE: u64 = 1;

/// What is started or stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    Cluster,
    Node(usize),
    Instance(usize),
}

impl Scope {
    const fn word(&self) -> &'static str {
        match self {
            Scope::Cluster => "cluster",
            Scope::Node(_) => "node",
            Scope::Instance(_) => "instance",
        }
    }
}

impl Control {
    fn scope(&self, options: &Options) -> Option<Scope> {
        if options.node.is_none() {
            return Some(Scope::Cluster);
        }
        let node = self.node_of(options)?;
        Some(if options.directory.is_some() { Scope::Instance(node) } else { Scope::Node(node) })
    }

    fn nodes_in(&self, scope: &Scope) -> Vec<usize> {
        match scope {
            Scope::Cluster => (0..self.plan.nodes.len()).collect(),
            Scope::Node(node) | Scope::Instance(node) => vec![*node],
        }
    }

    fn say_what(&self, verb: &str, scope: &Scope) {
        match scope {
            Scope::Cluster => {
                self.say(&format!("{verb} cluster. "));
                for node in self.nodes_in(scope) {
                    self.say(&format!("{verb} nodeid: {}", node + 1));
                }
            }
            Scope::Node(node) => self.say(&format!("{verb} the node: {}. ", node + 1)),
            Scope::Instance(node) => {
                let directory = &self.plan.nodes[*node].data_directory;
                self.say(&format!("{verb} the node: {}, datapath: {directory}. ", node + 1));
            }
        }
    }

    pub(super) async fn stop(&self, options: &Options) -> i32 {
        let Some(scope) = self.scope(options) else {
            self.say_not_found(options);
            return FAILED;
        };
        self.say_what("stop", &scope);
        if scope == Scope::Cluster
            && let Some(primary) = self.find_primary().await
        {
            // If this gets lost, cm_server arbitrates on, as it would in the real system.
            let _ = self.ask_server(primary, ToServer::ClusterStops).await;
        }
        let immediate = options.immediate;
        let command = match scope {
            Scope::Instance(_) => NodeCommand::StopInstance { immediate },
            Scope::Cluster | Scope::Node(_) => NodeCommand::StopNode { immediate },
        };
        let nodes = self.nodes_in(&scope);
        for node in &nodes {
            if self.tell_node(*node, command).await.is_err() {
                self.say(&format!("the node: {} cannot be reached.", node + 1));
            }
        }
        let wait = options.wait_seconds.unwrap_or(STOP_WAIT + WAIT_PER_NODE * nodes.len() as u64);
        let began = self.now();
        loop {
            let done = self.all_stopped(&nodes, &scope).await;
            let waited = self.now().since(began).as_secs();
            if done {
                self.dots(waited);
                self.say(&format!("stop {} successfully.", scope.word()));
                return 0;
            }
            if waited >= wait {
                break;
            }
            self.sleep(ROUND).await;
        }
        self.dots(wait);
        let what = scope.word();
        let options = match scope {
            Scope::Cluster => "",
            Scope::Node(_) => " -n <nodeid>",
            Scope::Instance(_) => " -D <datapath>",
        };
        self.say(&format!(
            "stop {what} failed in ({wait})s!\n\n\
             HINT: Maybe the {what} is continually being stopped in the background.\n\
             You can wait for a while and check whether the {what} stops, or immediately stop the {what} using \
             \"cm_ctl stop{options} -m i\"."
        ));
        FAILED
    }

    /// A node that cannot be reached is not known to have stopped.
    async fn all_stopped(&self, nodes: &[usize], scope: &Scope) -> bool {
        for node in nodes {
            let stopped = match self.tell_node(*node, NodeCommand::Inquire).await {
                Ok(answer) => !answer.gaussdb && (matches!(scope, Scope::Instance(_)) || !answer.dssserver),
                Err(_) => false,
            };
            if !stopped {
                return false;
            }
        }
        true
    }

    pub(super) async fn start(&self, options: &Options) -> i32 {
        let Some(scope) = self.scope(options) else {
            self.say_not_found(options);
            return FAILED;
        };
        self.say("checking cluster status.");
        self.say_what("start", &scope);
        let command = match scope {
            Scope::Instance(_) => NodeCommand::StartInstance,
            Scope::Cluster | Scope::Node(_) => NodeCommand::StartNode,
        };
        let nodes = self.nodes_in(&scope);
        for node in &nodes {
            if self.tell_node(*node, command).await.is_err() {
                self.say(&format!("the node: {} cannot be reached.", node + 1));
            }
        }
        if scope == Scope::Cluster
            && let Some(primary) = self.find_primary().await
        {
            let _ = self.ask_server(primary, ToServer::ClusterStarts).await;
        }
        let wait = options.wait_seconds.unwrap_or(START_WAIT + WAIT_PER_NODE * nodes.len() as u64);
        let began = self.now();
        loop {
            let done = self.all_normal(&scope).await;
            let waited = self.now().since(began).as_secs();
            if done {
                self.dots(waited);
                self.say(&format!("start {} successfully.", scope.word()));
                return 0;
            }
            if waited >= wait {
                break;
            }
            self.sleep(ROUND).await;
        }
        self.dots(wait);
        let what = scope.word();
        self.say(&format!(
            "start {what} failed in ({wait})s!\n\n\
             HINT: Maybe the {what} is continually being started in the background.\n\
             You can wait for a while and check whether the {what} starts, or increase the value of parameter \"-t\", \
             e.g -t 600."
        ));
        1
    }

    async fn all_normal(&self, scope: &Scope) -> bool {
        let Some(primary) = self.find_primary().await else { return false };
        let Ok(Some(view)) = self.view(primary).await else { return false };
        match scope {
            Scope::Cluster => cluster_state(&view) == "Normal",
            Scope::Node(node) | Scope::Instance(node) => {
                view.databases.get(*node).is_some_and(|database| role_and_state(*database).1 == "Normal")
            }
        }
    }
}
