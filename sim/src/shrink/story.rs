//! What a shrunk scenario shows, in prose: for the head of its file, its entries, and the screen.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Shrunk, Size, operations};
use crate::document::print::{Comments, commented};
use crate::scenario::Accepted;
use crate::scenario::values::print_duration;

/// The story of a shrunk scenario.
pub struct Story {
    /// Where it comes from.
    pub origin: String,
    /// What happens, in the order of time.
    pub deeds: String,
    /// What is left of what, and whether more could go.
    pub size: String,
    /// How sure it is to show again, and what would make it pass.
    pub certainty: String,
    /// When each entry acted.
    entries: BTreeMap<String, String>,
}

impl Story {
    /// The story of what came of shrinking this seed of this scenario.
    pub fn of(original: &Accepted, seed: u64, shrunk: &Shrunk) -> Story {
        let scenario = &original.scenario;
        Story {
            origin: format!(
                "{}: what is left of {}, seed {seed}, when all is taken away that `{}` does not need to be {}.",
                scenario.drill.title, scenario.path, shrunk.signature.check, shrunk.signature.kind
            ),
            deeds: deeds(shrunk),
            size: size(shrunk),
            certainty: certainty(seed, shrunk),
            entries: entries(shrunk),
        }
    }

    /// The paragraphs, in order.
    pub fn paragraphs(&self) -> [&str; 4] {
        [&self.origin, &self.deeds, &self.size, &self.certainty]
    }

    /// The file of the shrunk scenario, with its story.
    pub fn file(&self, shrunk: &Shrunk) -> String {
        let head = self.paragraphs().map(str::to_owned).to_vec();
        commented(&shrunk.document, &Comments { head, entries: self.entries.clone() })
    }
}

/// More operations than this are not told one by one.
const OPERATIONS_TOLD: usize = 6;

/// What was done and what came of it, sentence after sentence.
fn deeds(shrunk: &Shrunk) -> String {
    let (scenario, record) = (&shrunk.accepted.scenario, &shrunk.trial.record);
    let mut deeds: Vec<(Duration, String)> = Vec::new();
    for (step, record) in scenario.steps.iter().zip(&record.steps) {
        let Some(began) = record.began else { continue };
        let typed: Vec<String> = record.commands.iter().map(|it| format!("`{}` on {}", it.line(), it.host)).collect();
        let deed = match typed.as_slice() {
            [] => step.verb.story().en,
            typed => format!("types {}", typed.join(", ")),
        };
        deeds.push((began.elapsed(), format!("the operator {deed}")));
    }
    for (fault, record) in scenario.faults.iter().zip(&record.faults) {
        let Some(fired) = record.fired else { continue };
        let lasts = record.lasts.map_or(String::new(), |lasts| format!(" for {}", print_duration(lasts)));
        deeds.push((fired.elapsed(), format!("the fault {} {}{lasts}", fault.name, fault.verb.story().en)));
    }
    let history = &record.history;
    if history.operations.len() <= OPERATIONS_TOLD {
        deeds.extend(history.operations.iter().map(|it| (it.called.elapsed(), history.tell(it).en)));
    }
    deeds.sort_by_key(|(at, _)| *at);
    let mut told: Vec<String> = deeds.into_iter().map(|(at, deed)| format!("At {} {deed}.", seconds(at))).collect();
    if let Some(check) = shrunk.signature.shown_in(&shrunk.trial.verdict) {
        let when = check.finding.at.map_or("At the end".to_owned(), |at| format!("At {}", seconds(at.elapsed())));
        let said = check.finding.explanation.first().map_or("", |said| said.en.as_str());
        told.push(format!("{when} {} is broken: {}", check.name, sentence(said)));
    } else {
        let cause = shrunk.trial.verdict.cause.as_ref().map_or("", |cause| cause.en.as_str());
        told.push(format!("In the end: {}", sentence(cause)));
    }
    told.join(" ")
}

/// Milliseconds are enough for a person.
fn seconds(at: Duration) -> String {
    print_duration(Duration::from_millis(u64::try_from(at.as_millis()).unwrap_or(u64::MAX)))
}

fn sentence(said: &str) -> String {
    let said = said.trim();
    if said.ends_with('.') { said.to_owned() } else { format!("{said}.") }
}

fn size(shrunk: &Shrunk) -> String {
    let told = |size: &Size, operations: u64| {
        [
            counted(size.steps, "step"),
            counted(size.faults, "fault"),
            counted(size.nodes, "host"),
            counted(size.clients, "client"),
            counted(operations, "operation"),
        ]
        .join(", ")
    };
    let minimal = if shrunk.is_minimal {
        let of_these = match shrunk.operations.1 > operations::FEW as u64 {
            true => "None of these but the operations, which are too many to try each,",
            false => "None of these,",
        };
        &format!("{of_these} no defect and no parameter can be taken away alone without losing the finding (1-minimal)")
    } else {
        "The budget of runs ended first, so more may be taken away"
    };
    let (before, after) = shrunk.operations;
    let (before, after) = (told(&shrunk.before, before), told(&shrunk.after, after));
    format!("Left: {after}; of: {before}. {minimal}; {} runs.", shrunk.runs)
}

fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn certainty(seed: u64, shrunk: &Shrunk) -> String {
    let kept = if shrunk.seed == seed {
        String::new()
    } else {
        format!("The file runs seed {}, which shows the same as seed {seed} and earlier. ", shrunk.seed)
    };
    let seeds = match shrunk.other_seeds {
        (_, 0) => "No other seed was tried.".to_owned(),
        (failing, tried) if failing == tried => format!("All of {tried} other seeds show the same."),
        (0, tried) => format!("None of {tried} other seeds shows the same: it takes this seed."),
        (failing, tried) => format!("{failing} of {tried} other seeds show the same."),
    };
    let twin = match &shrunk.twin {
        Some(twin) => format!("It passes if {}.", twin.change),
        None => "No small change was found that makes it pass.".to_owned(),
    };
    format!("{kept}{seeds} {twin}")
}

fn entries(shrunk: &Shrunk) -> BTreeMap<String, String> {
    let record = &shrunk.trial.record;
    let mut told = BTreeMap::new();
    for step in &record.steps {
        if let Some(began) = step.began {
            told.insert(step.name.clone(), format!("It begins at {}.", seconds(began.elapsed())));
        }
    }
    for fault in &record.faults {
        if let Some(fired) = fault.fired {
            let whom =
                if fault.targets.is_empty() { String::new() } else { format!(" on {}", fault.targets.join(", ")) };
            told.insert(fault.name.clone(), format!("It acts at {}{whom}.", seconds(fired.elapsed())));
        }
    }
    told
}
