//! A voting disk: one slot and one mailbox for each member of a cluster, in real sectors of shared devices.
//!
//! Members that cannot trust their network meet here: each says in its slot that it is alive, whoever leads puts at
//! most one command into each mailbox, and a member answers a command in its own slot. A sector has one writer, so a
//! torn write spoils one thing only, and every process reads and writes through the path of its own host, so that a
//! host can lose the disk alone.
//!
//! It keeps the bytes and nothing else: who leads, how long a silent member counts as alive and what a command means
//! is decided by the product.
//!
//! # Format
//!
//! | sector | what | writer |
//! |---|---|---|
//! | 0 | nothing | |
//! | 1 to 15 | records of the leader, in the product's own encoding | the leader |
//! | 16 + 2 m | slot of member m | that member |
//! | 17 + 2 m | mailbox of member m, one deep | the leader |
//!
//! Every sector that holds something begins with a magic number (`VTD1`), the CRC32C of its content, the content's
//! length (16 bits) and the content, and zeros fill it up; a sector in which these do not agree holds nothing. Integers are
//! little-endian.
//!
//! | content of | fields |
//! |---|---|
//! | a slot | guid (64), heartbeat counter (64), status (8), sequence of the last command finished (64), its result (8), notes of the product |
//! | a mailbox | guid of the life that is meant (64), command (8), sequence (64), arguments of the product |
//!
//! A disk can have copies ([`Copies`]): then a write is done when more than half of them took it, and a read is good
//! when more than half of them give the same.

mod copies;
mod sector;
#[cfg(test)]
mod tests;

pub use copies::{Copies, VotingDiskError};
pub use sector::{Mail, Slot, open, seal};

use crate::world::device::IoError;

/// The first sector of the first member.
const FIRST_SLOT: u64 = 16;

/// A voting disk, as one process reaches it.
#[derive(Clone)]
pub struct VotingDisk {
    copies: Copies,
    members: u64,
}

/// All of a voting disk, read in one go.
#[derive(Clone, Debug)]
pub struct Look {
    sectors: Vec<Vec<u8>>,
}

impl VotingDisk {
    /// The voting disk of so many members.
    pub fn new(copies: Copies, members: u64) -> Self {
        VotingDisk { copies, members }
    }

    /// The sectors in use.
    pub const fn sectors(members: u64) -> u64 {
        FIRST_SLOT + 2 * members
    }

    /// Writes a member's slot.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn beat(&self, member: u64, slot: &Slot) -> Result<(), VotingDiskError> {
        self.copies.write(slot_sector(member), &slot.encode()).await
    }

    /// Puts a command into a member's mailbox, over whatever was there.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn send(&self, member: u64, mail: &Mail) -> Result<(), VotingDiskError> {
        self.copies.write(slot_sector(member) + 1, &mail.encode()).await
    }

    /// Writes a record of the leader, from 1.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn save(&self, record: u64, content: &[u8]) -> Result<(), VotingDiskError> {
        self.copies.write(record, content).await
    }

    /// Reads a member's slot; an empty one if nothing good is there.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn slot(&self, member: u64) -> Result<Slot, VotingDiskError> {
        Ok(Slot::decode(&self.copies.read(slot_sector(member), 1).await?))
    }

    /// Reads a member's mailbox; an empty one if nothing good is there.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn mailbox(&self, member: u64) -> Result<Mail, VotingDiskError> {
        Ok(Mail::decode(&self.copies.read(slot_sector(member) + 1, 1).await?))
    }

    /// Reads all of it. One sector that cannot be read does not hide the others: there is nothing good in it.
    ///
    /// # Errors
    /// See [`VotingDiskError`].
    pub async fn look(&self) -> Result<Look, VotingDiskError> {
        match self.copies.read(0, Self::sectors(self.members)).await {
            Ok(bytes) => {
                let size = self.copies.sector_size() as usize;
                Ok(Look { sectors: bytes.chunks(size).map(<[u8]>::to_vec).collect() })
            }
            Err(VotingDiskError::Device(IoError::Medium { .. })) => self.look_at_each_sector().await,
            Err(error) => Err(error),
        }
    }

    async fn look_at_each_sector(&self) -> Result<Look, VotingDiskError> {
        let mut sectors = Vec::new();
        let mut first_error = None;
        for number in 0..Self::sectors(self.members) {
            match self.copies.read(number, 1).await {
                Ok(bytes) => sectors.push(bytes.to_vec()),
                Err(error @ VotingDiskError::Device(IoError::Medium { .. })) => {
                    sectors.push(Vec::new());
                    first_error = first_error.or(Some(error));
                }
                Err(error) => return Err(error),
            }
        }
        match first_error.filter(|_| sectors.iter().all(Vec::is_empty)) {
            Some(error) => Err(error),
            None => Ok(Look { sectors }),
        }
    }
}

impl Look {
    /// A member's slot; an empty one if nothing good is there.
    pub fn slot(&self, member: u64) -> Slot {
        Slot::decode(self.sector(slot_sector(member)))
    }

    /// A member's mailbox; an empty one if nothing good is there.
    pub fn mail(&self, member: u64) -> Mail {
        Mail::decode(self.sector(slot_sector(member) + 1))
    }

    /// The content of a record; `None` if nothing good is there.
    pub fn record(&self, record: u64) -> Option<&[u8]> {
        open(self.sector(record))
    }

    /// The same, with the slots in which nothing good is there as they were in an earlier look: a sector that says nothing of
    /// a member does not say that the member has changed.
    #[must_use]
    pub fn with_slots_known_from(mut self, earlier: &Look) -> Look {
        for (sector, known) in self.sectors.iter_mut().zip(&earlier.sectors).skip(FIRST_SLOT as usize).step_by(2) {
            if open(sector).is_none() && open(known).is_some() {
                sector.clone_from(known);
            }
        }
        self
    }

    fn sector(&self, number: u64) -> &[u8] {
        self.sectors.get(number as usize).map_or(&[], Vec::as_slice)
    }
}

const fn slot_sector(member: u64) -> u64 {
    FIRST_SLOT + 2 * member
}
