//! Flushing, and what can go wrong with it; what the cache does by itself.

use super::armed::{Strike, Victim};
use super::atlas::allows;
use super::fault::DeviceFault;
use super::journal::{EntryNumber, Journal};
use super::machine::Device;
use super::medium::CachedWrite;
use super::options::DeviceOptions;
use super::personality::{FailedFlush, Grain};
use super::range::SectorRange;
use super::request::{Answer, IoError};
use crate::world::time::Instant;

/// What one flush covers: writes acknowledged before it was issued, in its range.
#[derive(Clone, Copy)]
struct Covered {
    issued: Instant,
    /// Empty for everything.
    range: SectorRange,
}

impl Covered {
    fn includes(self, journal: &Journal, entry: EntryNumber) -> bool {
        let entry = journal.entry(entry);
        let in_range = self.range.is_empty() || entry.range.overlaps(self.range);
        in_range && entry.acknowledged.is_some_and(|when| when <= self.issued)
    }
}

const EVERYWHERE: SectorRange = SectorRange { first: 0, end: u64::MAX };

/// The sectors a fault of flushes is aimed at.
fn aim_of(strike: &Strike) -> SectorRange {
    strike.aim.range.unwrap_or(EVERYWHERE)
}

impl Device {
    /// Carries a flush out.
    pub(super) fn flush(&mut self, victim: &Victim, issued: Instant) -> Result<Answer, IoError> {
        if self.flush_error_sticks {
            return Err(IoError::FlushFailed);
        }
        let covered = Covered { issued, range: victim.range };
        let mut lies = Vec::new();
        if self.options.personality.lies_about_flushes() {
            lies.push(EVERYWHERE);
        }
        if !self.armory.is_empty() {
            for strike in
                self.strikes(victim, |fault| matches!(fault, DeviceFault::FailedFlush | DeviceFault::LyingFlush))
            {
                match strike.fault {
                    DeviceFault::LyingFlush if self.may_lie(victim, covered, &strike) => lies.push(aim_of(&strike)),
                    DeviceFault::LyingFlush => {}
                    _ if self.fail_flush(victim, covered, &strike) => return Err(IoError::FlushFailed),
                    _ => {}
                }
            }
        }
        self.keep_promise(victim.at, covered, &lies);
        Ok(Answer::Flushed)
    }

    /// True if there is something a flush can lie about.
    fn may_lie(&mut self, victim: &Victim, covered: Covered, strike: &Strike) -> bool {
        let candidates = |write: &&CachedWrite| {
            let dirty = write.clean_until.is_none() && write.range.overlaps(aim_of(strike));
            dirty && covered.includes(&self.journal, write.entry)
        };
        let (allowed, forbidden): (Vec<_>, Vec<_>) = self
            .medium
            .cache
            .iter()
            .filter(candidates)
            .map(|write| write.range)
            .partition(|range| self.may_damage(*range));
        if !forbidden.is_empty() {
            self.withheld(strike);
        }
        if !allowed.is_empty() {
            self.fired(victim, strike);
        }
        !allowed.is_empty()
    }

    /// Makes stable what a flush covers, but for what it lies about; after either the sender counts on all of it.
    fn keep_promise(&mut self, at: Instant, covered: Covered, lies: &[SectorRange]) {
        let Device { medium, journal, bounds, .. } = self;
        let lied_about = |range: SectorRange| lies.iter().any(|lie| lie.overlaps(range));
        let stays_behind = |write: &CachedWrite| lied_about(write.range) && allows(bounds.as_ref(), write.range);
        let page = page_of(&self.options);
        let mut stable = Vec::new();
        medium.make_stable(
            page,
            |write| covered.includes(journal, write.entry) && write.clean_until.is_none() && !stays_behind(write),
            |entry| stable.push(entry),
        );
        for write in medium.cache.iter_mut().filter(|write| covered.includes(journal, write.entry)) {
            write.promised = true;
        }
        medium.promise(|entry| covered.includes(journal, entry));
        stable.into_iter().for_each(|entry| journal.entry_mut(entry).stable = Some(at));
    }

    /// Fails a flush as the personality does; false if this one cannot fail.
    fn fail_flush(&mut self, victim: &Victim, covered: Covered, strike: &Strike) -> bool {
        let hit = |journal: &Journal, write: &CachedWrite| {
            write.range.overlaps(aim_of(strike)) && covered.includes(journal, write.entry)
        };
        if strike.aim.range.is_some() && !self.medium.cache.iter().any(|write| hit(&self.journal, write)) {
            return false;
        }
        let clean_until = match self.options.personality.failed_flush() {
            FailedFlush::Never => {
                self.withheld(strike);
                return false;
            }
            FailedFlush::ErrorSticks => {
                self.flush_error_sticks = true;
                self.fired(victim, strike);
                return true;
            }
            FailedFlush::CleanWithNewContent => Instant::NEVER,
            FailedFlush::CleanUntilEvicted => self.options.write_back.map_or(Instant::NEVER, |age| victim.at + age),
            FailedFlush::CleanWithOldContent => victim.at,
        };
        let Device { medium, journal, .. } = self;
        medium.mark_clean(clean_until, |write| hit(journal, write));
        medium.evict(victim.at);
        self.fired(victim, strike);
        true
    }

    /// Writes back what has been in the volatile cache for too long.
    pub(super) fn write_back(&mut self, now: Instant) {
        let Some(age) = self.options.write_back else { return };
        let page = page_of(&self.options);
        let Device { medium, journal, .. } = self;
        let due = |write: &CachedWrite| write.applied + age <= now;
        medium.write_back(page, due, |entry| journal.entry_mut(entry).stable = Some(now));
    }
}

/// How many sectors go to the medium together.
fn page_of(options: &DeviceOptions) -> u64 {
    match options.personality.grain(options.sector_size) {
        Grain::Sectors(sectors) => sectors,
        Grain::Request => 1,
    }
}
