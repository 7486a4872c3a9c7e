//! The medium and the volatile cache before it: what readers see, what would survive, and what should be there.
//!
//! The image is what readers see. A write that is not yet stable stays on a list with what it displaced, so that a
//! cut can put the old content back; a flush merely takes it off the list. Where a fault made the image differ from
//! what should be there, the difference is kept beside it: that is the pristine image.

use std::collections::VecDeque;

use super::content::Content;
use super::image::Image;
use super::journal::EntryNumber;
use super::range::SectorRange;
use super::request::RequestId;
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
    /// Parts that a stable later write has made irrelevant.
    pub(super) superseded: Vec<SectorRange>,
}

impl CachedWrite {
    /// True if a cut could still undo it at `sector`.
    pub(super) fn covers(&self, sector: u64) -> bool {
        self.range.contains(sector) && !self.superseded.iter().any(|range| range.contains(sector))
    }

    /// True if a cut could still undo any of it.
    fn is_undetermined(&self) -> bool {
        self.range.sectors().any(|sector| self.covers(sector))
    }
}

/// The surface of a device and the cache before it.
#[derive(Clone, Debug)]
pub(super) struct Medium {
    pub(super) image: Image,
    /// In the order in which they were applied.
    pub(super) cache: VecDeque<CachedWrite>,
}

impl Medium {
    pub(super) fn new(image: Image) -> Self {
        Medium { image, cache: VecDeque::new() }
    }

    /// Applies a write into the volatile cache.
    pub(super) fn write_to_cache(
        &mut self,
        id: RequestId,
        entry: EntryNumber,
        at: Instant,
        range: SectorRange,
        content: Content,
    ) {
        let displaced = self.image.write(range, content.clone());
        let superseded = Vec::new();
        self.cache.push_back(CachedWrite { id, entry, applied: at, range, content, displaced, superseded });
    }

    /// Applies a write past the volatile cache.
    pub(super) fn write_through(&mut self, range: SectorRange, content: Content) {
        self.image.write(range, content);
        supersede(self.cache.iter_mut(), range);
        self.drop_superseded();
    }

    /// Makes the cached writes that `chosen` picks stable; `visit` is told each of them.
    pub(super) fn make_stable(&mut self, chosen: impl Fn(&CachedWrite) -> bool, mut visit: impl FnMut(EntryNumber)) {
        if self.cache.iter().all(&chosen) {
            self.cache.drain(..).for_each(|write| visit(write.entry));
            return;
        }
        let mut kept: VecDeque<CachedWrite> = VecDeque::with_capacity(self.cache.len());
        for write in self.cache.drain(..) {
            if chosen(&write) {
                supersede(kept.iter_mut(), write.range);
                visit(write.entry);
            } else {
                kept.push_back(write);
            }
        }
        self.cache = kept;
        self.drop_superseded();
    }

    fn drop_superseded(&mut self) {
        self.cache.retain(|write| write.superseded.is_empty() || write.is_undetermined());
    }
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
