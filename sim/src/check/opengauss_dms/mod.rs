//! The invariants of openGauss resource pooling, judged on the trace alone. Their numbers are those of the protocol
//! reference, section 8.6.
//!
//! | invariant | check | |
//! |---|---|---|
//! | I1 | `dms-one-primary-writes`, `single-writer` | what is said, and what the device's journal says |
//! | I2 | `log-intact`, `single-writer` | shared by every product |
//! | I3 | `dms-control-page-by-owner` | |
//! | I4 | `dms-lock-history`, `one-lock-holder` | |
//! | I5 | `dms-failover-without-old-primary` | |
//! | I6 | `dms-kicked-owns-nothing`, `fenced-means-silent` | |
//! | I7 | `dms-rounds-match` | |
//! | I8 | `dms-old-primary-ends` | |
//! | I9 | `dms-first-round-failure-ends-the-process` | |
//! | I10 | `converged`, `writable` | liveness: judged after the last fault |
//! | I11 | `no-lost-commit` | shared by every product |
//! | I12 | `dms-one-primary-shown` | |
//!
//! `dms-stop-kicks-nobody` is none of them: it is what CM promises of a cluster that is stopped.

mod control_page_by_owner;
mod failover_without_old_primary;
mod first_round_failure_ends_the_process;
mod kicked_owns_nothing;
mod lock_history;
mod old_primary_ends;
mod one_primary_shown;
mod one_primary_writes;
mod rounds_match;
mod stop_kicks_nobody;

use nodes::world::trace::{Event, HostId, Trace};

use super::Finding;
use super::announced::{
    Life, OpenForWrites, TraceJudge, announcement, is_end, judge_written, life, number, text, violated,
};
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
    &stop_kicks_nobody::CHECK,
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
    (stop_kicks_nobody::CHECK.name, stop_kicks_nobody::judge),
];

/// The lock whose owner is the reformer.
const REFORMER_LOCK: &str = "dms_reformer_lock";

/// The number of the instance whose gaussdb announced an event: instances are numbered in the order of their gaussdb
/// processes.
fn instance_of(trace: &Trace, event: &Event) -> Option<i64> {
    let (here, _) = life(event.place)?;
    let mut databases = (0u16..).zip(&trace.processes).filter(|(_, process)| &*process.name == "gaussdb");
    let place = databases.position(|(number, _)| number == here.0)?;
    i64::try_from(place).ok()
}

/// The promise was kept, if the run put it to the test at all.
fn kept(check: &Check, was_tested: bool, nothing: (&str, &str)) -> Finding {
    if was_tested { Finding::holds(check.name) } else { Finding::could_not_tell(check.name, nothing) }
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
