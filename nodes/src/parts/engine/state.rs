//! What the control page says of a database.

use super::error::EngineError;
use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::parts::wal::Lsn;

/// Whether the database was shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It runs, or has crashed.
    Running,
    /// It was shut down with a checkpoint.
    ShutDown,
}

/// What the control page says of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineState {
    /// Whether it was shut down.
    pub phase: Phase,
    /// Where recovery begins.
    pub redo: Lsn,
    /// Where the checkpoint record is that says so.
    pub checkpoint: Lsn,
    /// The epoch of the last writer.
    pub epoch: u64,
}

impl EngineState {
    /// A database nobody has used.
    pub(super) const NEW: EngineState =
        EngineState { phase: Phase::ShutDown, redo: Lsn::FIRST, checkpoint: Lsn::FIRST, epoch: 0 };

    pub(super) fn encode(&self) -> Vec<u8> {
        let phase = match self.phase {
            Phase::Running => 1,
            Phase::ShutDown => 2,
        };
        let mut payload = Encoder::new();
        payload.u8(phase).u64(self.redo.0).u64(self.checkpoint.0).u64(self.epoch);
        payload.into_bytes()
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, EngineError> {
        Self::read(payload).map_err(|Garbled| EngineError::ControlContent)
    }

    fn read(payload: &[u8]) -> Result<Self, Garbled> {
        let mut payload = Decoder::new(payload);
        let phase = match payload.u8()? {
            1 => Phase::Running,
            2 => Phase::ShutDown,
            _ => return Err(Garbled),
        };
        let (redo, checkpoint, epoch) = (Lsn(payload.u64()?), Lsn(payload.u64()?), payload.u64()?);
        Ok(EngineState { phase, redo, checkpoint, epoch })
    }
}
