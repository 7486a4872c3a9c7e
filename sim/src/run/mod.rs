//! Running one seed of a scenario: the world is built, the operator and the faults are let loose, and everything that
//! happened comes out as a [`Record`].
//!
//! | file | what it holds |
//! |---|---|
//! | `driver` | the way of a run, from building to writing down |
//! | `setup` | the scenario in the world's and the product's own types |
//! | `storage` | faults of the storage that strike by themselves; where lasting damage may be done |
//! | `stage`, `trigger`, `signals` | who is who at this moment, and when something begins |
//! | `steps` | the operator |
//! | `faults` | what the world does, one file a verb |
//! | [`workload`] | the clients and their history |
//! | [`cut`] | moments at which the power of a device may go |
//! | `glance` | somebody who types one command at one moment |
//! | `core` | the hosts that are healed while the rest stays as it is |
//! | `observer` | how the nodes look from outside |
//! | [`record`] | what comes out |
//!
//! Nothing is judged here, and nothing is told: that is for `check`, `verdict` and `tell`, which see the record alone.

mod clock;
mod core;
pub mod cut;
mod driver;
mod faults;
mod glance;
mod observer;
mod outages;
mod panics;
pub mod record;
mod setup;
mod signals;
mod stage;
mod steps;
mod storage;
mod trigger;
pub mod workload;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use nodes::product::Product;
use nodes::world::trace::Keep;
use thiserror::Error;

pub use glance::{Look, OBSERVER, Subject, glance, glances, portable_command, run_until};
pub use panics::Panic;
pub use record::{DeviceRecord, Record};

use crate::draws::Draws;
use crate::scenario::Scenario;

/// How a run is to be done.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// How much of the run the trace keeps.
    pub keep: Keep,
    /// Asked now and then: true ends the run.
    pub interrupted: fn() -> bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions { keep: Keep::default(), interrupted: || false }
    }
}

/// Why a seed could not be run to its end.
#[derive(Clone, Debug, Error)]
pub enum RunError {
    /// The product cannot be built as the scenario wants it.
    #[error("the cluster cannot be built: {0}")]
    Build(#[from] nodes::Error),
    /// The product did not build a host that the scenario names.
    #[error("{model} has built no host called {host}; this is a mistake of its model")]
    HostMissing {
        /// The product.
        model: &'static str,
        /// The host.
        host: String,
    },
    /// The product says of copies what cannot be.
    #[error("{model} describes its copies wrongly: {error}; this is a mistake of its model")]
    Atlas {
        /// The product.
        model: &'static str,
        /// What cannot be.
        error: nodes::Error,
    },
    /// A model panicked.
    #[error("the model panicked in seed {seed}: {}{}", panic.message, place(panic))]
    Panicked {
        /// The seed.
        seed: u64,
        /// The panic.
        panic: Panic,
    },
}

fn place(panic: &Panic) -> String {
    panic.place.as_ref().map_or(String::new(), |place| format!(" (at {place})"))
}

impl RunError {
    /// Whether this is a mistake of ours rather than of the scenario.
    pub fn is_our_bug(&self) -> bool {
        matches!(self, RunError::HostMissing { .. } | RunError::Atlas { .. } | RunError::Panicked { .. })
    }
}

/// Runs one seed of a scenario.
///
/// # Errors
/// [`RunError`] if the scenario asks for what cannot be built or done, or if a model panics.
pub fn run_scenario(
    scenario: &Scenario,
    product: &Product,
    draws: &Draws,
    options: &RunOptions,
) -> Result<Record, RunError> {
    panics::catch(|| driver::drive(scenario, product, draws, options))
        .map_err(|panic| RunError::Panicked { seed: draws.seed, panic })?
}

/// Runs one seed of a scenario up to the moments at which the power of a device is to go, and keeps the devices.
///
/// # Errors
/// As [`run_scenario`].
pub fn run_to_cut(
    scenario: &Scenario,
    product: &Product,
    draws: &Draws,
    options: &RunOptions,
    wanted: &cut::Wanted,
) -> Result<(Record, cut::Cuts), RunError> {
    panics::catch(|| driver::drive_to_cut(scenario, product, draws, options, wanted))
        .map_err(|panic| RunError::Panicked { seed: draws.seed, panic })?
}
