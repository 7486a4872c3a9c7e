//! The lock on the share disk that makes one cm_server primary.
//!
//! The holder writes the lock anew in every round. A standby watches it stand still for
//! `cmserver_ha_heartbeat_timeout` rounds and then takes it. The real lock uses COMPARE AND WRITE; the model's device
//! has no such command, so whoever takes the lock writes it, waits one round, and holds it only if it is still there.
//! A holder that cannot reach the disk steps down. Source: `CM: src/cm_adapter/cm_sharedisk_adapter/cm_ddb_sharedisk.cpp`.

use std::time::Duration;

use super::sealed;
use crate::world::time::Instant;

const MAGIC: [u8; 8] = *b"CMSLOCK1";

/// How long a command on the disk may take (`DEFAULT_CMD_TIME_OUT`).
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_secs(2);

/// What is written in the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LockRecord {
    /// The node that holds it.
    pub(super) holder: u64,
    /// Grows whenever it is written.
    pub(super) beat: u64,
}

impl LockRecord {
    pub(super) fn to_bytes(self, unit: usize) -> Vec<u8> {
        let mut payload = self.holder.to_le_bytes().to_vec();
        payload.extend_from_slice(&self.beat.to_le_bytes());
        sealed::seal(MAGIC, &payload, unit)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<LockRecord> {
        let (holder, rest) = sealed::take_number(sealed::open(MAGIC, bytes)?)?;
        let (beat, _) = sealed::take_number(rest)?;
        Some(LockRecord { holder, beat })
    }
}

/// What a round asks of the disk, once the lock has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Write the lock.
    Write(LockRecord),
    /// Leave it alone.
    Watch,
}

/// One cm_server's part in the contest.
#[derive(Clone, Debug)]
pub(super) struct Contest {
    node: u64,
    still_rounds: u32,
    limit: u32,
    last_beat: Option<LockRecord>,
    /// What this node wrote in the last round.
    written: Option<LockRecord>,
    failing_since: Option<Instant>,
    primary: bool,
}

impl Contest {
    pub(super) fn new(node: u64, limit: u32) -> Self {
        Contest { node, limit, still_rounds: 0, last_beat: None, written: None, failing_since: None, primary: false }
    }

    pub(super) fn is_primary(&self) -> bool {
        self.primary
    }

    /// The lock as the disk has it now (`None` if it was never written).
    pub(super) fn read(&mut self, record: Option<LockRecord>) -> Move {
        match record {
            None => self.take(0),
            Some(record) if record.holder == self.node => {
                self.primary = self.primary || self.written == Some(record);
                self.take(record.beat)
            }
            Some(record) => self.watch(record),
        }
    }

    fn take(&mut self, beat: u64) -> Move {
        self.still_rounds = 0;
        self.last_beat = None;
        Move::Write(LockRecord { holder: self.node, beat: beat + 1 })
    }

    fn watch(&mut self, record: LockRecord) -> Move {
        self.primary = false;
        self.failing_since = None;
        if self.last_beat != Some(record) {
            self.last_beat = Some(record);
            self.still_rounds = 0;
            return Move::Watch;
        }
        self.still_rounds += 1;
        if self.still_rounds <= self.limit { Move::Watch } else { self.take(record.beat) }
    }

    /// The lock was written.
    pub(super) fn wrote(&mut self, record: LockRecord) {
        self.written = Some(record);
        self.failing_since = None;
    }

    /// The disk did not answer, or with an error. A primary steps down once this has lasted for the take-over time
    /// less two commands.
    pub(super) fn failed(&mut self, now: Instant) {
        self.last_beat = None;
        self.still_rounds = 0;
        let since = *self.failing_since.get_or_insert(now);
        let patience = Duration::from_secs(u64::from(self.limit)).saturating_sub(COMMAND_TIMEOUT * 2);
        if now.since(since) >= patience {
            self.primary = false;
        }
    }

    /// Gives the lock up: this node stays away until it takes part again.
    pub(super) fn step_down(&mut self) {
        self.primary = false;
        self.written = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(contest: &mut Contest, record: Option<LockRecord>) -> LockRecord {
        let Move::Write(record) = contest.read(record) else { panic!("it only watches") };
        contest.wrote(record);
        record
    }

    #[test]
    fn a_record_comes_back() {
        let record = LockRecord { holder: 2, beat: 77 };
        assert_eq!(LockRecord::from_bytes(&record.to_bytes(512)), Some(record));
        assert_eq!(LockRecord::from_bytes(&[0; 512]), None);
    }

    #[test]
    fn a_free_lock_is_taken_and_held_once_it_was_still_there() {
        let mut contest = Contest::new(1, 6);
        let record = write(&mut contest, None);
        assert!(!contest.is_primary());
        write(&mut contest, Some(record));
        assert!(contest.is_primary());
    }

    #[test]
    fn of_two_that_take_it_the_one_who_wrote_last_holds_it() {
        let (mut one, mut other) = (Contest::new(1, 6), Contest::new(2, 6));
        write(&mut one, None);
        let last = write(&mut other, None);
        assert_eq!(one.read(Some(last)), Move::Watch);
        write(&mut other, Some(last));
        assert!(!one.is_primary() && other.is_primary());
    }

    #[test]
    fn a_lock_that_stands_still_is_taken_after_six_rounds() {
        let mut contest = Contest::new(1, 6);
        let record = Some(LockRecord { holder: 2, beat: 5 });
        let rounds = (0..9).take_while(|_| contest.read(record) == Move::Watch).count();
        assert_eq!(rounds, 7, "seen once, then still for six rounds");
    }

    #[test]
    fn a_lock_that_beats_is_never_taken() {
        let mut contest = Contest::new(1, 6);
        for beat in 0..50 {
            assert_eq!(contest.read(Some(LockRecord { holder: 2, beat })), Move::Watch);
        }
    }

    #[test]
    fn a_primary_steps_down_when_another_has_the_lock_or_the_disk_fails() {
        let primary = || {
            let mut contest = Contest::new(1, 6);
            let record = write(&mut contest, None);
            write(&mut contest, Some(record));
            contest
        };
        let mut robbed = primary();
        robbed.read(Some(LockRecord { holder: 2, beat: 9 }));
        assert!(!robbed.is_primary());
        let mut blind = primary();
        blind.failed(Instant::START);
        assert!(blind.is_primary());
        blind.failed(Instant::START + Duration::from_secs(2));
        assert!(!blind.is_primary());
    }
}
