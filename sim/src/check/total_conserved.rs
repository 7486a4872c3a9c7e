//! `total-conserved`: transfers move money, they neither make nor destroy it, and every read of all accounts sees
//! the same total.
//!
//! It is the cheapest check of atomic transactions there is: a reader that sees one half of a transfer, a
//! transaction that is half lost, or a balance restored from an older page all change the sum. It says nothing of
//! which transfers happened; an indeterminate transfer does not disturb it, for it too keeps the total.

use std::collections::{BTreeMap, BTreeSet};

use reports::{Sentence, sentence};

use super::Finding;
use super::catalogue::{Check, Example};
use crate::history::{Action, History, Interval, Key, Operation, Reply};

/// The name of the check.
pub const NAME: &str = "total-conserved";

/// The entry in the catalogue.
pub const CHECK: Check = Check {
    name: NAME,
    promise: "Every read of all accounts sees the same total, however many transfers are under way.",
    promise_zh: "无论有多少转账正在进行,每次读取全部账户得到的总额都相同。",
    example: Example {
        story: "A transfer of 10 from account 1 to account 2 is under way. A reader sees that it has left account 1 \
                and not yet that it has reached account 2: 10 are missing.",
        text: include_str!("examples/total-conserved.jsonl"),
        judge: |text| super::judge_written_history(NAME, text, |history| check(history, None)),
    },
};

/// How many transfers that ran beside a wrong read are told.
const TRANSFERS_TOLD: usize = 6;

/// Judges every read of all accounts. Without a total the initial balances give it, and without those the first
/// such read to be answered.
pub fn check(history: &History, total: Option<i64>) -> Finding {
    let accounts = accounts(history);
    let intervals = history.intervals();
    let mut sums: Vec<(usize, i128)> = history
        .operations
        .iter()
        .enumerate()
        .filter_map(|(number, operation)| Some((number, sum_of_all(operation, &accounts)?)))
        .collect();
    sums.sort_by_key(|(number, _)| intervals[*number].returned);
    let Some((first, first_sum)) = sums.first().copied() else {
        return Finding::could_not_tell(
            NAME,
            (
                "No client read all accounts at once, so no total was ever seen.",
                "没有客户端一次读取过全部账户,因此从未看到总额。",
            ),
        );
    };
    let (expected, reason) = match (total, initial_total(history)) {
        (Some(total), _) => (i128::from(total), ("as was stated", "按给定值").into()),
        (None, Some(total)) => (total, ("as it was at the beginning", "按初始值").into()),
        (None, None) => (first_sum, sentence!("as here: {}", "取自:{}", history.tell(&history.operations[first]))),
    };
    match sums.iter().find(|(_, sum)| *sum != expected) {
        None => Finding::holds(NAME),
        Some((number, sum)) => violated(history, &intervals, *number, *sum, expected, &reason),
    }
}

/// All accounts: those with a balance at the beginning or, if none is told, all that were read or changed.
fn accounts(history: &History) -> BTreeSet<Key> {
    if !history.initial.is_empty() {
        return history.initial.keys().copied().collect();
    }
    let happened = history.operations.iter().filter(|operation| operation.is_ok());
    happened.flat_map(|operation| operation.actions.iter().map(Action::key)).collect()
}

fn initial_total(history: &History) -> Option<i128> {
    let balances = || history.initial.values().flatten();
    (!history.initial.is_empty()).then(|| balances().map(|balance| i128::from(*balance)).sum())
}

/// What a transaction saw in all accounts together, if all it did was to read each of them.
fn sum_of_all(operation: &Operation, accounts: &BTreeSet<Key>) -> Option<i128> {
    let mut seen: BTreeMap<Key, i128> = BTreeMap::new();
    for (action, reply) in operation.replied_actions() {
        match (action, reply) {
            (Action::Read { key }, Some(Reply::Row(row))) => {
                seen.insert(*key, row.iter().map(|balance| i128::from(*balance)).sum());
            }
            _ => return None,
        }
    }
    let saw_all = !accounts.is_empty() && accounts.iter().all(|account| seen.contains_key(account));
    saw_all.then(|| seen.values().sum())
}

fn violated(
    history: &History,
    intervals: &[Interval],
    number: usize,
    sum: i128,
    expected: i128,
    reason: &Sentence,
) -> Finding {
    let read = &history.operations[number];
    let mut sentences = vec![
        sentence!("The total is {expected}, {0}.", "总额应为 {expected}({0})。", *reason),
        sentence!("But this sums up to {sum}: {}.", "但这次读取合计为 {sum}:{}。", history.tell(read)),
    ];
    let beside: Vec<&Operation> = history
        .operations
        .iter()
        .zip(intervals)
        .filter(|(operation, interval)| {
            let moves = operation.actions.iter().any(|action| !action.is_read()) && !operation.is_failed();
            let apart = interval.before(&intervals[number]) || intervals[number].before(interval);
            moves && !apart
        })
        .map(|(operation, _)| operation)
        .collect();
    if let Some(count) = Some(beside.len()).filter(|count| *count > 0) {
        sentences.push(sentence!(
            "Transfers that ran at the same time, or whose end nobody knows ({count}):",
            "同时进行或结果未知的转账({count} 笔):"
        ));
        sentences.extend(
            beside.iter().rev().take(TRANSFERS_TOLD).map(|operation| sentence!("{}.", "{}。", history.tell(operation))),
        );
    }
    Finding::violated(NAME, read.returned_event, read.returned, sentences)
}

#[cfg(test)]
mod tests {
    use nodes::world::time::Instant;

    use super::*;
    use crate::check::Answer;
    use crate::history::Outcome;

    fn read(called: u64, balances: &[(Key, i64)]) -> Operation {
        let actions = balances.iter().map(|(key, _)| Action::Read { key: *key }).collect();
        let replies = balances.iter().map(|(_, balance)| Reply::Row(vec![*balance])).collect();
        Operation::new(1, Instant(called), Some(Instant(called + 1)), actions, Outcome::Ok(replies))
    }

    fn transfer(called: u64, outcome: Outcome) -> Operation {
        let actions = vec![Action::Add { key: 1, delta: -10 }, Action::Add { key: 2, delta: 10 }];
        Operation::new(0, Instant(called), Some(Instant(called + 2)), actions, outcome)
    }

    fn bank(operations: Vec<Operation>) -> History {
        let initial = BTreeMap::from([(1, vec![50]), (2, vec![50])]);
        History { initial, ..History::of(operations) }
    }

    #[test]
    fn an_indeterminate_transfer_keeps_the_total_either_way() {
        for balances in [[(1, 50), (2, 50)], [(1, 40), (2, 60)]] {
            let history = bank(vec![transfer(1, Outcome::Unknown), read(10, &balances)]);
            assert_eq!(check(&history, None).answer, Answer::Holds);
        }
    }

    #[test]
    fn half_a_transfer_is_told_with_what_ran_beside_it() {
        let done = Outcome::Ok(vec![Reply::Done, Reply::Done]);
        let history = bank(vec![transfer(1, done.clone()), read(2, &[(1, 40), (2, 50)]), transfer(20, done)]);
        let finding = check(&history, None);
        assert_eq!((finding.answer, finding.at), (Answer::Violated, Some(Instant(3))));
        assert!(finding.explanation[1].en.starts_with("But this sums up to 90"), "{:?}", finding.explanation);
        assert!(finding.explanation[2].en.contains("(1)"), "{:?}", finding.explanation);
    }

    #[test]
    fn the_first_read_gives_the_total_when_nothing_else_does() {
        let agree = |second| History::of(vec![read(1, &[(1, 3), (2, 4)]), read(5, &[(1, 2), (2, second)])]);
        assert_eq!(check(&agree(5), None).answer, Answer::Holds);
        assert_eq!(check(&agree(6), None).answer, Answer::Violated);
        assert_eq!(check(&agree(5), Some(8)).answer, Answer::Violated);
    }

    #[test]
    fn a_read_of_some_accounts_says_nothing() {
        let finding = check(&bank(vec![read(1, &[(1, 50)])]), None);
        assert_eq!(finding.answer, Answer::CouldNotTell);
        assert_eq!(check(&bank(vec![]), None).answer, Answer::CouldNotTell);
    }
}
