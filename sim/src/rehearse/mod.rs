//! A drill as a distribution: many seeds of one scenario, and what they have in common and not.
//!
//! It exists because one run answers "what can happen" and a drill needs "how long, how often, how bad". Of each seed
//! only the times of its phases and the way it ended are kept; pages are made for chosen seeds by running them again.
//! Times are integers and quantiles are ranks, so a rehearsal is the same on every machine.

mod across;
mod decisions;
mod findings;
mod histogram;
mod outcome;
mod page;
mod phases;
mod plan;
mod quantiles;
mod roles;
mod slips;
mod stays;
mod text;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

pub use histogram::Histogram;
pub use outcome::Ending;
pub use page::page;
pub use phases::{PHASES, Phases};
pub use plan::{Back, Material, Precondition, plan};
pub use quantiles::{Quantile, Quantiles};
pub use slips::{Slip, Slips};
pub use stays::{Stays, stays, together};
pub use text::told;

use reports::{Met, Objectives, Span};

use crate::run::Record;
use crate::run::record::{StepOutcome, StepRecord};
use crate::scenario::Scenario;

/// What is kept of a seed.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The seed.
    pub seed: u64,
    /// How it ended.
    pub ending: Ending,
    /// The longest outage; none if service never returned.
    pub rto: Option<Span>,
    /// Its phases.
    pub phases: Option<Phases>,
    /// Acknowledged commits that are gone, and how far back they reach.
    pub lost: Option<(u64, Span)>,
    /// Whether the objectives were met.
    pub met: (Met, Met),
    /// How long each step took and whether it succeeded, in the order of the scenario.
    pub steps: Vec<(Option<Span>, bool)>,
    /// How long nodes stayed in states that pass.
    pub stays: Stays,
}

impl Sample {
    /// The numbers of one run.
    pub fn of(record: &Record, ending: Ending, phases: Option<Phases>, objectives: &Objectives, stays: Stays) -> Self {
        let took = |step: &StepRecord| Some(Span(step.ended?.as_nanos() - step.began?.as_nanos()));
        let steps = record.steps.iter().map(|step| (took(step), step.outcome == StepOutcome::Succeeded)).collect();
        let lost = objectives.rpo.lost_commits.zip(objectives.rpo.window);
        let met = (objectives.rto.met, objectives.rpo.met);
        Sample { seed: record.seed, ending, rto: objectives.rto.measured, phases, lost, met, steps, stays }
    }
}

/// A way in which seeds ended.
#[derive(Clone, Debug, Serialize)]
pub struct Share {
    /// The way.
    pub ending: Ending,
    /// How many seeds ended so.
    pub seeds: u64,
    /// The smallest of them.
    pub example: u64,
    /// Their longest outage; none if service never returned in one of them.
    pub worst_ns: Option<u64>,
}

/// How often an objective was met.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Kept {
    /// Seeds in which it was met.
    pub met: u64,
    /// Seeds in which it was not.
    pub not_met: u64,
    /// Seeds in which it could not be told.
    pub could_not_tell: u64,
}

impl Kept {
    fn count(&mut self, met: Met) {
        match met {
            Met::NoTarget => {}
            Met::Met => self.met += 1,
            Met::NotMet => self.not_met += 1,
            Met::CouldNotTell => self.could_not_tell += 1,
        }
    }
}

/// The distribution over all seeds.
#[derive(Clone, Debug, Serialize)]
pub struct Rehearsal {
    /// The version of this shape.
    pub format: u32,
    /// The scenario.
    pub scenario: String,
    /// The first and the last seed.
    pub seeds: (u64, u64),
    /// How many ran.
    pub ran: u64,
    /// The longest outage of each seed in which service returned.
    pub rto: Option<Quantiles>,
    /// How often each length of it was met.
    pub rto_histogram: Option<Histogram>,
    /// Seeds in which service never returned.
    pub never_returned: u64,
    /// Each phase of that outage.
    pub phases: BTreeMap<&'static str, Quantiles>,
    /// How far back the lost commits reach.
    pub rpo: Option<Quantiles>,
    /// How many commits were lost.
    pub lost_commits: Option<Quantiles>,
    /// Whether the time objective was met.
    pub rto_met: Kept,
    /// Whether the loss objective was met.
    pub rpo_met: Kept,
    /// Each distinct way of ending, the most frequent first.
    pub endings: Vec<Share>,
    /// Slips of the operator, tried with the seed that ends as most do.
    pub slips: Slips,
}

impl Rehearsal {
    /// A seed that ends as most do.
    pub fn typical(&self) -> u64 {
        self.endings.first().map_or(self.seeds.0, |share| share.example)
    }
}

/// How long a step took over all seeds.
#[derive(Clone, Debug)]
pub struct StepTimes {
    /// The step.
    pub name: String,
    /// How long it took where it ended.
    pub took: Option<Quantiles>,
    /// Seeds in which it succeeded.
    pub succeeded: u64,
}

/// How long each step took, in the order of the scenario.
pub fn step_times(scenario: &Scenario, samples: &[Sample]) -> Vec<StepTimes> {
    let times = |(number, name): (usize, String)| {
        let of = |sample: &Sample| sample.steps.get(number).and_then(|(took, _)| Some((took.as_ref()?.0, sample.seed)));
        let succeeded = |sample: &&Sample| sample.steps.get(number).is_some_and(|(_, succeeded)| *succeeded);
        StepTimes {
            name,
            took: Quantiles::of(samples.iter().filter_map(of).collect()),
            succeeded: samples.iter().filter(succeeded).count() as u64,
        }
    };
    scenario.steps.iter().map(|step| step.name.clone()).enumerate().map(times).collect()
}

/// Puts the seeds together.
pub fn rehearsal(scenario: &str, samples: &[Sample]) -> Rehearsal {
    let (mut rto_met, mut rpo_met) = (Kept::default(), Kept::default());
    for sample in samples {
        rto_met.count(sample.met.0);
        rpo_met.count(sample.met.1);
    }
    let of = |value: &dyn Fn(&Sample) -> Option<u64>| {
        Quantiles::of(samples.iter().filter_map(|sample| Some((value(sample)?, sample.seed))).collect())
    };
    let phase = |number: usize| of(&|sample| Some(sample.phases.as_ref()?.lengths[number].0));
    let phases = PHASES.iter().enumerate().filter_map(|(number, name)| Some((*name, phase(number)?)));
    let seeds = samples.iter().map(|sample| sample.seed);
    let returned: Vec<u64> = samples.iter().filter_map(|sample| Some(sample.rto?.0)).collect();
    Rehearsal {
        format: 1,
        scenario: scenario.to_owned(),
        seeds: (seeds.clone().min().unwrap_or(0), seeds.max().unwrap_or(0)),
        ran: samples.len() as u64,
        rto: of(&|sample| sample.rto.map(|span| span.0)),
        rto_histogram: Histogram::of(&returned),
        never_returned: samples.iter().filter(|sample| sample.rto.is_none()).count() as u64,
        phases: phases.collect(),
        rpo: of(&|sample| sample.lost.map(|(_, window)| window.0)),
        lost_commits: of(&|sample| sample.lost.map(|(commits, _)| commits)),
        rto_met,
        rpo_met,
        endings: shares(samples),
        slips: Slips::default(),
    }
}

fn shares(samples: &[Sample]) -> Vec<Share> {
    let mut by_ending: BTreeMap<&Ending, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        by_ending.entry(&sample.ending).or_default().push(sample);
    }
    let share = |(ending, of): (&Ending, Vec<&Sample>)| Share {
        ending: ending.clone(),
        seeds: of.len() as u64,
        example: of.iter().map(|sample| sample.seed).min().unwrap_or(0),
        worst_ns: of
            .iter()
            .map(|sample| sample.rto.map(|span| span.0))
            .collect::<Option<Vec<_>>>()
            .and_then(|all| all.into_iter().max()),
    };
    let mut shares: Vec<Share> = by_ending.into_iter().map(share).collect();
    shares.sort_by_key(|share| (std::cmp::Reverse(share.seeds), share.example));
    shares
}
