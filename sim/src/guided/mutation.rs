//! New plans out of one that has shown something new.
//!
//! A run is its plan and the seed of its noise, and every draw is keyed by what it belongs to. So a plan that keeps the
//! faults up to a moment, and the seed, runs to that moment exactly as before: the rest is drawn anew from there. A test
//! compares the traces.

use std::time::Duration;

use nodes::world::streams::Stream;
use toml::{Table, Value};

use super::trail::Trail;
use crate::document::Document;
use crate::scenario::values::{parse_duration, print_duration};

/// What is done to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Its faults up to a moment, and others after it.
    KeepPrefix,
    /// One fault earlier or later.
    Shift,
    /// One fault more, or one less.
    AddOrRemove,
    /// The faults of one plan up to a moment and those of another after it.
    Splice,
    /// The same faults in another configuration: parameters, traffic, slips.
    Reconfigure,
}

impl Mutation {
    /// Draws one: of a hundred, 50, 15, 15, 10 and 10.
    pub fn drawn(stream: &mut Stream) -> Mutation {
        match stream.below(100) {
            0..50 => Mutation::KeepPrefix,
            50..65 => Mutation::Shift,
            65..80 => Mutation::AddOrRemove,
            80..90 => Mutation::Splice,
            _ => Mutation::Reconfigure,
        }
    }

    /// How it is told.
    pub fn name(self) -> &'static str {
        match self {
            Mutation::KeepPrefix => "kept-prefix",
            Mutation::Shift => "shifted",
            Mutation::AddOrRemove => "added-or-removed",
            Mutation::Splice => "spliced",
            Mutation::Reconfigure => "reconfigured",
        }
    }
}

/// A plan and what its run left behind.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The plan.
    pub document: Document,
    /// Its trail.
    pub trail: Trail,
}

/// The faults of a plan that had acted before a moment.
fn before(plan: &Planned, moment: u64) -> Vec<Table> {
    let acted = plan.trail.acted.iter().copied().chain(std::iter::repeat(None));
    let faults = plan.document.tables("fault").zip(acted);
    faults.filter(|(_, acted)| acted.is_some_and(|at| at < moment)).map(|(fault, _)| fault.clone()).collect()
}

/// The faults of a plan that had not.
fn after(plan: &Planned, moment: u64) -> Vec<Table> {
    let acted = plan.trail.acted.iter().copied().chain(std::iter::repeat(None));
    let faults = plan.document.tables("fault").zip(acted);
    faults.filter(|(_, acted)| acted.is_none_or(|at| at >= moment)).map(|(fault, _)| fault.clone()).collect()
}

/// The plan with these faults.
fn with_faults(document: &Document, faults: Vec<Table>) -> Document {
    let mut other = document.clone();
    other.retain("fault", |_| false);
    for fault in faults {
        other.push("fault", fault);
    }
    other
}

/// Faults of another plan under names of their own: the names of kept ones stay, because their draws hang on them.
fn renamed(faults: Vec<Table>, number: u64) -> Vec<Table> {
    let mut faults = faults;
    for (index, fault) in faults.iter_mut().enumerate() {
        fault.insert("name".to_owned(), format!("guided-{number}-{}", index + 1).into());
    }
    faults
}

/// The plan's faults before the moment, and those of `fresh` moved behind it. `number` names the new plan.
pub fn keep_prefix(parent: &Planned, fresh: &Document, moment: u64, horizon: u64, number: u64) -> Document {
    let later = fresh.tables("fault").map(|fault| behind(fault, &parent.trail, moment, horizon)).collect();
    let faults = [before(parent, moment), renamed(later, number)].concat();
    with_faults(&parent.document, faults)
}

/// The fault so that it acts behind a moment: later by the clock, or at the next announcement it waits for.
fn behind(fault: &Table, trail: &Trail, moment: u64, horizon: u64) -> Table {
    let mut fault = fault.clone();
    if let Some(at) = milliseconds(&fault, "at") {
        let room = horizon.saturating_sub(moment).max(1);
        let at = if at >= moment { at } else { moment + at % room };
        write(&mut fault, "at", at);
    }
    if let Some(after) = fault.get("after").and_then(Value::as_str) {
        let due = trail.heard_before(after, moment) + 1;
        let nth = fault.get("nth").and_then(Value::as_integer).and_then(|nth| u64::try_from(nth).ok()).unwrap_or(1);
        let nth = nth.max(due);
        if nth > 1 {
            fault.insert("nth".to_owned(), Value::Integer(i64::try_from(nth).unwrap_or(1)));
        }
    }
    fault
}

/// The faults of one plan before the moment and those of the other after it.
pub fn splice(first: &Planned, second: &Planned, moment: u64, number: u64) -> Document {
    let faults = [before(first, moment), renamed(after(second, moment), number)].concat();
    with_faults(&first.document, faults)
}

/// How far a fault is moved at most, in milliseconds.
const SHIFT: u64 = 5_000;

/// One fault earlier or later; `None` if there is none.
pub fn shift(document: &Document, stream: &mut Stream) -> Option<Document> {
    let mut faults: Vec<Table> = document.tables("fault").cloned().collect();
    let length = faults.len() as u64;
    let fault = faults.get_mut(usize::try_from(stream.below(length)).ok()?)?;
    let by = stream.between(1, SHIFT);
    let key = if fault.contains_key("at") { "at" } else { "delay" };
    let now = milliseconds(fault, key).unwrap_or(0);
    let then = if stream.chance(1, 2) { now + by } else { now.saturating_sub(by) };
    write(fault, key, then);
    Some(with_faults(document, faults))
}

/// The first fault of `fresh` more, or one less; `None` if neither can be.
pub fn add_or_remove(document: &Document, fresh: &Document, number: u64, stream: &mut Stream) -> Option<Document> {
    let mut faults: Vec<Table> = document.tables("fault").cloned().collect();
    let one_more = fresh.tables("fault").next().cloned();
    if faults.is_empty() || (stream.chance(1, 2) && one_more.is_some()) {
        faults.extend(renamed(vec![one_more?], number));
    } else {
        faults.remove(usize::try_from(stream.below(faults.len() as u64)).ok()?);
    }
    Some(with_faults(document, faults))
}

/// The faults of a plan in another configuration.
pub fn reconfigure(document: &Document, fresh: &Document) -> Document {
    with_faults(fresh, document.tables("fault").cloned().collect())
}

fn milliseconds(entry: &Table, key: &str) -> Option<u64> {
    let length = parse_duration(entry.get(key)?.as_str()?).ok()?;
    u64::try_from(length.as_millis()).ok()
}

fn write(entry: &mut Table, key: &str, milliseconds: u64) {
    if milliseconds == 0 && key == "delay" {
        entry.remove(key);
    } else {
        entry.insert(key.to_owned(), print_duration(Duration::from_millis(milliseconds)).into());
    }
}
