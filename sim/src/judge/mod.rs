//! Judges histories that were recorded elsewhere: on a real cluster, by Jepsen, or by an earlier run.
//!
//! It exists so that the checks serve real clusters too, and so that they can be tried on other people's
//! histories. Three forms are read: Jepsen's operations as EDN maps (one a line, or all in one vector), Jepsen's
//! console log (`INFO  jepsen.util - 0 :invoke :write 4`, with tabs or blanks), and our own JSON lines.
//!
//! What cannot be read is an error that names its line: a history that is half understood would be judged wrongly.

mod bank;
mod call;
mod edn;
mod entry;
mod list_append;
mod names;
mod register;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use nodes::world::time::Instant;

use crate::check::isolation::{self, Level};
use crate::check::{Budget, Finding, linearizable, total_conserved};
use crate::history::{Action, History, Names, Operation, Origin, Outcome, json_lines};
use call::Call;
use entry::{Entry, Kind, short};
use names::Numbers;

/// What the history is a history of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// One or many registers: read, write, compare-and-set.
    Register,
    /// Strings by key: get, put, append.
    KeyValue,
    /// Accounts: transfer, and read all.
    Bank,
    /// Transactions of appends to lists and reads.
    ListAppend,
}

/// How to judge.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What the history is a history of.
    pub model: Model,
    /// How isolated the transactions on lists must be.
    pub level: Level,
    /// What all accounts of a bank sum up to, if that is known.
    pub total: Option<i64>,
    /// How much each check may spend.
    pub budget: Budget,
}

impl Options {
    /// Judges by this model, with nothing else known.
    pub fn of(model: Model) -> Options {
        Options { model, level: Level::default(), total: None, budget: Budget::default() }
    }
}

/// Something in a file that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// Why a history could not be judged.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum JudgeError {
    /// Some entries cannot be understood.
    #[error("{}", told(.0))]
    Unreadable(Vec<Problem>),
}

/// How many problems are told one by one.
const PROBLEMS_TOLD: usize = 10;

fn told(problems: &[Problem]) -> String {
    let mut lines: Vec<String> = problems
        .iter()
        .take(PROBLEMS_TOLD)
        .map(|problem| format!("line {}: {}", problem.line, problem.reason))
        .collect();
    if let Some(more) = problems.len().checked_sub(PROBLEMS_TOLD).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

/// The form a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// Our own JSON lines.
    JsonLines,
    /// Jepsen's EDN maps.
    Edn,
    /// Jepsen's console log.
    Console,
}

impl Source {
    /// Tells the form by how the file begins.
    fn of(text: &str) -> Source {
        let mut letters = text.trim_start_matches('\u{feff}').chars().filter(|letter| !letter.is_whitespace());
        match (letters.next(), letters.next()) {
            (Some('{'), Some('"')) => Source::JsonLines,
            (Some('{' | '[' | '(' | '#' | ';'), _) => Source::Edn,
            _ => Source::Console,
        }
    }
}

/// Judges the text of a history; one finding for each check that the model calls for.
pub fn judge(text: &str, options: Options) -> Result<Vec<Finding>, JudgeError> {
    let (history, times) = read(text, options.model).map_err(JudgeError::Unreadable)?;
    let mut findings = findings(&history, options);
    for finding in findings.iter_mut().filter(|_| history.origin != Origin::Run) {
        finding.at = finding.at.and_then(|at| times.get(&at).copied());
    }
    Ok(findings)
}

fn findings(history: &History, options: Options) -> Vec<Finding> {
    match options.model {
        Model::Register | Model::KeyValue => vec![linearizable::check(history, options.budget)],
        Model::Bank => vec![total_conserved::check(history, options.total)],
        Model::ListAppend => vec![isolation::check(history, options.level, options.budget)],
    }
}

/// The times that a file gives its entries, by the number of the entry.
type Times = BTreeMap<Instant, Instant>;

fn read(text: &str, model: Model) -> Result<(History, Times), Vec<Problem>> {
    let text = text.trim_start_matches('\u{feff}');
    let entries = match Source::of(text) {
        Source::JsonLines => return Ok((read_json_lines(text)?, Times::new())),
        Source::Edn => entry::read_maps(text)?,
        Source::Console => entry::read_console(text)?,
    };
    let calls = call::pair(entries)?;
    Ok((history_of(&calls, model)?, times_of(&calls)))
}

fn read_json_lines(text: &str) -> Result<History, Vec<Problem>> {
    json_lines::read(text).map_err(|error| vec![Problem { line: error.line(), reason: error.reason() }])
}

fn times_of(calls: &[Call]) -> Times {
    let entries = calls.iter().flat_map(|call| std::iter::once(&call.invoke).chain(&call.answer));
    entries.filter_map(|entry| Some((Instant(entry.number), Instant(entry.time?)))).collect()
}

fn history_of(calls: &[Call], model: Model) -> Result<History, Vec<Problem>> {
    let mut keys = Numbers::default();
    let mut values = Numbers::default();
    let texts = model == Model::KeyValue;
    let mut operations = Vec::with_capacity(calls.len());
    let mut problems = Vec::new();
    for call in calls {
        let operation = match model {
            Model::Register | Model::KeyValue => {
                register::Reader { keys: &mut keys, values: &mut values, texts }.operation(call)
            }
            Model::Bank => bank::operation(call, &mut keys),
            Model::ListAppend => list_append::operation(call, &mut keys, &mut values),
        };
        match operation {
            Ok(operation) => operations.push(operation),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if model == Model::Bank {
        bank::complete_reads(&mut operations);
    }
    let origin = number_events(calls, &mut operations);
    let names = Names { keys: keys.names(), values: values.names() };
    Ok(History { origin, texts, initial: BTreeMap::new(), names, operations })
}

/// Gives each operation its lines as event numbers, or the numbers of its entries where lines hold several.
fn number_events(calls: &[Call], operations: &mut [Operation]) -> Origin {
    let entries = calls.iter().flat_map(|call| std::iter::once(&call.invoke).chain(&call.answer));
    let mut lines: Vec<u64> = entries.map(|entry| entry.line).collect();
    lines.sort_unstable();
    let one_a_line = lines.windows(2).all(|pair| pair[0] < pair[1]);
    let event = |entry: &Entry| if one_a_line { entry.line } else { entry.number };
    for (call, operation) in calls.iter().zip(operations) {
        operation.called_event = Some(event(&call.invoke));
        operation.returned_event = call.answer.as_ref().map(event);
    }
    if one_a_line { Origin::Lines } else { Origin::Entries }
}

/// An operation that ran from the calling to the answering entry; entries are the clock.
fn operation_of(call: &Call, actions: Vec<Action>, outcome: Outcome) -> Operation {
    let client = call.invoke.process.unsigned_abs();
    let returned = call.answer.as_ref().map(|answer| Instant(answer.number));
    Operation::new(client, Instant(call.invoke.number), returned, actions, outcome)
}

/// The outcome of a call that was not answered with `:ok`.
fn outcome_without_result(call: &Call) -> Outcome {
    match (call.kind(), &call.answer) {
        (Kind::Fail, Some(answer)) => Outcome::Failed(answer.error.as_ref().map_or_else(|| "fail".to_string(), short)),
        _ => Outcome::Unknown,
    }
}
