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

use nodes::world::trace::{Event, Fields, HostId, Incarnation, Place, ProcessChange, ProcessId, Trace, What, field};

use super::Finding;
use super::catalogue::{Check, Example};
use super::written_trace;

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

/// A check that judges a trace.
pub type TraceJudge = fn(&Trace) -> Finding;

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

/// One life of a process.
type Life = (ProcessId, Incarnation);

fn life(place: Place) -> Option<Life> {
    match place {
        Place::Process(process, incarnation) => Some((process, incarnation)),
        Place::Outside | Place::Host(_) => None,
    }
}

/// An announcement, if the event is one.
fn announcement(event: &Event) -> Option<(&'static str, &Fields)> {
    match &event.what {
        What::Announced { name, fields } => Some((name, fields)),
        _ => None,
    }
}

/// Whether the event is the end of a process.
fn is_end(event: &Event) -> bool {
    matches!(event.what, What::Process(ProcessChange::Exited(_) | ProcessChange::Killed))
}

fn number(fields: &Fields, name: &str) -> Option<i64> {
    field(fields, name)?.number()
}

fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    field(fields, name)?.text()
}

/// A violation at an event, told in a sentence.
fn violated(check: &Check, event: &Event, explanation: String) -> Finding {
    Finding::violated(check.name, Some(event.number), Some(event.at), vec![explanation])
}

/// Judges a written example.
fn judge_written(text: &str, check: &Check, judge: TraceJudge) -> Finding {
    match written_trace::read(text) {
        Ok(trace) => judge(&trace),
        Err(error) => Finding::could_not_tell(check.name, error.to_string()),
    }
}

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
