//! repmgr: one-shot commands. Each reads the tables of some node's database, asks the others, and changes at most what
//! its runbook says.

mod check;
mod clone;
mod follow;
mod format;
mod options;
mod promote;
mod rejoin;
mod service;
mod show;
mod status;
mod switchover;

use super::connection::Connections;
use super::metadata::NodeId;
use super::plan::{Node, Shared};
use super::speech::{Level, Speech};
use super::sql::Sql;
use crate::world::process::Process;

pub(super) use follow::{follow, register_witness};
pub(super) use format::table;
pub(super) use options::{COMMANDS, Options};
pub(super) use promote::promote;
pub(super) use show::statuses;

/// Exit codes. Source: repmgr's errcode.h.
pub(super) mod code {
    pub(in super::super) const SUCCESS: i32 = 0;
    pub(in super::super) const BAD_CONFIG: i32 = 1;
    pub(in super::super) const DB_CONN: i32 = 6;
    pub(in super::super) const DB_QUERY: i32 = 7;
    pub(in super::super) const PROMOTION_FAIL: i32 = 8;
    pub(in super::super) const BAD_BASEBACKUP: i32 = 14;
    pub(in super::super) const MONITORING_TIMEOUT: i32 = 9;
    pub(in super::super) const SWITCHOVER_FAIL: i32 = 18;
    pub(in super::super) const SWITCHOVER_INCOMPLETE: i32 = 22;
    pub(in super::super) const FOLLOW_FAIL: i32 = 23;
    pub(in super::super) const REJOIN_FAIL: i32 = 24;
    pub(in super::super) const NODE_STATUS: i32 = 25;
    pub(in super::super) const REPMGRD_PAUSE: i32 = 26;
}

/// One run of the tool.
#[derive(Clone)]
pub(super) struct Repmgr {
    pub(super) speech: Speech,
    pub(super) plan: Shared,
    pub(super) connections: Connections,
    pub(super) me: Node,
    pub(super) options: Options,
}

impl Repmgr {
    /// A run on the node of this host; `None` if no node is there.
    pub(super) fn new(speech: Speech, plan: Shared, options: Options) -> Option<Self> {
        let me = plan.node_on(speech.process.host())?.clone();
        let connections = Connections { process: speech.process.clone(), plan: plan.clone() };
        Some(Repmgr { speech, plan, connections, me, options })
    }

    fn process(&self) -> &Process {
        &self.speech.process
    }

    fn node(&self, id: NodeId) -> Option<Node> {
        self.plan.node(id).cloned()
    }

    /// Says that a connection failed, as every command does.
    fn say_no_connection(&self, node: &Node, why: &str) {
        self.speech.error("connection to database failed");
        self.speech.detail(&format!("\n{why}\n"));
        self.speech.detail(&format!("attempted to connect using:\n  {}", node.conninfo()));
    }

    async fn checkpoint(&self, node: &Node) {
        // A checkpoint that fails is not looked at.
        let _ = self.connections.query(node, Sql::Checkpoint).await;
    }
}

/// Runs `repmgr` with the words as typed; its exit code.
pub(super) async fn repmgr(speech: Speech, plan: Shared, words: &[String]) -> i32 {
    let options = match Options::parse(words) {
        Ok(options) => options,
        Err(error) => {
            speech.say(Level::Error, &error.to_string());
            speech.hint("try \"repmgr --help\" for more information");
            return code::BAD_CONFIG;
        }
    };
    let Some(run) = Repmgr::new(speech, plan, options) else { return code::BAD_CONFIG };
    let typed: Vec<&str> = run.options.words.iter().map(String::as_str).collect();
    match typed[..] {
        ["standby", "switchover"] => switchover::switchover(&run).await,
        ["standby", "promote"] => promote(&run).await,
        ["standby", "clone"] => clone::clone(&run).await,
        ["standby", "follow"] => follow(&run).await,
        ["standby", "register"] => follow::register(&run).await,
        ["witness", "register"] => register_witness(&run).await,
        ["node", "rejoin"] => rejoin::rejoin(&run).await,
        ["node", "check"] => check::check(&run).await,
        ["node", "status"] => status::status(&run).await,
        ["node", "service"] => service::node_service(&run).await,
        ["cluster", "show"] => show::cluster_show(&run).await,
        ["service", "status"] => show::service_status(&run).await,
        ["service", "pause"] => service::pause(&run, true).await,
        ["service", "unpause"] => service::pause(&run, false).await,
        _ => {
            run.speech.error("unknown repmgr action");
            code::BAD_CONFIG
        }
    }
}
