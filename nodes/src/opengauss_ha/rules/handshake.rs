//! The handshake of a standby with a peer: which answers let it stream, and which make it need repair.
//!
//! Divergence is looked for at one place only: the standby's last record must be in the primary's log with the same
//! CRC. Whatever lies before it is taken on trust, which holds as long as no two different histories give that one
//! record the same CRC. Source: reference sections 1.4 and 8.5 (`libpqwalreceiver.cpp libpqrcv_connect`).

use super::state::{RebuildReason, ServerMode};
use crate::parts::wal::Lsn;

/// The version every server of a cluster has, unless a scenario says otherwise.
pub const VERSION: u32 = 92_204;
/// The timeline: promotion never changes it.
pub const TIMELINE: u32 = 1;

/// Who a server is, as the first three commands of the handshake ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// `IDENTIFY_VERSION`: the version of the server.
    pub version: u32,
    /// `IDENTIFY_VERSION`: its term.
    pub term: u64,
    /// `IDENTIFY_MODE`.
    pub mode: ServerMode,
    /// `IDENTIFY_SYSTEM`: the system identifier.
    pub system: u64,
    /// `IDENTIFY_SYSTEM`: the timeline.
    pub timeline: u32,
}

/// A record as `IDENTIFY_CONSISTENCE` speaks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// Where it begins.
    pub lsn: Lsn,
    /// Its CRC; 0 if there is none at that position.
    pub crc: u32,
}

/// Why a handshake ends without a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The standby records this reason.
    Reason(RebuildReason),
    /// An error that records none, so that the node shows "Connecting...": the peer is no primary.
    NoPrimary(ServerMode),
    /// An error that records none: the peer's term is below the standby's.
    LowerTerm,
}

/// Judges who answered.
///
/// # Errors
/// [`Refusal`] if a standby that is `mine` may not stream from a server that is `theirs`.
pub fn check_identity(mine: &Identity, theirs: &Identity) -> Result<(), Refusal> {
    if mine.version != theirs.version {
        return Err(Refusal::Reason(RebuildReason::Version));
    }
    if mine.term == 0 || mine.term > theirs.term {
        return Err(Refusal::LowerTerm);
    }
    if theirs.mode != ServerMode::Primary {
        return Err(Refusal::NoPrimary(theirs.mode));
    }
    if mine.system != theirs.system {
        return Err(Refusal::Reason(RebuildReason::SystemId));
    }
    if mine.timeline != theirs.timeline {
        return Err(Refusal::Reason(RebuildReason::Timeline));
    }
    Ok(())
}

/// Judges the standby's last record against the record the primary has at the same position.
///
/// # Errors
/// [`Refusal`] if the standby has diverged, is ahead, or the primary has that part of the log no more.
pub fn check_consistence(mine: Mark, theirs: Mark) -> Result<(), Refusal> {
    match theirs.crc != 0 && theirs.crc == mine.crc {
        true => Ok(()),
        false => Err(Refusal::Reason(RebuildReason::WalSegment)),
    }
}

/// Where a standby whose log ends at `end` asks to stream from: the start of that segment, or of the one before it if
/// the end is a segment's first byte. Its last segment is received and written once more.
pub fn start_of_stream(end: Lsn, segment_size: u64) -> u64 {
    let start = end.0 - end.0 % segment_size;
    if start == end.0 { start.saturating_sub(segment_size) } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDBY: Identity =
        Identity { version: VERSION, term: 1, mode: ServerMode::Standby, system: 7, timeline: TIMELINE };
    const PRIMARY: Identity = Identity { mode: ServerMode::Primary, ..STANDBY };

    #[test]
    fn only_a_primary_of_the_same_system_and_no_lower_term_is_followed() {
        let rows = [
            (PRIMARY, Ok(())),
            (Identity { term: 4, ..PRIMARY }, Ok(())),
            (Identity { term: 0, ..PRIMARY }, Err(Refusal::LowerTerm)),
            (Identity { version: 1, ..PRIMARY }, Err(Refusal::Reason(RebuildReason::Version))),
            (Identity { system: 8, ..PRIMARY }, Err(Refusal::Reason(RebuildReason::SystemId))),
            (Identity { timeline: 2, ..PRIMARY }, Err(Refusal::Reason(RebuildReason::Timeline))),
            (STANDBY, Err(Refusal::NoPrimary(ServerMode::Standby))),
            (Identity { mode: ServerMode::Normal, ..PRIMARY }, Err(Refusal::NoPrimary(ServerMode::Normal))),
            // The order of the commands decides which of two faults is seen.
            (
                Identity { system: 8, mode: ServerMode::Pending, ..PRIMARY },
                Err(Refusal::NoPrimary(ServerMode::Pending)),
            ),
        ];
        for (theirs, expected) in rows {
            assert_eq!(check_identity(&STANDBY, &theirs), expected, "{theirs:?}");
        }
        let newer = Identity { term: 2, ..STANDBY };
        assert_eq!(check_identity(&newer, &PRIMARY), Err(Refusal::LowerTerm));
    }

    #[test]
    fn one_record_decides_whether_a_standby_has_diverged() {
        let mark = |crc| Mark { lsn: Lsn(0x5000_60a0), crc };
        assert_eq!(check_consistence(mark(2_969_834_311), mark(2_969_834_311)), Ok(()));
        let wal = Err(Refusal::Reason(RebuildReason::WalSegment));
        assert_eq!(check_consistence(mark(2_969_834_311), mark(1_826_941_517)), wal, "the incident's records");
        assert_eq!(check_consistence(mark(0), mark(0)), wal, "no record is not the same record");
    }

    #[test]
    fn the_last_segment_is_received_once_more() {
        assert_eq!(start_of_stream(Lsn(0x5000_5dd8), 1 << 24), 0x5000_0000);
        assert_eq!(start_of_stream(Lsn(0x5000_0000), 1 << 24), 0x4f00_0000);
        assert_eq!(start_of_stream(Lsn(0), 1 << 24), 0);
    }
}
