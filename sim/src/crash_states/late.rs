//! The writes of a dead host that land late: every moment at which each may take effect, relative to its successor.
//!
//! A host dies with writes on their way. The device still has power, and a successor recovers from it. Each write is
//! dropped, takes effect before the successor looks, between two of the successor's own writes, or when it is done
//! (dst-methods 2.6, several hosts on one device). Then whoever starts next must find what the successor found. What
//! lands behind a complete fence is dropped, so with a fence that is complete before the successor begins only the
//! first two moments are left.

use nodes::product::{Product, Recovery};
use nodes::world::device::{Device, EntryKind, Fate, UnderWay};
use nodes::world::time::Instant;
use nodes::world::trace::HostId;
use serde::Serialize;

use super::rules::{self, Broken, Facts};
use super::trial::{Bench, Landing, Recovered};
use super::{CrashStatesError, moments};
use crate::draws::Draws;
use crate::run::cut::{Cut, Wanted};
use crate::run::{self, Record, RunOptions};
use crate::scenario::Scenario;
use nodes::world::streams::Seed;

/// At how many of the successor's writes something may land behind them: the first, the last, and some between.
const MOMENTS: usize = 4;
/// At most so many placements of all writes together; beyond it each write is placed alone, and all at once.
const MOST: usize = 256;

/// Whose late writes are tried, and behind which fence.
#[derive(Clone, Debug)]
pub struct LateWrites {
    /// The host that dies.
    pub host: String,
    /// Whether a fence is complete before the successor begins: nothing lands later.
    pub fenced: bool,
}

/// When a late write takes effect, as the successor sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Never.
    Never,
    /// Before the successor begins.
    BeforeRecovery,
    /// Right behind a write of the successor, counted from 1.
    BehindWrite(usize),
    /// When the successor's recovery is over.
    AfterRecovery,
}

impl When {
    /// In words.
    pub fn told(self) -> String {
        match self {
            When::Never => "never".to_owned(),
            When::BeforeRecovery => "before the successor begins".to_owned(),
            When::BehindWrite(number) => format!("behind write {number} of the successor"),
            When::AfterRecovery => "after the successor's recovery".to_owned(),
        }
    }
}

/// A placement after which something does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LateViolation {
    /// What does not hold.
    pub rule: &'static str,
    /// Why.
    pub explanation: String,
    /// When each write under way took effect, in the order of their issue.
    pub placement: Vec<When>,
}

/// What came of all placements at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LateTried {
    /// The device.
    pub device: String,
    /// The moment of the death, in nanoseconds since the run began.
    pub at_ns: u64,
    /// The host that died.
    pub host: String,
    /// How many of its writes were under way.
    pub under_way: usize,
    /// How many writes the successor's recovery makes.
    pub successor_writes: usize,
    /// How many placements were tried in which nothing lands after the successor has begun.
    pub tried_before: usize,
    /// How many in which something lands later.
    pub tried_behind: usize,
    /// What broke.
    pub violations: Vec<LateViolation>,
}

impl LateTried {
    /// How many placements broke something although nothing landed after the successor had begun.
    pub fn broken_before(&self) -> usize {
        self.violations.iter().filter(|violation| !is_behind(&violation.placement)).count()
    }
}

fn is_behind(placement: &[When]) -> bool {
    placement.iter().any(|when| *when > When::BeforeRecovery)
}

/// Runs a scenario up to the moments that are wanted; at each the host dies, and its writes land whenever they may.
///
/// # Errors
/// [`CrashStatesError`] if there is nothing to try.
pub fn try_late_writes(
    scenario: &Scenario,
    product: &Product,
    draws: &Draws,
    wanted: &Wanted,
    late: &LateWrites,
    options: &RunOptions,
) -> Result<Vec<LateTried>, CrashStatesError> {
    let (record, kept) = run::run_to_cut(scenario, product, draws, options, wanted)?;
    let (recovery, cuts) = moments(&record, kept, product, draws.seed, wanted)?;
    let mut hosts = (0u16..).zip(&record.trace.hosts);
    let host = hosts.find(|(_, name)| ***name == *late.host).map(|(number, _)| HostId(number));
    let host = host.ok_or_else(|| CrashStatesError::NoHost { name: late.host.clone() })?;
    let mut tried = Vec::new();
    for cut in cuts {
        if (options.interrupted)() {
            break;
        }
        tried.push(at_death(&record, &recovery, cut, host, late, draws.seed, options));
    }
    Ok(tried)
}

fn at_death(
    record: &Record,
    recovery: &Recovery,
    cut: Cut,
    host: HostId,
    late: &LateWrites,
    seed: u64,
    options: &RunOptions,
) -> LateTried {
    let Cut { at, mut devices, victim } = cut;
    let under_way = devices[victim].writes_under_way(at, host.0);
    let whole: Vec<Device> = devices.iter_mut().map(|device| device.at_rest(at)).collect();
    let facts = Facts::of(record, at, &whole);
    let mut orphaned = devices[victim].clone();
    orphaned.host_died(at, host.0, Fate::Dropped);
    let orphaned = orphaned.at_rest(at);
    let bench = Bench { devices: whole, victim, recovery: recovery.clone(), seed: Seed(seed) };
    let successor = Successor::of(&bench, &orphaned);
    let mut tried = LateTried {
        device: orphaned.options().name.clone(),
        at_ns: at.as_nanos(),
        host: late.host.clone(),
        under_way: under_way.len(),
        successor_writes: successor.writes,
        tried_before: 0,
        tried_behind: 0,
        violations: Vec::new(),
    };
    for placement in placements(under_way.len(), &successor.moments(late.fenced)) {
        if (options.interrupted)() {
            break;
        }
        match is_behind(&placement) {
            true => tried.tried_behind += 1,
            false => tried.tried_before += 1,
        }
        for Broken { rule, explanation } in try_one(&bench, &facts, &orphaned, &successor, &under_way, &placement) {
            tried.violations.push(LateViolation { rule, explanation, placement: placement.clone() });
        }
    }
    tried
}

/// The recovery that nothing disturbs: when it writes.
struct Successor {
    /// Some of its writes, with the moments at which they took effect.
    behind: Vec<(usize, Instant)>,
    writes: usize,
}

impl Successor {
    fn of(bench: &Bench, device: &Device) -> Successor {
        let recovered = bench.recover(device);
        let entries = recovered.devices[bench.victim].journal().entries().iter();
        let writes: Vec<Instant> =
            entries.filter(|it| matches!(it.kind, EntryKind::Write { .. })).filter_map(|it| it.applied).collect();
        let steps = MOMENTS.min(writes.len());
        let chosen = (0..steps).map(|number| number * writes.len().saturating_sub(1) / (steps - 1).max(1));
        Successor { behind: chosen.map(|index| (index + 1, writes[index])).collect(), writes: writes.len() }
    }

    fn moments(&self, fenced: bool) -> Vec<When> {
        let mut moments = vec![When::Never, When::BeforeRecovery];
        if !fenced {
            moments.extend(self.behind.iter().map(|(number, _)| When::BehindWrite(*number)));
            moments.push(When::AfterRecovery);
        }
        moments
    }

    fn moment(&self, when: When) -> Option<Instant> {
        match when {
            When::BehindWrite(number) => self.behind.iter().find(|(other, _)| *other == number).map(|(_, at)| *at),
            _ => None,
        }
    }
}

/// Every placement of so many writes if there are few; else each write alone at each moment, and all at once.
fn placements(writes: usize, moments: &[When]) -> Vec<Vec<When>> {
    let all = u32::try_from(writes).ok().and_then(|writes| moments.len().checked_pow(writes));
    if all.is_some_and(|all| all <= MOST) {
        return (0..writes).fold(vec![Vec::new()], |known, _| {
            let longer = |placement: Vec<When>| {
                moments.iter().map(move |when| placement.iter().copied().chain([*when]).collect::<Vec<When>>())
            };
            known.into_iter().flat_map(longer).collect()
        });
    }
    let alone = |number: usize, when: When| {
        (0..writes).map(|other| if other == number { when } else { When::Never }).collect::<Vec<When>>()
    };
    let together = moments.iter().map(|when| vec![*when; writes]);
    let each = (0..writes).flat_map(|number| moments.iter().skip(1).map(move |when| alone(number, *when)));
    together.chain(each).collect()
}

/// The successor recovers while writes land, then whoever starts next recovers from what is there.
fn try_one(
    bench: &Bench,
    facts: &Facts,
    orphaned: &Device,
    successor: &Successor,
    under_way: &[UnderWay],
    placement: &[When],
) -> Vec<Broken> {
    let of = |wanted: When| under_way.iter().zip(placement).filter(move |(_, when)| **when == wanted).map(|(it, _)| it);
    let mut device = orphaned.clone();
    of(When::BeforeRecovery).for_each(|write| device.land(Instant::START, write));
    let between = under_way
        .iter()
        .zip(placement)
        .filter_map(|(write, when)| successor.moment(*when).map(|at| Landing { at, write: write.clone() }));
    let mut first: Recovered = bench.recover_while(&device, between.collect());
    let ended = first.ended;
    of(When::AfterRecovery).for_each(|write| first.devices[bench.victim].land(ended, write));
    let Ok(restored) = &first.outcome else { return facts.judge(&first) };
    let again = bench.recover_again(&first);
    let mut broken = facts.judge(&again);
    broken.extend(rules::repeats(restored, &again));
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENTS: [When; 4] = [When::Never, When::BeforeRecovery, When::BehindWrite(1), When::AfterRecovery];

    #[test]
    fn few_writes_are_placed_in_every_way_and_many_one_by_one() {
        assert_eq!(placements(0, &MOMENTS), [Vec::new()]);
        assert_eq!(placements(1, &MOMENTS).len(), 4);
        assert_eq!(placements(2, &MOMENTS).len(), 16);
        let many = placements(9, &MOMENTS);
        assert_eq!(many.len(), 4 + 9 * 3);
        assert!(many.iter().all(|placement| placement.len() == 9));
    }

    #[test]
    fn what_lands_behind_a_write_of_the_successor_is_behind_it() {
        assert!(!is_behind(&[When::Never, When::BeforeRecovery]));
        assert!(is_behind(&[When::Never, When::BehindWrite(1)]) && is_behind(&[When::AfterRecovery]));
    }
}
