//! How a run ended, in words that many seeds can share: what distinguishes outcomes, and nothing that only differs in
//! time.

use std::collections::{BTreeMap, BTreeSet};

use nodes::world::trace::{Place, ProcessChange, What};
use serde::Serialize;

use crate::check::Answer;
use crate::run::Record;
use crate::run::record::StepOutcome;
use crate::verdict::{Outcome, Verdict};

/// The way a run ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ending {
    /// `as-expected`, `not-as-expected` or `inconclusive`.
    pub verdict: &'static str,
    /// Checks that were violated.
    pub violated: Vec<String>,
    /// Checks that could not tell.
    pub undecided: Vec<String>,
    /// How often each process ended by itself: `dn1/gaussdb`.
    pub exits: BTreeMap<String, u64>,
    /// Steps that did not succeed.
    pub failed_steps: Vec<String>,
    /// Who accepts writes at the end.
    pub writable: Vec<String>,
    /// How often service was away; two or more are told as 2.
    pub outages: u64,
}

impl Ending {
    /// The ending of a run.
    pub fn of(record: &Record, verdict: &Verdict, outages: usize) -> Self {
        let answered = |answer: Answer| {
            let checks = verdict.checks.iter().filter(|check| check.finding.answer == answer);
            checks.map(|check| check.name.clone()).collect()
        };
        let failed = record.steps.iter().filter(|step| step.outcome != StepOutcome::Succeeded);
        let last = record.states.last();
        let writable = last.iter().flat_map(|snapshot| &snapshot.nodes).filter(|node| node.writable);
        Ending {
            verdict: match verdict.outcome {
                Outcome::AsExpected => "as-expected",
                Outcome::NotAsExpected => "not-as-expected",
                Outcome::Inconclusive => "inconclusive",
            },
            violated: answered(Answer::Violated),
            undecided: answered(Answer::CouldNotTell),
            exits: exits(record),
            failed_steps: failed.map(|step| step.name.clone()).collect(),
            writable: writable.map(|node| node.host.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
            outages: outages.min(2) as u64,
        }
    }

    /// The ending in a sentence.
    pub fn told(&self, chinese: bool) -> String {
        let mut parts = Vec::new();
        let mut say = |list: &[String], english: &str, zh: &str| {
            if !list.is_empty() {
                let word = if chinese { zh } else { english };
                parts.push(format!("{word} {}", list.join(", ")));
            }
        };
        say(&self.violated, "violated:", "违反:");
        say(&self.undecided, "could not tell:", "无法判定:");
        let exits: Vec<String> = self
            .exits
            .iter()
            .map(|(process, times)| if *times > 1 { format!("{process} ×{times}") } else { process.clone() })
            .collect();
        say(&exits, "ends by itself:", "自行退出:");
        say(&self.failed_steps, "step fails:", "步骤失败:");
        say(&self.writable, "writable at the end:", "结束时可写:");
        parts.push(match (self.outages, chinese) {
            (0, false) => "no outage".to_owned(),
            (0, true) => "无中断".to_owned(),
            (1, false) => "one outage".to_owned(),
            (1, true) => "中断一次".to_owned(),
            (_, false) => "several outages".to_owned(),
            (_, true) => "中断多次".to_owned(),
        });
        parts.join("; ")
    }
}

/// How often each process ended by itself, commands of the operator not counted.
fn exits(record: &Record) -> BTreeMap<String, u64> {
    let mut exits = BTreeMap::new();
    for event in record.trace.events() {
        let Place::Process(process, _) = event.place else { continue };
        if matches!(event.what, What::Process(ProcessChange::Exited(_))) {
            *exits.entry(record.trace.process_name(process)).or_insert(0) += 1;
        }
    }
    exits
}
