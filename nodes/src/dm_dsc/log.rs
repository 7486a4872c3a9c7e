//! The log files of DSC processes, and the shape of their lines.

use std::sync::Arc;

use crate::world::process::Process;

use super::words::{GroupKind, Seqno};

/// How serious a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Info,
    Error,
    Fatal,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Level::Info => "INFO",
            Level::Error => "ERROR",
            Level::Fatal => "FATAL",
        }
    }
}

/// Writes the log of one life of an EP.
#[derive(Clone)]
pub(super) struct Log {
    process: Process,
    program: &'static str,
    folder: &'static str,
    ep: Arc<str>,
    number: u64,
}

impl Log {
    pub(super) fn new(process: &Process, kind: GroupKind, seqno: Seqno) -> Self {
        let (program, folder) = match kind {
            GroupKind::Css => ("dmcss", "css"),
            GroupKind::Asm => ("dmasmsvr", "asm"),
            GroupKind::Db => ("database", "dmserver"),
        };
        // A process number that is new in each life, as on a real host.
        let number = 600 + u64::from(process.id().0) * 7 + u64::from(process.incarnation().0) * 100;
        Log { process: process.clone(), program, folder, ep: kind.ep_name(seqno).into(), number }
    }

    /// Writes `2021-05-01 23:50:16.096 [INFO] dmcss P0000000707 T0000000000000000766  [DB]: …`.
    pub(super) fn write(&self, level: Level, text: &str) {
        let now = self.process.wall_clock();
        let civil = now.civil();
        let file = format!("{}/dm_{}_{:04}{:02}.log", self.folder, self.ep, civil.year, civil.month);
        let (stamp, level, program, number) = (now.with_millis(), level.word(), self.program, self.number);
        let thread = number + 59;
        self.process.log(file, format!("{stamp} [{level}] {program} P{number:010} T{thread:019}  {text}"));
    }

    pub(super) fn info(&self, text: &str) {
        self.write(Level::Info, text);
    }
}
