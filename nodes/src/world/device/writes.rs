//! Writing, and what can go wrong with it.

use std::sync::Arc;

use super::armed::{Strike, Victim};
use super::content::Content;
use super::fault::{DeviceFault, FaultId, FaultKind};
use super::journal::{EntryNumber, Outcome};
use super::machine::Device;
use super::medium::{MissingWrite, Source};
use super::range::SectorRange;
use super::request::{Answer, IoError};

/// How many places a misdirected request tries before it goes where it was meant to go.
const PLACES_TRIED: usize = 16;

/// A write about to be carried out.
pub(super) struct Writing {
    pub(super) entry: EntryNumber,
    pub(super) content: Content,
    /// Whether it is stable as soon as it is applied.
    pub(super) stable: bool,
    /// The fault by which a cut tears it.
    pub(super) tears: Option<FaultId>,
}

impl Writing {
    fn missing(&self) -> MissingWrite {
        MissingWrite { entry: self.entry, promised: self.stable }
    }
}

impl Device {
    /// Carries a write out.
    pub(super) fn write(
        &mut self,
        victim: &Victim,
        entry: EntryNumber,
        bytes: Arc<[u8]>,
        force_unit_access: bool,
    ) -> Result<Answer, IoError> {
        let stable = force_unit_access || self.options.personality.is_stable_when_applied();
        let content = Content::Bytes { buffer: bytes, origin: victim.range.first };
        let tears = self.requests.get_mut(victim.token).and_then(|request| request.tears);
        let writing = Writing { entry, content, stable, tears };
        if !self.armory.is_empty() {
            for strike in self.strikes(victim, strikes_writes) {
                if let Some(result) = self.spoil_write(victim, &writing, strike) {
                    return result;
                }
            }
        }
        self.take_space(victim.range)?;
        self.put(victim, &writing, victim.range);
        let written = self.journal.entry(entry);
        if written.orphaned.is_some_and(|death| death < victim.at) && !written.faults.contains(FaultKind::LateWrite) {
            self.tally.count(FaultKind::LateWrite).fired += 1;
        }
        Ok(Answer::Written)
    }

    /// Puts a part of a write where it belongs.
    pub(super) fn put(&mut self, victim: &Victim, writing: &Writing, range: SectorRange) {
        let content = writing.content.clone();
        if writing.stable {
            self.medium.write_through(range, content, &mut self.tally);
            self.journal.entry_mut(writing.entry).stable = Some(victim.at);
        } else {
            let source = Source { id: victim.id, entry: writing.entry, at: victim.at, tears: writing.tears };
            self.medium.write_to_cache(source, range, content, &mut self.tally);
        }
    }

    /// Allots room for sectors that were never written before.
    fn take_space(&mut self, range: SectorRange) -> Result<(), IoError> {
        let Some(free) = self.free_space else { return Ok(()) };
        self.free_space = Some(free.checked_sub(self.never_written(range)).ok_or(IoError::NoSpace)?);
        Ok(())
    }

    fn never_written(&self, range: SectorRange) -> u64 {
        range.count() - self.medium.image.written_in(range)
    }

    /// Lets a fault strike a write; `None` if the write goes on.
    fn spoil_write(&mut self, victim: &Victim, writing: &Writing, strike: Strike) -> Option<Result<Answer, IoError>> {
        match strike.fault {
            DeviceFault::WriteError { sticky } => Some(Err(self.medium_error(victim, strike, sticky))),
            DeviceFault::WriteProtected => {
                self.fired(victim, &strike);
                Some(Err(IoError::WriteProtected))
            }
            DeviceFault::Full { .. } => {
                let fresh = self.never_written(victim.range);
                if self.armory.take_space(strike.id, fresh) {
                    return None;
                }
                self.fired(victim, &strike);
                Some(Err(IoError::NoSpace))
            }
            DeviceFault::LostWrite => self.lose_write(victim, writing, &strike),
            DeviceFault::MisdirectedWrite => self.misdirect_write(victim, writing, strike),
            _ => None,
        }
    }

    /// Acknowledges a write and throws away the part that the fault was aimed at.
    fn lose_write(&mut self, victim: &Victim, writing: &Writing, strike: &Strike) -> Option<Result<Answer, IoError>> {
        if !self.may_damage(strike.range) {
            self.withheld(strike);
            return None;
        }
        for rest in victim.range.without(strike.range) {
            self.put(victim, writing, rest);
        }
        let damage = self.medium.new_damage(FaultKind::LostWrite, Some(strike.id));
        self.medium.miss(strike.range, writing.content.clone(), writing.missing(), damage);
        self.journal.entry_mut(writing.entry).outcome = Outcome::Lost;
        self.fired(victim, strike);
        Some(Ok(Answer::Written))
    }

    /// Acknowledges a write and carries it out in another place. There is at most one such pair at a time: more of
    /// them would be plain corruption, which checksums catch anyway.
    fn misdirect_write(
        &mut self,
        victim: &Victim,
        writing: &Writing,
        mut strike: Strike,
    ) -> Option<Result<Answer, IoError>> {
        let kind = FaultKind::MisdirectedWrite;
        if self.medium.has_damage(kind) {
            return None;
        }
        let to = self.another_place(victim.range, &mut strike)?;
        if !self.may_damage(victim.range) || !self.may_damage(to) {
            self.withheld(&strike);
            return None;
        }
        let Content::Bytes { buffer, .. } = &writing.content else { return None };
        let moved = Content::Bytes { buffer: buffer.clone(), origin: to.first };
        let damage = self.medium.new_damage(kind, Some(strike.id));
        self.medium.miss(victim.range, writing.content.clone(), writing.missing(), damage);
        if writing.stable {
            self.medium.damage(to, moved, damage);
        } else {
            let source = Source { id: victim.id, entry: writing.entry, at: victim.at, tears: writing.tears };
            self.medium.write_astray(source, to, moved, damage);
        }
        self.journal.entry_mut(writing.entry).outcome = Outcome::Misdirected { to };
        self.fired(victim, &strike);
        Some(Ok(Answer::Written))
    }

    /// Where a misdirected request goes: a whole number of its own lengths away, inside what the fault was aimed at,
    /// and where somebody has written if such a place is found.
    pub(super) fn another_place(&self, range: SectorRange, strike: &mut Strike) -> Option<SectorRange> {
        let region = strike.aim.range.unwrap_or(SectorRange::new(0, self.options.capacity));
        let region = region.intersection(SectorRange::new(0, self.options.capacity));
        let mut found = None;
        for _ in 0..PLACES_TRIED {
            let distance = range.count() * strike.draws.between(1, PLACES_TRIED as u64);
            let first = match strike.draws.chance(1, 2) {
                true => range.first.checked_sub(distance),
                false => range.first.checked_add(distance),
            };
            let place = first.map(|first| SectorRange::new(first, range.count()));
            let Some(place) = place.filter(|place| place.intersection(region) == *place) else { continue };
            if self.never_written(place) == 0 {
                return Some(place);
            }
            found = found.or(Some(place));
        }
        found
    }
}

fn strikes_writes(fault: DeviceFault) -> bool {
    matches!(
        fault,
        DeviceFault::WriteError { .. }
            | DeviceFault::WriteProtected
            | DeviceFault::Full { .. }
            | DeviceFault::LostWrite
            | DeviceFault::MisdirectedWrite
    )
}
