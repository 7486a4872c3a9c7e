//! Verdicts: what each check answered and what the whole run is worth.
//!
//! A check has three answers and a run has three outcomes; neither is ever a plain yes or no, because
//! "could not tell" must not look like "holds". Nothing here decides: `sim` does, this only carries it.

use serde::{Deserialize, Serialize};

use super::{Moment, Sentence};

/// The outcome of a run against its `[expect]`, ordered from best to worst: the worst of several decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every expectation was met; a hazard that was expected and shown counts.
    AsExpected,
    /// A budget ended first, a fault never bit, or a `sometimes` was never reached.
    Inconclusive,
    /// A violation nobody expected, or an expected one that did not appear.
    NotAsExpected,
}

/// What the scenario expects of its checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedVerdict {
    /// Every check holds.
    #[default]
    Pass,
    /// The named checks are violated: the scenario shows a hazard.
    Violation,
}

/// `[expect]` of the scenario.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Expectation {
    /// Pass or violation.
    pub verdict: ExpectedVerdict,
    /// The checks whose violation is expected.
    pub of: Vec<String>,
    /// Why, in the author's words.
    pub because: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because_zh: Option<String>,
}

impl Expectation {
    /// Why the author expects it, as a sentence.
    pub fn because(&self) -> Option<Sentence> {
        Sentence::of(self.because.as_deref(), self.because_zh.as_deref())
    }
}

/// The verdict on the whole run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// As expected, not as expected, or inconclusive.
    pub outcome: Outcome,
    /// Whether an expected violation was shown: the page then says "hazard shown", never "passed".
    pub hazard_shown: bool,
    /// One sentence of cause.
    pub cause: Sentence,
    /// What had been expected.
    pub expectation: Expectation,
    /// The shortest plan known to show the same finding, once somebody has shrunk it.
    pub shortest: Option<ShortestPlan>,
}

/// How far a finding could be shrunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortestPlan {
    /// Steps left.
    pub steps: u64,
    /// Faults left.
    pub faults: u64,
    /// Steps of the plan that was shrunk.
    pub steps_before: u64,
    /// Faults of the plan that was shrunk.
    pub faults_before: u64,
}

/// When a check must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// At every event of the run.
    Always,
    /// At the latest a bound after something happened.
    Eventually,
    /// At least once: proof that the run reached what it is about.
    Sometimes,
}

/// What a check answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The promise was kept.
    Holds,
    /// The promise was broken.
    Violated,
    /// Neither could be shown.
    CouldNotTell,
}

/// One check and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The name it has in scenarios, for example `single-writer`.
    pub name: String,
    /// What it promises, in one sentence.
    pub promise: Sentence,
    /// When it must hold.
    pub mode: Mode,
    /// What it answered.
    pub answer: Answer,
    /// The first event that breaks the promise; for a `sometimes` that holds, the event that reached it.
    pub evidence: Option<Evidence>,
    /// Why: for a violation the first line is the finding, the others are its details.
    pub explanation: Vec<Sentence>,
    /// Whether the scenario expected this answer.
    pub expected: bool,
    /// The line of the scenario file that asks for it.
    pub line: Option<u32>,
}

/// The event a check points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// Its number in the trace.
    pub event: u64,
    /// Its moment.
    pub at: Moment,
}

impl Check {
    /// Whether this is a `sometimes` that never happened, which deserves words of its own.
    pub fn never_reached(&self) -> bool {
        self.mode == Mode::Sometimes && self.answer == Answer::CouldNotTell
    }
}
