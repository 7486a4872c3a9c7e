//! The invariants of openGauss primary and standby. Their numbers are those of the protocol reference, section 8.6.
//!
//! What is on a device is judged by its bytes (`disk`): logs, data files, `pg_control`. What leaves no bytes (what a
//! tool reports, which tag a server saw, who takes writes) is judged by what was announced.
//!
//! I2 (the log is one chain) is `log-intact`, I4 (no acknowledged commit is lost) is `no-lost-commit`: checks every
//! product shares.

mod attached_only_if_same;
mod disk;
mod full_build_keeps_a_copy;
mod need_repair_is_true;
mod no_primary_below_minimum;
mod no_promotion_behind_standalone;
mod no_start_over_replaced_log;
mod one_writable_primary;
mod only_here;
mod pages_follow_the_log;
mod rewind_discards_no_commit;
mod switchover_keeps_the_log;
mod switchover_report_is_true;
mod term_never_falls;
mod unfinished_build_never_serves;

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::{Event, HostId, Trace};

use super::Finding;
use super::announced::{
    Life, announcement, is_end, judge_written, life, number, text, violated_in_a_sentence as violated,
};
use super::catalogue::{Check, Example};
use super::written_trace;
use crate::run::Record;

/// A check that judges a record.
pub type RecordJudge = fn(&Record) -> Finding;

/// All of them.
pub const CHECKS: &[&Check] = &[
    &one_writable_primary::CHECK,
    &attached_only_if_same::CHECK,
    &no_promotion_behind_standalone::CHECK,
    &no_start_over_replaced_log::CHECK,
    &unfinished_build_never_serves::CHECK,
    &no_primary_below_minimum::CHECK,
    &switchover_keeps_the_log::CHECK,
    &switchover_report_is_true::CHECK,
    &need_repair_is_true::CHECK,
    &term_never_falls::CHECK,
    &full_build_keeps_a_copy::CHECK,
    &rewind_discards_no_commit::CHECK,
    &pages_follow_the_log::CHECK,
];

/// What judges them, in the same order.
pub const JUDGES: &[(&str, RecordJudge)] = &[
    (one_writable_primary::CHECK.name, |record| one_writable_primary::judge(&record.trace)),
    (attached_only_if_same::CHECK.name, attached_only_if_same::check),
    (no_promotion_behind_standalone::CHECK.name, |record| no_promotion_behind_standalone::judge(&record.trace)),
    (no_start_over_replaced_log::CHECK.name, |record| no_start_over_replaced_log::judge(&record.trace)),
    (unfinished_build_never_serves::CHECK.name, |record| unfinished_build_never_serves::judge(&record.trace)),
    (no_primary_below_minimum::CHECK.name, no_primary_below_minimum::check),
    (switchover_keeps_the_log::CHECK.name, switchover_keeps_the_log::check),
    (switchover_report_is_true::CHECK.name, |record| switchover_report_is_true::judge(&record.trace)),
    (need_repair_is_true::CHECK.name, |record| need_repair_is_true::judge(&record.trace)),
    (term_never_falls::CHECK.name, term_never_falls::check),
    (full_build_keeps_a_copy::CHECK.name, full_build_keeps_a_copy::check),
    (rewind_discards_no_commit::CHECK.name, rewind_discards_no_commit::check),
    (pages_follow_the_log::CHECK.name, pages_follow_the_log::check),
];

/// The promise was kept, if there was anything to judge it by.
fn holds_if(check: &Check, judged: bool, nothing: (&str, &str)) -> Finding {
    if judged { Finding::holds(check.name) } else { Finding::could_not_tell(check.name, nothing) }
}

/// Judges a written example of what the devices showed.
fn judge_written_disk(text: &str, check: &Check, judge: fn(&[Event], &Trace) -> Finding) -> Finding {
    match written_trace::read(text) {
        Ok(trace) => judge(trace.events(), &trace),
        Err(error) => Finding::could_not_tell(check.name, error.to_string()),
    }
}

/// Which servers say of themselves that they accept writes, since when, and on which host.
#[derive(Default)]
struct OpenForWrites {
    open: BTreeMap<Life, (Instant, Option<HostId>)>,
}

impl OpenForWrites {
    /// Takes an event in; true if it opened a server for writes.
    fn take(&mut self, trace: &Trace, event: &Event) -> bool {
        let Some(life) = life(event.place) else { return false };
        match announcement(event) {
            Some(("writes.opened", _)) => {
                self.open.insert(life, (event.at, trace.host_of(event.place)));
                return true;
            }
            Some(("writes.closed", _)) => {
                self.open.remove(&life);
            }
            _ if is_end(event) => {
                self.open.remove(&life);
            }
            _ => {}
        }
        false
    }

    /// The hosts of those that do now.
    fn hosts(&self) -> impl Iterator<Item = HostId> + '_ {
        self.open.values().filter_map(|(_, host)| *host)
    }
}
