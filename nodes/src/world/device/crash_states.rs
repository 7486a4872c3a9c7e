//! Every state a device may be in after a cut at one moment, or a well-chosen part of them.
//!
//! Below the budget these are all of them. Above it, those come first that have found bugs before: nothing survives,
//! everything, every beginning in issue order, every write alone (a commit record without what it commits), all but
//! one (what it commits without the commit record), the first or the last sector of a write missing, what was being
//! written unreadable; then random choices. Two choices that give the same bytes are one state.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::crash::{Open, Origin, Version};
use super::journal::{InterruptionKind, Survival};
use super::machine::{Device, concern};
use super::options::Garbage;
use super::request::RequestId;
use crate::world::streams::StreamKey;
use crate::world::time::Instant;

/// How a state was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// By going through all of them.
    Enumerated,
    /// Nothing that was not stable survived.
    Nothing,
    /// Everything survived.
    Everything,
    /// The first so many writes, in the order in which they were issued.
    Beginning(usize),
    /// One write alone.
    Only(RequestId),
    /// Everything but one write.
    AllBut(RequestId),
    /// Everything but the first sector (or page) of one write.
    FirstSectorMissing(RequestId),
    /// Everything but the last sector (or page) of one write.
    LastSectorMissing(RequestId),
    /// Everything, and one sector (or page) that was being written cannot be read.
    Garbled {
        /// Its first sector.
        sector: u64,
    },
    /// Any choice.
    Random,
}

/// One state a device may be in after a cut.
#[derive(Clone, Debug)]
pub struct CrashState {
    cut: Arc<Cut>,
    versions: Vec<u32>,
    /// How it was chosen.
    pub choice: Choice,
    /// The fingerprint of its image ([`super::Image::hash`]).
    pub hash: u64,
}

impl CrashState {
    /// How much of each write that was not stable is left, in the order in which they took effect.
    pub fn writes(&self) -> Vec<(RequestId, Survival)> {
        let versions: Vec<usize> = self.versions.iter().map(|version| *version as usize).collect();
        self.cut.open.writes.iter().map(|write| write.id).zip(self.cut.open.survival(&versions)).collect()
    }
}

/// A device at the moment of a cut.
#[derive(Debug)]
struct Cut {
    /// The device after the cut, if nothing survived it.
    base: Device,
    open: Open,
    /// What each version of each unit adds to the fingerprint.
    differences: Vec<Vec<u64>>,
    hash: u64,
    /// Whether a sector belongs to two units (the queues of two hosts): then differences do not add up.
    overlapping: bool,
}

impl Device {
    /// The states the device may be in after a cut at `now`, at most `budget` of them.
    pub fn crash_states(&mut self, now: Instant, budget: usize, garbage: Garbage) -> CrashStates {
        self.settle(now);
        let open = self.undetermined_with(garbage);
        let draws = self.key.child(concern::CRASH_STATES).child(self.cuts);
        CrashStates::new(Cut::new(self, now, open), budget, draws)
    }

    /// The device as if nothing had been lost: whatever was sent has been carried out and is stable, nothing is in
    /// flight, and no fault is armed.
    pub fn at_rest(&mut self, now: Instant) -> Device {
        self.settle(now);
        let cut = Cut::new(self, now, self.undetermined_with(Garbage::None));
        let versions = cut.with_writes(|_| true);
        Device::restore(&CrashState {
            hash: cut.hash(&versions),
            cut: Arc::new(cut),
            versions,
            choice: Choice::Everything,
        })
    }

    /// The device after a cut that left it in `state`: powered, its hosts' paths up, nothing in flight, no fault
    /// armed, its journal empty. What was damaged stays damaged.
    pub fn restore(state: &CrashState) -> Device {
        let mut device = state.cut.base.clone();
        for (unit, version) in state.cut.open.units.iter().zip(&state.versions) {
            device.medium.set(&unit.versions[*version as usize]);
        }
        device.medium.forget_entries();
        device
    }
}

impl Cut {
    fn new(device: &Device, now: Instant, open: Open) -> Cut {
        let mut medium = open.base(&device.medium);
        medium.image = medium.image.frozen();
        let mut options = device.options.clone();
        options.rates.clear();
        let mut base = Device::with_image(options, device.key, medium.image.clone());
        base.free_space = device.free_space;
        base.bounds = device.bounds.clone();
        base.medium = medium;
        if base.options.reservations_survive_power_loss {
            base.reservations = device.reservations.clone();
        }
        base.journal.interrupted(now, InterruptionKind::PowerCut);
        let image = &base.medium.image;
        let difference = |version: &Version| {
            version.sectors.iter().fold(0, |hash, state| {
                hash ^ image.sector_hash(state.sector) ^ image.hash_of(state.sector, state.content.as_ref())
            })
        };
        let differences = open.units.iter().map(|unit| unit.versions.iter().map(difference).collect()).collect();
        let overlapping = overlapping(&open);
        let hash = image.hash();
        Cut { base, open, differences, hash, overlapping }
    }

    /// The fingerprint of the image with these versions.
    fn hash(&self, versions: &[u32]) -> u64 {
        if !self.overlapping {
            let differences = self.differences.iter().zip(versions);
            return differences.fold(self.hash, |hash, (unit, version)| hash ^ unit[*version as usize]);
        }
        let mut medium = self.base.medium.clone();
        for (unit, version) in self.open.units.iter().zip(versions) {
            medium.set(&unit.versions[*version as usize]);
        }
        medium.image.hash()
    }

    /// In each unit the newest version that comes from one of the writes `among` picks.
    fn with_writes(&self, among: impl Fn(usize) -> bool) -> Vec<u32> {
        let newest = |version: &Version| matches!(version.origin, Origin::Write(write) if among(write));
        self.open.units.iter().map(|unit| unit.versions.iter().rposition(newest).unwrap_or(0) as u32).collect()
    }

    /// Everything, but in the unit of `sector` what was there before `write`.
    fn without_sector(&self, write: usize, sector: u64) -> Vec<u32> {
        let mut versions = self.with_writes(|_| true);
        for (unit, version) in self.open.units.iter().zip(&mut versions) {
            let has_sector = unit.versions[unit.newest()].sectors.iter().any(|state| state.sector == sector);
            let of_write = unit.versions.iter().position(|version| version.origin == Origin::Write(write));
            if let Some(before) = of_write.filter(|_| has_sector).and_then(|found| found.checked_sub(1)) {
                *version = before as u32;
            }
        }
        versions
    }

    /// Everything, but one unit unreadable.
    fn garbled(&self, garbled: usize) -> Vec<u32> {
        let mut versions = self.with_writes(|_| true);
        versions[garbled] = (self.open.units[garbled].versions.len() - 1) as u32;
        versions
    }
}

fn overlapping(open: &Open) -> bool {
    let mut taken = BTreeSet::new();
    let mut sectors = open.units.iter().flat_map(|unit| &unit.versions[unit.newest()].sectors);
    !sectors.all(|state| taken.insert(state.sector))
}

/// Goes through the states a device may be in after a cut.
#[derive(Debug)]
pub struct CrashStates {
    cut: Arc<Cut>,
    plan: Plan,
    budget: usize,
    seen: BTreeSet<u64>,
    duplicates: usize,
}

#[derive(Debug)]
enum Plan {
    /// All of them, counted through; `None` at the end.
    All(Option<Vec<u32>>),
    /// The recipe, step by step.
    Recipe { writes: Vec<usize>, step: usize, draws: StreamKey, drawn: u64 },
}

/// How many random choices are made for each state of the budget before giving up on finding new ones.
const PATIENCE: u64 = 4;

impl CrashStates {
    fn new(cut: Cut, budget: usize, draws: StreamKey) -> Self {
        let cut = Arc::new(cut);
        let total = total(&cut.open);
        let plan = match total.is_some_and(|total| total <= budget as u128) {
            true => Plan::All(Some(vec![0; cut.open.units.len()])),
            false => {
                let mut writes: Vec<usize> = (0..cut.open.writes.len()).collect();
                writes.sort_by_key(|write| (cut.open.writes[*write].issued, cut.open.writes[*write].id));
                Plan::Recipe { writes, step: 0, draws, drawn: 0 }
            }
        };
        CrashStates { cut, plan, budget, seen: BTreeSet::new(), duplicates: 0 }
    }

    /// How many choices there are; `None` if more than can be counted.
    pub fn total(&self) -> Option<u128> {
        total(&self.cut.open)
    }

    /// True if every state is gone through, not a part of them.
    pub fn is_exhaustive(&self) -> bool {
        matches!(self.plan, Plan::All(_))
    }

    /// How many different states were handed out so far.
    pub fn tried(&self) -> usize {
        self.seen.len()
    }

    /// How many choices were skipped so far because they gave the bytes of an earlier one.
    pub fn duplicates(&self) -> usize {
        self.duplicates
    }

    /// The next choice, whatever its bytes.
    fn next_choice(&mut self) -> Option<(Choice, Vec<u32>)> {
        let cut = &self.cut;
        match &mut self.plan {
            Plan::All(next) => {
                let present = next.take()?;
                *next = successor(&cut.open, &present);
                Some((Choice::Enumerated, present))
            }
            Plan::Recipe { writes, step, draws, drawn } => {
                if let Some(chosen) = recipe(cut, writes, *step) {
                    *step += 1;
                    return Some(chosen);
                }
                if *drawn >= (self.budget as u64).saturating_mul(PATIENCE) {
                    return None;
                }
                let mut stream = draws.at(*drawn);
                *drawn += 1;
                let versions = cut.open.units.iter().map(|unit| stream.below(unit.versions.len() as u64) as u32);
                Some((Choice::Random, versions.collect()))
            }
        }
    }
}

impl Iterator for CrashStates {
    type Item = CrashState;

    fn next(&mut self) -> Option<CrashState> {
        while self.seen.len() < self.budget {
            let (choice, versions) = self.next_choice()?;
            let hash = self.cut.hash(&versions);
            if self.seen.insert(hash) {
                return Some(CrashState { cut: self.cut.clone(), versions, choice, hash });
            }
            self.duplicates += 1;
        }
        None
    }
}

fn total(open: &Open) -> Option<u128> {
    open.units.iter().try_fold(1u128, |total, unit| total.checked_mul(unit.versions.len() as u128))
}

/// Counts one further: the first unit turns fastest.
fn successor(open: &Open, present: &[u32]) -> Option<Vec<u32>> {
    let mut next = present.to_vec();
    for (unit, version) in open.units.iter().zip(&mut next) {
        if (*version as usize) + 1 < unit.versions.len() {
            *version += 1;
            return Some(next);
        }
        *version = 0;
    }
    None
}

/// The choice at one step of the recipe; `None` at its end.
fn recipe(cut: &Cut, writes: &[usize], step: usize) -> Option<(Choice, Vec<u32>)> {
    let count = writes.len();
    let id = |write: usize| cut.open.writes[write].id;
    let Some(step) = step.checked_sub(2) else {
        return Some(match step {
            0 => (Choice::Nothing, cut.with_writes(|_| false)),
            _ => (Choice::Everything, cut.with_writes(|_| true)),
        });
    };
    if count == 0 {
        return None;
    }
    let write = writes[step % count];
    Some(match step / count {
        0 => {
            let beginning = &writes[..=step % count];
            (Choice::Beginning(beginning.len()), cut.with_writes(|write| beginning.contains(&write)))
        }
        1 => (Choice::Only(id(write)), cut.with_writes(|other| other == write)),
        2 => (Choice::AllBut(id(write)), cut.with_writes(|other| other != write)),
        3 => {
            let first = cut.open.writes[write].range.first;
            (Choice::FirstSectorMissing(id(write)), cut.without_sector(write, first))
        }
        4 => {
            let last = cut.open.writes[write].range.end - 1;
            (Choice::LastSectorMissing(id(write)), cut.without_sector(write, last))
        }
        _ => {
            let garbled: Vec<usize> =
                (0..cut.open.units.len()).filter(|unit| cut.open.units[*unit].has_garbage()).collect();
            let unit = *garbled.get(step - 5 * count)?;
            (Choice::Garbled { sector: cut.open.units[unit].number }, cut.garbled(unit))
        }
    })
}
