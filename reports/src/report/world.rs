//! What the run was made of: settings, sources, limits and excerpts of native logs.
//!
//! A reader who doubts a finding looks here first: every value that was in force is listed with where it came
//! from, and everything that was left out of the report or of the simulation is said.

use serde::{Deserialize, Serialize};

use super::{Moment, Sentence};

/// Where a setting's value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The scenario says so.
    Written,
    /// The seed drew it.
    Drawn,
    /// Nobody said anything.
    Default,
}

/// One setting of the world, the product, the workload or the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Its dotted name as scenarios spell it: `network.latency`.
    pub name: String,
    /// Its value, with its unit.
    pub value: String,
    /// Its value in Chinese, where it is more than a number or a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_zh: Option<String>,
    /// Where the value came from.
    pub origin: Origin,
}

impl Setting {
    /// Its value, as a sentence where it is more than a number or a name.
    pub fn told(&self) -> Sentence {
        Sentence { en: self.value.clone(), zh: self.value_zh.clone() }
    }
}

/// What this report does not show and this run did not simulate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// What was cut from the report for size.
    pub cut: Vec<Sentence>,
    /// What the product model leaves out.
    pub not_simulated: Vec<Sentence>,
    /// Where the model's behaviour comes from.
    pub sources: Vec<String>,
}

/// A line of a native log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written.
    pub at: Moment,
    /// The line as the product prints it.
    pub text: String,
}

/// Lines of one native log that matter here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogExcerpt {
    /// The host it is on.
    pub host: String,
    /// The file, as the product places it.
    pub file: String,
    /// The lines.
    pub lines: Vec<LogLine>,
}

/// What the product's own status command would have printed at some moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusOutput {
    /// When.
    pub at: Moment,
    /// The command.
    pub command: String,
    /// What it printed.
    pub lines: Vec<String>,
}
