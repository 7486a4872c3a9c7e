//! `--format jsonl`: one object for each finished seed, and one object at the end that sums them up.
//!
//! Every line is complete in itself, so a file can be cut after any of them, appended to and merged. The shape is
//! a promise to other people's scripts: it carries a version, grows only, and is pinned by snapshot tests.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::{FORMAT, Outcome};
use crate::summary::{ScenarioSummary, SeedLine, Summary};

/// The line of one finished seed, without a line break.
pub fn seed_line(line: &SeedLine) -> String {
    serde_json::to_string(line).expect("a seed line holds only strings and integers")
}

/// The last line, without a line break. It is told apart from the others by its key `summary`.
pub fn summary_line(summary: &Summary) -> String {
    let last = LastLine { format: FORMAT, summary: Totals::of(summary) };
    serde_json::to_string(&last).expect("a summary holds only strings and integers")
}

#[derive(Serialize)]
struct LastLine<'a> {
    format: u32,
    summary: Totals<'a>,
}

#[derive(Serialize)]
struct Totals<'a> {
    verdict: Option<Outcome>,
    seeds: u64,
    events: u64,
    simulated_ms: u64,
    scenarios: Vec<ScenarioTotals<'a>>,
}

#[derive(Serialize)]
struct ScenarioTotals<'a> {
    scenario: &'a str,
    verdict: Outcome,
    seeds: u64,
    first_seed: u64,
    last_seed: u64,
    as_expected: u64,
    not_as_expected: u64,
    inconclusive: u64,
    worst_seed: Option<u64>,
    rto_ms: RtoTotals,
    lost_commits: u64,
    violated: BTreeMap<&'a str, u64>,
}

#[derive(Serialize)]
struct RtoTotals {
    p50: Option<u64>,
    p95: Option<u64>,
    p99: Option<u64>,
    worst: Option<u64>,
    never_served_again: u64,
}

impl<'a> Totals<'a> {
    fn of(summary: &'a Summary) -> Self {
        Self {
            verdict: summary.verdict(),
            seeds: summary.seeds,
            events: summary.events,
            simulated_ms: summary.simulated_ms,
            scenarios: summary.scenarios.values().map(ScenarioTotals::of).collect(),
        }
    }
}

impl<'a> ScenarioTotals<'a> {
    fn of(summary: &'a ScenarioSummary) -> Self {
        Self {
            scenario: &summary.scenario,
            verdict: summary.verdict,
            seeds: summary.seeds,
            first_seed: summary.first_seed,
            last_seed: summary.last_seed,
            as_expected: summary.as_expected,
            not_as_expected: summary.not_as_expected,
            inconclusive: summary.inconclusive,
            worst_seed: summary.worst_seed,
            rto_ms: RtoTotals {
                p50: summary.rto_quantile(500),
                p95: summary.rto_quantile(950),
                p99: summary.rto_quantile(990),
                worst: summary.rto_quantile(1_000),
                never_served_again: summary.never_served_again,
            },
            lost_commits: summary.lost_commits,
            violated: summary.checks.iter().map(|check| (check.name.as_str(), check.violated)).collect(),
        }
    }
}
