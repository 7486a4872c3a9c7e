//! The judges of this check against the definition itself: every order of the operations is tried.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use proptest::prelude::*;

use super::*;
use crate::check::Answer;
use crate::history::{Action, Interval, Operation, Outcome, Reply, Row};

fn operation(client: u64, called: u64, returned: u64, action: Action, outcome: Outcome) -> Operation {
    Operation::new(client, Instant(called), Some(Instant(returned)), vec![action], outcome)
}

fn write(client: u64, called: u64, returned: u64, value: i64) -> Operation {
    operation(client, called, returned, Action::Write { key: 1, value }, Outcome::Ok(vec![Reply::Done]))
}

fn read(client: u64, called: u64, returned: u64, row: &[i64]) -> Operation {
    operation(client, called, returned, Action::Read { key: 1 }, Outcome::Ok(vec![Reply::Row(row.to_vec())]))
}

fn judge(operations: Vec<Operation>) -> Finding {
    check(&History::of(operations), Budget::default())
}

/// The definition: some of the unknown operations and all of the others, in some order that respects real time,
/// explain every reply.
fn explained(history: &History, until: usize) -> bool {
    let intervals = history.intervals();
    let waiting: Vec<usize> = (0..history.operations.len())
        .filter(|number| !history.operations[*number].is_failed() && intervals[*number].called <= until)
        .collect();
    explained_from(history, &intervals, until, &waiting, &history.initial)
}

fn explained_from(
    history: &History,
    intervals: &[Interval],
    until: usize,
    waiting: &[usize],
    state: &BTreeMap<i64, Row>,
) -> bool {
    let answered = |number: &usize| intervals[*number].returned <= until;
    if !waiting.iter().any(answered) {
        return true;
    }
    waiting.iter().any(|next| {
        let too_late = waiting.iter().any(|other| answered(other) && intervals[*other].before(&intervals[*next]));
        if too_late {
            return false;
        }
        let Some(state) = after(&history.operations[*next], answered(next), state) else { return false };
        let rest: Vec<usize> = waiting.iter().copied().filter(|number| number != next).collect();
        explained_from(history, intervals, until, &rest, &state)
    })
}

fn after(operation: &Operation, answered: bool, state: &BTreeMap<i64, Row>) -> Option<BTreeMap<i64, Row>> {
    let mut state = state.clone();
    for (action, reply) in operation.replied_actions() {
        let row = state.entry(action.key()).or_default();
        let matched = match *action {
            Action::CompareAndSet { expected, .. } => *row == [expected],
            _ => true,
        };
        let agrees = match reply.filter(|_| answered) {
            Some(Reply::Row(seen)) => row == seen,
            Some(Reply::Matched(told)) => matched == *told,
            Some(Reply::Done) | None => true,
        };
        if !agrees {
            return None;
        }
        match *action {
            Action::Read { .. } => {}
            Action::Write { value, .. } => *row = vec![value],
            Action::CompareAndSet { new, .. } if matched => *row = vec![new],
            Action::CompareAndSet { .. } => {}
            Action::Append { value, .. } => row.push(value),
            Action::Add { delta, .. } => match row.first_mut() {
                Some(balance) => *balance += delta,
                None => row.push(delta),
            },
        }
    }
    Some(state)
}

/// Asserts that the check says what the definition says, and names the first answer that breaks it.
fn agrees_with_the_definition(history: &History) -> Result<(), TestCaseError> {
    let finding = check(history, Budget::default());
    if !history.operations.iter().any(shows_something) {
        prop_assert_eq!(finding.answer, Answer::CouldNotTell);
        return Ok(());
    }
    if explained(history, END - 1) {
        prop_assert_eq!(finding.answer, Answer::Holds, "{:?}", finding.explanation);
        return Ok(());
    }
    prop_assert_eq!(finding.answer, Answer::Violated);
    let mut answers: Vec<(usize, usize)> =
        history.intervals().iter().enumerate().map(|(number, interval)| (interval.returned, number)).collect();
    answers.sort_unstable();
    let first = answers.iter().find(|(position, _)| !explained(history, *position)).expect("some answer breaks it");
    prop_assert_eq!(finding.at, history.operations[first.1].returned);
    prop_assert!(!finding.explanation.is_empty());
    Ok(())
}

/// Whether there is anything to judge: an effect that may have happened, or a read with its result.
fn shows_something(operation: &Operation) -> bool {
    match operation.outcome {
        Outcome::Ok(_) => true,
        Outcome::Unknown => operation.actions.iter().any(|action| !action.is_read()),
        Outcome::Failed(_) => false,
    }
}

/// Histories of at most seven operations within twenty moments.
fn tiny_history(action: impl Strategy<Value = (Action, Reply)>) -> impl Strategy<Value = History> {
    let one = (action, 0u64..20, 0u64..8, 0u8..10);
    proptest::collection::vec(one, 1..7).prop_map(|drawn| {
        let operations = (1u64..).zip(drawn).map(|(number, ((action, reply), called, length, fate))| {
            let outcome = match fate {
                0 => Outcome::Unknown,
                1 => Outcome::Failed("refused".to_string()),
                _ => Outcome::Ok(vec![reply]),
            };
            operation(number, called, called + length, unique(action, number), outcome)
        });
        History::of(operations.collect())
    })
}

/// A write of a value that nobody else writes.
fn unique(action: Action, number: u64) -> Action {
    match action {
        Action::Write { key, value: 0 } => Action::Write { key, value: number as i64 },
        other => other,
    }
}

fn read_or_unique_write() -> impl Strategy<Value = (Action, Reply)> {
    prop_oneof![
        (0i64..7).prop_map(|value| {
            let row = if value == 0 { vec![] } else { vec![value] };
            (Action::Read { key: 1 }, Reply::Row(row))
        }),
        Just((Action::Write { key: 1, value: 0 }, Reply::Done)),
    ]
}

/// Everything at once: few values, so that many histories are nearly right.
fn any_action() -> impl Strategy<Value = (Action, Reply)> {
    let value = 1i64..3;
    prop_oneof![
        3 => proptest::collection::vec(value.clone(), 0..3).prop_map(|row| (Action::Read { key: 1 }, Reply::Row(row))),
        2 => value.clone().prop_map(|value| (Action::Write { key: 1, value }, Reply::Done)),
        1 => value.clone().prop_map(|value| (Action::Append { key: 1, value }, Reply::Done)),
        1 => value.clone().prop_map(|delta| (Action::Add { key: 1, delta }, Reply::Done)),
        2 => (value.clone(), value, any::<bool>()).prop_map(|(expected, new, matched)| {
            (Action::CompareAndSet { key: 1, expected, new }, Reply::Matched(matched))
        }),
    ]
}

/// Reads, writes and compare-and-sets of two values only.
fn compare_and_set() -> impl Strategy<Value = (Action, Reply)> {
    let value = 1i64..3;
    prop_oneof![
        value.clone().prop_map(|value| (Action::Read { key: 1 }, Reply::Row(vec![value]))),
        value.clone().prop_map(|value| (Action::Write { key: 1, value }, Reply::Done)),
        (value.clone(), value, any::<bool>()).prop_map(|(expected, new, matched)| {
            (Action::CompareAndSet { key: 1, expected, new }, Reply::Matched(matched))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn registers_agree_with_the_definition(history in tiny_history(read_or_unique_write())) {
        agrees_with_the_definition(&history)?;
    }

    #[test]
    fn everything_else_agrees_with_the_definition(history in tiny_history(any_action())) {
        agrees_with_the_definition(&history)?;
    }

    #[test]
    fn compare_and_set_agrees_with_the_definition(history in tiny_history(compare_and_set())) {
        agrees_with_the_definition(&history)?;
    }

    /// The two judges of registers are independent of each other: here the search judges what the zones could.
    #[test]
    fn the_search_agrees_with_the_zones(history in tiny_history(read_or_unique_write())) {
        let keys = project::by_key(&history);
        for operations in keys.values() {
            let register = zones::as_register(&[], operations).expect("a register");
            let by_zones = zones::is_linearizable(&register, END);
            let by_search = order::check(&history, 1, operations, &mut Budget::default());
            prop_assert_eq!(by_zones, matches!(by_search, KeyAnswer::Holds));
            if let KeyAnswer::Violated(violation) = by_search {
                prop_assert_eq!(violation.position, zones::first_violation(&history, 1, &register).position);
            }
        }
    }
}

fn compare_and_set_of(client: u64, called: u64, returned: u64, pair: (i64, i64), matched: bool) -> Operation {
    let action = Action::CompareAndSet { key: 1, expected: pair.0, new: pair.1 };
    operation(client, called, returned, action, Outcome::Ok(vec![Reply::Matched(matched)]))
}

#[test]
fn the_longest_order_is_told() {
    let finding = judge(vec![
        write(0, 1, 2, 1),
        compare_and_set_of(1, 3, 4, (1, 2), true),
        compare_and_set_of(2, 5, 6, (1, 3), true),
        read(0, 7, 8, &[3]),
    ]);
    assert_eq!(finding.answer, Answer::Violated);
    assert_eq!(finding.at, Some(Instant(6)));
    let told = finding.told();
    assert!(told.contains("places 2 operations"), "{told}");
    assert!(told.contains("After them the key holds 2."), "{told}");
    assert!(
        told.ends_with("client 2 compared key 1 with 1 to set 3 and succeeded, from 0.000000s to 0.000000s."),
        "{told}"
    );
}

#[test]
fn strings_are_joined_by_appends() {
    let names = [(1, "ab"), (2, "c"), (3, "abc"), (4, "acb")];
    let judge = |seen: i64| {
        let append = Action::Append { key: 1, value: 2 };
        let mut history = History::of(vec![
            write(0, 1, 2, 1),
            operation(1, 3, 4, append, Outcome::Ok(vec![Reply::Done])),
            read(2, 5, 6, &[seen]),
        ]);
        history.texts = true;
        history.names.values = names.iter().map(|(value, text)| (*value, text.to_string())).collect();
        check(&history, Budget::default())
    };
    assert_eq!(judge(3).answer, Answer::Holds);
    let finding = judge(4);
    assert_eq!(finding.answer, Answer::Violated);
    assert!(finding.told().contains("After them the key holds \"abc\"."), "{:?}", finding.explanation);
}

/// Thirty concurrent additions of different powers of two and a read of a sum that none of their orders gives.
fn hard() -> History {
    let mut operations: Vec<Operation> = (0..30u64)
        .map(|number| {
            let add = Action::Add { key: 1, delta: 1 << (number + 1) };
            operation(number, 1, 100, add, Outcome::Ok(vec![Reply::Done]))
        })
        .collect();
    operations.push(read(30, 1, 100, &[1]));
    History::of(operations)
}

#[test]
fn a_hard_history_ends_within_its_budget() {
    let finding = check(&hard(), Budget { steps: 100_000, memory: 64 << 20 });
    assert_eq!(finding.answer, Answer::CouldNotTell);
    assert!(finding.explanation[0].en.contains("budget"), "{:?}", finding.explanation);
}

#[test]
fn a_hard_history_ends_within_its_memory() {
    let finding = check(&hard(), Budget { steps: u64::MAX, memory: 1 << 20 });
    assert_eq!(finding.answer, Answer::CouldNotTell);
}

#[test]
fn forgetting_costs_time_but_not_truth() {
    let history = |last: i64| {
        let mut operations: Vec<Operation> = (0..10_000u64)
            .flat_map(|number| {
                let (client, start, value) = (number % 3, number * 10, number as i64 % 4);
                [write(client, start + 1, start + 14, value), read(client, start + 15, start + 16, &[value])]
            })
            .collect();
        operations.push(read(9, 200_000, 200_001, &[last]));
        History::of(operations)
    };
    for memory in [256 << 10, 64 << 20] {
        let budget = Budget { steps: 10_000_000, memory };
        assert_eq!(check(&history(3), budget).answer, Answer::Holds, "{memory}");
        assert_eq!(check(&history(2), budget).answer, Answer::Violated, "{memory}");
    }
}

#[test]
fn a_stale_read_is_told_with_both_values() {
    let finding = judge(vec![write(0, 1, 2, 3), write(0, 3, 4, 7), read(1, 5, 6, &[7]), read(2, 8, 9, &[3])]);
    assert_eq!(finding.answer, Answer::Violated);
    assert_eq!(finding.at, Some(Instant(9)));
    let told = finding.told();
    assert!(told.contains("wrote 3") && told.contains("7"), "{told}");
}

#[test]
fn a_read_may_see_a_write_that_nobody_acknowledged() {
    let unknown = operation(0, 1, 5, Action::Write { key: 1, value: 3 }, Outcome::Unknown);
    assert_eq!(judge(vec![unknown.clone(), read(1, 6, 7, &[]), read(1, 8, 9, &[3])]).answer, Answer::Holds);
    let back = judge(vec![unknown, read(1, 6, 7, &[3]), read(1, 8, 9, &[])]);
    assert_eq!(back.answer, Answer::Violated);
}

#[test]
fn a_read_of_a_failed_write_says_so() {
    let failed = operation(0, 1, 5, Action::Write { key: 1, value: 3 }, Outcome::Failed("refused".to_string()));
    let finding = judge(vec![failed, read(1, 6, 7, &[3])]);
    assert_eq!(finding.answer, Answer::Violated);
    assert!(finding.explanation[1].en.contains("definitely failed"), "{:?}", finding.explanation);
}

#[test]
fn reads_of_a_standby_are_not_judged() {
    let mut stale = read(1, 5, 6, &[]);
    stale.replica_read = true;
    assert_eq!(judge(vec![write(0, 1, 2, 3), stale]).answer, Answer::Holds);
}

#[test]
fn nothing_to_judge_is_not_a_pass() {
    assert_eq!(judge(vec![]).answer, Answer::CouldNotTell);
}

#[test]
fn a_hundred_thousand_operations_take_no_time() {
    let operations = (0..50_000u64).flat_map(|number| {
        let value = number as i64;
        [write(0, number * 10, number * 10 + 5, value), read(1, number * 10 + 3, number * 10 + 8, &[value])]
    });
    assert_eq!(judge(operations.collect()).answer, Answer::Holds);
}

#[test]
fn a_value_nobody_wrote_is_refused_without_a_search() {
    // Writes whose values repeat, all at once: every order of them is possible, and a search would try them all.
    let mut operations: Vec<Operation> = (0..2_000).map(|client| write(client, 1, 10_000, client as i64 % 5)).collect();
    operations.push(read(9_000, 2, 9_000, &[77]));
    let history = History::of(operations);
    let finding = check(&history, Budget { steps: 300_000, ..Budget::default() });
    assert_eq!(finding.answer, Answer::Violated);
    assert_eq!(finding.at, Some(Instant(9_000)));
    assert!(finding.explanation[1].en.contains("nobody had begun to write 77 by then"), "{:?}", finding.explanation);
    // A value that somebody begins to write later came from nowhere too.
    let later = History::of(vec![write(0, 1, 2, 5), write(1, 1, 2, 5), read(2, 3, 4, &[6]), write(3, 5, 6, 6)]);
    assert_eq!(check(&later, Budget::default()).at, Some(Instant(4)));
    // What is broken before it is named, not the garbage.
    let earlier =
        vec![write(0, 1, 2, 5), write(1, 3, 4, 6), read(2, 5, 6, &[5]), write(0, 7, 8, 5), read(2, 9, 10, &[77])];
    assert_eq!(check(&History::of(earlier), Budget::default()).at, Some(Instant(6)));
}
