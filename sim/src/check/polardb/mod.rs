//! The invariants of PolarDB, judged on the trace alone. Their numbers are those of the protocol reference, section 9.6.
//!
//! I2 (one unbroken chain, no byte written by two writers) is `log-intact` and `single-writer`, I5 (acknowledged
//! commits stay) is `no-lost-commit`, I6 (nothing unacknowledged and aborted becomes visible) is `linearizable`:
//! checks every product shares.

mod block_of_one_file;
mod flush_rule;
mod log_before_page;
mod no_future_page;
mod numbers_once;
mod one_writer;
mod promote_keeps_log;
mod role_matches_mount;
mod slot_keeps_log;
mod stop_and_promote_end;
mod stop_means_silent;

use std::collections::BTreeMap;

use nodes::world::trace::{Event, Trace};

use super::Finding;
use super::announced::{Life, TraceJudge, announcement, is_end, judge_written, life, number, text, violated};
use super::catalogue::{Check, Example};

/// All of them.
pub const CHECKS: &[&Check] = &[
    &one_writer::CHECK,
    &log_before_page::CHECK,
    &flush_rule::CHECK,
    &no_future_page::CHECK,
    &numbers_once::CHECK,
    &promote_keeps_log::CHECK,
    &block_of_one_file::CHECK,
    &slot_keeps_log::CHECK,
    &stop_means_silent::CHECK,
    &stop_and_promote_end::CHECK,
    &role_matches_mount::CHECK,
];

/// What judges them, in the same order.
pub const JUDGES: &[(&str, TraceJudge)] = &[
    (one_writer::CHECK.name, one_writer::judge),
    (log_before_page::CHECK.name, log_before_page::judge),
    (flush_rule::CHECK.name, flush_rule::judge),
    (no_future_page::CHECK.name, no_future_page::judge),
    (numbers_once::CHECK.name, numbers_once::judge),
    (promote_keeps_log::CHECK.name, promote_keeps_log::judge),
    (block_of_one_file::CHECK.name, block_of_one_file::judge),
    (slot_keeps_log::CHECK.name, slot_keeps_log::judge),
    (stop_means_silent::CHECK.name, stop_means_silent::judge),
    (stop_and_promote_end::CHECK.name, stop_and_promote_end::judge),
    (role_matches_mount::CHECK.name, role_matches_mount::judge),
];

/// The promise was kept, if the run put it to the test at all: one of these things was announced.
fn kept(check: &Check, trace: &Trace, tests: &[&str]) -> Finding {
    let was_tested = trace.events().iter().filter_map(announcement).any(|(name, _)| tests.contains(&name));
    match was_tested {
        true => Finding::holds(check.name),
        false => Finding::could_not_tell(check.name, format!("the run never came to {}", tests.join(" or "))),
    }
}

/// Which volume each server has mounted.
#[derive(Default)]
struct Volumes {
    mounted: BTreeMap<Life, String>,
}

impl Volumes {
    fn take(&mut self, event: &Event) {
        let Some(life) = life(event.place) else { return };
        if let Some(("server.mounted", fields)) = announcement(event) {
            self.mounted.insert(life, text(fields, "volume").unwrap_or_default().to_owned());
        }
    }

    /// The volume a server writes.
    fn of(&self, life: Life) -> Option<String> {
        self.mounted.get(&life).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    #[test]
    fn every_example_breaks_its_promise_and_an_empty_run_tells_nothing() {
        for check in CHECKS {
            let finding = check.judge_example();
            assert_eq!(finding.answer, Answer::Violated, "{}: {:?}", check.name, finding.explanation);
            assert!(finding.event.is_some(), "{}", check.name);
            assert_eq!((check.example.judge)("").answer, Answer::CouldNotTell, "{}", check.name);
        }
    }
}
