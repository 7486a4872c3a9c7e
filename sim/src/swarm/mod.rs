//! A configuration of its own for each seed: which kinds of faults there are at all, how many, how long, in which shape,
//! at which events, which parameters are extreme, and whether the operator slips.
//!
//! A scenario with every fault in it hides bugs, because faults compete for room in a run and suppress each other. So
//! each seed has about half of the features, and none of them knows of the others (Groce et al., ISSTA 2012). Faults wait
//! for events in two levels, as FoundationDB's sites do: a seed first decides which events are sites at all, then which
//! occurrence at a site counts; without the first level all runs look alike.
//!
//! The choice of a seed depends on nothing but the seed, so that it can be had again alone. To prefer pairs of features
//! that are seen least it looks at the seeds before it in its block, which it works out for itself.
//!
//! Only safety is judged: a drawn configuration promises nobody that service returns, and a drawn fault that never came
//! to act is no doubt about those that did.

mod entries;
mod features;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use nodes::product::Product;
use nodes::world::digest::Digest;
use nodes::world::streams::Seed;
use reports::{Answer, Outcome};

use crate::document::{Document, Kind, print};
use crate::explore::line::ExploredSeed;
use crate::explore::trial;
use crate::guided::trail::Trail;
use crate::run::{Record, RunError};
use crate::scenario::model::PROGRESS;
use crate::scenario::vocabulary::Vocabulary;
use crate::scenario::{Accepted, Rejected};
use crate::sweep::{events, faults, operator};
use entries::Drawer;
pub use features::Feature;
use features::chosen;

/// A scenario from which configurations are drawn.
pub struct Swarm<'a> {
    vocabulary: &'a Vocabulary,
    product: &'static Product,
    path: String,
    /// The procedure alone: its cluster, its traffic, its steps, its safety checks.
    procedure: Document,
    hosts: Vec<String>,
    processes: Vec<String>,
    /// The events that faults can wait for.
    sites: Vec<String>,
    /// Until when faults begin, in seconds.
    horizon: u64,
}

/// The file of a seed, not yet read.
pub struct Drawn {
    /// The file.
    pub document: Document,
    /// Its features and shape.
    pub told: String,
}

/// What a seed drew.
pub struct Configuration {
    /// The scenario.
    pub accepted: Accepted,
    /// Its features and shape, and a hash of the whole file.
    pub told: String,
}

impl<'a> Swarm<'a> {
    /// Learns the events of a scenario from a run without faults.
    ///
    /// # Errors
    /// [`RunError`] if it cannot be run.
    pub fn new(
        accepted: &Accepted,
        product: &'static Product,
        vocabulary: &'a Vocabulary,
        interrupted: fn() -> bool,
    ) -> Result<Swarm<'a>, RunError> {
        let mut procedure = faults::undisturbed(&Document::of(accepted));
        // What a core must come to is promised whatever is drawn.
        let is_core = |check: &toml::Table| check.get("eventually").and_then(toml::Value::as_str) == Some(PROGRESS);
        procedure.retain("check", |check| check.contains_key("always") || is_core(check));
        let scenario = &accepted.scenario;
        let mut swarm = Swarm {
            vocabulary,
            product,
            path: scenario.path.clone(),
            procedure,
            hosts: scenario.nodes.iter().map(|node| node.name.clone()).collect(),
            processes: processes(accepted, product),
            sites: Vec::new(),
            horizon: scenario.run.time_limit.as_secs() * 3 / 4,
        };
        // What was accepted is accepted without its faults.
        if let Ok(calm) = swarm.read(&swarm.procedure, &swarm.path) {
            let trial = trial::run(&calm.scenario, product, calm.scenario.run.seeds.first, interrupted)?;
            let moments = events::moments(&calm.scenario, &trial.record);
            let sites: BTreeSet<String> = moments.iter().map(events::Moment::trigger).collect();
            swarm.sites = sites.into_iter().collect();
        }
        Ok(swarm)
    }

    fn read(&self, document: &Document, path: &str) -> Result<Accepted, Box<Rejected>> {
        document.accept(path, self.vocabulary)
    }

    /// Until when faults begin, in seconds of the run.
    pub fn horizon(&self) -> u64 {
        self.horizon
    }

    /// The path of the scenario.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Reads a file that was drawn; `path` is where it will lie.
    ///
    /// # Errors
    /// [`Rejected`] if it is no scenario, which is a mistake of ours.
    pub fn accept(&self, document: &Document, path: Option<&str>) -> Result<Accepted, Box<Rejected>> {
        self.read(document, path.unwrap_or(&self.path))
    }

    /// What a seed draws.
    pub fn draw(&self, seed: u64) -> Drawn {
        let features = chosen(seed);
        let mut document = self.procedure.clone();
        if features.contains(&Feature::Slip) {
            let slips = operator::slips(&document, seed);
            if let Some(slip) = Seed(seed).stream("swarm/slip").pick(&slips) {
                // A slip that cannot be done is none.
                if self.read(&slip.document, &self.path).is_ok() {
                    document = slip.document.clone();
                }
            }
        }
        let drawer = Drawer::new(seed, &self.hosts, &self.processes, &self.sites, self.horizon);
        for feature in &features {
            drawer.add(*feature, self.product, &mut document);
        }
        document.set(&["run", "seeds"], format!("{seed}..{seed}"));
        let names: Vec<&str> = features.iter().map(|feature| feature.name()).collect();
        let faults = document.names(Kind::Fault).len();
        Drawn { told: format!("{}; {faults} faults of {}", drawer.shape().name(), names.join(" ")), document }
    }

    /// The configuration of a seed; `path` is where its file will lie.
    ///
    /// # Errors
    /// [`Rejected`] if the drawn scenario is none, which is a mistake of ours.
    pub fn configure(&self, seed: u64, path: Option<&str>) -> Result<Configuration, Box<Rejected>> {
        let Drawn { document, told } = self.draw(seed);
        let hash = Digest::of(print::plain(&document).as_str());
        Ok(Configuration { accepted: self.accept(&document, path)?, told: format!("{told}; {hash:016x}") })
    }

    /// Runs the configuration of a seed.
    pub fn run(&self, seed: u64, interrupted: fn() -> bool) -> ExploredSeed {
        match self.configure(seed, None) {
            Ok(configuration) => {
                let mut line = self.run_accepted(&configuration.accepted, seed, interrupted, |_| None);
                line.swarm = Some(configuration.told);
                line
            }
            Err(rejected) => ExploredSeed::refused(&self.path, seed, &rejected.to_string()),
        }
    }

    /// Runs a configuration with a seed and judges its safety; `trail` is what a search wants to know of the run.
    pub fn run_accepted(
        &self,
        accepted: &Accepted,
        seed: u64,
        interrupted: fn() -> bool,
        trail: impl FnOnce(&Record) -> Option<Trail>,
    ) -> ExploredSeed {
        match trial::run(&accepted.scenario, self.product, seed, interrupted) {
            Ok(trial) => {
                let mut line = ExploredSeed::finished(accepted, self.product, &trial);
                line.trail = trail(&trial.record);
                only_safety(&mut line);
                line
            }
            Err(error) => ExploredSeed::broken(&accepted.scenario, seed, &error),
        }
    }
}

fn processes(accepted: &Accepted, product: &Product) -> Vec<String> {
    let mut processes = Vec::new();
    for node in &accepted.scenario.nodes {
        let role = product.roles.iter().find(|role| role.name == node.role);
        let of_role = role.map_or(&[][..], |role| role.processes);
        processes.extend(of_role.iter().map(|process| format!("{}/{process}", node.name)));
    }
    processes
}

/// A run is inconclusive for what its faults or steps did not do, and for a check that found nothing to judge. A drawn
/// configuration promises none of that: where something holds and nothing is broken, the seed is as expected. How often
/// each check could not tell stands in the table of the campaign all the same.
fn only_safety(line: &mut ExploredSeed) {
    let answers = || line.line.checks.iter().map(|check| check.answer);
    let holds = answers().any(|answer| answer == Answer::Holds) || answers().next().is_none();
    let is_broken = answers().any(|answer| answer == Answer::Violated);
    if line.line.verdict == Outcome::Inconclusive && holds && !is_broken && line.error.is_none() {
        line.line.verdict = Outcome::AsExpected;
        line.signature = None;
    }
}
