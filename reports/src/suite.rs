//! A scenario as a test suite: every check a case, over all seeds that ran.
//!
//! CI systems know passed and failed. This is the one place that says which of the two a case is, so that JUnit,
//! annotations and the job summary agree: a violation that was expected is a hazard shown, a case that could not
//! be told is neither, and nothing undecided ever counts as passed.

use crate::report::{Answer, Check, ExpectedVerdict, Outcome, Report, Sentence};
use crate::summary::{CheckSummary, ScenarioSummary};

/// All seeds of a scenario, and one run to tell about.
#[derive(Debug, Clone, Copy)]
pub struct Suite<'a> {
    /// What the seeds add up to.
    pub summary: &'a ScenarioSummary,
    /// The report of one of them: the worst, when there is a worst.
    pub example: &'a Report,
}

/// A seed that could not be run to its end, or ran differently twice: it has no report, and must not vanish from CI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenSeed {
    /// The scenario file as it was named on the command line.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// What went wrong, in one sentence.
    pub what: String,
    /// The command that shows it again.
    pub again: String,
}

/// What a case is in the eyes of CI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseAnswer {
    /// The promise was kept in every seed.
    Passed,
    /// It was broken, and the scenario is there to show that.
    HazardShown,
    /// In some seed it could not be told.
    Undecided,
    /// It was broken in some seed, or an expected violation did not appear.
    Failed,
}

/// One case: a check over all seeds.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The check over all seeds.
    pub check: &'a CheckSummary,
    /// What it is in the eyes of CI.
    pub answer: CaseAnswer,
    /// The check in the example run, when that gave the same answer.
    pub example: Option<&'a Check>,
    /// Whether its violation was expected.
    pub violation_expected: bool,
}

impl<'a> Suite<'a> {
    /// The cases, in the scenario's order.
    pub fn cases(&self) -> Vec<Case<'a>> {
        self.summary.checks.iter().map(|check| self.case(check)).collect()
    }

    /// The scenario's expectation as a case of its own: it can fail although no check does, for instance when
    /// a fault never had an effect.
    pub fn expectation(&self) -> CaseAnswer {
        match self.summary.verdict {
            Outcome::NotAsExpected => CaseAnswer::Failed,
            Outcome::Inconclusive => CaseAnswer::Undecided,
            Outcome::AsExpected if self.expects_violation() => CaseAnswer::HazardShown,
            Outcome::AsExpected => CaseAnswer::Passed,
        }
    }

    /// The sentence of cause of the example, when it is an example of the scenario's verdict.
    pub fn cause(&self) -> Option<&'a Sentence> {
        let verdict = &self.example.verdict;
        (verdict.outcome == self.summary.verdict).then_some(&verdict.cause)
    }

    /// The command that runs `seed` again.
    pub fn again(&self, seed: u64) -> String {
        if seed == self.example.run.seed {
            return self.example.run.again.clone();
        }
        format!("simrun {} --seed {seed}", self.summary.scenario)
    }

    /// The seeds that ran, as they are written on the command line.
    pub fn seeds(&self) -> String {
        match (self.summary.first_seed, self.summary.last_seed) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}..{last}"),
        }
    }

    fn expects_violation(&self) -> bool {
        self.example.verdict.expectation.verdict == ExpectedVerdict::Violation
    }

    fn case(&self, check: &'a CheckSummary) -> Case<'a> {
        let named = self.example.verdict.expectation.of.contains(&check.name);
        let violation_expected = self.expects_violation() && named;
        let answer = match check {
            _ if check.violated > 0 && violation_expected => CaseAnswer::HazardShown,
            _ if check.violated > 0 => CaseAnswer::Failed,
            // The run's verdict knows whether every named violation is asked for or any of them.
            _ if violation_expected && self.summary.verdict == Outcome::NotAsExpected => CaseAnswer::Failed,
            _ if check.could_not_tell > 0 => CaseAnswer::Undecided,
            _ => CaseAnswer::Passed,
        };
        let shows = |example: &&Check| match answer {
            CaseAnswer::HazardShown | CaseAnswer::Failed => example.answer == Answer::Violated,
            CaseAnswer::Undecided => example.answer == Answer::CouldNotTell,
            CaseAnswer::Passed => example.answer == Answer::Holds,
        };
        let example = self.example.checks.iter().find(|example| example.name == check.name).filter(shows);
        Case { check, answer, example, violation_expected }
    }
}
