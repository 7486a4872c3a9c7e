//! What the lines of a campaign add up to: verdicts, distinct failures, and how much is probably left unseen.
//!
//! It is the same whatever order the lines come in, and it grows with what was seen, not with how many seeds ran.

use std::collections::BTreeMap;

use reports::Summary;

use super::abstract_state::State;
use super::line::ExploredSeed;

/// The sums of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Verdicts, checks and recovery times by scenario.
    pub summary: Summary,
    /// The distinct failures, by scenario and signature.
    pub failures: BTreeMap<(String, String), Failure>,
    /// In how many seeds each abstract state was seen.
    states: BTreeMap<State, u64>,
    /// Seeds without a result.
    pub broken: u64,
}

/// One way to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How many seeds fail so.
    pub seeds: u64,
    /// The smallest of them.
    pub first_seed: u64,
    /// The one with the fewest events: its events and its number.
    pub shortest: (u64, u64),
    /// Whether the outcome is a finding; otherwise nothing was decided.
    pub is_finding: bool,
}

impl Tally {
    /// Adds a line.
    pub fn add(&mut self, seed: &ExploredSeed) {
        let line = &seed.line;
        self.summary.add(line);
        self.broken += u64::from(seed.error.is_some());
        for state in seed.states() {
            *self.states.entry(state).or_default() += 1;
        }
        let Some(signature) = &seed.signature else { return };
        let here = (line.events, line.seed);
        let is_finding = line.verdict == reports::Outcome::NotAsExpected;
        let failure = self.failures.entry((line.scenario.clone(), signature.clone()));
        let failure = failure.or_insert(Failure { seeds: 0, first_seed: line.seed, shortest: here, is_finding });
        failure.seeds += 1;
        failure.first_seed = failure.first_seed.min(line.seed);
        failure.shortest = failure.shortest.min(here);
    }

    /// How many abstract states were seen.
    pub fn states(&self) -> u64 {
        self.states.len() as u64
    }

    /// How many of them in one seed only.
    pub fn states_seen_once(&self) -> u64 {
        self.states.values().filter(|seeds| **seeds == 1).count() as u64
    }

    /// Good and Turing's estimate of the unseen: of so many sightings of a further campaign, one would be of a state
    /// that was never seen. `None` while there is nothing to estimate from, or when every state was seen again.
    pub fn one_new_in(&self) -> Option<u64> {
        let sightings: u64 = self.states.values().sum();
        sightings.checked_div(self.states_seen_once())
    }

    /// A failure that shows in one seed of so many, or more often, would have shown with 95 % by now: after n seeds
    /// without it, its probability is below 3/n. The scenario with the fewest seeds decides.
    pub fn would_have_shown(&self) -> Option<u64> {
        let fewest = self.summary.scenarios.values().map(|scenario| scenario.seeds).min()?;
        Some(fewest / 3).filter(|one_in| *one_in > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reports::{Outcome, RpoLine, SeedLine};

    fn seed(number: u64, states: &[State], signature: Option<&str>) -> ExploredSeed {
        let line = SeedLine {
            format: 1,
            scenario: "a.toml".into(),
            seed: number,
            verdict: if signature.is_some() { Outcome::NotAsExpected } else { Outcome::AsExpected },
            hash: String::new(),
            checks: Vec::new(),
            rto_ms: Some(0),
            rpo: RpoLine { lost_commits: Some(0), window_ms: Some(0) },
            simulated_ms: 1_000,
            events: 1_000 - number,
        };
        let states = states.iter().map(|state| format!("{state:08x}")).collect();
        ExploredSeed { line, signature: signature.map(str::to_owned), error: None, states, swarm: None, trail: None }
    }

    #[test]
    fn states_seen_once_estimate_the_unseen() {
        let mut tally = Tally::default();
        for number in 0..9 {
            tally.add(&seed(number, &[1, 2], None));
        }
        assert_eq!((tally.states(), tally.states_seen_once(), tally.one_new_in()), (2, 0, None));
        tally.add(&seed(9, &[1, 3], None));
        assert_eq!((tally.states(), tally.states_seen_once(), tally.one_new_in()), (3, 1, Some(20)));
        assert_eq!(tally.would_have_shown(), Some(3));
    }

    #[test]
    fn failures_are_counted_by_signature_with_their_first_and_shortest_seed() {
        let mut tally = Tally::default();
        for number in [4, 2, 7] {
            tally.add(&seed(number, &[], Some("single-writer violated: two")));
        }
        tally.add(&seed(5, &[], Some("log-intact violated: torn")));
        tally.add(&seed(6, &[], None));
        assert_eq!(tally.failures.len(), 2);
        let failure = &tally.failures[&("a.toml".to_owned(), "single-writer violated: two".to_owned())];
        assert_eq!((failure.seeds, failure.first_seed, failure.shortest), (3, 2, (993, 7)));
    }
}
