//! Torn writes: some sectors land and some do not.
//!
//! Nothing tears a write but the end of what drives it, so the fault only marks writes; what tears them is a power cut
//! or the death of their host. Without the fault both may tear writes too, by chance; with it they do.

use super::armed::Victim;
use super::content::Content;
use super::crash::{Open, Origin, Unit};
use super::fault::{DeviceFault, FaultId, FaultKind};
use super::in_flight::{Phase, Work};
use super::journal::Outcome;
use super::machine::{Device, concern};
use super::personality::Grain;
use super::range::SectorRange;
use super::request::Token;
use super::writes::Writing;
use crate::world::streams::{Stream, StreamKey};
use crate::world::time::Instant;

impl Device {
    /// Marks an accepted write that a fault will tear, if something comes that can tear it.
    pub(super) fn mark_for_tearing(&mut self, victim: &Victim) {
        if self.armory.is_empty() || !self.requests.get_mut(victim.token).is_some_and(|request| request.work.is_write())
        {
            return;
        }
        let Some(strike) = self.strikes(victim, |fault| fault == DeviceFault::TornWrite).into_iter().next() else {
            return;
        };
        let Grain::Sectors(grain) = self.options.personality.grain(self.options.sector_size) else {
            return self.withheld(&strike);
        };
        if aligned_parts(victim.range, grain).len() < 2 {
            return;
        }
        self.armory.spend(strike.id);
        if let Some(request) = self.requests.get_mut(victim.token) {
            request.tears = Some(strike.id);
        }
    }

    /// Lets a part of a write in flight land, now that its host is dead; false if it was refused instead.
    pub(super) fn tear(&mut self, now: Instant, token: Token, fault: FaultId) -> bool {
        if self.requests.get_mut(token).is_some_and(|request| request.phase == Phase::OnPath) {
            self.accept(now, token);
        }
        let Some(request) = self.requests.get_mut(token) else { return false };
        let (Work::Write { range, bytes, .. }, Some(entry)) = (request.work.clone(), request.entry) else {
            return false;
        };
        let Grain::Sectors(grain) = self.options.personality.grain(self.options.sector_size) else { return false };
        let victim = request.victim(now, token);
        let parts = aligned_parts(range, grain);
        let landed = some_but_not_all(parts.len(), &mut self.draws(concern::TEARING, victim.id, victim.attempt));
        let content = Content::Bytes { buffer: bytes, origin: range.first };
        let stable = self.options.personality.is_stable_when_applied();
        let writing = Writing { entry, content, stable, tears: None };
        for (part, _) in parts.into_iter().zip(landed).filter(|(_, landed)| *landed) {
            self.put(&victim, &writing, part);
        }
        self.requests.remove(token);
        let entry = self.journal.entry_mut(entry);
        entry.applied = Some(now);
        entry.outcome = Outcome::Torn;
        entry.faults.insert(FaultKind::TornWrite);
        self.tally.note(FaultKind::TornWrite, Some(fault), |counts| counts.fired += 1);
        true
    }

    /// Changes what was chosen to survive a cut so that the marked writes are torn.
    pub(super) fn tear_survivors(&mut self, open: &Open, chosen: &mut [usize], draws: StreamKey) {
        for (number, write) in open.writes.iter().enumerate().filter(|(_, write)| write.tears.is_some()) {
            let places = places_of(open, number);
            if places.len() < 2 {
                continue;
            }
            let landed = some_but_not_all(places.len(), &mut draws.at(number as u64));
            for (&(unit, version), landed) in places.iter().zip(landed) {
                chosen[unit] = if landed { version } else { version - 1 };
            }
            self.tally.note(FaultKind::TornWrite, write.tears, |counts| counts.fired += 1);
            if let Some(entry) = write.entry {
                self.journal.entry_mut(entry).faults.insert(FaultKind::TornWrite);
            }
        }
    }
}

/// The units in which a write is, each with the version in which it is the last one written.
fn places_of(open: &Open, write: usize) -> Vec<(usize, usize)> {
    let version_in = |unit: &Unit| unit.versions.iter().position(|version| version.origin == Origin::Write(write));
    open.units.iter().enumerate().filter_map(|(number, unit)| Some((number, version_in(unit)?))).collect()
}

/// Chooses some of `count` (at least two) things, at least one and not all.
fn some_but_not_all(count: usize, draws: &mut Stream) -> Vec<bool> {
    let mut chosen: Vec<bool> = (0..count).map(|_| draws.chance(1, 2)).collect();
    if chosen.iter().all(|one| *one == chosen[0]) {
        let odd = draws.below(count as u64) as usize;
        chosen[odd] = !chosen[odd];
    }
    chosen
}

/// The parts of `range` that lie in one aligned group of `grain` sectors each.
fn aligned_parts(range: SectorRange, grain: u64) -> Vec<SectorRange> {
    let first = range.first / grain * grain;
    (first..range.end).step_by(grain as usize).map(|first| SectorRange::new(first, grain).intersection(range)).collect()
}
