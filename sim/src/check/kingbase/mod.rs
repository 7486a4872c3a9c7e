//! The invariants of a KingbaseES cluster, judged on the trace alone. Their numbers are those of the protocol reference,
//! section 7.5. Some of them a real cluster breaks (V1, V6, V10, V11): a scenario then expects the violation.

mod failover_ends_in_a_primary;
mod no_stream_past_the_fork;
mod one_primary;
mod pause_is_restored;
mod promotion_after_shutdown;
mod refusal_changes_nothing;
mod switchover_loses_nothing;
mod sync_is_kept;
mod timeline_begins_once;
mod unarchived_is_kept;
mod wal_fits_its_disk;

use std::collections::BTreeMap;

use nodes::world::trace::{Event, HostId, Trace};

use super::Finding;
use super::announced::{
    Life, TraceJudge, announcement, is_end, judge_written, life, number, text, violated_in_a_sentence as violated,
};
use super::catalogue::{Check, Example};

/// All of them.
pub const CHECKS: &[&Check] = &[
    &one_primary::CHECK,
    &switchover_loses_nothing::CHECK,
    &promotion_after_shutdown::CHECK,
    &refusal_changes_nothing::CHECK,
    &pause_is_restored::CHECK,
    &timeline_begins_once::CHECK,
    &unarchived_is_kept::CHECK,
    &failover_ends_in_a_primary::CHECK,
    &no_stream_past_the_fork::CHECK,
    &wal_fits_its_disk::CHECK,
    &sync_is_kept::CHECK,
];

/// What judges them, in the same order.
pub const JUDGES: &[(&str, TraceJudge)] = &[
    (one_primary::CHECK.name, one_primary::judge),
    (switchover_loses_nothing::CHECK.name, switchover_loses_nothing::judge),
    (promotion_after_shutdown::CHECK.name, promotion_after_shutdown::judge),
    (refusal_changes_nothing::CHECK.name, refusal_changes_nothing::judge),
    (pause_is_restored::CHECK.name, pause_is_restored::judge),
    (timeline_begins_once::CHECK.name, timeline_begins_once::judge),
    (unarchived_is_kept::CHECK.name, unarchived_is_kept::judge),
    (failover_ends_in_a_primary::CHECK.name, failover_ends_in_a_primary::judge),
    (no_stream_past_the_fork::CHECK.name, no_stream_past_the_fork::judge),
    (wal_fits_its_disk::CHECK.name, wal_fits_its_disk::judge),
    (sync_is_kept::CHECK.name, sync_is_kept::judge),
];

/// The step a switchover is at, or how it ended, by the host it was typed on.
fn switchover_step(event: &Event) -> Option<&str> {
    match announcement(event)? {
        ("switchover.step", fields) => text(fields, "step"),
        _ => None,
    }
}

/// How a switchover ended: its exit code.
fn switchover_end(event: &Event) -> Option<i64> {
    match announcement(event)? {
        ("switchover.ended", fields) => number(fields, "code"),
        _ => None,
    }
}

/// Whether repmgrd is paused, by host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Pauses(BTreeMap<HostId, bool>);

impl Pauses {
    fn take(&mut self, trace: &Trace, event: &Event) {
        let Some(("repmgrd.paused", fields)) = announcement(event) else { return };
        if let (Some(host), Some(paused)) = (trace.host_of(event.place), number(fields, "paused")) {
            self.0.insert(host, paused != 0);
        }
    }

    fn paused(&self) -> Vec<HostId> {
        self.0.iter().filter(|(_, paused)| **paused).map(|(host, _)| *host).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    #[test]
    fn every_example_breaks_its_promise_and_an_empty_run_keeps_it() {
        for check in CHECKS {
            let finding = check.judge_example();
            assert_eq!(finding.answer, Answer::Violated, "{}: {:?}", check.name, finding.explanation);
            assert!(finding.event.is_some(), "{}", check.name);
            assert_eq!((check.example.judge)("").answer, Answer::Holds, "{}", check.name);
        }
    }
}
