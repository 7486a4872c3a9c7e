//! What a seed leaves behind in the results of a campaign: a line that can be read again.
//!
//! It is the line of `simrun run --format jsonl` and three things that only a campaign needs: the signature of a
//! failure, the abstract states that were seen, and why a seed has no result.

use std::collections::BTreeSet;

use nodes::product::Product;
use reports::{Outcome, RpoLine, SeedLine};
use serde::{Deserialize, Serialize};

use super::abstract_state::{self, State};
use super::signature::Signature;
use super::trial::{self, Trial};
use crate::guided::trail::Trail;
use crate::run::RunError;
use crate::scenario::{Accepted, Scenario};
use crate::tell::{self, Tale};

/// One finished seed of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExploredSeed {
    /// What every finished seed tells.
    #[serde(flatten)]
    pub line: SeedLine,
    /// In which way it failed.
    pub signature: Option<String>,
    /// Why there is no result; nothing else about the run is known then.
    pub error: Option<String>,
    /// The abstract states it went through: eight hexadecimal digits each, in ascending order.
    pub states: String,
    /// The configuration that was drawn for it, in a campaign that draws one for each seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swarm: Option<String>,
    /// What a guided search goes on from; none in other campaigns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<Trail>,
}

impl ExploredSeed {
    /// Runs a seed and says what it leaves behind.
    pub fn of(accepted: &Accepted, product: &Product, seed: u64, interrupted: fn() -> bool) -> ExploredSeed {
        let scenario = &accepted.scenario;
        match trial::run(scenario, product, seed, interrupted) {
            Ok(trial) => ExploredSeed::finished(accepted, product, &trial),
            Err(error) => ExploredSeed::broken(scenario, seed, &error),
        }
    }

    /// What a run leaves behind.
    pub fn finished(accepted: &Accepted, product: &Product, trial: &Trial) -> ExploredSeed {
        let tale = Tale {
            scenario: &accepted.scenario,
            text: accepted.source.text(),
            product,
            draws: &trial.draws,
            record: &trial.record,
            verdict: &trial.verdict,
        };
        ExploredSeed {
            line: tell::seed_line(&tale),
            signature: Signature::of_failure(&trial.verdict).map(|signature| signature.to_string()),
            error: None,
            states: written(&abstract_state::states(&trial.record)),
            swarm: None,
            trail: None,
        }
    }

    /// A seed whose run came to nothing.
    pub fn broken(scenario: &Scenario, seed: u64, error: &RunError) -> ExploredSeed {
        let signature = Signature::of_error(error).to_string();
        ExploredSeed::without_result(&scenario.path, seed, signature, error.to_string())
    }

    /// A seed that could not be run, because what was drawn for it is no scenario.
    pub fn refused(scenario: &str, seed: u64, why: &str) -> ExploredSeed {
        ExploredSeed::without_result(
            scenario,
            seed,
            "model refused: what was drawn is no scenario".to_owned(),
            why.to_owned(),
        )
    }

    fn without_result(scenario: &str, seed: u64, signature: String, error: String) -> ExploredSeed {
        let line = SeedLine {
            format: reports::FORMAT,
            scenario: scenario.to_owned(),
            seed,
            verdict: Outcome::NotAsExpected,
            hash: String::new(),
            checks: Vec::new(),
            rto_ms: None,
            rpo: RpoLine { lost_commits: None, window_ms: None },
            simulated_ms: 0,
            events: 0,
        };
        ExploredSeed {
            line,
            signature: Some(signature),
            error: Some(error),
            states: String::new(),
            swarm: None,
            trail: None,
        }
    }

    /// The abstract states.
    pub fn states(&self) -> impl Iterator<Item = State> + '_ {
        let digits = self.states.as_bytes().chunks(8);
        digits.filter_map(|digits| State::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
    }

    /// The line, without a line break.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a line holds only strings and integers")
    }
}

fn written(states: &BTreeSet<State>) -> String {
    states.iter().map(|state| format!("{state:08x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::{PAIR, accepted};

    const KILL: &str = "[[fault]]\nname = \"kill\"\nat = \"5s\"\nkill = \"a\"\n[[check]]\neventually = \"converged\"\n";

    #[test]
    fn a_line_is_read_back_as_it_was() {
        let line = ExploredSeed::of(&accepted(KILL), &PAIR, 3, || false);
        assert_eq!(line.line.seed, 3);
        assert!(line.signature.as_ref().is_some_and(|it| it.starts_with("converged violated")), "{line:?}");
        assert!(line.states().count() > 1);
        let again: ExploredSeed = serde_json::from_str(&line.to_json()).expect("its own JSON");
        assert_eq!(again, line);
        assert_eq!(again.to_json(), line.to_json());
    }
}
