//! A small product of our own for the tests, and the way from a scenario's text to its record.

mod database;
mod pair;

use nodes::world::trace::Keep;

use super::{Record, RunError, RunOptions, run_scenario};
use crate::draws::Draws;
use crate::scenario::source::Source;
use crate::scenario::vocabulary::Vocabulary;
use crate::scenario::{Accepted, check};

pub(crate) use pair::PAIR;

/// The words of the test product.
pub(crate) fn vocabulary() -> Vocabulary {
    crate::vocabulary::of_products(&[PAIR])
}

/// Head of a scenario: two hosts of the test product under load.
pub(crate) const HEAD: &str = r#"
format = 1
[drill]
id = "T-1"
title = "a test"
[product]
model = "pair"
[[node]]
name = "a"
role = "primary"
[[node]]
name = "b"
role = "standby"
[workload]
kind = "register"
keys = 40
timeout = "1s"
[run]
time-limit = "30s"
"#;

/// A scenario of the test product: [`HEAD`] and what comes after it.
pub(crate) fn accepted(body: &str) -> Accepted {
    let text = format!("{HEAD}{body}");
    check(Source::new("scenarios/test.toml", text), &vocabulary()).unwrap_or_else(|rejected| {
        let mistakes: Vec<_> = rejected.diagnostics.iter().map(|it| format!("{} {:?}", it.message, it.help)).collect();
        panic!("the test's scenario is wrong: {mistakes:#?}")
    })
}

/// Runs it.
pub(crate) fn run_with(body: &str, seed: u64, keep: Keep) -> Result<Record, RunError> {
    let scenario = accepted(body).scenario;
    let options = RunOptions { keep, ..RunOptions::default() };
    run_scenario(&scenario, &PAIR, &Draws::of(&scenario, seed), &options)
}

/// Runs it; nothing is expected to go wrong with the run itself.
pub(crate) fn run(body: &str, seed: u64) -> Record {
    run_with(body, seed, Keep::default()).unwrap_or_else(|error| panic!("{error}"))
}
