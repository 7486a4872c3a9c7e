//! How long nodes stay in states that ought to pass: starting, changing, down. What an operator sees in the status
//! command and has to wait out.

use std::collections::BTreeMap;

use reports::{Lane, Moment, Span, Standing};
use serde::Serialize;

use crate::run::Record;

/// The longest stay of a run in each state, by the product's words for it.
pub type Stays = BTreeMap<String, Stay>;

/// A stay in a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stay {
    /// The longest that ended.
    pub longest_ns: u64,
    /// Whether a node was in it when the run was over.
    pub to_the_end: bool,
}

/// The moment of the first deed of the operator or of the world.
fn first_deed(record: &Record) -> Option<Moment> {
    let steps = record.steps.iter().filter_map(|step| step.began);
    let faults = record.faults.iter().filter_map(|fault| fault.fired);
    steps.chain(faults).map(|at| Moment(at.as_nanos())).filter(|at| at.0 > 0).min()
}

/// The stays of a run from its first deed on; none if nothing was done.
pub fn stays(record: &Record, lanes: &[Lane]) -> Stays {
    let Some(from) = first_deed(record) else { return Stays::new() };
    longest(lanes, from)
}

fn longest(lanes: &[Lane], from: Moment) -> Stays {
    let mut stays = Stays::new();
    for interval in lanes.iter().flat_map(|lane| &lane.intervals) {
        let passes = matches!(interval.standing, Standing::Starting | Standing::Changing | Standing::Down);
        if !passes || interval.state.is_empty() || interval.until.is_some_and(|until| until <= from) {
            continue;
        }
        let stay = stays.entry(interval.state.clone()).or_default();
        match interval.until {
            Some(until) => stay.longest_ns = stay.longest_ns.max(until.since(interval.from.max(from)).0),
            None => stay.to_the_end = true,
        }
    }
    stays
}

/// The stays of many runs: the longest of all, and in how many runs a node never left the state.
pub fn together<'a>(runs: impl Iterator<Item = &'a Stays>) -> Vec<(String, Span, u64)> {
    let mut all: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (state, stay) in runs.flatten() {
        let known = all.entry(state).or_default();
        known.0 = known.0.max(stay.longest_ns);
        known.1 += u64::from(stay.to_the_end);
    }
    let mut all: Vec<(String, Span, u64)> =
        all.into_iter().map(|(state, (longest, never))| (state.to_owned(), Span(longest), never)).collect();
    all.sort_by_key(|(state, longest, _)| (std::cmp::Reverse(*longest), state.clone()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use reports::LaneInterval;

    fn interval(from: u64, until: Option<u64>, standing: Standing, state: &str) -> LaneInterval {
        LaneInterval { from: Moment(from), until: until.map(Moment), standing, state: state.into(), term: None }
    }

    #[test]
    fn a_stay_counts_from_the_first_deed_and_one_without_end_is_said() {
        let lane = Lane {
            node: "dn1".into(),
            intervals: vec![
                interval(0, Some(5), Standing::Starting, "Starting"),
                interval(5, Some(20), Standing::Primary, "Primary Normal"),
                interval(20, Some(50), Standing::Starting, "Standby Starting"),
                interval(50, None, Standing::Down, "Down"),
            ],
        };
        let stays = longest(&[lane], Moment(30));
        assert_eq!(stays.get("Standby Starting"), Some(&Stay { longest_ns: 20, to_the_end: false }));
        assert_eq!(stays.get("Down"), Some(&Stay { longest_ns: 0, to_the_end: true }));
        assert_eq!(stays.len(), 2);
        let other = Stays::from([("Down".to_owned(), Stay { longest_ns: 7, to_the_end: false })]);
        let all = together([&stays, &other].into_iter());
        assert_eq!(all, [("Standby Starting".to_owned(), Span(20), 0), ("Down".to_owned(), Span(7), 1)]);
    }
}
