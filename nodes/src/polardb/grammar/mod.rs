//! The logs of PolarDB that can be held against the model: the server's own, and what pg_ctl prints.

mod pg_ctl;
mod server;

use super::chinese::PHASES;
use crate::grammar::script::Script;
use crate::grammar::{LogKind, Tracker};

/// The logs that can be judged.
pub const LOGS: &[LogKind] = &[
    LogKind {
        name: "postgresql",
        doc: "the server's log (pg_log): how a promote goes online or dies, how a server starts and stops",
        chinese: PHASES,
        resolution: 1,
        split: server::split,
        replay: |_| Box::new(Tracker::new(Script(server::ServerLog))),
    },
    LogKind {
        name: "pg_ctl",
        doc: "what pg_ctl start, stop and promote print",
        chinese: PHASES,
        resolution: 1,
        split: pg_ctl::split,
        replay: |_| Box::new(Tracker::new(Script(pg_ctl::PgCtl))),
    },
];
