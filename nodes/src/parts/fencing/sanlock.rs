//! The timing rule of sanlock: a host that cannot renew its lease is reset before anybody may take the lease.
//!
//! All times follow from how long one I/O may take. Sources: `nirs/sanlock` at 1b306f0, `src/timeouts.c` (formulas) and
//! `src/sanlock.8` (states of a host, the reason why it is safe).

use std::time::Duration;

/// The times that follow from one I/O time-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sanlock {
    /// How long one I/O may take.
    pub io: Duration,
    /// When the watchdog resets the host at the latest, counted from when it is no longer fed. It must be the same on
    /// all hosts.
    pub watchdog_fires: Duration,
}

/// What a host is to the others, by how long its lease has not changed on their own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostState {
    /// It renews its lease.
    Live,
    /// It has failed to renew: it is ending its processes, or is about to be reset.
    Fail,
    /// It has been reset: its leases may be taken.
    Dead,
}

impl Default for Sanlock {
    /// The defaults: 10 s for an I/O, and a watchdog of 60 s.
    fn default() -> Self {
        Sanlock { io: Duration::from_secs(10), watchdog_fires: Duration::from_secs(60) }
    }
}

impl Sanlock {
    /// How often a host renews its lease.
    pub fn renewal(&self) -> Duration {
        self.io * 2
    }

    /// When a host warns that it could not renew.
    pub fn warning(&self) -> Duration {
        self.io * 6
    }

    /// When a host stops feeding its watchdog and begins to end its processes, counted from its last renewal.
    pub fn renewal_fails(&self) -> Duration {
        self.io * 8
    }

    /// When a host is dead for certain, counted from its last renewal.
    pub fn host_is_dead(&self) -> Duration {
        self.renewal_fails() + self.watchdog_fires
    }

    /// The shortest and the longest time to take a lease nobody holds.
    pub fn taking_a_free_lease(&self) -> (Duration, Duration) {
        (self.io * 2, self.io * 5)
    }

    /// The shortest and the longest time to take the lease of a host that has just fallen silent.
    pub fn taking_a_held_lease(&self) -> (Duration, Duration) {
        (self.host_is_dead(), self.host_is_dead() + self.io * 6)
    }

    /// What a host is whose lease has not changed for so long.
    pub fn state(&self, unchanged: Duration) -> HostState {
        match unchanged {
            unchanged if unchanged >= self.host_is_dead() => HostState::Dead,
            unchanged if unchanged >= self.renewal_fails() => HostState::Fail,
            _ => HostState::Live,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_times_are_those_of_the_manual() {
        let (sanlock, seconds) = (Sanlock::default(), Duration::from_secs);
        let times = [sanlock.renewal(), sanlock.warning(), sanlock.renewal_fails(), sanlock.host_is_dead()];
        assert_eq!(times, [20, 60, 80, 140].map(seconds));
        assert_eq!(sanlock.taking_a_free_lease(), (seconds(20), seconds(50)));
        assert_eq!(sanlock.taking_a_held_lease(), (seconds(140), seconds(200)));
        let scaled = |io, watchdog| Sanlock { io: seconds(io), watchdog_fires: seconds(watchdog) }.host_is_dead();
        assert_eq!((scaled(5, 30), scaled(2, 10)), (seconds(70), seconds(26)));
    }

    #[test]
    fn a_lease_is_free_only_when_its_holder_must_have_been_reset() {
        let state = |seconds| Sanlock::default().state(Duration::from_secs(seconds));
        assert_eq!([79, 80, 139, 140].map(state), [HostState::Live, HostState::Fail, HostState::Fail, HostState::Dead]);
    }
}
