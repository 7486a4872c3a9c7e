//! One key in the general case: makes its operations ready, searches for an order, and tells what was found.

use std::collections::BTreeSet;

use reports::{Sentence, sentence};

use super::deeds::{Candidate, Deed, spelled};
use super::project::KeyOperation;
use super::rows::{EMPTY, RowNumber, Rows};
use super::search::{Stuck, Verdict, search};
use super::{KeyAnswer, Violation, garbage};
use crate::check::Budget;
use crate::history::{END, History, Key};

/// How long an earlier violation is looked for when one is known.
const STEPS_BEFORE_GARBAGE: u64 = 200_000;

/// How many refused operations are told one by one.
const REFUSED_TOLD: usize = 4;

/// Judges the operations on one key by searching for an order that explains them.
pub fn check(history: &History, key: Key, operations: &[KeyOperation<'_>], budget: &mut Budget) -> KeyAnswer {
    if let Some(garbage) = garbage::first(history, key, operations) {
        return KeyAnswer::Violated(before_garbage(history, key, operations, garbage, budget));
    }
    match check_all(history, key, operations, budget) {
        KeyAnswer::Violated(violation) => {
            KeyAnswer::Violated(first_violation(history, key, operations, violation, budget))
        }
        other => other,
    }
}

/// The violation before a value that nobody wrote, if a short search finds one; otherwise that value.
fn before_garbage(
    history: &History,
    key: Key,
    operations: &[KeyOperation<'_>],
    garbage: Violation,
    budget: &mut Budget,
) -> Violation {
    let until = garbage.position.saturating_sub(1);
    let known: Vec<KeyOperation<'_>> = operations.iter().filter_map(|operation| operation.known_at(until)).collect();
    let mut little = Budget { steps: budget.steps.min(STEPS_BEFORE_GARBAGE), memory: budget.memory };
    let before = little.steps;
    let answer = check(history, key, &known, &mut little);
    budget.steps -= before - little.steps;
    match answer {
        KeyAnswer::Violated(earlier) => earlier,
        KeyAnswer::Holds | KeyAnswer::CouldNotTell => garbage,
    }
}

/// The earliest moment at which the operations could not be explained by what was known *then*.
///
/// The search used later answers too: a comparison may be known to have failed only after the moment at which it
/// explained nothing any more. When the budget ends, the moment the search found stands.
fn first_violation(
    history: &History,
    key: Key,
    operations: &[KeyOperation<'_>],
    found: Violation,
    budget: &mut Budget,
) -> Violation {
    let mut answers: Vec<(usize, usize)> =
        operations.iter().map(|operation| (operation.interval.returned, operation.operation)).collect();
    answers.retain(|(position, _)| *position >= found.position && *position != END);
    answers.sort_unstable();
    let mut first = found;
    let (mut good, mut bad) = (0, answers.len());
    let mut middle = 0;
    while good < bad {
        let (position, operation) = answers[middle];
        let known: Vec<KeyOperation<'_>> =
            operations.iter().filter_map(|operation| operation.known_at(position)).collect();
        match check_all(history, key, &known, budget) {
            KeyAnswer::Holds => good = middle + 1,
            KeyAnswer::CouldNotTell => return first,
            KeyAnswer::Violated(violation) => {
                bad = middle;
                first = Violation { operation, position, ..violation };
            }
        }
        middle = good + (bad - good) / 2;
    }
    first
}

/// Judges operations with all that is known of them.
fn check_all(history: &History, key: Key, operations: &[KeyOperation<'_>], budget: &mut Budget) -> KeyAnswer {
    let mut rows = Rows::default();
    let start = rows.number_of(&spelled(history, history.initial_row(key)));
    let mut candidates: Vec<Candidate> =
        operations.iter().map(|operation| Candidate::of(operation, history, &mut rows)).collect();
    drop_unseen(&mut candidates, &mut rows);
    match search(&candidates, start, &mut rows, budget) {
        Verdict::Explained => KeyAnswer::Holds,
        Verdict::OutOfBudget => KeyAnswer::CouldNotTell,
        Verdict::Stuck(stuck) => {
            let answered = &candidates[stuck.answered];
            KeyAnswer::Violated(Violation {
                operation: answered.operation,
                position: answered.interval.returned,
                explanation: explain(history, key, &candidates, &stuck, &rows),
            })
        }
    }
}

/// Leaves out unknown writes of a value that nobody can have seen: placing one could only stand in the way.
///
/// This holds only where a row is always written whole, and where nobody was told that it was *not* some value: to
/// an append or an addition the value before matters, and so it does to a comparison that failed.
fn drop_unseen(candidates: &mut Vec<Candidate>, rows: &mut Rows) {
    let written_whole = |deed: &Deed| match deed {
        Deed::See(_) | Deed::Replace(_) => true,
        Deed::Compare { matched, .. } => *matched != Some(false),
        Deed::Extend(_) | Deed::Add(_) => false,
    };
    let deeds = || candidates.iter().flat_map(|candidate| &candidate.deeds);
    if !deeds().all(written_whole) {
        return;
    }
    let seen: BTreeSet<RowNumber> = deeds()
        .filter_map(|deed| match deed {
            Deed::See(row) | Deed::Compare { expected: row, .. } => Some(*row),
            Deed::Replace(_) | Deed::Extend(_) | Deed::Add(_) => None,
        })
        .collect();
    candidates.retain(|candidate| {
        let left = match candidate.deeds.as_slice() {
            [Deed::Replace(values)] => rows.number_of(values),
            [Deed::Compare { new, .. }] => *new,
            _ => return true,
        };
        candidate.interval.returned != END || seen.contains(&left)
    });
}

fn explain(history: &History, key: Key, candidates: &[Candidate], stuck: &Stuck, rows: &Rows) -> Vec<Sentence> {
    let tell = |number: &usize| history.tell_on(&history.operations[candidates[*number].operation], key);
    let key_name = history.key_name(key);
    let holds = held(history, rows, stuck.row);
    let mut sentences = Vec::new();
    match stuck.last_placed.as_slice() {
        [] => sentences.push(sentence!(
            "At the beginning key {key_name} holds {0}, and nothing can come first.",
            "开始时键 {key_name} 为 {0},没有任何操作可以排在最前。",
            holds
        )),
        last => {
            let count = stuck.placed;
            sentences.push(sentence!(
                "The longest order that explains what was seen places {count} operations on key {key_name}; the \
                 last of them are:",
                "能解释所见结果的最长次序包含键 {key_name} 上的 {count} 个操作,其中最后几个是:"
            ));
            sentences.extend(last.iter().map(|number| sentence!("{}.", "{}。", tell(number))));
            sentences.push(sentence!("After them the key holds {0}.", "此后该键为 {0}。", holds));
        }
    }
    for number in stuck.refused.iter().filter(|number| **number != stuck.answered).take(REFUSED_TOLD) {
        sentences.push(sentence!("This cannot come next: {}.", "接下来不可能是:{}。", tell(number)));
    }
    sentences.push(sentence!(
        "No order has room for this before its answer: {}.",
        "在其得到应答之前,任何次序都容不下:{}。",
        tell(&stuck.answered)
    ));
    sentences
}

/// What the row holds, in words.
fn held(history: &History, rows: &Rows, row: RowNumber) -> Sentence {
    let values = rows.values(row);
    if row == EMPTY || !history.texts {
        return history.row_name(&values);
    }
    let bytes: Vec<u8> = values.iter().filter_map(|byte| u8::try_from(*byte).ok()).collect();
    history.text_name(&String::from_utf8_lossy(&bytes)).into()
}
