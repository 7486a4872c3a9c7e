//! The control page of a node: how it stopped last, and where recovery begins.
//!
//! Its timeline is that of the last checkpoint, not the one the server is on: after a promotion it lags until the next
//! checkpoint is complete, and every tool that reads it sees the old one (KingbaseES reference, sections 2.5 and 4.3).
//!
//! # Format
//!
//! The payload of a [`crate::parts::control`] page, little-endian: one byte state (see [`DatabaseState`], in order
//! from 1), then 8 bytes each: timeline, checkpoint record, redo position, and the position up to which a standby must
//! replay before its pages are consistent.

use super::names::Timeline;
use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::parts::wal::Lsn;

/// How the control page says the database is, or was when its server died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DatabaseState {
    /// A primary that stopped with a checkpoint.
    ShutDown,
    /// A standby that stopped in order.
    ShutDownInRecovery,
    /// A primary that has begun to stop.
    ShuttingDown,
    /// A primary that replays its own log after a crash.
    InCrashRecovery,
    /// A standby.
    InArchiveRecovery,
    /// A primary.
    InProduction,
}

impl DatabaseState {
    const ALL: [DatabaseState; 6] = [
        DatabaseState::ShutDown,
        DatabaseState::ShutDownInRecovery,
        DatabaseState::ShuttingDown,
        DatabaseState::InCrashRecovery,
        DatabaseState::InArchiveRecovery,
        DatabaseState::InProduction,
    ];

    /// As `sys_controldata` prints it.
    pub fn words(self) -> &'static str {
        match self {
            DatabaseState::ShutDown => "shut down",
            DatabaseState::ShutDownInRecovery => "shut down in recovery",
            DatabaseState::ShuttingDown => "shutting down",
            DatabaseState::InCrashRecovery => "in crash recovery",
            DatabaseState::InArchiveRecovery => "in archive recovery",
            DatabaseState::InProduction => "in production",
        }
    }

    /// Whether the server stopped in order.
    pub fn is_clean(self) -> bool {
        matches!(self, DatabaseState::ShutDown | DatabaseState::ShutDownInRecovery)
    }
}

/// What the control page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ControlData {
    /// How the database is.
    pub state: DatabaseState,
    /// The timeline of the last checkpoint.
    pub timeline: Timeline,
    /// Where the last checkpoint record is.
    pub checkpoint: Lsn,
    /// Where recovery begins.
    pub redo: Lsn,
    /// Pages may hold changes up to here: recovery that ends earlier leaves them inconsistent.
    pub minimum_recovery: Lsn,
}

impl ControlData {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let state = DatabaseState::ALL.iter().position(|state| *state == self.state).unwrap_or(0) as u8 + 1;
        let mut payload = Encoder::new();
        payload.u8(state).u64(self.timeline).u64(self.checkpoint.0).u64(self.redo.0).u64(self.minimum_recovery.0);
        payload.into_bytes()
    }

    /// From bytes.
    ///
    /// # Errors
    /// [`Garbled`] if they are none.
    pub fn decode(payload: &[u8]) -> Result<Self, Garbled> {
        let mut payload = Decoder::new(payload);
        let state = usize::from(payload.u8()?).checked_sub(1).ok_or(Garbled)?;
        let state = *DatabaseState::ALL.get(state).ok_or(Garbled)?;
        let timeline = payload.u64()?;
        let (checkpoint, redo, minimum_recovery) = (Lsn(payload.u64()?), Lsn(payload.u64()?), Lsn(payload.u64()?));
        Ok(ControlData { state, timeline, checkpoint, redo, minimum_recovery })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_as_written_and_garbage_is_refused() {
        for state in DatabaseState::ALL {
            let data =
                ControlData { state, timeline: 3, checkpoint: Lsn(80), redo: Lsn(72), minimum_recovery: Lsn(96) };
            assert_eq!(ControlData::decode(&data.encode()), Ok(data));
        }
        assert_eq!(ControlData::decode(&[0; 33]), Err(Garbled));
        assert_eq!(ControlData::decode(&[1; 5]), Err(Garbled));
    }
}
