//! The I/O fencing module of PG11: who holds the shared storage (`RWID`), and that it is dead (`DEATH`).
//!
//! It compares after the fact: a server reads the file every half second and stops itself when somebody else's mark is
//! there. Nothing refuses a write. The module is compiled out in the next line and gone in 15 and 17.
//! Source: PG11:src/backend/storage/file/polar_io_fencing.c.

use crate::parts::encoding::{Decoder, Encoder};
use crate::world::device::IoError;

use super::Storage;
use super::seal::{self, Magic, Sealed};

const RWID: Magic = *b"PGRWID11";
const DEATH: Magic = *b"PGDEAD11";

/// Who holds the storage: the host id, and a number that is new in each life of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::polardb) struct Owner {
    pub(in crate::polardb) host_id: u64,
    pub(in crate::polardb) life: u64,
}

impl Storage {
    /// Who holds the storage.
    pub(in crate::polardb) async fn read_owner(&self) -> Result<Option<Owner>, IoError> {
        let Sealed::Whole(content) = seal::read(&self.fence, RWID, 0).await? else { return Ok(None) };
        let mut content = Decoder::new(&content);
        Ok(content.u64().and_then(|host_id| Ok(Owner { host_id, life: content.u64()? })).ok())
    }

    /// Takes the storage, whoever holds it.
    pub(in crate::polardb) async fn write_owner(&self, owner: Owner) -> Result<(), IoError> {
        let mut content = Encoder::new();
        content.u64(owner.host_id).u64(owner.life);
        seal::write(&self.fence, RWID, 0, content.as_bytes()).await
    }

    /// Whether the storage is marked dead.
    pub(in crate::polardb) async fn is_dead(&self) -> Result<bool, IoError> {
        Ok(seal::read(&self.fence, DEATH, 1).await? == Sealed::Whole(vec![1]))
    }

    /// Marks the storage dead, or takes the mark away.
    pub(in crate::polardb) async fn mark_dead(&self, dead: bool) -> Result<(), IoError> {
        seal::write(&self.fence, DEATH, 1, &[u8::from(dead)]).await
    }
}
