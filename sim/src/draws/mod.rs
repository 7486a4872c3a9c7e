//! What one seed makes of a scenario: every choice about its steps and faults, made before the run begins.
//!
//! A run must be explainable from paper: these draws can be printed, compared and stored, and nothing about the order
//! of events can change them. Each choice is keyed by the name of its entry, so that removing one fault moves no draw
//! of any other. Draws per message and per request are not here; their own streams make them while the run goes on.

pub(crate) mod drawer;

use std::time::Duration;

use drawer::Drawer;
use nodes::world::streams::Seed;
use serde::Serialize;

use crate::scenario::model::{Scenario, Trigger, When};
use crate::scenario::values::{DurationRange, print_duration};
use crate::scenario::verbs::{FaultVerb, StepVerb};

/// A scenario's steps and faults for one seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Draws {
    /// The seed.
    pub seed: u64,
    /// The steps, in the order of the file.
    #[serde(rename = "step")]
    pub steps: Vec<Drawn<StepVerb>>,
    /// The faults, in the order of the file.
    #[serde(rename = "fault")]
    pub faults: Vec<Drawn<FaultVerb>>,
}

/// A step or a fault with everything decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drawn<V> {
    /// Its name.
    pub name: String,
    /// When it begins.
    #[serde(flatten)]
    pub when: DrawnWhen,
    /// How long it lasts; `None` is until something else ends it, or for good.
    #[serde(rename = "for", serialize_with = "optional_length", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
    /// Decides between several hosts that a role could mean when the moment comes: the host at this number, modulo
    /// how many there are, in the order of the file.
    pub pick: u32,
    /// What is done.
    pub verb: V,
}

/// When a step or a fault begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum DrawnWhen {
    /// At a time of the run.
    At {
        /// The time since the run began.
        #[serde(serialize_with = "length")]
        at: Duration,
    },
    /// After something else.
    After {
        /// What it waits for.
        after: Trigger,
        /// How much later it begins.
        #[serde(serialize_with = "length")]
        delay: Duration,
        /// Which occurrence counts, from 1.
        nth: u32,
    },
}

impl Draws {
    /// Draws everything that `seed` has to choose about `scenario`.
    pub fn of(scenario: &Scenario, seed: u64) -> Draws {
        let drawer = |name: &str| Drawer::new(Seed(seed), name);
        let steps = scenario.steps.iter().map(|step| {
            let drawer = drawer(&step.name);
            drawn(&drawer, &step.when, None, step.verb.draw(&drawer))
        });
        let faults = scenario.faults.iter().map(|fault| {
            let drawer = drawer(&fault.name);
            drawn(&drawer, &fault.when, fault.lasts, fault.verb.draw(&drawer))
        });
        Draws { seed, steps: steps.collect(), faults: faults.collect() }
    }

    /// The step called `name`.
    pub fn step(&self, name: &str) -> Option<&Drawn<StepVerb>> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// The fault called `name`.
    pub fn fault(&self, name: &str) -> Option<&Drawn<FaultVerb>> {
        self.faults.iter().find(|fault| fault.name == name)
    }

    /// The text of `draws.toml`.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

impl<V> Drawn<V> {
    /// The one of several candidates that this seed means.
    pub fn pick<'c, T>(&self, candidates: &'c [T]) -> Option<&'c T> {
        let index = (self.pick as usize).checked_rem(candidates.len())?;
        candidates.get(index)
    }
}

/// An entry with everything decided.
fn drawn<V>(drawer: &Drawer, when: &When, lasts: Option<DurationRange>, verb: V) -> Drawn<V> {
    let when = match when {
        When::At(range) => DrawnWhen::At { at: drawer.duration("at", *range) },
        When::After { trigger, delay, nth } => {
            DrawnWhen::After { after: trigger.clone(), delay: drawer.duration("delay", *delay), nth: *nth }
        }
    };
    Drawn {
        name: drawer.entry().to_owned(),
        when,
        lasts: lasts.map(|range| drawer.duration("for", range)),
        pick: (drawer.stream("pick").bits() >> 32) as u32,
        verb,
    }
}

fn length<S: serde::Serializer>(length: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&print_duration(*length))
}

fn optional_length<S: serde::Serializer>(length: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match length {
        Some(length) => serializer.serialize_str(&print_duration(*length)),
        None => serializer.serialize_none(),
    }
}
