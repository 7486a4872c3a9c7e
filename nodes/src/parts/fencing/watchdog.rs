//! The watchdog rule of SBD: a node that cannot see its pill resets itself, and the sender waits for that.
//!
//! Sources: `ClusterLabs/sbd` at 2c43532, `configure.ac` and `src/sbd-common.c` (defaults), `src/sbd-inquisitor.c`
//! (health), `src/sbd-md.c` (the sender's wait) and the manual page (ratios).

use std::time::Duration;

/// The time-outs of SBD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sbd {
    /// After how long without being fed the watchdog resets the node.
    pub watchdog: Duration,
    /// How often a node reads its mailbox.
    pub every: Duration,
    /// How long a read may take before it counts as failed.
    pub io: Duration,
    /// How long the sender waits before it reports that the node is dead.
    pub message_wait: Duration,
}

impl Default for Sbd {
    /// The defaults: watchdog 5 s, a look each second, 3 s for a read, and a wait of twice the watchdog.
    fn default() -> Self {
        Sbd::with_watchdog(Duration::from_secs(5))
    }
}

impl Sbd {
    /// The defaults for another watchdog.
    pub fn with_watchdog(watchdog: Duration) -> Self {
        Sbd { watchdog, every: Duration::from_secs(1), io: Duration::from_secs(3), message_wait: watchdog * 2 }
    }

    /// The latest death of a node that cannot see the pill, counted from its writing.
    pub fn death_of_a_blind_node(&self) -> Duration {
        self.watchdog + self.every
    }

    /// The latest death of a node that sees the pill.
    pub fn death_of_a_seeing_node(&self) -> Duration {
        self.every + self.io
    }

    /// Whether the sender waits long enough for either death.
    pub fn is_safe(&self) -> bool {
        self.message_wait > self.death_of_a_blind_node() && self.message_wait > self.death_of_a_seeing_node()
    }

    /// Whether a device counts as healthy, by the time since it was last read well.
    pub fn is_healthy(&self, since_good_read: Duration) -> bool {
        since_good_read < self.io + self.every
    }
}

/// Whether the watchdog is fed: one healthy device is enough of one or two, else it takes a majority.
pub fn is_fed(healthy: usize, devices: usize) -> bool {
    match devices {
        0 => false,
        1 | 2 => healthy >= 1,
        _ => healthy > devices / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_watchdog_is_long_enough_and_as_long_as_it_is_not() {
        let sbd = Sbd::default();
        assert!(sbd.is_safe());
        assert_eq!(sbd.message_wait, Duration::from_secs(10));
        // A header with 5 s for the message and a node with a watchdog of 5 s: a pair set by mistake.
        assert!(!Sbd { message_wait: Duration::from_secs(5), ..sbd }.is_safe());
        assert!(sbd.is_healthy(Duration::from_millis(3_999)) && !sbd.is_healthy(Duration::from_secs(4)));
    }

    #[test]
    fn three_devices_need_a_majority() {
        assert!(is_fed(1, 1) && is_fed(1, 2) && is_fed(2, 3));
        assert!(!is_fed(0, 2) && !is_fed(1, 3) && !is_fed(0, 0));
    }
}
