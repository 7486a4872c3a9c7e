//! When cm_agent starts a resource again, kills it, or gives the node up.
//!
//! A resource that is away is noted, started after `restart_delay`, and at the latest every `restart_period` again;
//! after `restart_times` starts the agent stops every resource of its node, which makes cm_server kick the node. Six
//! checks in a row that find it online wipe the slate clean. Source: `CM: src/cm_agent/cma_instance_management_res.cpp`.

use super::parameters::Parameters;
use crate::world::time::Instant;

/// What the check script found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The process is there.
    Online,
    /// It is not there.
    Offline,
    /// It is there but cannot work.
    Abnormal,
}

/// Whether a resource shall run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Yes.
    Running,
    /// No: somebody stopped it by hand, or the network card is down.
    Stopped,
    /// No: the node is not a member of the cluster.
    Kicked,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing.
    Nothing,
    /// Start it.
    Start,
    /// Kill it.
    Clean,
    /// Stop every resource of this node and leave them stopped.
    ManualStop {
        /// How often it was started.
        starts: i64,
    },
}

/// How a start went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartOutcome {
    /// The start script ran, well or not: it counts.
    Ran,
    /// What the resource depends on is not there: it does not count.
    DependencyMissing,
    /// The SCSI registration failed: it counts.
    RegistrationFailed,
}

/// How many checks after the first must find a resource online until its past is forgotten.
const ONLINE_TIMES: u32 = 5;

/// The past of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supervision {
    away_since: Option<Instant>,
    last_start: Option<Instant>,
    abnormal_since: Option<Instant>,
    starts: i64,
    online_times: u32,
}

impl Supervision {
    /// How often the resource was started without lasting success.
    pub fn starts(&self) -> i64 {
        self.starts
    }

    fn forget(&mut self) {
        self.away_since = None;
        self.last_start = None;
        self.starts = 0;
    }

    /// One check.
    pub fn check(&mut self, now: Instant, seen: Seen, wanted: Wanted, limits: &Parameters) -> Order {
        match seen {
            Seen::Online => {
                self.abnormal_since = None;
                self.online()
            }
            Seen::Offline => {
                self.online_times = 0;
                self.abnormal_since = None;
                self.offline(now, wanted, limits)
            }
            Seen::Abnormal => {
                self.online_times = 0;
                self.abnormal(now, wanted, limits)
            }
        }
    }

    fn online(&mut self) -> Order {
        if self.online_times < ONLINE_TIMES {
            self.online_times += 1;
        } else {
            self.forget();
        }
        Order::Nothing
    }

    fn offline(&mut self, now: Instant, wanted: Wanted, limits: &Parameters) -> Order {
        if wanted != Wanted::Running {
            self.forget();
            return Order::Nothing;
        }
        if limits.restart_times < 0 {
            return self.start(now);
        }
        let Some(away_since) = self.away_since else {
            self.away_since = Some(now);
            return Order::Nothing;
        };
        if self.starts >= limits.restart_times {
            return self.give_up();
        }
        let too_early = now.since(away_since) < limits.restart_delay
            || self.last_start.is_some_and(|last| now.since(last) < limits.restart_period);
        if too_early { Order::Nothing } else { self.start(now) }
    }

    fn abnormal(&mut self, now: Instant, wanted: Wanted, limits: &Parameters) -> Order {
        match wanted {
            Wanted::Kicked => return Order::Clean,
            Wanted::Stopped => {
                self.forget();
                return Order::Nothing;
            }
            Wanted::Running => {}
        }
        let since = *self.abnormal_since.get_or_insert(now);
        if now.since(since) < limits.abnormal_timeout {
            return Order::Nothing;
        }
        if limits.restart_times >= 0 && self.starts >= limits.restart_times {
            return self.give_up();
        }
        self.last_start = Some(now);
        Order::Clean
    }

    fn start(&mut self, now: Instant) -> Order {
        self.last_start = Some(now);
        Order::Start
    }

    fn give_up(&mut self) -> Order {
        let starts = self.starts;
        self.forget();
        Order::ManualStop { starts }
    }

    /// A start is over.
    pub fn started(&mut self, outcome: StartOutcome, failed_registration_counts: bool) {
        let counts = match outcome {
            StartOutcome::Ran => true,
            StartOutcome::DependencyMissing => false,
            StartOutcome::RegistrationFailed => failed_registration_counts,
        };
        self.starts += i64::from(counts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    fn run(supervision: &mut Supervision, seconds: std::ops::Range<u64>, seen: Seen, wanted: Wanted) -> Vec<Order> {
        let limits = Parameters::default();
        seconds
            .map(|second| {
                let order = supervision.check(at(second), seen, wanted, &limits);
                if order == Order::Start {
                    supervision.started(StartOutcome::Ran, true);
                }
                order
            })
            .collect()
    }

    #[test]
    fn a_resource_that_is_away_is_noted_and_then_started() {
        let mut supervision = Supervision::default();
        let orders = run(&mut supervision, 10..13, Seen::Offline, Wanted::Running);
        assert_eq!(orders, [Order::Nothing, Order::Start, Order::Start]);
    }

    #[test]
    fn after_five_starts_the_node_is_given_up() {
        let mut supervision = Supervision::default();
        let orders = run(&mut supervision, 0..7, Seen::Offline, Wanted::Running);
        assert_eq!(orders.iter().filter(|order| **order == Order::Start).count(), 5);
        assert_eq!(orders[6], Order::ManualStop { starts: 5 });
    }

    #[test]
    fn six_online_checks_in_a_row_forget_the_past() {
        let mut supervision = Supervision::default();
        run(&mut supervision, 0..4, Seen::Offline, Wanted::Running);
        assert_eq!(supervision.starts(), 3);
        run(&mut supervision, 4..9, Seen::Online, Wanted::Running);
        assert_eq!(supervision.starts(), 3);
        run(&mut supervision, 9..10, Seen::Online, Wanted::Running);
        assert_eq!(supervision.starts(), 0);
    }

    #[test]
    fn an_interrupted_row_of_online_checks_forgets_nothing() {
        let mut supervision = Supervision::default();
        run(&mut supervision, 0..3, Seen::Offline, Wanted::Running);
        run(&mut supervision, 3..7, Seen::Online, Wanted::Running);
        run(&mut supervision, 7..8, Seen::Offline, Wanted::Running);
        run(&mut supervision, 8..12, Seen::Online, Wanted::Running);
        assert_eq!(supervision.starts(), 3);
    }

    #[test]
    fn what_shall_not_run_is_not_started() {
        let mut supervision = Supervision::default();
        for wanted in [Wanted::Stopped, Wanted::Kicked] {
            assert!(run(&mut supervision, 0..9, Seen::Offline, wanted).iter().all(|order| *order == Order::Nothing));
        }
    }

    #[test]
    fn an_abnormal_resource_is_killed_after_its_time() {
        let mut supervision = Supervision::default();
        let orders = run(&mut supervision, 0..31, Seen::Abnormal, Wanted::Running);
        assert_eq!(orders.iter().position(|order| *order == Order::Clean), Some(30));
        assert_eq!(run(&mut supervision, 31..32, Seen::Abnormal, Wanted::Kicked), [Order::Clean]);
    }

    #[test]
    fn a_missing_dependency_never_counts_and_a_failed_registration_counts_unless_the_defect_is_on() {
        let mut supervision = Supervision::default();
        supervision.started(StartOutcome::DependencyMissing, true);
        supervision.started(StartOutcome::RegistrationFailed, false);
        assert_eq!(supervision.starts(), 0);
        supervision.started(StartOutcome::RegistrationFailed, true);
        assert_eq!(supervision.starts(), 1);
    }
}
