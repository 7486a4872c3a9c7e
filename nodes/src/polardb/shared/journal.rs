//! The metadata of PFS: the leader record (`.pfs-paxos`) and the journal (`.pfs-journal`).
//!
//! A transaction of metadata writes an entry at the head of the journal and then the leader record over the old one,
//! both from the copy of the leader record that this mount keeps in memory. In the public tree the "disk paxos" of that
//! record is a stub that always succeeds (PFS:src/pfs_core/pfs_log.cc), so two mounts that write use the same
//! transaction number, the same place in the journal and the same free block.

use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::world::device::IoError;

use super::seal::{self, Magic, Sealed};
use super::{SECTOR, Storage};

const LEADER: Magic = *b"PFSPAXOS";
const ENTRY: Magic = *b"PFSJRNL1";
const ENTRIES: u64 = 256;

/// Bytes on the disk: the leader record and the journal.
pub(super) const LENGTH: u64 = (1 + ENTRIES) * SECTOR;

/// The leader record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::polardb) struct Leader {
    /// The number of the last transaction.
    pub(in crate::polardb) txid: u64,
    /// The first block of 4 MiB that no file has.
    pub(in crate::polardb) next_block: u64,
}

/// One entry of the journal: a file gets a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::polardb) struct Allocation {
    pub(in crate::polardb) txid: u64,
    pub(in crate::polardb) block: u64,
    pub(in crate::polardb) file: String,
}

/// What reading the leader record came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::polardb) enum LeaderFound {
    /// The volume is new.
    Nothing,
    /// The checksum does not match: the mount fails.
    Damaged,
    /// This.
    Leader(Leader),
}

impl Storage {
    /// Reads the leader record.
    pub(in crate::polardb) async fn read_leader(&self) -> Result<LeaderFound, IoError> {
        Ok(match seal::read(&self.pfs, LEADER, 0).await? {
            Sealed::Blank => LeaderFound::Nothing,
            Sealed::Damaged => LeaderFound::Damaged,
            Sealed::Whole(content) => decode_leader(&content).map_or(LeaderFound::Damaged, LeaderFound::Leader),
        })
    }

    /// Gives a file the next free block after `leader`, the record as this mount believes it to be.
    pub(in crate::polardb) async fn allocate(
        &self,
        leader: Leader,
        file: &str,
    ) -> Result<(Leader, Allocation), IoError> {
        let entry = Allocation { txid: leader.txid + 1, block: leader.next_block, file: file.to_owned() };
        let mut content = Encoder::new();
        content.u64(entry.txid).u64(entry.block).text(&entry.file);
        seal::write(&self.pfs, ENTRY, 1 + entry.txid % ENTRIES, content.as_bytes()).await?;
        let leader = Leader { txid: entry.txid, next_block: entry.block + 1 };
        let mut content = Encoder::new();
        content.u64(leader.txid).u64(leader.next_block);
        seal::write(&self.pfs, LEADER, 0, content.as_bytes()).await?;
        Ok((leader, entry))
    }
}

fn decode_leader(content: &[u8]) -> Result<Leader, Garbled> {
    let mut content = Decoder::new(content);
    Ok(Leader { txid: content.u64()?, next_block: content.u64()? })
}
