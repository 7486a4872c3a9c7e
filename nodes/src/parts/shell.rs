//! A shell on a host: where an operator types the product's commands.
//!
//! A command runs as a task of a real process on that host, so that it uses that host's network and clock and dies
//! with its power. What it prints keeps the moment it was printed.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::world::World;
use crate::world::executor::LocalFuture;
use crate::world::process::Process;
use crate::world::time::Instant;
use crate::world::trace::{HostId, ProcessId};

/// The process on each host in which an operator types.
pub const SHELL: &str = "shell";

/// What a command printed and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandOutput {
    /// Its exit code; `None` if it never ended (its host lost power, the operator gave up).
    pub exit_code: Option<i32>,
    /// Its lines, with the moment each was printed.
    pub lines: Vec<(Instant, String)>,
}

/// Where a running command prints.
#[derive(Clone)]
pub struct Terminal {
    process: Process,
    progress: Rc<RefCell<Progress>>,
}

impl Terminal {
    /// The process the command runs in.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Prints a line.
    pub fn print(&self, line: impl Into<String>) {
        let now = self.process.world().now();
        let mut progress = self.progress.borrow_mut();
        progress.lines.push((now, line.into()));
        progress.wake();
    }

    /// Prints each line of a text.
    pub fn print_text(&self, text: &str) {
        text.lines().for_each(|line| self.print(line));
    }
}

/// The product's commands: takes the words as typed, returns the exit code. Unknown commands end with 127, as in `sh`.
pub type CommandTable = Rc<dyn Fn(Terminal, Vec<String>) -> LocalFuture<i32>>;

struct Job {
    words: Vec<String>,
    progress: Rc<RefCell<Progress>>,
}

#[derive(Default)]
struct Progress {
    lines: Vec<(Instant, String)>,
    exit_code: Option<i32>,
    waker: Option<Waker>,
}

impl Progress {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[derive(Default)]
struct Jobs {
    queue: VecDeque<Job>,
    waker: Option<Waker>,
}

/// The shell of one host.
#[derive(Clone)]
pub struct Shell {
    process: ProcessId,
    jobs: Rc<RefCell<Jobs>>,
    table: CommandTable,
}

impl Shell {
    /// Adds a shell to a host; it starts with the host.
    pub fn add(world: &World, host: HostId, table: CommandTable) -> Shell {
        Shell::named(world, host, SHELL, table)
    }

    fn named(world: &World, host: HostId, name: &str, table: CommandTable) -> Shell {
        let jobs: Rc<RefCell<Jobs>> = Rc::default();
        let (taken, commands) = (jobs.clone(), table.clone());
        let process = world.add_process(host, name, move |process| serve(process, taken.clone(), commands.clone()));
        world.set_starts_at_boot(process, true);
        Shell { process, jobs, table }
    }

    /// Adds another shell to the same host, with the same commands and connections of its own: whoever types there is
    /// in nobody's way.
    #[must_use]
    pub fn another(&self, world: &World, name: &str) -> Shell {
        Shell::named(world, world.host_of(self.process), name, self.table.clone())
    }

    /// The process commands run in.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Runs a command to its end. Dropping the future leaves the command running, as a closed terminal would.
    pub async fn run(&self, words: Vec<String>) -> CommandOutput {
        let running = self.begin(words);
        let exit_code = running.exit_code().await;
        CommandOutput { exit_code: Some(exit_code), lines: running.lines() }
    }

    /// Begins a command.
    pub fn begin(&self, words: Vec<String>) -> RunningCommand {
        let progress: Rc<RefCell<Progress>> = Rc::default();
        let mut jobs = self.jobs.borrow_mut();
        jobs.queue.push_back(Job { words, progress: progress.clone() });
        if let Some(waker) = jobs.waker.take() {
            waker.wake();
        }
        RunningCommand { progress }
    }
}

/// A command that may still be running.
pub struct RunningCommand {
    progress: Rc<RefCell<Progress>>,
}

impl RunningCommand {
    /// Waits for the end of the command.
    pub async fn exit_code(&self) -> i32 {
        poll_fn(|cx| self.poll(cx, |progress| progress.exit_code)).await
    }

    /// Waits until the command has printed more than `seen` lines or has ended; the lines after those. None come once
    /// it has ended and everything was seen.
    pub async fn lines_after(&self, seen: usize) -> Vec<(Instant, String)> {
        let look = |progress: &Progress| {
            let lines = progress.lines.get(seen..).unwrap_or_default();
            (!lines.is_empty() || progress.exit_code.is_some()).then(|| lines.to_vec())
        };
        poll_fn(|cx| self.poll(cx, look)).await
    }

    fn poll<T>(&self, cx: &Context<'_>, look: impl FnOnce(&Progress) -> Option<T>) -> Poll<T> {
        let mut progress = self.progress.borrow_mut();
        match look(&progress) {
            Some(found) => Poll::Ready(found),
            None => {
                progress.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// What it has printed so far.
    pub fn lines(&self) -> Vec<(Instant, String)> {
        self.progress.borrow().lines.clone()
    }
}

async fn serve(process: Process, jobs: Rc<RefCell<Jobs>>, table: CommandTable) -> i32 {
    loop {
        let job = poll_fn(|cx| {
            let mut jobs = jobs.borrow_mut();
            match jobs.queue.pop_front() {
                Some(job) => Poll::Ready(job),
                None => {
                    jobs.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await;
        let terminal = Terminal { process: process.clone(), progress: job.progress.clone() };
        let command = table(terminal, job.words);
        process.spawn(async move {
            let code = command.await;
            let mut progress = job.progress.borrow_mut();
            progress.exit_code = Some(code);
            progress.wake();
        });
    }
}
