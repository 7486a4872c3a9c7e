//! The small files of a node as bytes on its device: names of segments, status files, history files, partial segments,
//! slots, the archive.
//!
//! Every process of a host works with the files in the host's memory, as on a real one with its page cache. One process,
//! [`keep`], stands for the file system: it writes what changed to the device, in the order of the changes, and reads
//! it back when the host boots. What was not on the device when the power went is gone, whoever had been told of it;
//! [`Directory::sync`] is `fsync`.
//!
//! # Format
//!
//! [`SLOTS`] slots of 4096 bytes, then [`EXTENT_UNITS`] units of 4096 bytes for contents that do not fit into their slot.
//! Numbers are little-endian. A slot that was never written is zero.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `SIMRFILE` |
//! | 8 | 4 | CRC-32C of everything behind it |
//! | 12 | 1 | 1: there is a file; 0: there is none any more |
//! | 13 | 8 | bytes of the content |
//! | 21 | 4 | CRC-32C of the content |
//! | 25 | 8 | the first unit of the content, plus one; 0: it follows the name |
//! | 33 | 2 | bytes of the name |
//! | 35 | | the name, then the content if it is here |

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use crate::fields;
use crate::parts::area::Area;
use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::parts::signal::Signal;
use crate::product::{Content, Region};
use crate::world::World;
use crate::world::device::IoError;
use crate::world::disk::DeviceId;
use crate::world::process::Process;
use crate::world::trace::HostId;

/// How many files there may be.
pub const SLOTS: u64 = 4096;
/// How many units of 4096 bytes contents may take.
pub const EXTENT_UNITS: u64 = 16_384;

const UNIT: u64 = 4096;
const MAGIC: [u8; 8] = *b"SIMRFILE";
const HEAD: usize = 35;
/// Slots that are read at a time.
const AT_ONCE: u64 = 16;

/// The files of one host that are kept on its device.
#[derive(Clone)]
pub struct Directory(Rc<Inner>);

struct Inner {
    world: World,
    host: HostId,
    device: DeviceId,
    offset: u64,
    prefixes: &'static [&'static str],
    index: RefCell<Index>,
    changed: Signal,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "files of host {} on device {}", self.0.host.0, self.0.device.0)
    }
}

/// What the file system knows: lost with the power of its host.
#[derive(Default)]
struct Index {
    slots: BTreeMap<String, Slot>,
    free: BTreeSet<u64>,
    next: u64,
    /// First unit and number of units of every content outside its slot.
    extents: BTreeMap<u64, u64>,
    /// Paths that changed and are not on their way to the device yet.
    dirty: VecDeque<String>,
    wanted: u64,
    synced: u64,
    failure: Option<IoError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    number: u64,
    extent: Option<u64>,
}

impl Directory {
    /// The files below `prefixes` of a host, kept on `device` from `offset` on.
    pub fn new(world: &World, host: HostId, device: DeviceId, offset: u64, prefixes: &'static [&'static str]) -> Self {
        let (world, index, changed) = (world.clone(), RefCell::default(), Signal::default());
        Directory(Rc::new(Inner { world, host, device, offset, prefixes, index, changed }))
    }

    /// Bytes it takes on a device.
    pub fn length() -> u64 {
        (SLOTS + EXTENT_UNITS) * UNIT
    }

    /// For readers that come after the run: `directory of node1`.
    pub fn region(&self, node: &str) -> Region {
        Region {
            name: format!("directory of {node}"),
            device: self.0.device,
            offset: self.0.offset,
            length: Self::length(),
            content: Content::Control,
        }
    }

    /// Writes a file.
    pub fn write(&self, path: &str, bytes: Vec<u8>) {
        self.0.world.write_file(self.0.host, path, bytes);
        self.note(path);
    }

    /// Removes a file; whether it was there.
    pub fn remove(&self, path: &str) -> bool {
        let was_there = self.0.world.remove_file(self.0.host, path).is_some();
        if was_there {
            self.note(path);
        }
        was_there
    }

    fn note(&self, path: &str) {
        debug_assert!(self.0.prefixes.iter().any(|prefix| path.starts_with(prefix)), "{path} is not kept here");
        let mut index = self.0.index.borrow_mut();
        if !index.dirty.iter().any(|known| known == path) {
            index.dirty.push_back(path.to_owned());
        }
        drop(index);
        self.0.changed.notify();
    }

    /// Waits until everything written so far is stable on the device.
    ///
    /// # Errors
    /// [`IoError`] if the device fails.
    pub async fn sync(&self) -> Result<(), IoError> {
        let ticket = {
            let mut index = self.0.index.borrow_mut();
            index.wanted += 1;
            index.wanted
        };
        self.0.changed.notify();
        self.0
            .changed
            .wait_for(|| {
                let index = self.0.index.borrow();
                index.failure.map(Err).or((index.synced >= ticket).then_some(Ok(())))
            })
            .await
    }

    /// How the device failed, if it did.
    pub fn failure(&self) -> Option<IoError> {
        self.0.index.borrow().failure
    }

    fn area(&self, process: &Process) -> Area {
        Area::new(process.disk(self.0.device), self.0.offset, Self::length())
    }

    /// What the device holds replaces what the host had in memory; a device that holds nothing is a new one, unless the
    /// host has been up before.
    async fn load(&self, process: &Process) -> Result<(), IoError> {
        let area = self.area(process);
        let (mut found, mut index, mut is_new) = (BTreeMap::new(), Index::default(), true);
        let mut number = 0;
        while number < SLOTS {
            let bytes = area.read(number * UNIT, AT_ONCE * UNIT).await?;
            let slots = bytes.chunks_exact(UNIT as usize);
            if slots.clone().all(|slot| !slot.starts_with(&MAGIC)) {
                break;
            }
            is_new = false;
            for (slot, bytes) in (number..).zip(slots) {
                index.next = slot + 1;
                match Written::decode(bytes) {
                    Ok(Some(written)) => {
                        let content = written.content(&area).await?;
                        let extent = written.extent.inspect(|unit| {
                            index.extents.insert(*unit, units_of(written.length));
                        });
                        index.slots.insert(written.name.clone(), Slot { number: slot, extent });
                        found.insert(written.name, content);
                    }
                    Ok(None) | Err(Garbled) => {
                        index.free.insert(slot);
                    }
                }
            }
            number += AT_ONCE;
        }
        if is_new && process.incarnation().0 <= 1 {
            return Ok(());
        }
        index.wanted = self.0.index.borrow().wanted;
        self.replace(found);
        *self.0.index.borrow_mut() = index;
        Ok(())
    }

    fn replace(&self, found: BTreeMap<String, Vec<u8>>) {
        let (world, host) = (&self.0.world, self.0.host);
        for path in self.0.prefixes.iter().flat_map(|prefix| world.list_files(host, prefix)) {
            if !found.contains_key(&path) {
                world.remove_file(host, &path);
            }
        }
        for (path, content) in found {
            world.write_file(host, &path, content);
        }
    }

    /// Writes one changed file to the device.
    async fn write_out(&self, area: &Area, path: &str) -> Result<(), IoError> {
        let content = self.0.world.read_file(self.0.host, path);
        let Some(content) = content else {
            let slot = self.0.index.borrow_mut().give_back(path);
            return match slot {
                Some(slot) => area.write(slot * UNIT, gone()).await,
                None => Ok(()),
            };
        };
        let fits = HEAD + path.len() + content.len() <= UNIT as usize;
        let units = if fits { 0 } else { units_of(content.len() as u64) };
        let slot = self
            .0
            .index
            .borrow_mut()
            .place(path, units)
            .ok_or(IoError::OutOfRange { offset: SLOTS * UNIT, length: content.len() as u64 })?;
        if let Some(unit) = slot.extent {
            let mut padded = content.clone();
            padded.resize((units * UNIT) as usize, 0);
            area.write((SLOTS + unit) * UNIT, padded).await?;
        }
        area.write(slot.number * UNIT, encode(path, &content, slot.extent)).await
    }
}

fn units_of(bytes: u64) -> u64 {
    bytes.div_ceil(UNIT)
}

impl Index {
    /// The slot of a path, with room for so many units outside it; `None` if the device is full.
    fn place(&mut self, path: &str, units: u64) -> Option<Slot> {
        let known = self.slots.get(path).copied();
        if let Some(unit) = known.and_then(|slot| slot.extent) {
            self.extents.remove(&unit);
        }
        let number = known.map(|slot| slot.number).or_else(|| self.free.pop_first()).unwrap_or(self.next);
        if number >= SLOTS {
            return None;
        }
        self.next = self.next.max(number + 1);
        let extent = match units {
            0 => None,
            units => Some(self.room_for(units)?),
        };
        if let Some(unit) = extent {
            self.extents.insert(unit, units);
        }
        let slot = Slot { number, extent };
        self.slots.insert(path.to_owned(), slot);
        Some(slot)
    }

    /// The first gap of so many units.
    fn room_for(&self, units: u64) -> Option<u64> {
        let mut at = 0;
        for (first, length) in &self.extents {
            if first - at >= units {
                return Some(at);
            }
            at = first + length;
        }
        (at + units <= EXTENT_UNITS).then_some(at)
    }

    fn give_back(&mut self, path: &str) -> Option<u64> {
        let slot = self.slots.remove(path)?;
        if let Some(unit) = slot.extent {
            self.extents.remove(&unit);
        }
        self.free.insert(slot.number);
        Some(slot.number)
    }
}

/// A slot as it was read.
struct Written {
    name: String,
    length: u64,
    checksum: u32,
    extent: Option<u64>,
    inline: Vec<u8>,
}

impl Written {
    /// The file of a slot; `None` if there is none any more.
    fn decode(bytes: &[u8]) -> Result<Option<Written>, Garbled> {
        let mut head = Decoder::new(bytes);
        let (magic, checksum) = (head.raw(8)?, head.u32()?);
        if *magic != MAGIC || crc32c::crc32c(&bytes[12..]) != checksum {
            return Err(Garbled);
        }
        let (exists, length, checksum, unit) = (head.u8()? == 1, head.u64()?, head.u32()?, head.u64()?);
        let name_length = usize::from(head.u16()?);
        let name = String::from_utf8(head.raw(name_length)?.to_vec()).map_err(|_| Garbled)?;
        if !exists {
            return Ok(None);
        }
        let (extent, inline) = match unit {
            0 => (None, head.raw(usize::try_from(length).map_err(|_| Garbled)?)?.to_vec()),
            unit => (Some(unit - 1), Vec::new()),
        };
        Ok(Some(Written { name, length, checksum, extent, inline }))
    }

    /// The content; what is damaged is empty, as a file whose blocks never reached the disk.
    async fn content(&self, area: &Area) -> Result<Vec<u8>, IoError> {
        let content = match self.extent {
            None => self.inline.clone(),
            Some(unit) => {
                let read = area.read((SLOTS + unit) * UNIT, units_of(self.length) * UNIT).await?;
                read[..self.length as usize].to_vec()
            }
        };
        Ok(if crc32c::crc32c(&content) == self.checksum { content } else { Vec::new() })
    }
}

fn encode(path: &str, content: &[u8], extent: Option<u64>) -> Vec<u8> {
    slot(1, path, content, extent)
}

fn gone() -> Vec<u8> {
    slot(0, "", &[], None)
}

fn slot(exists: u8, path: &str, content: &[u8], extent: Option<u64>) -> Vec<u8> {
    let mut body = Encoder::new();
    body.u8(exists).u64(content.len() as u64).u32(crc32c::crc32c(content)).u64(extent.map_or(0, |unit| unit + 1));
    body.u16(path.len() as u16).raw(path.as_bytes());
    if extent.is_none() {
        body.raw(content);
    }
    body.zeros_to(UNIT as usize - 12);
    let mut slot = Encoder::new();
    slot.raw(&MAGIC).u32(crc32c::crc32c(body.as_bytes())).raw(body.as_bytes());
    slot.into_bytes()
}

/// The file system of a host: reads the device when the host boots, then writes what changes. It ends only when the
/// device fails, and then with 1.
pub async fn keep(process: Process, directory: Directory) -> i32 {
    match keep_until_it_fails(&process, &directory).await {
        Ok(()) => 0,
        Err(error) => {
            process.announce("directory.failed", fields! { reason: error.to_string() });
            directory.0.index.borrow_mut().failure = Some(error);
            directory.0.changed.notify();
            1
        }
    }
}

async fn keep_until_it_fails(process: &Process, directory: &Directory) -> Result<(), IoError> {
    directory.load(process).await?;
    let (area, inner) = (directory.area(process), &directory.0);
    loop {
        let next = inner
            .changed
            .wait_for(|| {
                let mut index = inner.index.borrow_mut();
                let wants_sync = index.wanted > index.synced;
                match index.dirty.pop_front() {
                    Some(path) => Some(Some(path)),
                    None => wants_sync.then_some(None),
                }
            })
            .await;
        match next {
            Some(path) => directory.write_out(&area, &path).await?,
            None => {
                let ticket = inner.index.borrow().wanted;
                area.flush().await?;
                inner.index.borrow_mut().synced = ticket;
                inner.changed.notify();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_read_as_it_was_written() {
        let bytes = encode("data/sys_wal/00000002.history", b"1\t0/8CADF138\tno recovery target specified\n", None);
        assert_eq!(bytes.len(), 4096);
        let written = Written::decode(&bytes).expect("a sound slot").expect("a file");
        assert_eq!((written.name.as_str(), written.length), ("data/sys_wal/00000002.history", 42));
        assert_eq!(written.inline, b"1\t0/8CADF138\tno recovery target specified\n");
        assert!(matches!(Written::decode(&gone()), Ok(None)));
        let mut torn = bytes;
        torn[600] ^= 1;
        assert!(Written::decode(&torn).is_err(), "a torn slot is no file");
        assert!(Written::decode(&[0; 4096]).is_err());
    }

    #[test]
    fn slots_and_room_are_used_again() {
        let mut index = Index::default();
        assert_eq!(index.place("a", 0), Some(Slot { number: 0, extent: None }));
        assert_eq!(index.place("b", 3), Some(Slot { number: 1, extent: Some(0) }));
        assert_eq!(index.place("c", 2), Some(Slot { number: 2, extent: Some(3) }));
        assert_eq!(index.give_back("b"), Some(1));
        assert_eq!(index.place("d", 2), Some(Slot { number: 1, extent: Some(0) }));
        assert_eq!(index.place("e", 2), Some(Slot { number: 3, extent: Some(5) }), "one unit is too little");
        assert_eq!(index.place("f", EXTENT_UNITS), None);
        assert_eq!(index.give_back("nobody"), None);
    }
}
