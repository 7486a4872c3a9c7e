//! Judging a run: each check of the scenario is answered, each fault must have proved itself, and the expectation of
//! the scenario is compared with that.
//!
//! It sees the scenario and the record, nothing else. A violation is never outvoted by a check that could not tell,
//! and what could not tell is never counted as a pass.

mod answer;
mod core;
mod expectation;
pub mod judges;
pub mod liveness;
mod places;
mod survival;

#[cfg(test)]
mod tests;

use reports::Sentence;

use crate::check::Finding;
use crate::run::Record;
use crate::scenario::Scenario;
use crate::scenario::model::Damage;

/// When a check must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// At every event.
    Always,
    /// At the latest a bound after something happened.
    Eventually,
    /// At least once.
    Sometimes,
}

/// One check of the scenario and its answer.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The name under which reports and `[expect]` know it.
    pub name: String,
    /// When it must hold.
    pub mode: Mode,
    /// What it promises.
    pub promise: Sentence,
    /// What was found.
    pub finding: Finding,
    /// Whether the scenario expects this answer.
    pub expected: bool,
    /// Where the check stands in the scenario file: a line counted from 1.
    pub line: usize,
}

/// What a run is worth, ordered from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Every expectation was met.
    AsExpected,
    /// Something that was needed to decide did not happen.
    Inconclusive,
    /// A violation nobody expected, or an expected one that did not appear.
    NotAsExpected,
}

/// The verdict on one run.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What the run is worth.
    pub outcome: Outcome,
    /// Whether violations were expected and shown.
    pub hazard_shown: bool,
    /// Why, in one sentence; none where all checks hold as expected.
    pub cause: Option<Sentence>,
    /// The checks, in the order of the scenario.
    pub checks: Vec<Judged>,
}

/// Judges a run.
pub fn judge(scenario: &Scenario, record: &Record) -> Verdict {
    let mut checks: Vec<Judged> = scenario.checks.iter().map(|check| answer::answer(check, record)).collect();
    expectation::mark(&scenario.expect, &mut checks);
    if scenario.storage.damage == Damage::Unbounded {
        checks.iter_mut().filter(|check| check.mode == Mode::Eventually).for_each(expectation::excuse);
    }
    expectation::decide(scenario, record, checks)
}
