//! Every state a device may be in after a power cut at one moment, and what the product's own recovery makes of each.
//!
//! A run shows one outcome of a cut; this shows all of them, or a well-chosen part (the recipe is in
//! [`nodes::world::device`]). For each state the product recovers in a world of its own that holds nothing but the
//! devices, and the outcome is judged by the log that an independent reader finds there and by what clients had been
//! told. Then the power goes a second time, while that recovery writes, and it must recover from that too.
//!
//! One device loses its power; the others are as they were, with everything they had accepted.
//!
//! | file | what it holds |
//! |---|---|
//! | `trial` | one recovery in a world of its own |
//! | `rules` | what must hold of its outcome |
//! | `late` | the writes of a dead host that land while and after its successor recovers |

mod late;
mod rules;
mod trial;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use nodes::product::{Product, Recovery};
use nodes::world::device::{Choice, CrashState, Device, Garbage, Survival};
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use serde::Serialize;
use thiserror::Error;

use crate::draws::Draws;
use crate::run::cut::{Cut, Cuts, Wanted};
use crate::run::{self, Record, RunError, RunOptions};
use crate::scenario::Scenario;
pub use late::{LateTried, LateViolation, LateWrites, When, try_late_writes};
use rules::{Broken, Facts};
use trial::Bench;

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// States of the first cut, at each moment.
    pub budget: usize,
    /// States of a second cut, at each moment of the recovery; 0 for no second cut.
    pub nested: usize,
    /// Whether a sector that was being written may be unreadable.
    pub garbage: Garbage,
}

/// Why nothing could be tried.
#[derive(Debug, Error)]
pub enum CrashStatesError {
    /// The run itself failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The model does not say how its product recovers.
    #[error("the model of {model} does not say how it recovers from its devices alone: nothing to try")]
    NoRecovery {
        /// The product.
        model: &'static str,
    },
    /// Nobody dies of this name.
    #[error("there is no host {name}: name a node of the scenario")]
    NoHost {
        /// The name.
        name: String,
    },
    /// There is no such device.
    #[error("there is no device {device}: name one of the product, and with a device of each host the host too")]
    NoDevice {
        /// The device, and of whom.
        device: String,
    },
    /// The moment never came.
    #[error("the moment never came: the run of seed {seed} ended at {ended}; name an event it has, or another seed")]
    NeverCame {
        /// The seed.
        seed: u64,
        /// When the run ended.
        ended: Instant,
    },
}

/// What came of all the states of one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The device.
    pub device: String,
    /// The moment, in nanoseconds since the run began.
    pub at_ns: u64,
    /// How many writes were not stable then.
    pub open_writes: usize,
    /// How many states there are; `None` if more than can be counted.
    pub possible: Option<u64>,
    /// Whether all of them were tried.
    pub exhaustive: bool,
    /// How many different ones were tried.
    pub tried: usize,
    /// How many choices were skipped because they gave the bytes of an earlier one.
    pub duplicates: usize,
    /// How many states of a second cut, during recovery, were tried.
    pub nested_tried: usize,
    /// How many of those were skipped because they gave the bytes of an earlier one.
    pub nested_duplicates: usize,
    /// What broke.
    pub violations: Vec<Violation>,
}

/// A state after which something does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// What does not hold.
    pub rule: &'static str,
    /// Why.
    pub explanation: String,
    /// The state: how it was chosen, and what was lost.
    pub state: String,
    /// The state of the second cut, if there was one.
    pub nested: Option<String>,
}

/// Runs a scenario up to the moments that are wanted, and tries every state at each.
///
/// # Errors
/// [`CrashStatesError`] if there is nothing to try.
pub fn try_all(
    scenario: &Scenario,
    product: &Product,
    draws: &Draws,
    wanted: &Wanted,
    effort: Effort,
    options: &RunOptions,
) -> Result<Vec<Tried>, CrashStatesError> {
    let (record, kept) = run::run_to_cut(scenario, product, draws, options, wanted)?;
    let (recovery, cuts) = moments(&record, kept, product, draws.seed, wanted)?;
    let mut tried = Vec::new();
    for cut in cuts {
        if (options.interrupted)() {
            break;
        }
        tried.push(Search::new(&record, &recovery, cut, effort, draws.seed).all(options));
    }
    Ok(tried)
}

/// How the product recovers, and the moments that came.
fn moments(
    record: &Record,
    kept: Cuts,
    product: &Product,
    seed: u64,
    wanted: &Wanted,
) -> Result<(Recovery, Vec<Cut>), CrashStatesError> {
    let recovery = kept.recovery.ok_or(CrashStatesError::NoRecovery { model: product.model })?;
    if kept.no_device {
        return Err(CrashStatesError::NoDevice { device: wanted.device.spoken().en });
    }
    match kept.cuts.is_empty() {
        true => Err(CrashStatesError::NeverCame { seed, ended: record.ended }),
        false => Ok((recovery, kept.cuts)),
    }
}

/// The search through the states of one moment.
struct Search {
    bench: Bench,
    victim: Device,
    at: Instant,
    facts: Facts,
    effort: Effort,
    nested_seen: BTreeSet<u64>,
    tried: Tried,
}

impl Search {
    fn new(record: &Record, recovery: &Recovery, cut: Cut, effort: Effort, seed: u64) -> Self {
        let Cut { at, mut devices, victim } = cut;
        let mut lost = devices[victim].clone();
        let whole: Vec<Device> = devices.iter_mut().map(|device| device.at_rest(at)).collect();
        let facts = Facts::of(record, at, &whole);
        let tried = Tried {
            device: lost.options().name.clone(),
            at_ns: at.as_nanos(),
            open_writes: lost.crash_states(at, 1, effort.garbage).next().map_or(0, |state| state.writes().len()),
            possible: None,
            exhaustive: false,
            tried: 0,
            duplicates: 0,
            nested_tried: 0,
            nested_duplicates: 0,
            violations: Vec::new(),
        };
        let bench = Bench { devices: whole, victim, recovery: recovery.clone(), seed: Seed(seed) };
        Search { bench, victim: lost, at, facts, effort, nested_seen: BTreeSet::new(), tried }
    }

    fn all(mut self, options: &RunOptions) -> Tried {
        let mut states = self.victim.crash_states(self.at, self.effort.budget, self.effort.garbage);
        self.tried.possible = states.total().and_then(|total| u64::try_from(total).ok());
        self.tried.exhaustive = states.is_exhaustive();
        for state in states.by_ref() {
            if (options.interrupted)() {
                self.tried.exhaustive = false;
                break;
            }
            self.first_cut(&state);
        }
        self.tried.tried = states.tried();
        self.tried.duplicates = states.duplicates();
        self.tried
    }

    /// Recovers from one state, judges it, and cuts the power again meanwhile.
    fn first_cut(&mut self, state: &CrashState) {
        let after_cut = Device::restore(state);
        let broken = self.judge(&after_cut, true);
        self.note(broken, state, None);
        if self.effort.nested > 0 {
            for moment in self.bench.moments_of_writes(&after_cut) {
                self.second_cut(state, &after_cut, moment);
            }
        }
    }

    fn second_cut(&mut self, first: &CrashState, after_cut: &Device, moment: Instant) {
        let Some(mut interrupted) = self.bench.interrupted(after_cut, moment) else { return };
        for state in interrupted.crash_states(moment, self.effort.nested, self.effort.garbage) {
            if !self.nested_seen.insert(state.hash) {
                self.tried.nested_duplicates += 1;
                continue;
            }
            self.tried.nested_tried += 1;
            let broken = self.judge(&Device::restore(&state), false);
            self.note(broken, first, Some(&state));
        }
    }

    /// Recovers from a state, and if that is wanted once more from what the recovery left.
    fn judge(&self, device: &Device, again: bool) -> Vec<Broken> {
        let first = self.bench.recover(device);
        let mut broken = self.facts.judge(&first);
        if let (true, Ok(restored)) = (again, &first.outcome) {
            broken.extend(rules::repeats(restored, &self.bench.recover_again(&first)));
        }
        broken
    }

    fn note(&mut self, broken: Vec<Broken>, first: &CrashState, second: Option<&CrashState>) {
        self.tried.violations.extend(broken.into_iter().map(|Broken { rule, explanation }| Violation {
            rule,
            explanation,
            state: described(first),
            nested: second.map(described),
        }));
    }
}

/// How a state was chosen and what it lost, in words.
fn described(state: &CrashState) -> String {
    let choice = match state.choice {
        Choice::Enumerated => "one of all".to_owned(),
        Choice::Nothing => "nothing survived".to_owned(),
        Choice::Everything => "everything survived".to_owned(),
        Choice::Beginning(count) => format!("the first {count} writes survived"),
        Choice::Only(_) => "one write survived alone".to_owned(),
        Choice::AllBut(_) => "one write was lost".to_owned(),
        Choice::FirstSectorMissing(_) => "the first sector of a write was lost".to_owned(),
        Choice::LastSectorMissing(_) => "the last sector of a write was lost".to_owned(),
        Choice::Garbled { sector } => format!("sector {sector} cannot be read"),
        Choice::Random => "a random choice".to_owned(),
    };
    let fates = state.writes().into_iter().map(|(request, survival)| {
        let fate = match survival {
            Survival::Whole => "whole",
            Survival::Part => "torn",
            Survival::Nothing => "lost",
        };
        format!("{}.{}#{} {fate}", request.host, request.process, request.number)
    });
    let fates: Vec<String> = fates.collect();
    if fates.is_empty() { choice } else { format!("{choice}: writes {}", fates.join(", ")) }
}
