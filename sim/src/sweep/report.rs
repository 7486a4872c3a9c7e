//! What was tried and what broke, as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::{Answer, Tried};
use crate::explore::line::ExploredSeed;
use crate::scenario::values::print_duration;

/// How many distinct findings are told one by one.
pub(super) const FINDINGS_TOLD: usize = 20;

/// Counts of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Every check held.
    pub held: u64,
    /// Something broke.
    pub broke: u64,
    /// Something could not be told.
    pub could_not_tell: u64,
    /// The fault did not bite.
    pub did_not_bite: u64,
    /// It could not be done.
    pub refused: u64,
}

impl Counts {
    /// The counts of these attempts.
    pub fn of<'t>(tried: impl IntoIterator<Item = &'t Tried>) -> Counts {
        let mut counts = Counts::default();
        tried.into_iter().for_each(|attempt| counts.count(attempt.answer));
        counts
    }

    /// Counts one more.
    pub fn count(&mut self, answer: Answer) {
        *match answer {
            Answer::Held => &mut self.held,
            Answer::Broke => &mut self.broke,
            Answer::CouldNotTell => &mut self.could_not_tell,
            Answer::DidNotBite => &mut self.did_not_bite,
            Answer::Refused => &mut self.refused,
        } += 1;
    }

    /// Adds those of other attempts.
    pub fn add(&mut self, others: Counts) {
        self.held += others.held;
        self.broke += others.broke;
        self.could_not_tell += others.could_not_tell;
        self.did_not_bite += others.did_not_bite;
        self.refused += others.refused;
    }

    /// Attempts that proved something or could have.
    pub fn bit(&self) -> u64 {
        self.held + self.broke + self.could_not_tell
    }
}

/// Faults: one line for each kind and target, then what broke.
pub fn faults(tried: &[Tried]) -> String {
    let mut by_fault: Vec<(&str, Vec<&Tried>)> = Vec::new();
    for attempt in tried {
        match by_fault.iter_mut().find(|(what, _)| *what == attempt.attempt.what.en) {
            Some((_, attempts)) => attempts.push(attempt),
            None => by_fault.push((&attempt.attempt.what.en, vec![attempt])),
        }
    }
    let width = by_fault.iter().map(|(what, _)| what.chars().count()).max().unwrap_or(0).max("fault".len());
    let mut table = String::new();
    let _ = writeln!(table, "  {:width$}  tried  held  broke  could not tell  did not bite", "fault");
    for (what, attempts) in &by_fault {
        let counts = Counts::of(attempts.iter().copied());
        let _ = writeln!(
            table,
            "  {what:width$}  {:>5}  {:>4}  {:>5}  {:>14}  {:>12}",
            attempts.len(),
            counts.held,
            counts.broke,
            counts.could_not_tell,
            counts.did_not_bite + counts.refused
        );
    }
    table.push_str(&findings(tried));
    table
}

/// The sentence that a sweep is made for.
pub fn sentence(tried: &[Tried], what: &str) -> String {
    let counts = Counts::of(tried);
    let idle = counts.did_not_bite + counts.refused;
    let idle = if idle == 0 { String::new() } else { format!("; {idle} more did not bite") };
    let open = match counts.could_not_tell {
        0 => String::new(),
        open => format!("; in {open} it could not be told"),
    };
    match counts.broke {
        0 => format!("No {what} breaks it: {} were tried and bit{open}{idle}.", counts.bit()),
        broke => format!("{broke} of {} that bit break it{open}{idle}.", counts.bit()),
    }
}

fn findings(tried: &[Tried]) -> String {
    let mut by_signature: BTreeMap<&str, Vec<&Tried>> = BTreeMap::new();
    for attempt in tried.iter().filter(|attempt| attempt.answer == Answer::Broke) {
        by_signature.entry(attempt.signature()).or_default().push(attempt);
    }
    let mut told = String::new();
    for (signature, attempts) in by_signature.iter().take(FINDINGS_TOLD) {
        let first = &attempts[0].attempt;
        let _ = writeln!(told, "  {signature}");
        let _ = writeln!(told, "    {} times, first: {} at {}", attempts.len(), first.what.en, first.at);
    }
    if let Some(more) = by_signature.len().checked_sub(FINDINGS_TOLD).filter(|more| *more > 0) {
        let _ = writeln!(told, "  and {more} more");
    }
    told
}

/// Slips: one line for each, with what it costs beside the runbook done well.
pub fn slips(well_done: &ExploredSeed, tried: &[Tried]) -> String {
    let column = |tell: fn(&Tried) -> &str, title: &str| {
        tried.iter().map(|it| tell(it).chars().count()).max().unwrap_or(0).max(title.len())
    };
    let (steps, slips) = (column(|it| &it.attempt.at, "step"), column(|it| &it.attempt.what.en, "slip"));
    let mut table = String::new();
    let _ = writeln!(table, "  {:steps$}  {:slips$}  {:14}  RTO", "step", "slip", "costs");
    let _ = writeln!(table, "  {:steps$}  {:slips$}  {:14}  {}", "-", "none", "-", outage(well_done));
    for attempt in tried {
        let cost = cost(well_done, attempt);
        let outage = attempt.line.as_ref().map_or("-".to_owned(), outage);
        let _ =
            writeln!(table, "  {:steps$}  {:slips$}  {cost:14}  {outage}", attempt.attempt.at, attempt.attempt.what.en);
    }
    table.push_str(&findings(tried));
    table
}

/// Checks whose violation means that data are gone or wrong.
const DATA: [&str; 6] =
    ["no-lost-commit", "log-intact", "linearizable", "total-conserved", "single-writer", "isolation"];

/// What a slip costs beside the runbook done well: `data`, `the service`, `a check`, `time`, or nothing that counts.
/// What the runbook breaks when it is done well is no cost of a slip.
pub fn cost(well_done: &ExploredSeed, attempt: &Tried) -> &'static str {
    let Some(line) = &attempt.line else { return "cannot be done" };
    let violated = |line: &ExploredSeed, name: &str| {
        line.line.checks.iter().any(|check| check.name == name && check.answer == reports::Answer::Violated)
    };
    let breaks = |name: &str| violated(line, name) && !violated(well_done, name);
    let loses = |line: &ExploredSeed| line.line.rpo.lost_commits.is_some_and(|lost| lost > 0);
    if loses(line) && !loses(well_done) || DATA.iter().any(|name| breaks(name)) {
        return "data";
    }
    if line.error.is_some() {
        return "no result";
    }
    let longer = match (line.line.rto_ms, well_done.line.rto_ms) {
        (None, Some(_)) => return "the service",
        (Some(theirs), Some(ours)) => theirs > ours + NOTICEABLE_MS,
        (_, None) => false,
    };
    match attempt.answer {
        _ if line.line.checks.iter().any(|check| breaks(&check.name)) => "a check",
        _ if longer => "time",
        Answer::CouldNotTell => "not decided",
        _ => "nothing",
    }
}

/// Two runs differ by chance; less than this is no cost.
const NOTICEABLE_MS: u64 = 1_000;

fn outage(line: &ExploredSeed) -> String {
    line.line.rto_ms.map_or("never back".to_owned(), |outage| print_duration(Duration::from_millis(outage)))
}
