//! What one operation does to one row, made ready for the search.
//!
//! The search tries each operation thousands of times; here rows become numbers and strings become rows of bytes,
//! once.

use super::project::KeyOperation;
use super::rows::{RowNumber, Rows};
use crate::history::{Action, History, Interval, Reply, Value};

/// An operation as the search sees it.
pub struct Candidate {
    /// Its number in the history.
    pub operation: usize,
    /// When it ran.
    pub interval: Interval,
    /// What it does, in order.
    pub deeds: Vec<Deed>,
}

/// One action with what is known of its result.
pub enum Deed {
    /// The row was this.
    See(RowNumber),
    /// The row becomes these values.
    Replace(Vec<Value>),
    /// The row gains these values at its end.
    Extend(Vec<Value>),
    /// The row becomes `new` if it is `expected`; `matched` says whether it was, if anybody was told.
    Compare { expected: RowNumber, new: RowNumber, matched: Option<bool> },
    /// The first number of the row grows.
    Add(Value),
}

impl Candidate {
    /// Makes an operation ready.
    pub fn of(operation: &KeyOperation<'_>, history: &History, rows: &mut Rows) -> Candidate {
        let deeds =
            operation.actions.iter().filter_map(|(action, reply)| deed_of(history, action, *reply, rows)).collect();
        Candidate { operation: operation.operation, interval: operation.interval, deeds }
    }

    /// The row after the operation, or `None` if the row contradicts what the client was told.
    pub fn step(&self, mut row: RowNumber, rows: &mut Rows) -> Option<RowNumber> {
        for deed in &self.deeds {
            row = deed.step(row, rows)?;
        }
        Some(row)
    }
}

impl Deed {
    fn step(&self, row: RowNumber, rows: &mut Rows) -> Option<RowNumber> {
        match self {
            Deed::See(seen) => (row == *seen).then_some(row),
            Deed::Replace(values) => Some(rows.number_of(values)),
            Deed::Extend(values) => Some(rows.extend(row, values)),
            Deed::Compare { expected, new, matched } => match (row == *expected, matched) {
                (true, None | Some(true)) => Some(*new),
                (false, None | Some(false)) => Some(row),
                (true, Some(false)) | (false, Some(true)) => None,
            },
            Deed::Add(delta) => {
                let mut values = rows.values(row);
                match values.first_mut() {
                    Some(balance) => *balance = balance.wrapping_add(*delta),
                    None => values.push(*delta),
                }
                Some(rows.number_of(&values))
            }
        }
    }
}

/// The row as the search holds it: as it is, or as the bytes of the strings its values stand for.
pub fn spelled(history: &History, row: &[Value]) -> Vec<Value> {
    if !history.texts {
        return row.to_vec();
    }
    let mut bytes = Vec::new();
    for value in row {
        bytes.extend(history.text_of(*value).bytes().map(i64::from));
    }
    bytes
}

fn deed_of(history: &History, action: &Action, reply: Option<&Reply>, rows: &mut Rows) -> Option<Deed> {
    let mut number_of = |row: &[Value]| rows.number_of(&spelled(history, row));
    Some(match (*action, reply) {
        (Action::Read { .. }, Some(Reply::Row(row))) => Deed::See(number_of(row)),
        (Action::Read { .. }, _) => return None,
        (Action::Write { value, .. }, _) => Deed::Replace(spelled(history, &[value])),
        (Action::Append { value, .. }, _) => Deed::Extend(spelled(history, &[value])),
        (Action::Add { delta, .. }, _) => Deed::Add(delta),
        (Action::CompareAndSet { expected, new, .. }, reply) => Deed::Compare {
            expected: number_of(&[expected]),
            new: number_of(&[new]),
            matched: match reply {
                Some(Reply::Matched(matched)) => Some(*matched),
                _ => None,
            },
        },
    })
}
