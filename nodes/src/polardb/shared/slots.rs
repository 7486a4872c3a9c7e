//! Replication slots (`pg_replslot/<name>/state`): what a peer still needs, remembered while it is away.
//!
//! The shared part is durable and follows the writer's role from node to node, because it lies on the shared disk.
//! Whether a peer is connected, and of which kind it is, is known to the writer in memory alone and is unknown after a
//! restart until the peer is back (PG17:src/test/polar_pl/t/015_logindex_recycle_only_for_replica_slots.pl).

use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::parts::wal::Lsn;
use crate::world::device::IoError;

use super::Storage;
use super::seal::{self, Magic, Sealed};

const MAGIC: Magic = *b"PGRSLOT5";

/// How many slots there can be (`max_replication_slots`).
pub(in crate::polardb) const MOST: u64 = 10;

/// What kind of node uses a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::polardb) enum NodeKind {
    /// It has not connected since this writer opened.
    Unknown,
    /// A replica on the same disk: what it has not applied must not be overwritten by newer pages.
    Replica,
    /// A standby with its own disk.
    Standby,
}

/// A replication slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::polardb) struct Slot {
    pub(in crate::polardb) name: String,
    /// Everything from here on must stay in `pg_wal`.
    pub(in crate::polardb) restart: Lsn,
    /// Up to where the peer has applied the log.
    pub(in crate::polardb) apply: Lsn,
    /// The process number of the walsender, while the peer is connected.
    pub(in crate::polardb) active_pid: Option<u64>,
    /// What kind of node it is.
    pub(in crate::polardb) kind: NodeKind,
}

impl Slot {
    /// A slot nobody has used yet.
    pub(in crate::polardb) fn new(name: &str, restart: Lsn) -> Self {
        Slot { name: name.to_owned(), restart, apply: Lsn::NONE, active_pid: None, kind: NodeKind::Unknown }
    }

    fn encode(&self) -> Vec<u8> {
        let mut content = Encoder::new();
        content.text(&self.name).u64(self.restart.0).u64(self.apply.0);
        content.into_bytes()
    }

    fn decode(content: &[u8]) -> Result<Slot, Garbled> {
        let mut content = Decoder::new(content);
        let name = content.text()?.to_owned();
        let (restart, apply) = (Lsn(content.u64()?), Lsn(content.u64()?));
        Ok(Slot { apply, ..Slot::new(&name, restart) })
    }
}

/// Every slot, by its place on the disk.
#[derive(Clone, Debug, Default)]
pub(in crate::polardb) struct Slots {
    places: Vec<Option<Slot>>,
}

impl Slots {
    /// The slots there are.
    pub(in crate::polardb) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.places.iter().flatten()
    }

    /// The slot called `name`.
    pub(in crate::polardb) fn find(&self, name: &str) -> Option<&Slot> {
        self.iter().find(|slot| slot.name == name)
    }

    /// The slot called `name`.
    pub(in crate::polardb) fn find_mut(&mut self, name: &str) -> Option<&mut Slot> {
        self.places.iter_mut().flatten().find(|slot| slot.name == name)
    }

    /// Puts a new slot into a free place; false if there is none, or a slot of this name.
    pub(in crate::polardb) fn create(&mut self, slot: Slot) -> bool {
        if self.find(&slot.name).is_some() {
            return false;
        }
        self.places.resize(MOST as usize, None);
        match self.places.iter_mut().find(|place| place.is_none()) {
            Some(place) => {
                *place = Some(slot);
                true
            }
            None => false,
        }
    }

    /// Removes a slot; whether it was there.
    pub(in crate::polardb) fn drop_slot(&mut self, name: &str) -> bool {
        let place = self.places.iter_mut().find(|place| place.as_ref().is_some_and(|slot| slot.name == name));
        place.is_some_and(|place| place.take().is_some())
    }
}

impl Storage {
    /// Reads every slot from the shared disk. A slot that cannot be believed is gone, as after `pg_replslot` was lost.
    pub(in crate::polardb) async fn read_slots(&self) -> Result<Slots, IoError> {
        let mut places = Vec::new();
        for place in 0..MOST {
            places.push(match seal::read(&self.slots, MAGIC, place).await? {
                Sealed::Whole(content) => Slot::decode(&content).ok(),
                Sealed::Blank | Sealed::Damaged => None,
            });
        }
        Ok(Slots { places })
    }

    /// Writes the state files of the slots.
    pub(in crate::polardb) async fn write_slots(&self, slots: &Slots) -> Result<(), IoError> {
        for (place, slot) in slots.places.iter().enumerate() {
            let content = slot.as_ref().map(Slot::encode).unwrap_or_default();
            seal::write(&self.slots, MAGIC, place as u64, &content).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_read_as_written_but_for_what_is_only_in_memory() {
        let slot = Slot { active_pid: Some(7), kind: NodeKind::Replica, ..Slot::new("replica1", Lsn(4096)) };
        let read = Slot::decode(&slot.encode()).unwrap();
        assert_eq!(read, Slot::new("replica1", Lsn(4096)));
        assert!(Slot::decode(&[]).is_err(), "the empty place of a dropped slot");
    }

    #[test]
    fn names_are_unique_and_places_are_used_again() {
        let mut slots = Slots::default();
        assert!(slots.create(Slot::new("a", Lsn(1))));
        assert!(!slots.create(Slot::new("a", Lsn(1))));
        assert!(slots.drop_slot("a") && !slots.drop_slot("a"));
        assert!((0..MOST).all(|number| slots.create(Slot::new(&number.to_string(), Lsn(1)))));
        assert!(!slots.create(Slot::new("one too many", Lsn(1))));
    }
}
