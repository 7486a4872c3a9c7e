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

/// An announcement of a run, and who made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The announcement.
    pub moment: Moment,
    /// Who made it.
    pub place: Place,
}

/// The announcements from the moment the first step begins; from the start if there is no step.
pub fn moments(scenario: &Scenario, record: &Record) -> Vec<Moment> {
    placed_moments(scenario, record).into_iter().map(|placed| placed.moment).collect()
}

/// As [`moments`], with who made each.
pub fn placed_moments(scenario: &Scenario, record: &Record) -> Vec<Placed> {
    let from = record.steps.iter().filter_map(|step| step.began).min().unwrap_or_default();
    let mut moments = all_placed_moments(scenario, record);
    moments.retain(|placed| placed.moment.at >= from.elapsed());
    moments
}

/// Of what a host announces again and again, at most so many announcements: the first, the last, and others evenly
/// between. A host that writes its log announces thousands of records, and one is much like the next.
pub fn thinned(moments: &[Moment], occurrences: u32) -> Vec<Moment> {
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut number = Vec::with_capacity(moments.len());
    for moment in moments {
        let count = counts.entry((&moment.host, &moment.event)).or_default();
        number.push(*count);
        *count += 1;
    }
    let is_kept = |moment: &Moment, number: u32| {
        let all = counts.get(&(moment.host.as_str(), moment.event.as_str())).copied().unwrap_or(0);
        (0..occurrences.min(all)).any(|kept| number == place(kept, occurrences.min(all), all))
    };
    let kept = moments.iter().zip(number).filter(|(moment, number)| is_kept(moment, *number));
    kept.map(|(moment, _)| moment.clone()).collect()
}

/// Which of `all` is the `kept`-th of `count` that are spread from the first to the last.
fn place(kept: u32, count: u32, all: u32) -> u32 {
    match count {
        0 | 1 => 0,
        _ => (u64::from(kept) * u64::from(all - 1) / u64::from(count - 1)) as u32,
    }
}

/// All announcements of the scenario's hosts.
pub fn all_moments(scenario: &Scenario, record: &Record) -> Vec<Moment> {
    all_placed_moments(scenario, record).into_iter().map(|placed| placed.moment).collect()
}

fn all_placed_moments(scenario: &Scenario, record: &Record) -> Vec<Placed> {
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
        let moment = Moment { host, event: (*name).to_owned(), nth: *nth, at: event.at.elapsed() };
        moments.push(Placed { moment, place: event.place });
    }
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(event: &str, nth: u32) -> Moment {
        Moment { host: "a".to_owned(), event: event.to_owned(), nth, at: Duration::from_secs(u64::from(nth)) }
    }

    #[test]
    fn the_first_and_the_last_of_many_are_kept_and_what_is_rare_is_kept_whole() {
        let many = (1..=1_000).map(|nth| moment("log.written", nth));
        let moments: Vec<Moment> = many.chain([moment("promoted", 1), moment("promoted", 2)]).collect();
        let kept = |occurrences| thinned(&moments, occurrences).iter().map(Moment::told).collect::<Vec<_>>();
        assert_eq!(kept(1), ["a.log.written", "a.promoted"]);
        assert_eq!(kept(2), ["a.log.written", "a.log.written (1000)", "a.promoted", "a.promoted (2)"]);
        assert_eq!(kept(3)[1], "a.log.written (500)");
        assert_eq!(kept(5_000).len(), moments.len());
    }
}
