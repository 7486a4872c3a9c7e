//! cm_ctl, the operator's tool, with the words, the dots and the exit codes of the real one.
//!
//! An exit code of -1 or -3 in the source is 255 or 253 to the shell. Source: `CM: src/cm_ctl/`.

mod options;
mod pause;
mod query;
mod start_stop;
mod switchover;
mod words;

use std::rc::Rc;
use std::time::Duration;

use super::Plan;
use super::messages::{AGENT_PORT, ClusterView, NodeAnswer, NodeCommand, SERVER_PORT, ServerAnswer, ToAgent, ToServer};
use crate::parts::shell::Terminal;
use crate::world::port::CallError;
use crate::world::time::Instant;

use options::{Options, Program};
pub use words::COMMANDS;

/// What the source calls -1.
const FAILED: i32 = 255;
/// What the source calls -3: the time was over.
const TIMED_OUT: i32 = 253;

/// How long cm_ctl waits for one cm_server or agent.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

const ROUND: Duration = Duration::from_secs(1);

/// Runs `cm_ctl` with the words as typed, with or without its own name in front; its exit code.
pub async fn cm_ctl(terminal: Terminal, words: Vec<String>, plan: Rc<Plan>) -> i32 {
    let control = Control { terminal, plan };
    let typed = match words.split_first() {
        Some((first, rest)) if first == "cm_ctl" => rest,
        _ => &words,
    };
    let options = match Options::parse(typed) {
        Ok(options) => options,
        Err(error) => {
            control.say(&error.to_string());
            control.terminal.print("Try \"cm_ctl --help\" for more information.");
            return 1;
        }
    };
    match options.program {
        Program::Query => control.query(&options).await,
        Program::Switchover => control.switchover(&options).await,
        Program::Start => control.start(&options).await,
        Program::Stop => control.stop(&options).await,
        Program::Pause => control.pause(NodeCommand::Pause).await,
        Program::Resume => control.pause(NodeCommand::Resume).await,
    }
}

/// One run of the command.
struct Control {
    terminal: Terminal,
    plan: Rc<Plan>,
}

impl Control {
    /// Prints `cm_ctl: …`; further lines stand alone.
    fn say(&self, text: &str) {
        self.terminal.print_text(&format!("cm_ctl: {text}"));
    }

    /// Prints the dots of the seconds waited so far.
    fn dots(&self, count: u64) {
        if count > 0 {
            self.terminal.print(".".repeat(count as usize));
        }
    }

    async fn ask_server(&self, node: usize, question: ToServer) -> Result<ServerAnswer, CallError> {
        let to = self.plan.address(self.plan.processes().cm_server[node], SERVER_PORT);
        self.terminal.process().call(to, question, CONNECT_LIMIT).await
    }

    /// The node of the primary cm_server.
    async fn find_primary(&self) -> Option<usize> {
        for node in 0..self.plan.nodes.len() {
            if self.ask_server(node, ToServer::Role).await == Ok(ServerAnswer::Accepted) {
                return Some(node);
            }
        }
        None
    }

    async fn view(&self, primary: usize) -> Result<Option<ClusterView>, CallError> {
        match self.ask_server(primary, ToServer::Query).await {
            Ok(ServerAnswer::State(view)) => Ok(Some(view)),
            Ok(_) | Err(CallError::TimedOut) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn tell_node(&self, node: usize, command: NodeCommand) -> Result<NodeAnswer, CallError> {
        let to = self.plan.address(self.plan.processes().cm_agent[node], AGENT_PORT);
        self.terminal.process().call(to, ToAgent::Node(command), CONNECT_LIMIT).await
    }

    fn now(&self) -> Instant {
        self.terminal.process().monotonic()
    }

    async fn sleep(&self, length: Duration) {
        self.terminal.process().sleep(length).await;
    }

    /// The node that `-n` and `-D` name.
    fn node_of(&self, options: &Options) -> Option<usize> {
        let node = (options.node? as usize).checked_sub(1)?;
        let directory = &self.plan.nodes.get(node)?.data_directory;
        options.directory.as_ref().is_none_or(|typed| typed.trim_end_matches('/') == directory).then_some(node)
    }

    fn say_not_found(&self, options: &Options) {
        let (node, directory) = (options.node.unwrap_or(0), options.directory.as_deref().unwrap_or(""));
        self.say(&format!("can't find the node_id:{node}, data_path:{directory}."));
    }
}
