//! `global/pg_control`: where recovery begins, and which transaction comes next.
//!
//! One sector, last writer wins. Replicas keep a local copy of it, with the position of their own last restartpoint.

use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::parts::wal::Lsn;
use crate::world::device::IoError;

use super::Storage;
use super::seal::{self, Magic, Sealed};

const MAGIC: Magic = *b"PGCTRL15";

/// The state of a cluster as `pg_controldata` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::polardb) enum State {
    /// `shut down`
    ShutDown,
    /// `in production`
    InProduction,
    /// `in archive recovery`
    InArchiveRecovery,
}

impl State {
    const ALL: [State; 3] = [State::ShutDown, State::InProduction, State::InArchiveRecovery];
}

/// What the control file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::polardb) struct Control {
    pub(in crate::polardb) state: State,
    /// Where the last checkpoint record is.
    pub(in crate::polardb) checkpoint: Lsn,
    /// Where recovery begins.
    pub(in crate::polardb) redo: Lsn,
    pub(in crate::polardb) timeline: u64,
    pub(in crate::polardb) next_xid: u64,
}

impl Control {
    /// A database nobody has used.
    pub(in crate::polardb) const NEW: Control =
        Control { state: State::ShutDown, checkpoint: Lsn::FIRST, redo: Lsn::FIRST, timeline: 1, next_xid: 3 };

    /// As bytes.
    pub(in crate::polardb) fn encode(&self) -> Vec<u8> {
        let state = State::ALL.iter().position(|state| *state == self.state).unwrap_or(0);
        let mut content = Encoder::new();
        content.u8(state as u8).u64(self.checkpoint.0).u64(self.redo.0).u64(self.timeline).u64(self.next_xid);
        content.into_bytes()
    }

    /// From bytes.
    pub(in crate::polardb) fn decode(content: &[u8]) -> Option<Control> {
        Self::parse(content).ok()
    }

    fn parse(content: &[u8]) -> Result<Control, Garbled> {
        let mut content = Decoder::new(content);
        let state = *State::ALL.get(usize::from(content.u8()?)).ok_or(Garbled)?;
        let (checkpoint, redo) = (Lsn(content.u64()?), Lsn(content.u64()?));
        Ok(Control { state, checkpoint, redo, timeline: content.u64()?, next_xid: content.u64()? })
    }
}

/// What reading the control file came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::polardb) enum Found {
    /// There is no database.
    Nothing,
    /// A checksum does not match.
    Damaged,
    /// This.
    Control(Control),
}

impl Storage {
    /// Reads the control file of the shared disk.
    pub(in crate::polardb) async fn read_control(&self) -> Result<Found, IoError> {
        Ok(match seal::read(&self.control, MAGIC, 0).await? {
            Sealed::Blank => Found::Nothing,
            Sealed::Damaged => Found::Damaged,
            Sealed::Whole(content) => Control::decode(&content).map_or(Found::Damaged, Found::Control),
        })
    }

    /// Writes the control file of the shared disk.
    pub(in crate::polardb) async fn write_control(&self, control: &Control) -> Result<(), IoError> {
        seal::write(&self.control, MAGIC, 0, &control.encode()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_file_is_read_as_written() {
        let control =
            Control { state: State::InProduction, checkpoint: Lsn(9), redo: Lsn(7), timeline: 2, next_xid: 700 };
        assert_eq!(Control::decode(&control.encode()), Some(control));
        assert_eq!(Control::decode(&control.encode()[..20]), None);
    }
}
