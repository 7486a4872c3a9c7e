//! The invariants of a KingbaseES cluster. Their numbers are those of the protocol reference, section 7.5. Some of them a
//! real cluster breaks (V1, V6, V10, V11): a scenario then expects the violation.
//!
//! What is on a device is judged by its bytes: control pages as the device's journal has them, the log, the directory
//! with its history, status and archive files. What leaves no bytes (a pause that is undone, a refusal) is judged by
//! what was announced. A check that finds nothing to judge could not tell.

mod archive_is_whole;
mod control_pages;
mod device_files;
mod failover_ends_in_a_primary;
mod logs;
mod no_stream_past_the_fork;
mod one_primary;
mod pause_is_restored;
mod promoted_waits_for_nobody;
mod promotion_after_shutdown;
mod refusal_changes_nothing;
mod switchover_loses_nothing;
mod sync_is_kept;
mod timeline_begins_once;
mod unarchived_is_kept;
mod wal_fits_its_disk;

use std::collections::BTreeMap;

use nodes::world::trace::{Event, HostId, Trace};
use reports::{Sentence, sentence};

use super::Finding;
use super::announced::{
    Life, announcement, is_end, judge_written, life, number, text, violated_in_a_sentence as violated,
};
use super::catalogue::{Check, Example};
use crate::run::Record;

/// A check that judges a record.
pub type RecordJudge = fn(&Record) -> Finding;

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
    &archive_is_whole::CHECK,
    &promoted_waits_for_nobody::CHECK,
];

/// What judges them, in the same order.
pub const JUDGES: &[(&str, RecordJudge)] = &[
    (one_primary::CHECK.name, |record| one_primary::judge(&record.trace)),
    (switchover_loses_nothing::CHECK.name, switchover_loses_nothing::check),
    (promotion_after_shutdown::CHECK.name, promotion_after_shutdown::check),
    (refusal_changes_nothing::CHECK.name, |record| refusal_changes_nothing::judge(&record.trace)),
    (pause_is_restored::CHECK.name, |record| pause_is_restored::judge(&record.trace)),
    (timeline_begins_once::CHECK.name, timeline_begins_once::check),
    (unarchived_is_kept::CHECK.name, unarchived_is_kept::check),
    (failover_ends_in_a_primary::CHECK.name, |record| failover_ends_in_a_primary::judge(&record.trace)),
    (no_stream_past_the_fork::CHECK.name, no_stream_past_the_fork::check),
    (wal_fits_its_disk::CHECK.name, |record| wal_fits_its_disk::judge(&record.trace)),
    (sync_is_kept::CHECK.name, |record| sync_is_kept::judge(&record.trace)),
    (archive_is_whole::CHECK.name, archive_is_whole::check),
    (promoted_waits_for_nobody::CHECK.name, |record| promoted_waits_for_nobody::judge(&record.trace)),
];

/// Nothing was broken: the promise was kept if there was anything to judge, or else nothing can be told.
fn answer(check: &Check, was_something: bool, why_nothing: (&str, &str)) -> Finding {
    match was_something {
        true => Finding::holds(check.name),
        false => Finding::could_not_tell(
            check.name,
            sentence!("there was nothing to judge: {}", "没有可供判定的内容:{}", Sentence::from(why_nothing)),
        ),
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

/// Which servers accept writes, by host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Writable(BTreeMap<Life, HostId>);

impl Writable {
    fn take(&mut self, trace: &Trace, event: &Event) {
        let (Some(life), Some(host)) = (life(event.place), trace.host_of(event.place)) else { return };
        match announcement(event) {
            Some(("writes.opened", _)) => {
                self.0.insert(life, host);
            }
            Some(("writes.closed", _)) => {
                self.0.remove(&life);
            }
            _ if is_end(event) => {
                self.0.remove(&life);
            }
            _ => {}
        }
    }

    /// The one that does, if there is one.
    fn only(&self) -> Option<HostId> {
        self.0.values().next().copied().filter(|_| self.0.len() == 1)
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
