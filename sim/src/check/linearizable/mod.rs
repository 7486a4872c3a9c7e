//! `linearizable`: every key behaves as if the operations on it had happened one after the other, each at one
//! moment between its call and its answer.
//!
//! It is the promise that a client of a primary reads with its eyes: what was acknowledged is seen by everyone who
//! asks later. The specification splits by key, so each key is judged alone; a transaction over several keys is
//! judged by what it did to each of them (that they changed together is the business of `isolation-kept`).
//!
//! Registers whose written values are all different are decided in `n log n` by `zones`. All
//! else (compare-and-set, lists, counters, strings, values written twice) is a search for an order, in `search`;
//! when its budget ends first the answer is "could not tell".
//!
//! Operations that definitely failed are left out. Those with an unknown outcome may have happened at any time
//! after their call, or never. Reads answered by a standby are not judged here but by `no-stale-read`.

mod deeds;
mod garbage;
mod order;
mod project;
mod rows;
mod search;
mod table;
mod zones;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

use reports::{Sentence, sentence};

use super::catalogue::{Check, Example};
use super::{Budget, Finding};
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
        text: include_str!("../examples/linearizable.jsonl"),
        judge: |text| super::judge_written_history(NAME, text, |history| check(history, Budget::default())),
    },
};

/// What one key shows.
enum KeyAnswer {
    Holds,
    CouldNotTell,
    Violated(Violation),
}

/// The first moment at which a key cannot be explained any more.
struct Violation {
    /// The operation whose answer it was.
    operation: usize,
    /// The position of that answer.
    position: usize,
    explanation: Vec<Sentence>,
}

/// Judges every key of the history and reports the earliest violation.
///
/// The budget is for all keys together; registers with unique values need none of it.
pub fn check(history: &History, mut budget: Budget) -> Finding {
    let keys = project::by_key(history);
    if keys.is_empty() {
        return Finding::could_not_tell(
            NAME,
            ("no client operation that could be judged was recorded", "没有记录到可供判定的客户端操作"),
        );
    }
    let mut first: Option<Violation> = None;
    let mut doubts = Vec::new();
    for (key, operations) in keys {
        match check_key(history, key, &operations, &mut budget) {
            KeyAnswer::Holds => {}
            KeyAnswer::CouldNotTell => doubts.push(out_of_budget(history, key, operations.len())),
            KeyAnswer::Violated(violation) => {
                if first.as_ref().is_none_or(|first| violation.position < first.position) {
                    first = Some(violation);
                }
            }
        }
    }
    match first {
        Some(violation) => finding_of(history, violation),
        None if doubts.is_empty() => Finding::holds(NAME),
        None => Finding { explanation: doubts, ..Finding::could_not_tell(NAME, "") },
    }
}

fn check_key(history: &History, key: Key, operations: &[KeyOperation<'_>], budget: &mut Budget) -> KeyAnswer {
    if !history.texts
        && let Some(register) = zones::as_register(history.initial_row(key), operations)
    {
        if zones::is_linearizable(&register, END) {
            return KeyAnswer::Holds;
        }
        return KeyAnswer::Violated(register_violation(history, key, &register, operations));
    }
    order::check(history, key, operations, budget)
}

/// The violation of a register: the conflict of its zones, then how far the best order comes.
fn register_violation(
    history: &History,
    key: Key,
    register: &zones::Register,
    operations: &[KeyOperation<'_>],
) -> Violation {
    let mut violation = zones::first_violation(history, key, register);
    let known: Vec<KeyOperation<'_>> =
        operations.iter().filter_map(|operation| operation.known_at(violation.position)).collect();
    let mut budget = Budget { steps: 100_000, memory: 16 << 20 };
    if garbage::first(history, key, &known).is_some() {
        // The zones have said it already, and no order has anything to add.
        return violation;
    }
    if let KeyAnswer::Violated(order) = order::check(history, key, &known, &mut budget) {
        violation.explanation.extend(order.explanation);
    }
    violation
}

fn out_of_budget(history: &History, key: Key, operations: usize) -> Sentence {
    sentence!(
        "The budget ended before an order of the {operations} operations on key {} was found or excluded.",
        "在找到或排除键 {} 上 {operations} 个操作的次序之前,检查预算已用完。",
        history.key_name(key)
    )
}

fn finding_of(history: &History, violation: Violation) -> Finding {
    let operation = &history.operations[violation.operation];
    Finding::violated(NAME, operation.returned_event, operation.returned, violation.explanation)
}
