//! The moments that a fault can wait for: what the hosts announce in a run without faults.

use std::collections::BTreeMap;
use std::time::Duration;

use nodes::world::trace::{Place, What};

use crate::run::Record;
use crate::scenario::Scenario;

/// An announcement of a run, as a scenario waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The host.
    pub host: String,
    /// The event's dotted name.
    pub event: String,
    /// Which announcement of it by this host it is, from 1.
    pub nth: u32,
    /// When it came.
    pub at: Duration,
}

impl Moment {
    /// How a scenario writes it.
    pub fn trigger(&self) -> String {
        format!("{}.{}", self.host, self.event)
    }

    /// How people read it.
    pub fn told(&self) -> String {
        match self.nth {
            1 => self.trigger(),
            nth => format!("{} ({nth})", self.trigger()),
        }
    }
}

/// The announcements from the moment the first step begins; from the start if there is no step.
pub fn moments(scenario: &Scenario, record: &Record) -> Vec<Moment> {
    let from = record.steps.iter().filter_map(|step| step.began).min().unwrap_or_default();
    let mut moments = all_moments(scenario, record);
    moments.retain(|moment| moment.at >= from.elapsed());
    moments
}

/// All announcements of the scenario's hosts.
pub fn all_moments(scenario: &Scenario, record: &Record) -> Vec<Moment> {
    let mut counts: BTreeMap<(String, &str), u32> = BTreeMap::new();
    let mut moments = Vec::new();
    for event in record.trace.events() {
        let What::Announced { name, .. } = &event.what else { continue };
        if event.place == Place::Outside {
            continue;
        }
        let Some(host) = record.trace.host_of(event.place).map(|host| record.trace.host_name(host).to_owned()) else {
            continue;
        };
        if scenario.node(&host).is_none() {
            continue;
        }
        let nth = counts.entry((host.clone(), name)).or_default();
        *nth += 1;
        moments.push(Moment { host, event: (*name).to_owned(), nth: *nth, at: event.at.elapsed() });
    }
    moments
}
