//! The medium and the volatile cache before it: what readers see, what would survive, and what should be there.
//!
//! The image is what readers see. A write that is not yet stable stays on a list with what it displaced, so that a
//! cut can put the old content back; a flush merely takes it off the list. Where a fault made the image differ from
//! what should be there, the difference is kept beside it: that is the pristine image.

use std::collections::{BTreeSet, VecDeque};

use super::content::Content;
use super::fault::{FaultId, FaultKind};
use super::image::Image;
use super::journal::EntryNumber;
use super::range::{RangeMap, SectorRange};
use super::request::RequestId;
use super::tally::FaultTally;
use crate::world::time::Instant;

/// A write that is in the volatile cache and not yet stable.
#[derive(Clone, Debug)]
pub(super) struct CachedWrite {
    pub(super) id: RequestId,
    pub(super) entry: EntryNumber,
    pub(super) applied: Instant,
    pub(super) range: SectorRange,
    pub(super) content: Content,
    /// What was there before; a sector not in here had never been written.
    pub(super) displaced: Vec<(SectorRange, Content)>,
    /// What should have been there before, where that was something else.
    pub(super) displaced_expected: Vec<(SectorRange, Expected)>,
    /// Parts that a stable later write has made irrelevant.
    pub(super) superseded: Vec<SectorRange>,
    /// It went to the wrong place: it should not be here at all.
    pub(super) astray: bool,
    /// The fault that tears it if a cut comes before it is stable.
    pub(super) tears: Option<FaultId>,
    /// An acknowledged flush covered it, and it is not stable all the same.
    pub(super) promised: bool,
    /// A failed flush marked its pages clean: nothing will write it any more. They leave the cache at this moment.
    pub(super) clean_until: Option<Instant>,
}

impl CachedWrite {
    fn new(
        source: Source,
        range: SectorRange,
        content: Content,
        displaced: Vec<(SectorRange, Content)>,
        displaced_expected: Vec<(SectorRange, Expected)>,
    ) -> Self {
        CachedWrite {
            id: source.id,
            entry: source.entry,
            applied: source.at,
            range,
            content,
            displaced,
            displaced_expected,
            superseded: Vec::new(),
            astray: false,
            tears: source.tears,
            promised: false,
            clean_until: None,
        }
    }

    /// True if a cut could still undo it at `sector`.
    pub(super) fn covers(&self, sector: u64) -> bool {
        self.range.contains(sector) && !self.superseded.iter().any(|range| range.contains(sector))
    }

    /// True if a cut could still undo any of it.
    fn is_undetermined(&self) -> bool {
        self.range.sectors().any(|sector| self.covers(sector))
    }
}

/// What should be somewhere, where something else is.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// What should be there; `None` for a sector that nobody should have written.
    pub(super) content: Option<Content>,
    /// The write that should be there and is not; `None` where something at rest was damaged.
    pub(super) write: Option<EntryNumber>,
    /// Whether it should survive a cut too: at rest, or covered by an acknowledged flush.
    pub(super) promised: bool,
    pub(super) damage: Damage,
    /// What should be there after a cut that forgives this.
    beneath: Option<Box<Expected>>,
}

impl Expected {
    /// Something that was there before any of what is under way, and should stay.
    pub(super) fn at_rest(content: Option<Content>, damage: Damage) -> Self {
        Expected { content, write: None, promised: true, damage, beneath: None }
    }

    /// A write that should be there and is not.
    pub(super) fn missing(content: Content, write: Option<EntryNumber>, promised: bool, damage: Damage) -> Self {
        Expected { content: Some(content), write, promised, damage, beneath: None }
    }

    /// What of it should survive a cut.
    pub(super) fn after_cut(&self) -> Option<&Expected> {
        match self.promised {
            true => Some(self),
            false => self.beneath.as_deref().and_then(Expected::after_cut),
        }
    }

    fn put_beneath(&mut self, lowest: Expected) {
        match &mut self.beneath {
            Some(beneath) => beneath.put_beneath(lowest),
            none => *none = Some(Box::new(lowest)),
        }
    }

    /// What the old journal knows of it is gone: it is damage to something at rest.
    fn forget_entry(&mut self) {
        self.write = None;
        if let Some(beneath) = &mut self.beneath {
            beneath.forget_entry();
        }
    }

    fn promise(&mut self, covered: &impl Fn(EntryNumber) -> bool) {
        self.promised |= self.write.is_some_and(covered);
        if let Some(beneath) = &mut self.beneath {
            beneath.promise(covered);
        }
    }
}

/// One thing that a fault left wrong; it may be wrong in several places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Damage {
    pub(super) kind: FaultKind,
    number: u64,
    /// The fault that did it, if somebody armed one.
    by: Option<FaultId>,
}

impl Damage {
    /// Damage that a cut brings to light, named by what was lost.
    pub(super) fn by_cut(kind: FaultKind, lost: usize) -> Self {
        Damage { kind, number: 1 << 63 | lost as u64, by: None }
    }
}

/// The surface of a device and the cache before it.
#[derive(Clone, Debug)]
pub(super) struct Medium {
    pub(super) image: Image,
    /// Where `image` is not what it should be.
    pub(super) expected: RangeMap<Expected>,
    /// In the order in which they were applied.
    pub(super) cache: VecDeque<CachedWrite>,
    damages: u64,
    /// What was read while it was wrong.
    observed: BTreeSet<Damage>,
    next_eviction: Instant,
}

/// The request a cached write comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) id: RequestId,
    pub(super) entry: EntryNumber,
    pub(super) at: Instant,
    /// The fault that tears it if a cut comes before it is stable.
    pub(super) tears: Option<FaultId>,
}

/// A write that should be somewhere and is not.
#[derive(Clone, Copy, Debug)]
pub(super) struct MissingWrite {
    pub(super) entry: EntryNumber,
    /// Whether it should survive a cut.
    pub(super) promised: bool,
}

impl Medium {
    pub(super) fn new(image: Image) -> Self {
        Medium {
            image,
            expected: RangeMap::default(),
            cache: VecDeque::new(),
            damages: 0,
            observed: BTreeSet::new(),
            next_eviction: Instant::NEVER,
        }
    }

    /// What should be on the device.
    pub(super) fn pristine(&self) -> Image {
        let mut pristine = self.image.clone();
        for (range, expected) in self.expected.iter() {
            pristine.put_back(range, expected.content.clone());
        }
        pristine
    }

    /// All data is gone, and nothing should be there either.
    pub(super) fn forget(&mut self, unwritten: Image) {
        self.image = unwritten;
        self.expected.clear();
        self.cache.clear();
    }

    /// Applies a write into the volatile cache.
    pub(super) fn write_to_cache(
        &mut self,
        source: Source,
        range: SectorRange,
        content: Content,
        tally: &mut FaultTally,
    ) {
        let displaced = self.image.write(range, content.clone());
        let displaced_expected = self.repair(range, tally);
        self.cache.push_back(CachedWrite::new(source, range, content, displaced, displaced_expected));
    }

    /// Applies a write past the volatile cache.
    pub(super) fn write_through(&mut self, range: SectorRange, content: Content, tally: &mut FaultTally) {
        self.image.write(range, content);
        self.repair(range, tally);
        supersede(self.cache.iter_mut(), range);
        self.drop_superseded();
    }

    /// Applies a write into the volatile cache in the wrong place: what was there should have stayed.
    pub(super) fn write_astray(&mut self, source: Source, range: SectorRange, content: Content, damage: Damage) {
        let displaced_expected = self.expected.within(range).map(|(piece, kept)| (piece, kept.clone())).collect();
        self.keep_expected(range, damage);
        let displaced = self.image.write(range, content.clone());
        self.cache.push_back(CachedWrite {
            astray: true,
            ..CachedWrite::new(source, range, content, displaced, displaced_expected)
        });
    }

    /// Notes that `content` should be at `range`, and is not: the write was lost, or went elsewhere.
    pub(super) fn miss(&mut self, range: SectorRange, content: Content, write: MissingWrite, damage: Damage) {
        let MissingWrite { entry, promised } = write;
        let known: Vec<_> = self.expected.pieces(range).map(|(piece, known)| (piece, known.cloned())).collect();
        for (piece, known) in known {
            let missing = Expected::missing(content.clone(), Some(entry), promised, damage);
            self.expected.insert(piece, Expected { beneath: known.map(Box::new), ..missing });
        }
    }

    /// Puts `content` over something at rest, which should have stayed.
    pub(super) fn damage(&mut self, range: SectorRange, content: Content, damage: Damage) {
        self.keep_expected(range, damage);
        self.image.write(range, content);
    }

    /// Remembers what is at `range` as what should be there, at the latest after a cut.
    fn keep_expected(&mut self, range: SectorRange, damage: Damage) {
        let pieces: Vec<_> = self.image.pieces(range).map(|(piece, content)| (piece, content.cloned())).collect();
        for (piece, content) in pieces {
            let known: Vec<_> = self.expected.pieces(piece).map(|(part, known)| (part, known.cloned())).collect();
            for (part, known) in known {
                let at_rest = Expected::at_rest(content.clone(), damage);
                let expected = match known {
                    None => at_rest,
                    Some(known) if known.after_cut().is_some() => known,
                    Some(mut known) => {
                        known.put_beneath(at_rest);
                        known
                    }
                };
                self.expected.insert(part, expected);
            }
        }
    }

    /// A cut comes: what nobody was promised is missed no more.
    pub(super) fn forgive(&mut self) {
        let known: Vec<_> = self.expected.iter().map(|(range, known)| (range, known.after_cut().cloned())).collect();
        self.expected.clear();
        for (range, promised) in known {
            if let Some(promised) = promised {
                self.expected.insert(range, promised);
            }
        }
    }

    /// The device goes on with a new journal.
    pub(super) fn forget_entries(&mut self) {
        self.expected.values_mut().for_each(Expected::forget_entry);
    }

    pub(super) fn new_damage(&mut self, kind: FaultKind, by: Option<FaultId>) -> Damage {
        self.damages += 1;
        Damage { kind, number: self.damages, by }
    }

    /// True if something at `range` is wrong because of a fault of this kind.
    pub(super) fn is_damaged(&self, range: SectorRange, kind: FaultKind) -> bool {
        self.expected.within(range).any(|(_, expected)| expected.damage.kind == kind)
    }

    /// True if anything on the device is wrong because of a fault of this kind.
    pub(super) fn has_damage(&self, kind: FaultKind) -> bool {
        self.expected.iter().any(|(_, expected)| expected.damage.kind == kind)
    }

    /// Somebody reads `range`: whatever is wrong there has been seen.
    pub(super) fn observe(&mut self, range: SectorRange, tally: &mut FaultTally) {
        for (_, expected) in self.expected.within(range) {
            if self.observed.insert(expected.damage) {
                tally.note(expected.damage.kind, expected.damage.by, |counts| counts.observed += 1);
            }
        }
    }

    /// Somebody wrote `range`: whatever was wrong there is wrong no more.
    fn repair(&mut self, range: SectorRange, tally: &mut FaultTally) -> Vec<(SectorRange, Expected)> {
        if self.expected.is_empty() {
            return Vec::new();
        }
        let removed = self.expected.remove(range);
        let mended: BTreeSet<Damage> = removed.iter().map(|(_, expected)| expected.damage).collect();
        for damage in mended {
            if !self.expected.iter().any(|(_, expected)| expected.damage == damage) {
                tally.note(damage.kind, damage.by, |counts| counts.repaired += 1);
            }
        }
        removed
    }

    /// A flush was acknowledged that covers the writes `covered` picks: what is missing of them should survive a cut.
    pub(super) fn promise(&mut self, covered: impl Fn(EntryNumber) -> bool) {
        for expected in self.expected.values_mut() {
            expected.promise(&covered);
        }
    }

    /// Makes the cached writes that `chosen` picks stable; `visit` is told each of them. They take with them what
    /// else is on their pages, of `page` sectors each.
    pub(super) fn make_stable(
        &mut self,
        page: u64,
        chosen: impl Fn(&CachedWrite) -> bool,
        mut visit: impl FnMut(EntryNumber),
    ) {
        if self.cache.iter().all(&chosen) {
            self.cache.drain(..).for_each(|write| visit(write.entry));
            return;
        }
        if !self.cache.iter().any(&chosen) {
            return;
        }
        let mut kept: VecDeque<CachedWrite> = VecDeque::with_capacity(self.cache.len());
        for write in self.cache.drain(..) {
            if chosen(&write) {
                let first = write.range.first / page * page;
                supersede(kept.iter_mut(), SectorRange { first, end: write.range.end.next_multiple_of(page) });
                visit(write.entry);
            } else {
                kept.push_back(write);
            }
        }
        self.cache = kept;
        self.drop_superseded();
    }

    /// Makes the cached writes stable that are `due`; the older a write, the sooner it is. Writes leave from the front
    /// of the list: nothing older is there for them to replace, unless a failed flush left it behind.
    pub(super) fn write_back(
        &mut self,
        page: u64,
        due: impl Fn(&CachedWrite) -> bool,
        mut visit: impl FnMut(EntryNumber),
    ) {
        let is_due = |write: &CachedWrite| write.clean_until.is_none() && due(write);
        while let Some(oldest) = self.cache.pop_front_if(|write| is_due(write)) {
            visit(oldest.entry);
        }
        let left_behind = self.cache.iter().take_while(|write| write.clean_until.is_some()).count();
        if left_behind != 0 && self.cache.get(left_behind).is_some_and(is_due) {
            self.make_stable(page, is_due, visit);
        }
    }

    /// Takes clean pages whose time has come out of the cache: readers see the old content again.
    pub(super) fn evict(&mut self, now: Instant) {
        if self.next_eviction > now {
            return;
        }
        for number in 0..self.cache.len() {
            if self.cache[number].clean_until.is_some_and(|until| until <= now) {
                self.cache[number].clean_until = Some(Instant::NEVER);
                self.show_old(number);
            }
        }
        self.next_eviction = self.cache.iter().filter_map(|write| write.clean_until).min().unwrap_or(Instant::NEVER);
    }

    /// Marks the pages of the cached writes that `chosen` picks clean: nothing will write them any more.
    pub(super) fn mark_clean(&mut self, until: Instant, chosen: impl Fn(&CachedWrite) -> bool) {
        for write in self.cache.iter_mut().filter(|write| chosen(write)) {
            write.clean_until.get_or_insert(until);
        }
        self.next_eviction = self.next_eviction.min(until);
    }

    /// Lets readers see what a cached write displaced, where no later write hides it.
    fn show_old(&mut self, number: usize) {
        let write = self.cache[number].clone();
        let damage = self.new_damage(FaultKind::FailedFlush, None);
        for sector in write.range.sectors().filter(|sector| write.covers(*sector)) {
            if self.cache.range(number + 1..).any(|later| later.covers(sector)) {
                continue;
            }
            let place = SectorRange::one(sector);
            self.image.put_back(place, at_sector(&write.displaced, sector).cloned());
            let missing = Expected::missing(write.content.clone(), Some(write.entry), write.promised, damage);
            self.expected.insert(place, missing);
        }
    }

    fn drop_superseded(&mut self) {
        self.cache.retain(|write| write.superseded.is_empty() || write.is_undetermined());
    }
}

/// The value at one sector of a list of ranges.
pub(super) fn at_sector<V>(pieces: &[(SectorRange, V)], sector: u64) -> Option<&V> {
    pieces.iter().find(|(range, _)| range.contains(sector)).map(|(_, value)| value)
}

/// Notes that a later write to `range` is stable: these older ones no longer matter there.
fn supersede<'a>(older: impl Iterator<Item = &'a mut CachedWrite>, range: SectorRange) {
    for write in older {
        let common = write.range.intersection(range);
        if !common.is_empty() {
            write.superseded.push(common);
        }
    }
}
