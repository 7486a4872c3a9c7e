//! Yardsticks of fencing: what it takes before somebody else's work may be taken over without fear of its return.
//!
//! Clusters that judge a member dead by its silence differ in what keeps that member from coming back: nothing at all,
//! a wait, a watchdog, a lease, or a device that refuses it. The rules of the well-known ones are here as pure
//! functions, so that a product can be run under each of them and be compared.
//!
//! They know no world: whoever uses them measures times and sends reservation commands.

pub mod sanlock;
pub mod scsi;
pub mod watchdog;

use std::time::Duration;

/// What protects shared storage from a member that was judged dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// How long a member may be silent before it is judged dead.
    pub silence: Duration,
    /// How long the others wait after Kill before they take its work over.
    pub wait_after_kill: Duration,
    /// After how long without its voting disk a member stops itself; zero for never.
    pub self_fence: Duration,
    /// After how long without a sign of life something outside the member ends it; zero for no watchdog.
    pub watchdog: Duration,
    /// Whether the device refuses the member before its work is taken over.
    pub preempt: bool,
}

/// How a member that was judged dead may still be alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    /// It runs, and reads its mailbox.
    Reading,
    /// It runs, and has lost its voting disk.
    Blind,
    /// It stands still, and its host's clock runs.
    Stalled,
    /// It stands still together with its host's clock, or its writes wait in the fabric.
    OutOfTime,
}

/// How long things take at worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstTimes {
    /// Between two looks of a member into its mailbox.
    pub command_poll: Duration,
    /// For one write from being sent to taking effect.
    pub io: Duration,
}

impl Protection {
    /// Whether no write of such a victim can take effect after its work was taken over.
    ///
    /// The conditions are those of the protocol reference, section 9.5: a wait covers who can read Kill, self-fencing
    /// who lost the disk, a watchdog who stands still while time goes on, and only a refusing device covers everybody.
    pub fn covers(&self, victim: Victim, worst: WorstTimes) -> bool {
        let late = worst.command_poll + worst.io;
        let waits = self.wait_after_kill >= late;
        let fences_itself = !self.self_fence.is_zero() && self.silence + self.wait_after_kill >= self.self_fence + late;
        let watched = !self.watchdog.is_zero() && self.silence + self.wait_after_kill >= self.watchdog + worst.io;
        self.preempt
            || match victim {
                Victim::Reading => waits || watched,
                Victim::Blind => fences_itself || watched,
                Victim::Stalled => watched,
                Victim::OutOfTime => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORST: WorstTimes = WorstTimes { command_poll: Duration::from_secs(1), io: Duration::from_secs(3) };

    fn protection() -> Protection {
        let zero = Duration::ZERO;
        Protection {
            silence: Duration::from_secs(60),
            wait_after_kill: zero,
            self_fence: zero,
            watchdog: zero,
            preempt: false,
        }
    }

    fn covered(protection: Protection) -> Vec<Victim> {
        let all = [Victim::Reading, Victim::Blind, Victim::Stalled, Victim::OutOfTime];
        all.into_iter().filter(|victim| protection.covers(*victim, WORST)).collect()
    }

    #[test]
    fn each_yardstick_covers_its_own_victims() {
        let seconds = Duration::from_secs;
        assert_eq!(covered(protection()), []);
        assert_eq!(covered(Protection { wait_after_kill: seconds(4), ..protection() }), [Victim::Reading]);
        assert_eq!(covered(Protection { wait_after_kill: seconds(3), ..protection() }), []);
        assert_eq!(covered(Protection { self_fence: seconds(56), ..protection() }), [Victim::Blind]);
        assert_eq!(covered(Protection { self_fence: seconds(57), ..protection() }), []);
        let watched = [Victim::Reading, Victim::Blind, Victim::Stalled];
        assert_eq!(covered(Protection { watchdog: seconds(57), ..protection() }), watched);
        assert_eq!(covered(Protection { watchdog: seconds(58), ..protection() }), []);
        assert_eq!(covered(Protection { preempt: true, ..protection() }).len(), 4);
    }
}
