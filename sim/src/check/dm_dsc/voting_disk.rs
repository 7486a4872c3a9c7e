//! A reader of DSC's voting disk, registry and data pages that shares no code with the writer: it follows the written
//! formats (module docs of `nodes::parts::voting_disk`, `nodes::dm_dsc::vote` and of the checkpoint) on the bytes that
//! the devices' journals kept.
//!
//! On mirrored disks a write is done when more than half of them took it: that is when its note stands. A write that
//! fewer took leaves no note. A record is lost when so many copies of it have gone bad that fewer than that are left.

use std::collections::{BTreeMap, BTreeSet};

use nodes::product::Region;
use nodes::world::device::InterruptionKind;
use nodes::world::time::Instant;
use nodes::world::trace::ProcessId;

use super::story::{Ep, Group, GroupRecord, Note, What};
use crate::run::Record;

/// `VTD1`.
const MAGIC: u32 = 0x3144_5456;
const FIRST_RECORD: u64 = 1;
const FIRST_SLOT: u64 = 16;
const MOST_EPS: u64 = 8;
const NOBODY: Ep = 255;

/// One write of one sector, the same on every mirror: place, sector, sender, checksum of the bytes.
type Written = (&'static str, u64, u16, u32, u64);

/// Reads a sector of a place, by its number there.
type Reader = fn(u64, &[u8]) -> Option<What>;

/// The notes that voting disk, registry and pages leave.
pub(super) fn notes(record: &Record) -> Vec<Note> {
    let kinds: [(&'static str, Reader); 3] = [("voting-disk", vote), ("registry", registry), ("pages", page)];
    kinds.into_iter().flat_map(|(name, read)| notes_of(record, name, read)).chain(lost_records(record)).collect()
}

/// When the record of a group could no longer be read.
fn lost_records(record: &Record) -> Vec<Note> {
    let regions: Vec<&Region> = record.regions.iter().filter(|region| region.name == "voting-disk").collect();
    let lost = |(index, group): (usize, Group)| {
        // What happens to each copy, in order: it is written and whole, or it goes bad.
        let mut fates: Vec<(Instant, usize, bool)> = Vec::new();
        for (mirror, region) in regions.iter().enumerate() {
            let Some(device) = record.device(region.device) else { continue };
            let sector = region.offset / device.visible.sector_size() + FIRST_RECORD + index as u64;
            let writes = device.journal.applied_writes().into_iter().filter(|entry| entry.range.contains(sector));
            fates.extend(writes.filter_map(|entry| Some((entry.applied?, mirror, true))));
            let damages = device.journal.interruptions().iter();
            let damages = damages.filter(|one| one.kind == InterruptionKind::Damaged { sector });
            fates.extend(damages.map(|one| (one.at, mirror, false)));
        }
        fates.sort();
        let mut whole = BTreeSet::new();
        let mut notes = Vec::new();
        for (at, mirror, is_whole) in fates {
            let could_be_read = 2 * whole.len() > regions.len();
            let changed = if is_whole { whole.insert(mirror) } else { whole.remove(&mirror) };
            if changed && could_be_read && 2 * whole.len() <= regions.len() {
                let by = regions[mirror].name.to_string();
                notes.push(Note { at, by, life: 0, reign: 0, what: What::RecordLost(group) });
            }
        }
        notes
    };
    Group::ALL.into_iter().enumerate().flat_map(lost).collect()
}

fn notes_of(record: &Record, name: &'static str, read: Reader) -> Vec<Note> {
    let regions: Vec<&Region> = record.regions.iter().filter(|region| region.name == name).collect();
    let mut taken: BTreeMap<(Written, usize), Vec<Instant>> = BTreeMap::new();
    let mut notes = BTreeMap::new();
    for region in &regions {
        let Some(device) = record.device(region.device) else { continue };
        let sector = device.visible.sector_size();
        let first = region.offset / sector;
        let mut repeats: BTreeMap<Written, usize> = BTreeMap::new();
        for entry in device.journal.applied_writes() {
            let (Some(applied), Some(bytes)) = (entry.applied, &entry.bytes) else { continue };
            let inside = entry.range.first >= first && entry.range.first < first + region.length / sector;
            let Some(what) = Some(entry.range.first).filter(|_| inside).and_then(|at| read(at - first, bytes)) else {
                continue;
            };
            let origin = &entry.origin;
            let written = (name, entry.range.first - first, origin.process, origin.incarnation, entry.checksum);
            let repeat = repeats.entry(written).or_default();
            *repeat += 1;
            taken.entry((written, *repeat)).or_default().push(applied);
            notes.entry((written, *repeat)).or_insert_with(|| Note {
                at: applied,
                by: record.trace.process_name(ProcessId(origin.process)),
                life: origin.incarnation,
                reign: origin.epoch,
                what,
            });
        }
    }
    let majority = regions.len() / 2 + 1;
    let done = taken.into_iter().filter_map(|(key, mut at)| {
        at.sort();
        let at = *at.get(majority - 1)?;
        Some(Note { at, ..notes.remove(&key)? })
    });
    done.collect()
}

/// What a sector of the voting disk holds.
fn vote(sector: u64, bytes: &[u8]) -> Option<What> {
    let mut content = Content::of(bytes)?;
    if sector < FIRST_SLOT {
        let group = *Group::ALL.get(usize::try_from(sector.checked_sub(FIRST_RECORD)?).ok()?)?;
        return record(group, &mut content);
    }
    let member = (sector - FIRST_SLOT) / 2;
    let (group, ep) = (*Group::ALL.get(usize::try_from(member / MOST_EPS).ok()?)?, (member % MOST_EPS) as Ep);
    match (sector - FIRST_SLOT) % 2 {
        0 => slot(group, ep, &mut content),
        _ => order(group, ep, &mut content),
    }
}

fn slot(group: Group, ep: Ep, content: &mut Content<'_>) -> Option<What> {
    let (guid, _counter, status, done, _result) =
        (content.u64()?, content.u64()?, content.u8()?, content.u64()?, content.u8()?);
    let [_reign, _dead_asm, _dead_db, _oldest_dirty, _crash_lsn] =
        [content.u64()?, content.u64()?, content.u64()?, content.u64()?, content.u64()?];
    Some(What::Slot { group, ep, guid, status, done, unreachable: content.u8()? })
}

fn order(group: Group, ep: Ep, content: &mut Content<'_>) -> Option<What> {
    let (guid, command, sequence) = (content.u64()?, content.u8()?, content.u64()?);
    let (control, _owner, _up, dead) = (content.u8()?, content.u8()?, content.u8()?, content.u8()?);
    Some(What::Order { group, ep, guid, command, sequence, control, dead })
}

fn record(group: Group, content: &mut Content<'_>) -> Option<What> {
    let status = (content.text()?, content.text()?);
    let counter = content.u64()?;
    let [_control, broken, recovering] = [content.u8()?, content.u8()?, content.u8()?];
    let (_members, ok, mut dead) = (content.set()?, content.set()?, content.set()?);
    let [_path, _row, _opened, _profile] = [content.u8()?, content.u8()?, content.u8()?, content.u8()?];
    let _crash_lsn = content.u64()?;
    let count = content.varint()?;
    let lives = (0..count).map(|_| Some((content.u8()?, content.u64()?))).collect::<Option<_>>()?;
    dead.extend(Some(broken).filter(|ep| *ep != NOBODY));
    let recovering = Some(recovering).filter(|ep| *ep != NOBODY);
    Some(What::Record(GroupRecord { group, status, counter, ok, broken: dead, recovering, lives }))
}

fn registry(sector: u64, bytes: &[u8]) -> Option<What> {
    let group = *Group::ALL.get(usize::try_from(sector).ok()?)?;
    Some(What::Registry { group, ok: Content::of(bytes)?.set()? })
}

fn page(_sector: u64, bytes: &[u8]) -> Option<What> {
    let mut content = Content::of(bytes)?;
    Some(What::Page { page: content.u32()?, lsn: content.u64()? })
}

/// The content of a sealed sector, read from its front.
pub(super) struct Content<'a> {
    rest: &'a [u8],
}

impl<'a> Content<'a> {
    /// The content of a sector whose magic number and checksum are right.
    fn of(sector: &'a [u8]) -> Option<Content<'a>> {
        let mut sealed = Content { rest: sector };
        let (magic, checksum) = (sealed.u32()?, sealed.u32()?);
        let length = u16::from_le_bytes(sealed.raw(2)?.try_into().ok()?);
        let rest = sealed.raw(u64::from(length))?;
        (magic == MAGIC && crc32c::crc32c(rest) == checksum).then_some(Content { rest })
    }

    fn raw(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        Some(self.raw(1)?[0])
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.raw(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.raw(8)?.try_into().ok()?))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn text(&mut self) -> Option<String> {
        let length = self.varint()?;
        String::from_utf8(self.raw(length)?.to_vec()).ok()
    }

    fn set(&mut self) -> Option<BTreeSet<Ep>> {
        let length = self.varint()?;
        Some(self.raw(length)?.iter().copied().collect())
    }
}
