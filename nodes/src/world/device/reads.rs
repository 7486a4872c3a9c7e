//! Reading, and what can go wrong with it.

use super::armed::{Strike, Victim};
use super::content::{Content, SharedBytes};
use super::fault::{DeviceFault, FaultId, FaultKind};
use super::journal::{EntryKind, InterruptionKind, Survival};
use super::machine::{Device, concern};
use super::range::SectorRange;
use super::request::{Answer, IoError};
use crate::world::digest::Digest;
use crate::world::time::Instant;

/// Damage to data at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The sectors cannot be read until they are written again.
    Unreadable,
    /// In each sector one bit has flipped.
    FlippedBit,
}

/// Sectors that were damaged on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Names what was done, for [`super::FaultTally::of_fault`].
    pub fault: FaultId,
    /// How many sectors were damaged.
    pub sectors: u64,
}

impl Damage {
    fn kind(self) -> FaultKind {
        match self {
            Damage::Unreadable => FaultKind::LatentSectorError,
            Damage::FlippedBit => FaultKind::BitRot,
        }
    }
}

impl Device {
    /// Damages data at rest, now, sector by sector, where the atlas allows it.
    pub fn damage(&mut self, now: Instant, damage: Damage, range: SectorRange) -> Damaged {
        self.settle(now);
        let fault = self.armory.name();
        self.tally.note(damage.kind(), Some(fault), |counts| counts.armed += 1);
        let mut sectors = 0;
        let range = range.intersection(SectorRange::new(0, self.options.capacity));
        for sector in range.sectors() {
            if !self.may_damage(SectorRange::one(sector)) {
                self.tally.note(damage.kind(), Some(fault), |counts| counts.withheld += 1);
            } else if self.damage_sector(now, sector, damage, fault) {
                self.tally.note(damage.kind(), Some(fault), |counts| counts.fired += 1);
                sectors += 1;
            }
        }
        Damaged { fault, sectors }
    }

    /// Damages `count` sectors of `range`, drawn among those that have been written and may be damaged.
    pub fn damage_some(&mut self, now: Instant, damage: Damage, range: SectorRange, count: u64) -> Damaged {
        self.settle(now);
        let fault = self.armory.name();
        let written = self.medium.image.written_ranges(range).into_iter().flat_map(SectorRange::sectors);
        let (mut candidates, forbidden): (Vec<u64>, Vec<u64>) =
            written.partition(|sector| self.may_damage(SectorRange::one(*sector)));
        let mut draws = self.key.child(concern::DECAY).at(self.tally.of(damage.kind()).armed);
        draws.shuffle(&mut candidates);
        let damaged = candidates
            .into_iter()
            .filter(|sector| self.damage_sector(now, *sector, damage, fault))
            .take(count as usize);
        let sectors = damaged.count() as u64;
        let withheld = (count - sectors).min(forbidden.len() as u64);
        self.tally.note(damage.kind(), Some(fault), |counts| {
            counts.armed += 1;
            counts.fired += sectors;
            counts.withheld += withheld;
        });
        Damaged { fault, sectors }
    }

    /// Serves a read.
    pub(super) fn read(&mut self, victim: &Victim) -> Result<Answer, IoError> {
        if !self.armory.is_empty() {
            for strike in self.strikes(victim, strikes_reads) {
                if let Some(result) = self.spoil_read(victim, strike) {
                    return result;
                }
            }
        }
        self.medium.observe(victim.range, &mut self.tally);
        let read = self.medium.image.read(victim.range);
        read.map(Answer::Data).map_err(|unreadable| IoError::Medium { sector: unreadable.sector })
    }

    /// Lets a fault strike a read; `None` if the read goes on.
    fn spoil_read(&mut self, victim: &Victim, mut strike: Strike) -> Option<Result<Answer, IoError>> {
        let bytes = match strike.fault {
            DeviceFault::ReadError { sticky } => return Some(Err(self.medium_error(victim, strike, sticky))),
            DeviceFault::LatentSectorError => return self.decay(victim, strike, Damage::Unreadable),
            DeviceFault::BitRot => return self.decay(victim, strike, Damage::FlippedBit),
            DeviceFault::StaleRead => self.stale_bytes(victim.range, strike.range),
            DeviceFault::MisdirectedRead => {
                self.another_place(victim.range, &mut strike).and_then(|place| self.medium.image.read(place).ok())
            }
            _ => None,
        }?;
        // Other bytes that are the same bytes are no fault.
        if self.medium.image.read(victim.range).is_ok_and(|current| current == bytes) {
            return None;
        }
        self.fired(victim, &strike);
        Some(Ok(Answer::Data(bytes)))
    }

    /// One of the sectors of a request fails, and goes on failing if the fault is sticky.
    pub(super) fn medium_error(&mut self, victim: &Victim, mut strike: Strike, sticky: bool) -> IoError {
        let sector = strike.range.first + strike.draws.below(strike.range.count());
        self.fired(victim, &strike);
        if sticky {
            self.armory.stick(strike.id, sector);
        }
        IoError::Medium { sector }
    }

    /// A sector turns out to have gone bad; the read then meets it. Where nothing was ever written there are no bits that
    /// could flip: the zeros that a reader gets come from no medium.
    fn decay<T>(&mut self, victim: &Victim, mut strike: Strike, damage: Damage) -> Option<T> {
        let sector = strike.range.first + strike.draws.below(strike.range.count());
        if damage == Damage::FlippedBit && self.medium.image.written_ranges(SectorRange::one(sector)).is_empty() {
            return None;
        }
        if !self.may_damage(SectorRange::one(sector)) {
            self.withheld(&strike);
        } else if self.damage_sector(victim.at, sector, damage, strike.id) {
            self.fired(victim, &strike);
        }
        None
    }

    /// Damages one sector; false if it is damaged already.
    fn damage_sector(&mut self, now: Instant, sector: u64, damage: Damage, fault: FaultId) -> bool {
        let place = SectorRange::one(sector);
        let Ok(bytes) = self.medium.image.read(place) else { return false };
        if self.medium.is_damaged(place, damage.kind()) {
            return false;
        }
        let content = match damage {
            Damage::Unreadable => Content::Unreadable,
            Damage::FlippedBit => Content::Bytes { buffer: with_flipped_bit(&bytes).into(), origin: sector },
        };
        let number = self.medium.new_damage(damage.kind(), Some(fault));
        self.medium.damage(place, content, number);
        self.journal.interrupted(now, InterruptionKind::Damaged { sector });
        true
    }

    /// The bytes of `range`, where those of `stale` are what was there before the last write; `None` if nothing in
    /// `stale` was ever written, or the journal has let those bytes go.
    fn stale_bytes(&self, range: SectorRange, stale: SectorRange) -> Option<SharedBytes> {
        let mut bytes = Vec::with_capacity((range.count() * self.options.sector_size) as usize);
        for sector in range.sectors() {
            let place = SectorRange::one(sector);
            let before = if stale.contains(sector) { self.previous_version(sector)? } else { None };
            match before {
                Some(before) => bytes.extend_from_slice(&before),
                None => bytes.extend_from_slice(&self.medium.image.read(place).ok()?),
            }
        }
        Some(bytes.into())
    }

    /// What one sector held before its last write: `Some(None)` if it has never been written, `None` if nobody
    /// remembers.
    fn previous_version(&self, sector: u64) -> Option<Option<SharedBytes>> {
        let place = SectorRange::one(sector);
        let mut writes: Vec<_> = self
            .journal
            .entries()
            .iter()
            .filter(|entry| matches!(entry.kind, EntryKind::Write { .. }) && entry.range.contains(sector))
            .filter(|entry| entry.applied.is_some() && entry.after_cut != Some(Survival::Nothing))
            .collect();
        writes.sort_by_key(|entry| (entry.applied, entry.request, entry.attempt));
        match writes[..] {
            [] => Some(None),
            [_] => Some(self.unwritten().read(place).ok()),
            [.., before, _] => {
                let content = Content::Bytes { buffer: before.bytes.clone()?, origin: before.range.first };
                Some(content.shared(place, self.options.sector_size as usize))
            }
        }
    }
}

fn strikes_reads(fault: DeviceFault) -> bool {
    matches!(
        fault,
        DeviceFault::ReadError { .. }
            | DeviceFault::LatentSectorError
            | DeviceFault::BitRot
            | DeviceFault::StaleRead
            | DeviceFault::MisdirectedRead
    )
}

/// The same bytes but for one bit, whose place depends on the bytes alone: reading again gives the same damage.
fn with_flipped_bit(bytes: &[u8]) -> Vec<u8> {
    let mut rotten = bytes.to_vec();
    let bit = Digest::of(bytes) % (bytes.len() as u64 * 8);
    rotten[bit as usize / 8] ^= 1 << (bit % 8);
    rotten
}
