//! The search of gs_rewind for the last checkpoint that both logs share.
//!
//! It goes back from the last local record by the pointers to the record before, and asks the source for the CRC of
//! each checkpoint record that is not behind the last checkpoint of either side. The first equal CRC ends the search.
//! There is no timeline history to look the fork up in: both logs are on the same timeline. Source: reference section
//! 5.2 steps 8 to 12 (`parsexlog.cpp findCommonCheckpoint`).

use crate::parts::wal::Lsn;

/// A record met on the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    /// Where it begins.
    pub lsn: Lsn,
    /// The record before it; [`Lsn::NONE`] for the first of the log.
    pub previous: Lsn,
    /// Its CRC.
    pub crc: u32,
    /// Where recovery from it begins, if it is a checkpoint.
    pub redo: Option<Lsn>,
}

/// What to do after a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask the source for its CRC at this record.
    Ask(Met),
    /// Read the record at this position.
    Read(Lsn),
    /// There is nothing before it: no common checkpoint.
    Exhausted,
}

/// The walk back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    newest: Lsn,
}

impl Walk {
    /// A walk over checkpoint records that are not behind the last checkpoint of either side.
    pub fn new(source_checkpoint: Lsn, target_checkpoint: Lsn) -> Self {
        Walk { newest: source_checkpoint.min(target_checkpoint) }
    }

    /// What to do with a record that was read.
    pub fn at(self, met: Met) -> Next {
        match met.redo {
            Some(_) if met.lsn <= self.newest => Next::Ask(met),
            _ => Self::before(met),
        }
    }

    /// What to do when the source's CRC differs.
    pub fn before(met: Met) -> Next {
        match met.previous {
            Lsn::NONE => Next::Exhausted,
            previous => Next::Read(previous),
        }
    }
}

/// Whether the source has the same record: 0 says that it has none there.
pub fn is_common(source_crc: u32, target_crc: u32) -> bool {
    source_crc != 0 && source_crc == target_crc
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The target's log of the incident, newest first: position, CRC there and at the source, redo of checkpoints.
    const INCIDENT: [(u64, u32, u32, Option<u64>); 6] = [
        (0x5000_60a0, 2_969_834_311, 1_826_941_517, Some(0x5000_6020)),
        (0x5000_6020, 11, 12, None),
        (0x5000_5f70, 2_286_271_583, 1_279_685_734, Some(0x5000_5ef0)),
        (0x5000_5ef0, 13, 14, None),
        (0x5000_5e58, 3_699_854_113, 3_699_854_113, Some(0x5000_5dd8)),
        (0x5000_5dd8, 15, 15, None),
    ];

    fn met(position: Lsn) -> Option<(Met, u32)> {
        let index = INCIDENT.iter().position(|(lsn, ..)| *lsn == position.0)?;
        let (lsn, crc, source, redo) = INCIDENT[index];
        let previous = INCIDENT.get(index + 1).map_or(Lsn::NONE, |(lsn, ..)| Lsn(*lsn));
        Some((Met { lsn: Lsn(lsn), previous, crc, redo: redo.map(Lsn) }, source))
    }

    /// Walks the written log; the questions asked and the checkpoint found.
    fn walk(walk: Walk, from: u64) -> (Vec<u64>, Option<u64>) {
        let (mut asked, mut position) = (Vec::new(), Lsn(from));
        loop {
            let Some((record, source)) = met(position) else { return (asked, None) };
            let next = match walk.at(record) {
                Next::Ask(met) => {
                    asked.push(met.lsn.0);
                    if is_common(source, met.crc) {
                        return (asked, Some(met.lsn.0));
                    }
                    Walk::before(met)
                }
                other => other,
            };
            match next {
                Next::Read(before) => position = before,
                _ => return (asked, None),
            }
        }
    }

    #[test]
    fn the_incident_finds_its_common_checkpoint_after_two_mismatches() {
        let (asked, found) = walk(Walk::new(Lsn(0x5000_62d0), Lsn(0x5000_60a0)), 0x5000_60a0);
        assert_eq!(asked, [0x5000_60a0, 0x5000_5f70, 0x5000_5e58]);
        assert_eq!(found, Some(0x5000_5e58));
    }

    #[test]
    fn checkpoints_behind_either_sides_last_one_are_not_asked_for() {
        let (asked, found) = walk(Walk::new(Lsn(0x5000_5f00), Lsn(0x5000_60a0)), 0x5000_60a0);
        assert_eq!((asked, found), (vec![0x5000_5e58], Some(0x5000_5e58)));
    }

    #[test]
    fn a_source_without_that_log_answers_zero_and_nothing_is_common() {
        assert!(!is_common(0, 0));
        let oldest = Met { lsn: Lsn(8), previous: Lsn::NONE, crc: 1, redo: Some(Lsn(8)) };
        assert_eq!(Walk::before(oldest), Next::Exhausted);
    }
}
