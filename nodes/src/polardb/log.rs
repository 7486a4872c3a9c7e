//! The log files of PolarDB and pfsd, and the shape of their lines.

use std::sync::Arc;

use crate::world::process::Process;

/// The time zone of the incident's hosts.
const ZONE: &str = "CST";
/// Where pfsd writes.
const DAEMON_FILE: &str = "/var/log/pfsd-nvme1n1/pfsd.log";
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How serious a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Log,
    Warning,
    Error,
    Fatal,
    Panic,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Level::Log => "LOG",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
            Level::Fatal => "FATAL",
            Level::Panic => "PANIC",
        }
    }
}

/// The processes of a server, each with a process number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Postmaster,
    Startup,
    Checkpointer,
    Walsender,
    Walreceiver,
    Background,
    Worker,
    Backend,
}

/// The log of one life of a server.
#[derive(Clone)]
pub(super) struct Log {
    process: Process,
    file: Arc<str>,
    first_pid: u64,
}

impl Log {
    /// The log of a life, in `pg_log` below its data directory.
    pub(super) fn new(process: &Process, directory: &str) -> Self {
        let civil = process.wall_clock().civil();
        let stamp = format!(
            "{:04}-{:02}-{:02}_{:02}{:02}{:02}",
            civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second
        );
        // A process number that is new in each life, as on a real host.
        let first_pid = 700 + u64::from(process.id().0) * 7 + u64::from(process.incarnation().0) * 100;
        let file = format!("{directory}/pg_log/postgresql-{stamp}_error.log").into();
        Log { process: process.clone(), file, first_pid }
    }

    /// The process number of a part of the server.
    pub(super) fn pid(&self, part: Part) -> u64 {
        self.first_pid
            + match part {
                Part::Postmaster => 0,
                Part::Checkpointer => 8,
                Part::Background => 9,
                Part::Worker => 10,
                Part::Startup => 13,
                Part::Walreceiver => 14,
                Part::Walsender => 21,
                Part::Backend => 30,
            }
    }

    /// Writes a line with the prefix `%p\t%r\t%u\t%m\t`.
    pub(super) fn write(&self, part: Part, level: Level, text: &str) {
        let stamp = self.process.wall_clock().with_millis();
        self.raw(&format!("{}\t\t\t{stamp} {ZONE}\t{}:  {text}", self.pid(part), level.word()));
    }

    /// Writes `LOG:  …`.
    pub(super) fn info(&self, part: Part, text: &str) {
        self.write(part, Level::Log, text);
    }

    /// Writes a line as it is.
    pub(super) fn raw(&self, line: &str) {
        self.process.log(self.file.clone(), line);
    }
}

/// A line of the client library: `[PFSD_SDK INF Dec 18 14:33:38.327335][859]pfsd_umount_force 247: pbdname nvme1n1`.
pub(super) fn sdk_line(process: &Process, pid: u64, function: &str, line: u32, text: &str) -> String {
    let civil = process.wall_clock().civil();
    let month = MONTHS[(civil.month as usize + 11) % 12];
    let micros = civil.nanosecond / 1_000;
    format!(
        "[PFSD_SDK INF {month} {:02} {:02}:{:02}:{:02}.{micros:06}][{pid}]{function} {line}: {text}",
        civil.day, civil.hour, civil.minute, civil.second
    )
}

/// Writes a line of pfsd: `2024-12-18 14:33:38.327335|INF|file:line|text`; `text` begins with the file.
pub(super) fn daemon_line(process: &Process, text: &str) {
    let wall = process.wall_clock();
    let micros = wall.civil().nanosecond / 1_000;
    let stamp = wall.with_seconds();
    process.log(DAEMON_FILE, format!("{stamp}.{micros:06}|INF|{text}"));
}
