//! Many seeds together: the line each finished seed leaves behind, and what the lines add up to.
//!
//! A [`SeedLine`] is small enough to keep for a million seeds and is all that `--format jsonl`, resuming and
//! merging need. A [`Summary`] is the same whatever order the lines are added in, so shards can finish in any
//! order. Neither holds the story of a run: that is the [`Report`] of a chosen seed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::{Answer, Check, FORMAT, Outcome, Report};

/// One finished seed: an object of `--format jsonl`. The order of its fields is the order they are printed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedLine {
    /// The version of this shape.
    pub format: u32,
    /// The scenario file as it was named on the command line.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The outcome of the run.
    pub verdict: Outcome,
    /// The hash of the trace.
    pub hash: String,
    /// The answers, in the scenario's order.
    pub checks: Vec<CheckLine>,
    /// The longest outage in milliseconds; null when service never returned.
    pub rto_ms: Option<u64>,
    /// What was lost.
    pub rpo: RpoLine,
    /// Simulated time in milliseconds.
    pub simulated_ms: u64,
    /// Events of the trace.
    pub events: u64,
}

/// One check's answer within a [`SeedLine`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckLine {
    /// The check.
    pub name: String,
    /// Its answer.
    pub answer: Answer,
    /// The event it points at.
    pub event: Option<u64>,
    /// The moment of that event in milliseconds.
    pub at_ms: Option<u64>,
}

/// What was lost, within a [`SeedLine`]. Null means that it could not be found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpoLine {
    /// Acknowledged commits that are gone.
    pub lost_commits: Option<u64>,
    /// How far back they reach, in milliseconds.
    pub window_ms: Option<u64>,
}

impl From<&Report> for SeedLine {
    fn from(report: &Report) -> Self {
        let rpo = &report.objectives.rpo;
        Self {
            format: FORMAT,
            scenario: report.run.scenario.clone(),
            seed: report.run.seed,
            verdict: report.verdict.outcome,
            hash: report.run.hash.clone(),
            checks: report.checks.iter().map(CheckLine::from).collect(),
            rto_ms: report.objectives.rto.measured.map(|span| span.as_millis()),
            rpo: RpoLine { lost_commits: rpo.lost_commits, window_ms: rpo.window.map(|span| span.as_millis()) },
            simulated_ms: report.run.simulated.as_millis(),
            events: report.run.events,
        }
    }
}

impl From<&Check> for CheckLine {
    fn from(check: &Check) -> Self {
        Self {
            name: check.name.clone(),
            answer: check.answer,
            event: check.evidence.map(|evidence| evidence.event),
            at_ms: check.evidence.map(|evidence| evidence.at.as_millis()),
        }
    }
}

/// A seed worth looking at, with its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExampleSeed {
    /// Events of its trace. First, so that the smallest example is the shortest run.
    pub events: u64,
    /// The seed.
    pub seed: u64,
}

/// How one check answered over all seeds of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSummary {
    /// The check.
    pub name: String,
    /// Seeds in which it holds.
    pub holds: u64,
    /// Seeds in which it is violated.
    pub violated: u64,
    /// Seeds in which it could not tell.
    pub could_not_tell: u64,
    /// The smallest seed that violates it.
    pub first_violating_seed: Option<u64>,
    /// The violating seed with the fewest events.
    pub shortest_violating: Option<ExampleSeed>,
}

/// All seeds of one scenario together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioSummary {
    /// The scenario file as it was named on the command line.
    pub scenario: String,
    /// The worst outcome of its seeds.
    pub verdict: Outcome,
    /// How many seeds ran.
    pub seeds: u64,
    /// The smallest seed.
    pub first_seed: u64,
    /// The largest seed.
    pub last_seed: u64,
    /// Seeds that ended as expected.
    pub as_expected: u64,
    /// Seeds that did not.
    pub not_as_expected: u64,
    /// Seeds that could not tell.
    pub inconclusive: u64,
    /// The smallest seed with the worst outcome, unless that is as expected.
    pub worst_seed: Option<u64>,
    /// The checks, in the scenario's order.
    pub checks: Vec<CheckSummary>,
    /// How many seeds measured which RTO, by milliseconds.
    pub rto_ms: BTreeMap<u64, u64>,
    /// Seeds in which service never returned.
    pub never_served_again: u64,
    /// Acknowledged commits lost over all seeds.
    pub lost_commits: u64,
}

/// All seeds of all scenarios together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// The scenarios, in the order of their names.
    pub scenarios: BTreeMap<String, ScenarioSummary>,
    /// How many seeds ran.
    pub seeds: u64,
    /// Events of all traces.
    pub events: u64,
    /// Simulated time of all runs, in milliseconds.
    pub simulated_ms: u64,
}

impl Summary {
    /// Adds a finished seed. The order in which seeds are added makes no difference.
    pub fn add(&mut self, line: &SeedLine) {
        self.seeds += 1;
        self.events += line.events;
        self.simulated_ms += line.simulated_ms;
        match self.scenarios.get_mut(&line.scenario) {
            Some(scenario) => scenario.add(line),
            None => {
                self.scenarios.insert(line.scenario.clone(), ScenarioSummary::of(line));
            }
        }
    }

    /// The worst outcome of all; none when nothing ran.
    pub fn verdict(&self) -> Option<Outcome> {
        self.scenarios.values().map(|scenario| scenario.verdict).max()
    }
}

impl<'a> FromIterator<&'a SeedLine> for Summary {
    fn from_iter<Lines: IntoIterator<Item = &'a SeedLine>>(lines: Lines) -> Self {
        let mut summary = Self::default();
        lines.into_iter().for_each(|line| summary.add(line));
        summary
    }
}

impl ScenarioSummary {
    fn of(line: &SeedLine) -> Self {
        let mut summary = Self {
            scenario: line.scenario.clone(),
            verdict: line.verdict,
            seeds: 0,
            first_seed: line.seed,
            last_seed: line.seed,
            as_expected: 0,
            not_as_expected: 0,
            inconclusive: 0,
            worst_seed: None,
            checks: Vec::new(),
            rto_ms: BTreeMap::new(),
            never_served_again: 0,
            lost_commits: 0,
        };
        summary.add(line);
        summary
    }

    fn add(&mut self, line: &SeedLine) {
        self.seeds += 1;
        self.first_seed = self.first_seed.min(line.seed);
        self.last_seed = self.last_seed.max(line.seed);
        match line.verdict {
            Outcome::AsExpected => self.as_expected += 1,
            Outcome::NotAsExpected => self.not_as_expected += 1,
            Outcome::Inconclusive => self.inconclusive += 1,
        }
        self.note_worst(line);
        match line.rto_ms {
            Some(rto) => *self.rto_ms.entry(rto).or_default() += 1,
            None => self.never_served_again += 1,
        }
        self.lost_commits += line.rpo.lost_commits.unwrap_or(0);
        line.checks.iter().for_each(|check| self.add_check(check, line));
    }

    fn note_worst(&mut self, line: &SeedLine) {
        if line.verdict > self.verdict {
            self.verdict = line.verdict;
            self.worst_seed = None;
        }
        if line.verdict == self.verdict && line.verdict != Outcome::AsExpected {
            self.worst_seed = Some(self.worst_seed.map_or(line.seed, |seed| seed.min(line.seed)));
        }
    }

    fn add_check(&mut self, check: &CheckLine, line: &SeedLine) {
        let summary = match self.checks.iter_mut().position(|known| known.name == check.name) {
            Some(index) => &mut self.checks[index],
            None => {
                self.checks.push(CheckSummary {
                    name: check.name.clone(),
                    holds: 0,
                    violated: 0,
                    could_not_tell: 0,
                    first_violating_seed: None,
                    shortest_violating: None,
                });
                self.checks.last_mut().expect("a check was just added")
            }
        };
        match check.answer {
            Answer::Holds => summary.holds += 1,
            Answer::CouldNotTell => summary.could_not_tell += 1,
            Answer::Violated => {
                summary.violated += 1;
                let example = ExampleSeed { events: line.events, seed: line.seed };
                summary.first_violating_seed =
                    Some(summary.first_violating_seed.map_or(line.seed, |seed| seed.min(line.seed)));
                summary.shortest_violating = Some(summary.shortest_violating.map_or(example, |it| it.min(example)));
            }
        }
    }

    /// The RTO in milliseconds that `per_thousand` of the seeds in which service returned did not exceed.
    pub fn rto_quantile(&self, per_thousand: u64) -> Option<u64> {
        let total: u64 = self.rto_ms.values().sum();
        let rank = (total * per_thousand).div_ceil(1_000).max(1);
        let mut seen = 0;
        self.rto_ms.iter().find_map(|(rto, count)| {
            seen += count;
            (seen >= rank).then_some(*rto)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seed: u64, verdict: Outcome, answer: Answer, rto_ms: Option<u64>, events: u64) -> SeedLine {
        SeedLine {
            format: FORMAT,
            scenario: "scenarios/a.toml".into(),
            seed,
            verdict,
            hash: format!("{seed:016x}"),
            checks: vec![CheckLine { name: "single-writer".into(), answer, event: Some(9), at_ms: Some(3) }],
            rto_ms,
            rpo: RpoLine { lost_commits: Some(seed % 2), window_ms: Some(0) },
            simulated_ms: 1_000,
            events,
        }
    }

    fn lines() -> Vec<SeedLine> {
        vec![
            line(3, Outcome::AsExpected, Answer::Holds, Some(10), 100),
            line(7, Outcome::NotAsExpected, Answer::Violated, Some(40), 90),
            line(5, Outcome::NotAsExpected, Answer::Violated, None, 120),
            line(4, Outcome::Inconclusive, Answer::CouldNotTell, Some(20), 100),
        ]
    }

    #[test]
    fn the_order_of_seeds_makes_no_difference() {
        let forward: Summary = lines().iter().collect();
        let backward: Summary = lines().iter().rev().collect();
        assert_eq!(forward, backward);
    }

    #[test]
    fn the_worst_outcome_decides_and_names_its_smallest_seed() {
        let summary: Summary = lines().iter().collect();
        assert_eq!(summary.verdict(), Some(Outcome::NotAsExpected));
        let scenario = &summary.scenarios["scenarios/a.toml"];
        assert_eq!(scenario.worst_seed, Some(5));
        assert_eq!((scenario.first_seed, scenario.last_seed, scenario.lost_commits), (3, 7, 3));
        let check = &scenario.checks[0];
        assert_eq!((check.holds, check.violated, check.could_not_tell), (1, 2, 1));
        assert_eq!(check.first_violating_seed, Some(5));
        assert_eq!(check.shortest_violating, Some(ExampleSeed { events: 90, seed: 7 }));
    }

    #[test]
    fn unknown_never_hides_a_violation() {
        let mut summary = Summary::default();
        summary.add(&line(1, Outcome::NotAsExpected, Answer::Violated, None, 1));
        summary.add(&line(2, Outcome::Inconclusive, Answer::CouldNotTell, None, 1));
        assert_eq!(summary.verdict(), Some(Outcome::NotAsExpected));
        assert_eq!(Summary::default().verdict(), None);
    }

    #[test]
    fn quantiles_count_only_seeds_in_which_service_returned() {
        let summary: Summary = lines().iter().collect();
        let scenario = &summary.scenarios["scenarios/a.toml"];
        assert_eq!(scenario.never_served_again, 1);
        assert_eq!([1, 500, 667, 1_000].map(|rank| scenario.rto_quantile(rank)), [10, 20, 40, 40].map(Some));
    }
}
