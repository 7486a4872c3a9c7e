//! The invariants of openGauss resource pooling, judged on the trace alone. Their numbers are those of the protocol
//! reference, section 8.6.
//!
//! I2 (no old incarnation overwrites newer history) is `single-writer` and `log-intact`, I10 (liveness) is `converged`
//! and `writable`, I11 (acknowledged transactions stay) is `no-lost-commit`: checks every product shares.

mod control_page_by_owner;
mod failover_without_old_primary;
mod first_round_failure_ends_the_process;
mod kicked_owns_nothing;
mod lock_history;
mod old_primary_ends;
mod one_primary_shown;
mod one_primary_writes;
mod rounds_match;

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::{Event, HostId, Trace};

use super::Finding;
use super::announced::{Life, TraceJudge, announcement, is_end, judge_written, life, number, text, violated};
use super::catalogue::{Check, Example};

/// All of them.
pub const CHECKS: &[&Check] = &[
    &one_primary_writes::CHECK,
    &control_page_by_owner::CHECK,
    &lock_history::CHECK,
    &failover_without_old_primary::CHECK,
    &kicked_owns_nothing::CHECK,
    &rounds_match::CHECK,
    &old_primary_ends::CHECK,
    &first_round_failure_ends_the_process::CHECK,
    &one_primary_shown::CHECK,
];

/// What judges them, in the same order.
pub const JUDGES: &[(&str, TraceJudge)] = &[
    (one_primary_writes::CHECK.name, one_primary_writes::judge),
    (control_page_by_owner::CHECK.name, control_page_by_owner::judge),
    (lock_history::CHECK.name, lock_history::judge),
    (failover_without_old_primary::CHECK.name, failover_without_old_primary::judge),
    (kicked_owns_nothing::CHECK.name, kicked_owns_nothing::judge),
    (rounds_match::CHECK.name, rounds_match::judge),
    (old_primary_ends::CHECK.name, old_primary_ends::judge),
    (first_round_failure_ends_the_process::CHECK.name, first_round_failure_ends_the_process::judge),
    (one_primary_shown::CHECK.name, one_primary_shown::judge),
];

/// The lock whose owner is the reformer.
const REFORMER_LOCK: &str = "dms_reformer_lock";

/// The promise was kept, if the run put it to the test at all.
fn kept(check: &Check, was_tested: bool, nothing: &str) -> Finding {
    if was_tested { Finding::holds(check.name) } else { Finding::could_not_tell(check.name, nothing) }
}

/// Which database processes say of themselves that they accept writes, and which host each is on.
#[derive(Default)]
struct OpenForWrites {
    open: BTreeMap<Life, Instant>,
}

impl OpenForWrites {
    /// Takes an event in; true if it opened a process for writes.
    fn take(&mut self, event: &Event) -> bool {
        let Some(life) = life(event.place) else { return false };
        match announcement(event) {
            Some(("writes.opened", _)) => {
                self.open.insert(life, event.at);
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
}

/// Which hosts are fenced: their key was preempted and not registered again.
#[derive(Default)]
struct Fenced {
    hosts: Vec<HostId>,
}

impl Fenced {
    fn take(&mut self, trace: &Trace, event: &Event) {
        match announcement(event) {
            Some(("node.fenced", fields)) => {
                if let Some(host) = number(fields, "host") {
                    self.hosts.push(HostId(host as u16));
                }
            }
            Some(("scsi.registered", _)) => {
                let host = trace.host_of(event.place);
                self.hosts.retain(|fenced| Some(*fenced) != host);
            }
            _ => {}
        }
    }

    fn contains(&self, host: Option<HostId>) -> bool {
        host.is_some_and(|host| self.hosts.contains(&host))
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
            let nothing = (check.example.judge)("");
            assert_eq!(nothing.answer, Answer::CouldNotTell, "{}", check.name);
            assert!(!nothing.explanation.is_empty(), "{}", check.name);
        }
    }
}
