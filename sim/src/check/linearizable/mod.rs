//! `linearizable`: every key behaves as if the operations on it had happened one after the other, each at one
//! moment between its call and its answer.
//!
//! It is the promise that a client of a primary reads with its eyes: what was acknowledged is seen by everyone who
//! asks later. The specification splits by key, so each key is judged alone; a transaction over several keys is
//! judged by what it did to each of them (that they changed together is the business of `isolation-kept`).
//!
//! Registers whose written values are all different are decided in `n log n` by [`zones`].
//!
//! Operations that definitely failed are left out. Those with an unknown outcome may have happened at any time
//! after their call, or never. Reads answered by a standby are not judged here but by `no-stale-read`.

mod project;
mod zones;

#[cfg(test)]
mod tests;

use nodes::world::time::Instant;

use super::catalogue::{Check, Example};
use super::{Answer, Budget, Finding};
use crate::history::{END, History, Key};
use project::KeyOperation;

/// The name of the check.
pub const NAME: &str = "linearizable";

/// The entry in the catalogue.
pub const CHECK: Check = Check {
    name: NAME,
    promise: "Each key behaves as if its operations had happened one after the other, each between its call and its \
              answer.",
    promise_zh: "每个键上的操作等效于逐个依次执行,且每个操作的生效时刻都在其调用与应答之间。",
    example: Example {
        story: "Client 0 is told that 7 is written. Client 1 asks afterwards and still reads the old 3.",
        text: include_str!("example.jsonl"),
        judge: |text| super::judge_written_history(NAME, text, |history| check(history, Budget::default())),
    },
};

/// What one key shows.
enum KeyAnswer {
    Holds,
    CouldNotTell(String),
    Violated(Violation),
}

/// The first moment at which a key cannot be explained any more.
struct Violation {
    /// The operation whose answer it was.
    operation: usize,
    /// The position of that answer.
    position: usize,
    explanation: Vec<String>,
}

/// Judges every key of the history and reports the earliest violation.
pub fn check(history: &History, budget: Budget) -> Finding {
    let _ = budget;
    let keys = project::by_key(history);
    if keys.is_empty() {
        return Finding::could_not_tell(NAME, "no client operation that could be judged was recorded");
    }
    let mut first: Option<Violation> = None;
    let mut doubts = Vec::new();
    for (key, operations) in keys {
        match check_key(history, key, &operations) {
            KeyAnswer::Holds => {}
            KeyAnswer::CouldNotTell(reason) => doubts.push(reason),
            KeyAnswer::Violated(violation) => {
                if first.as_ref().is_none_or(|first| violation.position < first.position) {
                    first = Some(violation);
                }
            }
        }
    }
    match (first, doubts.is_empty()) {
        (Some(violation), _) => finding_of(history, violation),
        (None, true) => Finding::holds(NAME),
        (None, false) => Finding { answer: Answer::CouldNotTell, explanation: doubts, ..Finding::holds(NAME) },
    }
}

fn check_key(history: &History, key: Key, operations: &[KeyOperation<'_>]) -> KeyAnswer {
    let Some(registers) = zones::as_register(history.initial_row(key), operations) else {
        return KeyAnswer::CouldNotTell(format!("key {} is not a register with unique values", history.key_name(key)));
    };
    match zones::decide(&registers, END) {
        Ok(()) => KeyAnswer::Holds,
        Err(_) => KeyAnswer::Violated(zones::first_violation(history, key, &registers)),
    }
}

fn finding_of(history: &History, violation: Violation) -> Finding {
    let operation = &history.operations[violation.operation];
    let at: Option<Instant> = operation.returned;
    Finding::violated(NAME, operation.returned_event, at, violation.explanation)
}
