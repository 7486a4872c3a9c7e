//! The models `register` and `key-value`: single operations on single keys.
//!
//! A compare-and-set that is answered `:fail` counts as one that was not made, which is what the word promises. Most
//! clients mean "it was made and found another value", but some mean "it was never sent", and taking the one for
//! the other would accuse a correct database.

use super::call::Call;
use super::edn::Edn;
use super::entry::{Entry, Kind, short};
use super::names::Numbers;
use super::{Problem, operation_of, outcome_without_result};
use crate::history::{Action, Key, Operation, Outcome, Reply};

/// What a function of the history does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Function {
    Read,
    Write,
    CompareAndSet,
    Append,
}

/// Makes operations of calls, numbering keys and values as it goes.
pub struct Reader<'a> {
    /// Numbers for keys.
    pub keys: &'a mut Numbers,
    /// Numbers for values.
    pub values: &'a mut Numbers,
    /// Whether values are strings that appends join.
    pub texts: bool,
}

impl Reader<'_> {
    /// The operation that a call is.
    pub fn operation(&mut self, call: &Call) -> Result<Operation, Problem> {
        let function = self.function(call)?;
        let (key, argument) = split(function, &call.invoke);
        let key = self.keys.of(key.unwrap_or(&Edn::Symbol("register".to_string())));
        let action = self.action(call, function, key, argument)?;
        let outcome = match (call.kind(), &call.answer) {
            (Kind::Ok, Some(answer)) => Outcome::Ok(vec![self.reply(function, answer)]),
            _ => outcome_without_result(call),
        };
        Ok(operation_of(call, vec![action], outcome))
    }

    fn function(&self, call: &Call) -> Result<Function, Problem> {
        match (call.invoke.function.as_str(), self.texts) {
            ("read" | "get" | "r", _) => Ok(Function::Read),
            ("write" | "put" | "w", _) => Ok(Function::Write),
            ("cas", false) => Ok(Function::CompareAndSet),
            ("append", true) => Ok(Function::Append),
            (other, true) => {
                Err(call.wrong(format!(":{other} is no function of a key-value store: :get, :put, :append")))
            }
            (other, false) => Err(call.wrong(format!(":{other} is no function of a register: :read, :write, :cas"))),
        }
    }

    fn action(&mut self, call: &Call, function: Function, key: Key, argument: &Edn) -> Result<Action, Problem> {
        let wrong = || Problem { line: call.invoke.line, ..call.wrong(unfit(function, argument)) };
        if *argument == Edn::Nil && function != Function::Read {
            return Err(wrong());
        }
        Ok(match function {
            Function::Read => Action::Read { key },
            Function::Write => Action::Write { key, value: self.values.of(argument) },
            Function::Append => Action::Append { key, value: self.values.of(argument) },
            Function::CompareAndSet => match argument.elements() {
                Some([expected, new]) => {
                    Action::CompareAndSet { key, expected: self.values.of(expected), new: self.values.of(new) }
                }
                _ => return Err(wrong()),
            },
        })
    }

    fn reply(&mut self, function: Function, answer: &Entry) -> Reply {
        let (_, result) = split(function, answer);
        match function {
            Function::Read if *result == Edn::Nil => Reply::Row(Vec::new()),
            Function::Read => Reply::Row(vec![self.values.of(result)]),
            Function::Write | Function::Append => Reply::Done,
            Function::CompareAndSet => Reply::Matched(true),
        }
    }
}

fn unfit(function: Function, argument: &Edn) -> String {
    let wanted = match function {
        Function::CompareAndSet => "[expected new]",
        _ => "a value",
    };
    format!("expected {wanted}, found {}", short(argument))
}

/// Key and value of an entry. The key may stand in `:key`, or before the value in a pair, as Jepsen writes it where
/// it tests many keys at once.
fn split(function: Function, entry: &Entry) -> (Option<&Edn>, &Edn) {
    if let Some(key) = &entry.key {
        return (Some(key), &entry.value);
    }
    match entry.value.elements() {
        Some([key, value]) if function != Function::CompareAndSet || value.elements().is_some() => (Some(key), value),
        _ => (None, &entry.value),
    }
}
