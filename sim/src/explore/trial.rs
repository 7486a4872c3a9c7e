//! One seed of a scenario, run and judged.

use nodes::product::Product;
use nodes::world::trace::Keep;

use crate::draws::Draws;
use crate::run::{Record, RunError, RunOptions, run_scenario};
use crate::scenario::Scenario;
use crate::verdict::{self, Verdict};

/// A run and what it is worth.
pub struct Trial {
    /// What the seed drew.
    pub draws: Draws,
    /// What happened.
    pub record: Record,
    /// What it is worth.
    pub verdict: Verdict,
}

/// Runs a seed and judges it.
///
/// # Errors
/// [`RunError`] if the scenario asks for what cannot be built or done, or if a model panics.
pub fn run(scenario: &Scenario, product: &Product, seed: u64, interrupted: fn() -> bool) -> Result<Trial, RunError> {
    run_keeping(scenario, product, seed, Keep::default(), interrupted)
}

/// Runs a seed with so much of it kept, and judges it.
///
/// # Errors
/// As [`run`].
pub fn run_keeping(
    scenario: &Scenario,
    product: &Product,
    seed: u64,
    keep: Keep,
    interrupted: fn() -> bool,
) -> Result<Trial, RunError> {
    let draws = Draws::of(scenario, seed);
    let options = RunOptions { keep, interrupted };
    let record = run_scenario(scenario, product, &draws, &options)?;
    let verdict = verdict::judge(scenario, &record);
    Ok(Trial { draws, record, verdict })
}
