//! What was done to the cluster: the operator's steps and the faults.
//!
//! Each carries what was planned beside what happened, because a drill report is read for the difference.

use serde::{Deserialize, Serialize};

use super::{Moment, Sentence};

/// Whether a step changes the cluster or only looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// It changes something.
    #[default]
    Change,
    /// It prints a status; its output is worth showing.
    Query,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// It returned and said it succeeded.
    Succeeded,
    /// It returned and said it failed.
    Failed,
    /// Its own time limit ended it.
    TimedOut,
    /// The run ended before it did.
    Unfinished,
    /// What it waits for never happened.
    NeverStarted,
}

/// One operator step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name in the scenario.
    pub name: String,
    /// The host it runs on.
    pub host: String,
    /// The product's own command line, also where the scenario used a portable verb.
    pub command: String,
    /// Whether it changes the cluster or only looks.
    pub kind: StepKind,
    /// When the scenario wants it, in the scenario's words: `at 20s`, `5s after promote-new`.
    pub planned: String,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_zh: Option<String>,
    /// When it began.
    pub started: Option<Moment>,
    /// When it returned.
    pub ended: Option<Moment>,
    /// How it ended.
    pub outcome: StepOutcome,
    /// What it returned to the shell.
    pub exit_code: Option<i32>,
    /// What it printed.
    pub output: Vec<String>,
    /// The lines of it worth showing on one screen; empty when all of them are.
    pub excerpt: Vec<String>,
    /// What should have come of it, when somebody wrote that down.
    pub expected: Option<Sentence>,
    /// The nodes that were primary when it returned.
    pub primary_after: Vec<String>,
    /// The nodes that could write when it returned.
    pub writers_after: Vec<String>,
}

/// How often a fault did each thing a fault does in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EffectCounts {
    /// Times its trigger came and it stood ready.
    pub armed: u64,
    /// Times it acted.
    pub fired: u64,
    /// Effects seen in the run: messages dropped, writes refused, a process gone.
    pub observed: u64,
    /// Times it was undone.
    pub repaired: u64,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Its name in the scenario.
    pub name: String,
    /// What it does: `kill`, `cut`, `slow`.
    pub verb: String,
    /// The same in a sentence, as the scenario means it: `kills the database process of dn2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Sentence>,
    /// To whom, roles already bound to names.
    pub target: String,
    /// When the scenario wants it, with what the seed drew: `12ms after dn2.reformer-lock.acquired`.
    pub planned: String,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_zh: Option<String>,
    /// When it acted first.
    pub fired: Option<Moment>,
    /// When it was over or undone; a kill has no end.
    pub ended: Option<Moment>,
    /// How often it did what.
    pub effects: EffectCounts,
    /// The proof that it bit, in one sentence. Without proof the run is inconclusive.
    pub proof: Option<Sentence>,
}

impl Step {
    /// When the scenario wants it, as a sentence.
    pub fn planned(&self) -> Sentence {
        Sentence { en: self.planned.clone(), zh: self.planned_zh.clone() }
    }
}

impl Fault {
    /// When the scenario wants it, as a sentence.
    pub fn planned(&self) -> Sentence {
        Sentence { en: self.planned.clone(), zh: self.planned_zh.clone() }
    }

    /// What it does to whom.
    pub fn deed(&self) -> Sentence {
        self.told.clone().unwrap_or_else(|| format!("{} {}", self.verb, self.target).into())
    }

    /// Whether the fault is proved to have had an effect. A fault of the storage may strike and never be noticed.
    pub fn bit(&self) -> bool {
        self.effects.fired > 0 && self.proof.is_some()
    }
}
