//! The checks: rules that a run must keep, each judged on the record alone.
//!
//! They exist so that a run is judged by what it did, not by what a node says about itself. One file holds one
//! check; [`catalogue`] lists them all with the promise each makes.
//!
//! A check is a pure function: the same record always gives the same finding. It never looks at a node, never
//! runs anything and never guesses: when its budget ends before it knows, it says so.

pub mod announced;
pub mod catalogue;
pub mod device_at;
pub mod dm_dsc;
pub mod fenced_means_silent;
pub mod isolation;
pub mod kingbase;
pub mod linearizable;
pub mod log_intact;
pub mod log_reader;
pub mod log_writes;
pub mod no_lost_commit;
pub mod no_stale_read;
pub mod one_lock_holder;
pub mod opengauss_dms;
pub mod opengauss_ha;
pub mod polardb;
pub mod recycled_log;
pub mod single_writer;
pub mod total_conserved;
pub mod written_trace;

use nodes::world::time::Instant;
use reports::{Sentence, sentence};
use serde::{Deserialize, Serialize};

use crate::history::{History, json_lines};

/// What a check says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The promise was kept.
    Holds,
    /// The check could not decide, or there was nothing to decide on. Never a pass.
    CouldNotTell,
    /// The promise was broken.
    Violated,
}

impl Answer {
    /// The word for people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Answer::Holds => "holds",
            Answer::CouldNotTell => "could-not-tell",
            Answer::Violated => "violated",
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

/// The answer of one check, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The name of the check.
    pub check: String,
    /// What it says.
    pub answer: Answer,
    /// The first event that breaks the promise: its number in the trace, or its line in the file.
    pub event: Option<u64>,
    /// When that event was.
    pub at: Option<Instant>,
    /// Why, in whole sentences.
    pub explanation: Vec<Sentence>,
}

impl Finding {
    /// The promise was kept.
    pub fn holds(check: &str) -> Finding {
        Finding { check: check.to_string(), answer: Answer::Holds, event: None, at: None, explanation: Vec::new() }
    }

    /// The check could not decide, for this reason.
    pub fn could_not_tell(check: &str, reason: impl Into<Sentence>) -> Finding {
        Finding { answer: Answer::CouldNotTell, explanation: vec![reason.into()], ..Finding::holds(check) }
    }

    /// The explanation in English, a sentence a line.
    pub fn told(&self) -> String {
        self.explanation.iter().map(|line| line.en.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The promise was broken at this moment.
    pub fn violated(check: &str, event: Option<u64>, at: Option<Instant>, explanation: Vec<Sentence>) -> Finding {
        Finding { answer: Answer::Violated, event, at, explanation, ..Finding::holds(check) }
    }
}

/// Several names where a sentence has one: `dn1 and dn2`.
fn all_of(names: impl Iterator<Item: std::fmt::Display>) -> Sentence {
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    Sentence::new(names.join(" and "), names.join("、"))
}

/// How much work and memory a check may spend before it must say that it could not tell.
///
/// Work is counted in steps, not in seconds, so that the answer is the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Steps of the search.
    pub steps: u64,
    /// Bytes of memory for what the search remembers.
    pub memory: usize,
}

impl Default for Budget {
    /// Some ten seconds of one core, and 256 MB.
    fn default() -> Self {
        Budget { steps: 50_000_000, memory: 256 << 20 }
    }
}

/// Judges a history in its written form, as the examples of the catalogue are.
fn judge_written_history(check: &str, text: &str, judge: impl Fn(&History) -> Finding) -> Finding {
    match json_lines::read(text) {
        Ok(history) => judge(&history),
        Err(error) => {
            Finding::could_not_tell(check, sentence!("the history cannot be read: {error}", "历史文件无法读取:{error}"))
        }
    }
}
