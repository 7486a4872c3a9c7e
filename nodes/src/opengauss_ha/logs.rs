//! The log lines of server and tools, in the shapes of the incident.

use super::store::StoreError;
use crate::world::process::Process;

/// Which part of the server writes a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Module {
    Backend,
    Redo,
}

/// Writes the log of one life of a server.
#[derive(Clone)]
pub(super) struct Logs {
    process: Process,
    cluster: String,
    session: String,
    thread: u64,
}

impl Logs {
    pub(super) fn new(process: &Process, cluster: String) -> Self {
        let session = format!("{:08x}.1", process.wall_clock().seconds());
        let thread = 140_000_000_000_000 + u64::from(process.id().0) * 1_000_003 + u64::from(process.incarnation().0);
        Logs { process: process.clone(), cluster, session, thread }
    }

    /// Writes a line; returns it as the file has it.
    pub(super) fn write(&self, module: Module, level: &str, text: &str) -> String {
        let (module, code) = match module {
            Module::Backend => ("BACKEND", "00000"),
            Module::Redo => ("REDO", "DB010"),
        };
        let Logs { process, cluster, session, thread } = self;
        let now = process.wall_clock().with_millis();
        let line =
            format!("{now} {session} [unknown] {thread} [unknown] 0 {cluster} {code}  0 [{module}] {level}:  {text}");
        process.log(format!("pg_log/{cluster}/postgresql-current.log"), line.as_str());
        line
    }
}

/// An error of the data directory in the words of the server.
pub(super) fn native(error: &StoreError) -> String {
    match error {
        StoreError::EndsTooEarly { .. } => "WAL ends before consistent recovery point".to_owned(),
        other => other.to_string(),
    }
}

/// A line of gs_ctl or gs_rewind: `[2021-07-26 15:48:44.087][43045][][gs_ctl]: text`.
pub(super) fn tool_line(process: &Process, cluster: &str, program: &str, text: &str) -> String {
    let now = process.wall_clock().with_millis();
    format!("[{now}][{}][{cluster}][{program}]: {text}", tool_pid(process))
}

/// The number `ps` would show for a life of a process.
pub(super) fn tool_pid(process: &Process) -> u64 {
    15_000 + u64::from(process.id().0) * 101 + u64::from(process.incarnation().0) * 1_709
}
