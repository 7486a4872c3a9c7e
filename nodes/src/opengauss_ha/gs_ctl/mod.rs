//! gs_ctl: the local control tool. It acts through files of the data directory and signals, and over the network only
//! to build.
//!
//! What takes long runs in a process of its own, so that it can be killed; while it runs, another such command of the
//! same data directory is refused (`pg_ctl.lock`).

mod build;
mod failover;
mod options;
mod query;
mod start_stop;
mod streamer;
mod switchover;
pub(super) mod words;

use std::rc::Rc;
use std::time::Duration;

use super::logs::tool_line;
use super::messages::{PostmasterSignal, SIGNAL_PORT, SQL_PORT, Shown, Sql, SqlReply};
use super::plan::{Job, Node, Shared};
use crate::parts::shell::Terminal;
use crate::world::port::Address;
use crate::world::process::{Process, Status};

use options::{Operation, Options};

pub(super) use build::STEP_EVENTS;
pub(super) use streamer::streamer;

/// How often gs_ctl looks.
const POLL: Duration = Duration::from_secs(1);

/// One gs_ctl at work.
struct Tool {
    process: Process,
    terminal: Terminal,
    plan: Shared,
    me: usize,
    options: Options,
}

/// What the shell does with `gs_ctl …`.
pub(super) async fn gs_ctl(terminal: Terminal, words: Vec<String>, plan: Shared, me: usize) -> i32 {
    let options = match Options::parse(&words[1..]) {
        Ok(options) => options,
        Err(error) => {
            terminal.print(format!("gs_ctl: {error}"));
            return 1;
        }
    };
    if options.operation.takes_the_lock() {
        return run_alone(terminal, words, plan, me, options).await;
    }
    let process = terminal.process().clone();
    Tool { process, terminal, plan, me, options }.run().await
}

/// Runs a command in the `gs_ctl` process of the host, unless that is busy.
async fn run_alone(terminal: Terminal, words: Vec<String>, plan: Shared, me: usize, options: Options) -> i32 {
    let (shell, gs_ctl) = (terminal.process().clone(), plan.node(me).gs_ctl);
    let word = options.operation.word();
    if shell.local_state(gs_ctl).is_some_and(Status::exists) {
        let text = format!("Another gs_ctl command is still running,{word} failed !");
        terminal.print(tool_line(&shell, "", "gs_ctl", &text));
        return 1;
    }
    plan.jobs.borrow_mut().entry(me).or_default().push_back(Job { terminal: terminal.clone(), words });
    shell.start_local(gs_ctl);
    match shell.local_exit(gs_ctl).await {
        Status::Exited(code) => code,
        _ => {
            terminal.print("Killed");
            137
        }
    }
}

/// The program of the `gs_ctl` process.
pub(super) async fn work(process: Process, plan: Shared, me: usize) -> i32 {
    let job = plan.jobs.borrow_mut().entry(me).or_default().pop_back();
    let Some(Job { terminal, words }) = job else { return 0 };
    match Options::parse(&words[1..]) {
        Ok(options) => Tool { process, terminal, plan, me, options }.run().await,
        Err(_) => 1,
    }
}

impl Tool {
    async fn run(&self) -> i32 {
        match self.options.operation {
            Operation::Start => self.start().await,
            Operation::Stop => self.stop().await,
            Operation::Switchover => self.switchover().await,
            Operation::Failover => self.failover().await,
            Operation::Build => self.build().await,
            Operation::Query => self.query().await,
            Operation::QueryBuild => self.query_build(),
            Operation::Notify => self.notify(),
        }
    }

    fn node(&self) -> &Node {
        self.plan.node(self.me)
    }

    fn directory(&self) -> String {
        let typed = self.options.directory.as_deref().map(|directory| directory.trim_end_matches('/').to_owned());
        typed.unwrap_or_else(|| self.node().directory())
    }

    /// A line of gs_ctl before it has read the configuration.
    fn say(&self, text: &str) {
        self.terminal.print(tool_line(&self.process, "", "gs_ctl", text));
    }

    /// A line of gs_ctl or gs_rewind that names the cluster.
    fn say_as(&self, program: &str, text: &str) {
        let cluster = self.plan.cluster_name();
        self.terminal.print(tool_line(&self.process, &cluster, program, text));
    }

    /// A line that was begun at `begun` and got a dot at each poll.
    fn say_waited(&self, begun: &str, text: &str, polls: u64) {
        self.terminal.print(format!("{begun}{text}{}", ".".repeat(polls as usize)));
    }

    /// What stands before the text of a line that is begun now.
    fn line_head(&self) -> String {
        tool_line(&self.process, "", "gs_ctl", "")
    }

    /// SIGUSR1 or SIGINT to the postmaster; nobody takes it if there is none.
    fn signal(&self, signal: PostmasterSignal) {
        let to = Address::new(self.node().database, SIGNAL_PORT);
        if self.process.send(to, signal).is_err() {
            let _ = self.process.send(to, signal);
        }
    }

    /// What the local server says of itself; `None` if it does not answer.
    async fn ask_local(&self) -> Option<Rc<Shown>> {
        let to = Address::new(self.node().database, SQL_PORT);
        match self.process.call::<SqlReply>(to, Sql::Query, Duration::from_secs(5)).await {
            Ok(SqlReply::Shown(shown)) => Some(shown),
            _ => None,
        }
    }

    fn is_running(&self) -> bool {
        self.process.local_state(self.node().database).is_some_and(Status::exists)
    }
}
