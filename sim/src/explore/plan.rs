//! Which seeds of which scenarios a campaign runs, in which order, and which share of them is ours.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A range of seeds; the last is included, and without one it does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: Option<u64>,
}

impl Range {
    fn holds(&self, seed: u64) -> bool {
        self.first <= seed && self.last.is_none_or(|last| seed <= last)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.last {
            Some(last) => write!(f, "{}..{last}", self.first),
            None => write!(f, "{}..", self.first),
        }
    }
}

/// One seed of one scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Work {
    /// The seed. First, because results are in the order of seeds.
    pub seed: u64,
    /// The number of the scenario in the campaign.
    pub scenario: usize,
}

/// The work of a campaign, in order: each seed of every scenario before the next seed, so that a campaign that is
/// stopped has been fair to all of them.
#[derive(Clone, Debug)]
pub struct Plan {
    ranges: Vec<Range>,
    shard: Shard,
    next: Work,
    number: u64,
}

impl Plan {
    /// The share of all seeds in these ranges, one range for each scenario.
    pub fn new(ranges: Vec<Range>, shard: Shard) -> Plan {
        let first = ranges.iter().map(|range| range.first).min().unwrap_or(0);
        Plan { ranges, shard, next: Work { seed: first, scenario: 0 }, number: 0 }
    }

    /// How much work there is; `None` if it does not end.
    pub fn len(&self) -> Option<u64> {
        let lengths = self.ranges.iter().map(|range| Some(range.last? - range.first + 1));
        let all: u64 = lengths.sum::<Option<u64>>()?;
        let (number, count) = (u64::from(self.shard.number), u64::from(self.shard.count));
        Some((all + count - number) / count)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    fn end(&self) -> Option<u64> {
        self.ranges.iter().map(|range| range.last).collect::<Option<Vec<u64>>>()?.into_iter().max()
    }
}

impl Iterator for Plan {
    type Item = Work;

    fn next(&mut self) -> Option<Work> {
        loop {
            if self.ranges.is_empty() || self.end().is_some_and(|end| self.next.seed > end) {
                return None;
            }
            let work = self.next;
            self.next.scenario += 1;
            if self.next.scenario == self.ranges.len() {
                self.next = Work { seed: work.seed.checked_add(1)?, scenario: 0 };
            }
            if self.ranges[work.scenario].holds(work.seed) {
                self.number += 1;
                if self.shard.holds(self.number - 1) {
                    return Some(work);
                }
            }
        }
    }
}

/// A share of a campaign: every `count`-th piece of work, beginning with the `number`-th.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which share, from 1.
    pub number: u32,
    /// How many there are.
    pub count: u32,
}

/// Why a share cannot be known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShardError {
    /// Not the form of a share.
    #[error("`{0}` is not a share: write K/N such as 2/8, auto, or auto/N")]
    Form(String),
    /// A number that is none of the shares.
    #[error("there is no share {number} of {count}: shares are counted from 1")]
    Outside {
        /// The number.
        number: u64,
        /// How many there are.
        count: u64,
    },
    /// Nothing tells which share this is.
    #[error(
        "no job-array variable is set (looked for {}); write the share as K/N",
        ARRAYS.iter().map(|array| array.index).collect::<Vec<_>>().join(", ")
    )]
    NoVariable,
    /// The index is known and the number of shares is not.
    #[error("{index} is set, but nothing tells how many shares there are; write --shard auto/N")]
    NoCount {
        /// The variable.
        index: &'static str,
    },
}

impl Shard {
    /// All of it.
    pub const ALL: Shard = Shard { number: 1, count: 1 };

    fn new(number: u64, count: u64) -> Result<Shard, ShardError> {
        let outside = ShardError::Outside { number, count };
        match (u32::try_from(number), u32::try_from(count)) {
            (Ok(number), Ok(count)) if 1 <= number && number <= count => Ok(Shard { number, count }),
            _ => Err(outside),
        }
    }

    fn holds(&self, number: u64) -> bool {
        number % u64::from(self.count) == u64::from(self.number - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

/// A share as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedShard {
    /// This one.
    Named(Shard),
    /// The one that the variables of a job array name; how many there are, if that was written.
    Auto(Option<u64>),
}

impl FromStr for AskedShard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let wrong = || ShardError::Form(text.to_owned());
        if text == "auto" {
            return Ok(AskedShard::Auto(None));
        }
        let (number, count) = text.split_once('/').ok_or_else(wrong)?;
        let count: u64 = count.parse().map_err(|_| wrong())?;
        if number == "auto" {
            return Ok(AskedShard::Auto(Some(count)));
        }
        Ok(AskedShard::Named(Shard::new(number.parse().map_err(|_| wrong())?, count)?))
    }
}

/// How a job array tells its tasks apart.
struct Array {
    /// The variable with the task's index.
    index: &'static str,
    /// The variable with the index of the first task, or the first index itself.
    first: First,
    /// The variable with the number of tasks, if it tells.
    count: Option<&'static str>,
}

enum First {
    Is(u64),
    In(&'static str),
}

/// The variables of Kubernetes indexed jobs, Slurm, AWS Batch, GitLab, CircleCI and Buildkite, as their manuals name
/// them. Kubernetes and AWS Batch do not tell a task how many there are.
const ARRAYS: &[Array] = &[
    Array { index: "JOB_COMPLETION_INDEX", first: First::Is(0), count: None },
    Array {
        index: "SLURM_ARRAY_TASK_ID",
        first: First::In("SLURM_ARRAY_TASK_MIN"),
        count: Some("SLURM_ARRAY_TASK_COUNT"),
    },
    Array { index: "AWS_BATCH_JOB_ARRAY_INDEX", first: First::Is(0), count: None },
    Array { index: "CI_NODE_INDEX", first: First::Is(1), count: Some("CI_NODE_TOTAL") },
    Array { index: "CIRCLE_NODE_INDEX", first: First::Is(0), count: Some("CIRCLE_NODE_TOTAL") },
    Array { index: "BUILDKITE_PARALLEL_JOB", first: First::Is(0), count: Some("BUILDKITE_PARALLEL_JOB_COUNT") },
];

impl AskedShard {
    /// The share, looked up in `variables` if need be.
    ///
    /// # Errors
    /// [`ShardError`] if the variables do not tell it.
    pub fn resolve(self, variables: impl Fn(&str) -> Option<String>) -> Result<Shard, ShardError> {
        let written = match self {
            AskedShard::Named(shard) => return Ok(shard),
            AskedShard::Auto(written) => written,
        };
        let number = |name: &str| variables(name).and_then(|value| value.trim().parse::<u64>().ok());
        let found = ARRAYS.iter().find_map(|array| Some((array, number(array.index)?)));
        let (array, index) = found.ok_or(ShardError::NoVariable)?;
        let first = match array.first {
            First::Is(first) => first,
            First::In(name) => number(name).unwrap_or(0),
        };
        let count = written.or_else(|| number(array.count?)).ok_or(ShardError::NoCount { index: array.index })?;
        Shard::new((index + 1).saturating_sub(first), count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(shard: Shard) -> Plan {
        Plan::new(vec![Range { first: 1, last: Some(3) }, Range { first: 2, last: Some(5) }], shard)
    }

    #[test]
    fn seeds_go_up_and_every_scenario_gets_its_own() {
        let all: Vec<(u64, usize)> = plan(Shard::ALL).map(|work| (work.seed, work.scenario)).collect();
        assert_eq!(all, [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (4, 1), (5, 1)]);
        assert_eq!(plan(Shard::ALL).len(), Some(7));
    }

    #[test]
    fn shares_are_disjoint_and_together_all() {
        let mut together: Vec<Work> = Vec::new();
        for number in 1..=3 {
            let shard = Shard { number, count: 3 };
            let share: Vec<Work> = plan(shard).collect();
            assert_eq!(plan(shard).len(), Some(share.len() as u64));
            together.extend(share);
        }
        together.sort();
        assert_eq!(together, plan(Shard::ALL).collect::<Vec<_>>());
    }

    #[test]
    fn a_range_without_an_end_goes_on() {
        let plan = Plan::new(vec![Range { first: 7, last: None }], Shard::ALL);
        assert_eq!(plan.len(), None);
        assert_eq!(plan.take(2).map(|work| work.seed).collect::<Vec<_>>(), [7, 8]);
    }

    fn resolved(asked: &str, variables: &[(&str, &str)]) -> Result<String, ShardError> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
        asked.parse::<AskedShard>()?.resolve(find).map(|shard| shard.to_string())
    }

    #[test]
    fn job_arrays_tell_the_share() {
        let slurm = [("SLURM_ARRAY_TASK_ID", "12"), ("SLURM_ARRAY_TASK_MIN", "10"), ("SLURM_ARRAY_TASK_COUNT", "4")];
        assert_eq!(resolved("auto", &slurm).as_deref(), Ok("3/4"));
        assert_eq!(resolved("auto/8", &[("JOB_COMPLETION_INDEX", "0")]).as_deref(), Ok("1/8"));
        assert_eq!(resolved("auto", &[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "2")]).as_deref(), Ok("2/2"));
        assert_eq!(resolved("2/8", &slurm).as_deref(), Ok("2/8"));
        let no_count = ShardError::NoCount { index: "JOB_COMPLETION_INDEX" };
        assert_eq!(resolved("auto", &[("JOB_COMPLETION_INDEX", "0")]), Err(no_count));
        assert_eq!(resolved("auto", &[]), Err(ShardError::NoVariable));
        assert_eq!(resolved("auto/2", &[("CI_NODE_INDEX", "3")]), Err(ShardError::Outside { number: 3, count: 2 }));
        for wrong in ["0/4", "5/4", "x", "1/0", "1/x"] {
            assert!(resolved(wrong, &[]).is_err(), "{wrong}");
        }
    }
}
