//! `pg_control`: how the database is, where recovery begins, how far it must go.
//!
//! It is kept as the payload of a [`crate::parts::control`] page, little-endian: one byte state, then 8 bytes each:
//! checkpoint, the checkpoint before it, redo position, `minRecoveryPoint`. Source: reference section 1.2
//! (`pg_control.h`).

use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::parts::wal::Lsn;

/// `DBState` of pg_control; its number is what "interrupted in mode %d" prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControlState {
    /// 0
    Starting,
    /// 1
    ShutDown,
    /// 2
    ShutDownInRecovery,
    /// 3
    ShuttingDown,
    /// 4
    InCrashRecovery,
    /// 5
    InArchiveRecovery,
    /// 6
    InProduction,
}

impl ControlState {
    const ALL: [ControlState; 7] = [
        ControlState::Starting,
        ControlState::ShutDown,
        ControlState::ShutDownInRecovery,
        ControlState::ShuttingDown,
        ControlState::InCrashRecovery,
        ControlState::InArchiveRecovery,
        ControlState::InProduction,
    ];
}

/// What `pg_control` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ControlData {
    /// How the database is, or was when its server died.
    pub state: ControlState,
    /// Where the last checkpoint record is.
    pub checkpoint: Lsn,
    /// Where the one before it is.
    pub previous_checkpoint: Lsn,
    /// Where recovery begins.
    pub redo: Lsn,
    /// Pages may hold changes up to here: recovery that ends earlier leaves them inconsistent.
    pub minimum_recovery: Lsn,
}

impl ControlData {
    /// A new database whose only record is its first checkpoint.
    pub const NEW: ControlData = ControlData {
        state: ControlState::ShutDown,
        checkpoint: Lsn::FIRST,
        previous_checkpoint: Lsn::NONE,
        redo: Lsn::FIRST,
        minimum_recovery: Lsn::FIRST,
    };

    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Encoder::new();
        payload.u8(self.state as u8).u64(self.checkpoint.0).u64(self.previous_checkpoint.0);
        payload.u64(self.redo.0).u64(self.minimum_recovery.0);
        payload.into_bytes()
    }

    /// From bytes.
    ///
    /// # Errors
    /// [`Garbled`] if they are none.
    pub fn decode(payload: &[u8]) -> Result<Self, Garbled> {
        let mut payload = Decoder::new(payload);
        let state = *ControlState::ALL.get(usize::from(payload.u8()?)).ok_or(Garbled)?;
        let (checkpoint, previous_checkpoint) = (Lsn(payload.u64()?), Lsn(payload.u64()?));
        let (redo, minimum_recovery) = (Lsn(payload.u64()?), Lsn(payload.u64()?));
        Ok(ControlData { state, checkpoint, previous_checkpoint, redo, minimum_recovery })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_as_written_and_garbage_is_refused() {
        for state in ControlState::ALL {
            let data = ControlData { state, previous_checkpoint: Lsn(9), ..ControlData::NEW };
            assert_eq!(ControlData::decode(&data.encode()), Ok(data));
        }
        assert_eq!(ControlState::ShutDownInRecovery as u8, 2, "the incident's \"interrupted in mode 2\"");
        assert_eq!(ControlData::decode(&[9; 33]), Err(Garbled));
        assert_eq!(ControlData::decode(&[1; 5]), Err(Garbled));
    }
}
