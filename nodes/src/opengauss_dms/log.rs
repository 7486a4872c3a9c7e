//! The lines gaussdb writes: the DMS run log and pg_log, in the shapes of a real node.

use crate::world::process::Process;

use super::messages::InstanceId;

/// How bad a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Info,
    /// Worth a look.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    const fn dms(self) -> &'static str {
        match self {
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        }
    }

    const fn database(self) -> &'static str {
        match self {
            Level::Info => "LOG",
            Level::Warn => "WARNING",
            Level::Error => "ERROR",
        }
    }
}

/// Writes the logs of one life of an instance.
pub struct Logs {
    process: Process,
    cluster: String,
    dms_file: &'static str,
    database_file: String,
    thread: u64,
}

/// A thread number in the shape Linux gives them, different for each instance and life.
fn thread_number(process: &Process, instance: InstanceId) -> u64 {
    3_700_000 + u64::from(instance) * 50_000 + u64::from(process.incarnation().0) * 131
}

impl Logs {
    /// The logs of `instance` of the cluster called `cluster` (`dn_6001_6002_6003`).
    pub fn new(process: &Process, instance: InstanceId, cluster: String) -> Self {
        Logs {
            process: process.clone(),
            cluster,
            dms_file: "pg_log/DMS/run/dms.rlog",
            database_file: format!("pg_log/dn_{}/postgresql-current.log", 6001 + instance),
            thread: thread_number(process, instance),
        }
    }

    /// A line of the DMS run log; `source` is the file and line that the real DMS names.
    pub fn dms(&self, level: Level, text: &str, source: &str) {
        let stamp = self.process.wall_clock().with_millis();
        let (thread, level) = (self.thread, level.dms());
        self.process.log(self.dms_file, format!("UTC+8 {stamp}|DMS|{thread}|{level}>[DMS REFORM]{text} [{source}]"));
    }

    /// A line of pg_log; `module` is BACKEND or DMS.
    pub fn database(&self, module: &str, level: Level, text: &str) {
        let stamp = self.process.wall_clock().with_millis();
        let started = self.process.wall_clock().seconds();
        let code = if level == Level::Info { "00000" } else { "01000" };
        let (thread, level, cluster) = (self.thread, level.database(), &self.cluster);
        self.process.log(
            self.database_file.as_str(),
            format!(
                "{stamp} {started:08x}.1 [unknown] {thread} [unknown] 0 {cluster} {code}  0 [{module}] {level}:  {text}"
            ),
        );
    }
}
