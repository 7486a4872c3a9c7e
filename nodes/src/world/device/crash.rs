//! What a cut leaves open: which writes are undetermined, and what each sector may hold afterwards.
//!
//! Two writes are in the volatile cache, w1 to sectors 0 and 1, w2 to sectors 1 and 2; a third, w3 to sector 2, is on
//! the wire. A cut may leave
//!
//! ```text
//! sector 0: old or w1      sector 1: old, w1 or w2      sector 2: old, w2 or w3 (or nothing that can be read)
//! ```
//!
//! each chosen independently: 2 × 3 × 3 states. What is chosen together is a [`Unit`]: a sector, a page, or for an
//! array that keeps the order of requests, the queue of one host, of which a beginning survives.

use std::collections::BTreeMap;

use super::content::Content;
use super::fault::{FaultId, FaultKind};
use super::in_flight::{InFlight, Phase, Work};
use super::journal::{EntryNumber, Survival};
use super::machine::Device;
use super::medium::{CachedWrite, Damage, Expected, Medium, at_sector};
use super::options::Garbage;
use super::personality::Grain;
use super::range::SectorRange;
use super::request::RequestId;
use super::reservation::Access;
use crate::world::time::Instant;

/// A write that a cut may undo, wholly or in part.
#[derive(Clone, Debug)]
pub(super) struct Undetermined {
    pub(super) id: RequestId,
    pub(super) entry: Option<EntryNumber>,
    pub(super) issued: Instant,
    pub(super) range: SectorRange,
    content: Content,
    superseded: Vec<SectorRange>,
    /// Not in the cache yet: being sent, or being written.
    on_wire: bool,
    /// Nothing will write it any more.
    clean: bool,
    astray: bool,
    /// The fault that tears it.
    pub(super) tears: Option<FaultId>,
    promised: bool,
    displaced: Vec<(SectorRange, Content)>,
    displaced_expected: Vec<(SectorRange, Expected)>,
}

impl Undetermined {
    fn cached(write: &CachedWrite, issued: Instant) -> Self {
        Undetermined {
            id: write.id,
            entry: Some(write.entry),
            issued,
            range: write.range,
            content: write.content.clone(),
            superseded: write.superseded.clone(),
            on_wire: false,
            clean: write.clean_until.is_some(),
            astray: write.astray,
            tears: write.tears,
            promised: write.promised,
            displaced: write.displaced.clone(),
            displaced_expected: write.displaced_expected.clone(),
        }
    }

    fn on_wire(request: &InFlight) -> Option<Self> {
        let Work::Write { range, bytes, .. } = &request.work else { return None };
        Some(Undetermined {
            id: request.id,
            entry: request.entry,
            issued: request.issued,
            range: *range,
            content: Content::Bytes { buffer: bytes.clone(), origin: range.first },
            superseded: Vec::new(),
            on_wire: true,
            clean: false,
            astray: false,
            tears: request.tears,
            promised: false,
            displaced: Vec::new(),
            displaced_expected: Vec::new(),
        })
    }

    fn covers(&self, sector: u64) -> bool {
        self.range.contains(sector) && !self.superseded.iter().any(|range| range.contains(sector))
    }
}

/// What one sector holds after a cut, and what it should hold if that is something else.
#[derive(Clone, Debug)]
pub(super) struct SectorState {
    pub(super) sector: u64,
    /// The write it comes from.
    pub(super) from: Option<usize>,
    pub(super) content: Option<Content>,
    pub(super) expected: Option<Expected>,
}

/// Where a version of a unit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// What was there before any of the writes.
    Old,
    /// The write of this number, on top of what came before it.
    Write(usize),
    /// It was being written and cannot be read.
    Garbage,
}

/// One of the things a unit may hold after a cut.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) origin: Origin,
    /// Every sector in which it may differ from the old content.
    pub(super) sectors: Vec<SectorState>,
}

/// What survives a cut as a whole.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// The number that keys its draws: its first sector, or its host.
    pub(super) number: u64,
    /// The old content first.
    pub(super) versions: Vec<Version>,
}

/// Everything a cut leaves open.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) writes: Vec<Undetermined>,
    pub(super) units: Vec<Unit>,
}

impl Device {
    /// What a cut now leaves open. Whatever was sent counts, though it has not arrived: a moment later it would have.
    pub(super) fn undetermined(&self) -> Open {
        self.undetermined_with(self.options.garbage)
    }

    pub(super) fn undetermined_with(&self, garbage: Garbage) -> Open {
        let mut writes: Vec<Undetermined> = self
            .medium
            .cache
            .iter()
            .map(|write| Undetermined::cached(write, self.journal.entry(write.entry).issued))
            .collect();
        let mut sent: Vec<&InFlight> = self.requests.iter().filter(|request| self.may_still_land(request)).collect();
        sent.sort_by_key(|request| (request.issued, request.id, request.attempt));
        writes.extend(sent.into_iter().filter_map(Undetermined::on_wire));
        let units = Layout { medium: &self.medium, writes: &writes, garbage }.units(self.grain());
        Open { writes, units }
    }

    fn may_still_land(&self, request: &InFlight) -> bool {
        match request.phase {
            Phase::InService => request.work.is_write(),
            Phase::OnPath => request.work.is_write() && self.reservations.allows(request.id.host, Access::Write),
            Phase::Waiting | Phase::Finished => false,
        }
    }

    fn grain(&self) -> Grain {
        self.options.personality.grain(self.options.sector_size)
    }
}

impl Unit {
    /// The version in which every write has reached the medium.
    pub(super) fn newest(&self) -> usize {
        self.versions.len() - 1 - usize::from(self.has_garbage())
    }

    /// True if one of the versions, the last one, cannot be read.
    pub(super) fn has_garbage(&self) -> bool {
        self.versions.last().is_some_and(|version| version.origin == Origin::Garbage)
    }
}

impl Open {
    /// How much of each write is left if these versions of the units survive.
    pub(super) fn survival(&self, chosen: &[usize]) -> Vec<Survival> {
        let mut landed = vec![false; self.writes.len()];
        let mut lost = vec![false; self.writes.len()];
        for (unit, version) in self.units.iter().zip(chosen) {
            let newest = &unit.versions[unit.newest()];
            let state_of = |sector| unit.versions[*version].sectors.iter().find(|state| state.sector == sector);
            for sector in newest.sectors.iter().map(|state| state.sector) {
                let from = state_of(sector).and_then(|state| state.from);
                if let Some(write) = from {
                    landed[write] = true;
                }
                // What a later write replaced was not lost.
                let covering = (0..self.writes.len()).filter(|write| self.writes[*write].covers(sector));
                covering.filter(|write| from.is_none_or(|from| *write > from)).for_each(|write| lost[write] = true);
            }
        }
        let survival = |(landed, lost)| match (landed, lost) {
            (_, false) => Survival::Whole,
            (true, true) => Survival::Part,
            (false, true) => Survival::Nothing,
        };
        landed.into_iter().zip(lost).map(survival).collect()
    }

    /// The medium with the old content everywhere, and nothing in the cache.
    pub(super) fn base(&self, medium: &Medium) -> Medium {
        let mut base = medium.clone();
        base.cache.clear();
        base.forgive();
        for unit in &self.units {
            base.set(&unit.versions[0]);
        }
        base
    }
}

impl Medium {
    /// Lets a unit hold one of its versions.
    pub(super) fn set(&mut self, version: &Version) {
        for state in &version.sectors {
            let place = SectorRange::one(state.sector);
            self.image.put_back(place, state.content.clone());
            self.expected.remove(place);
            if let Some(expected) = &state.expected {
                self.expected.insert(place, expected.clone());
            }
        }
    }
}

/// The writes a cut leaves open, on the medium they were going to.
struct Layout<'a> {
    medium: &'a Medium,
    writes: &'a [Undetermined],
    garbage: Garbage,
}

impl Layout<'_> {
    fn units(&self, grain: Grain) -> Vec<Unit> {
        match grain {
            Grain::Sectors(sectors) => self.units_of_sectors(sectors),
            Grain::Request => self.units_of_hosts(),
        }
    }

    /// Groups of sectors that are written together.
    fn units_of_sectors(&self, grain: u64) -> Vec<Unit> {
        let mut groups: BTreeMap<u64, BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
        for (number, write) in self.writes.iter().enumerate() {
            for sector in write.range.sectors().filter(|sector| write.covers(*sector)) {
                groups.entry(sector / grain * grain).or_default().entry(sector).or_default().push(number);
            }
        }
        groups.into_iter().map(|(first, sectors)| self.unit(first, &sectors)).collect()
    }

    /// The versions of one group of sectors, given which writes cover each of them.
    fn unit(&self, number: u64, sectors: &BTreeMap<u64, Vec<usize>>) -> Unit {
        let mut writes: Vec<usize> = sectors.values().flatten().copied().collect();
        writes.sort_unstable();
        writes.dedup();
        let version = |origin, last| Version {
            origin,
            sectors: sectors.iter().map(|(&sector, covering)| self.state(sector, covering, last)).collect(),
        };
        let mut versions = vec![version(Origin::Old, None)];
        let written = writes.iter().filter(|write| !self.writes[**write].clean);
        versions.extend(written.map(|&write| version(Origin::Write(write), Some(write))));
        if self.garbage == Garbage::Unreadable {
            versions.extend(self.garbled(sectors));
        }
        Unit { number, versions }
    }

    /// What `sector` holds if of the writes that cover it those up to `last` have reached the medium.
    fn state(&self, sector: u64, covering: &[usize], last: Option<usize>) -> SectorState {
        let from = covering.iter().copied().rfind(|write| last.is_some_and(|last| *write <= last));
        let content = match from {
            Some(write) => Some(self.writes[write].content.clone()),
            None => self.old_content(sector, covering),
        };
        SectorState { sector, from, content, expected: self.expected(sector, covering, from) }
    }

    fn old_content(&self, sector: u64, covering: &[usize]) -> Option<Content> {
        let oldest = &self.writes[covering[0]];
        match oldest.on_wire {
            true => self.medium.image.get(sector).cloned(),
            false => at_sector(&oldest.displaced, sector).cloned(),
        }
    }

    /// What `sector` should hold, if not what it holds, when the write `from` is the last that reached it.
    fn expected(&self, sector: u64, covering: &[usize], from: Option<usize>) -> Option<Expected> {
        let present = self.medium.expected.get(sector).and_then(Expected::after_cut);
        // Something that is newer than all that is in the cache, and was promised and lost.
        let missing = present.filter(|expected| expected.write.is_some());
        if missing.is_some() && !from.is_some_and(|write| self.writes[write].on_wire) {
            return missing.cloned();
        }
        let promised = |write: &usize| self.writes[*write].promised && !self.writes[*write].astray;
        let lost = covering.iter().copied().rfind(|write| from.is_none_or(|from| *write > from) && promised(write));
        if let Some(write) = lost {
            return Some(self.writes[write].as_expected());
        }
        match from {
            None if self.writes[covering[0]].on_wire => present.cloned(),
            None => {
                at_sector(&self.writes[covering[0]].displaced_expected, sector).and_then(Expected::after_cut).cloned()
            }
            Some(write) if self.writes[write].astray => Some(self.expected_under(sector, covering, write)),
            Some(_) => None,
        }
    }

    /// What should be where the write `astray` went by mistake.
    fn expected_under(&self, sector: u64, covering: &[usize], astray: usize) -> Expected {
        let below = self.state(sector, covering, astray.checked_sub(1));
        let damage = Damage::by_cut(FaultKind::MisdirectedWrite, astray);
        below.expected.unwrap_or(Expected::at_rest(below.content, damage))
    }

    /// The version in which what was being written cannot be read.
    fn garbled(&self, sectors: &BTreeMap<u64, Vec<usize>>) -> Option<Version> {
        let states = sectors.iter().map(|(&sector, covering)| {
            let old =
                self.state(sector, covering, covering.iter().copied().rfind(|write| !self.writes[*write].on_wire));
            if !covering.iter().any(|write| self.writes[*write].on_wire) {
                return old;
            }
            let damage = Damage::by_cut(FaultKind::TornWrite, sector as usize);
            let expected = old.expected.unwrap_or(Expected::at_rest(old.content, damage));
            SectorState { sector, from: None, content: Some(Content::Unreadable), expected: Some(expected) }
        });
        let on_wire = sectors.values().flatten().any(|write| self.writes[*write].on_wire);
        on_wire.then(|| Version { origin: Origin::Garbage, sectors: states.collect() })
    }

    /// The queues of the hosts, of each of which a beginning is written.
    fn units_of_hosts(&self) -> Vec<Unit> {
        let mut queues: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for (number, write) in self.writes.iter().enumerate() {
            queues.entry(write.id.host).or_default().push(number);
        }
        let unit = |(host, queue): (u16, Vec<usize>)| {
            let beginnings = (1..=queue.len()).map(|length| self.beginning(&queue[..length]));
            let old = Version { origin: Origin::Old, sectors: Vec::new() };
            Unit { number: u64::from(host), versions: std::iter::once(old).chain(beginnings).collect() }
        };
        queues.into_iter().map(unit).collect()
    }

    fn beginning(&self, writes: &[usize]) -> Version {
        let mut sectors: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for &write in writes {
            self.writes[write].range.sectors().for_each(|sector| sectors.entry(sector).or_default().push(write));
        }
        let last = writes.last().copied();
        Version {
            origin: last.map_or(Origin::Old, Origin::Write),
            sectors: sectors.iter().map(|(&sector, covering)| self.state(sector, covering, last)).collect(),
        }
    }
}

impl Undetermined {
    /// This write as one that should be there and is not: a flush had been acknowledged that covered it.
    fn as_expected(&self) -> Expected {
        let kind = if self.clean { FaultKind::FailedFlush } else { FaultKind::LyingFlush };
        let damage = Damage::by_cut(kind, self.entry.unwrap_or_default());
        Expected::missing(self.content.clone(), self.entry, true, damage)
    }
}
