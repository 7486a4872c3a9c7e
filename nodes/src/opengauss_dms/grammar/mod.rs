//! The logs of resource pooling that can be held against the model, one file each: what a DBA collects after a drill.

mod cm_server;
mod pg_log;
mod run_log;

use super::chinese::PHASES;
use crate::grammar::{LogKind, Tracker};

/// The logs of resource pooling that can be judged.
pub const LOGS: &[LogKind] = &[
    LogKind {
        name: "dms",
        doc: "the DMS run log of an instance (pg_log/DMS/run): rounds, their steps, and why they failed",
        chinese: PHASES,
        resolution: 1,
        split: run_log::split,
        replay: |_| Box::new(Tracker::new(run_log::Rounds)),
    },
    LogKind {
        name: "pg_log",
        doc: "the reform lines ([SS reform]) of an instance's pg_log: starts, demotion, promotion, who is primary",
        chinese: PHASES,
        resolution: 1,
        split: pg_log::split,
        replay: |_| Box::new(Tracker::new(pg_log::Instance)),
    },
    LogKind {
        name: "cm_server",
        doc: "the log of a cm_server: owners of both locks, versions and members of the cluster",
        chinese: PHASES,
        resolution: 1,
        split: cm_server::split,
        replay: |_| Box::new(Tracker::new(cm_server::Duty)),
    },
];
