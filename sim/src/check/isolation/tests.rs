//! A written history for each anomaly, and all levels against their definitions on tiny histories.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use proptest::prelude::*;

use super::level::{Anomaly, Extra, Shape};
use super::*;
use crate::check::Answer;
use crate::history::{Action, Key, Operation, Outcome, Reply, Value};

/// What a transaction did: appends, and reads with what they found.
#[derive(Clone, Copy)]
enum Step {
    Append(Key, Value),
    Read(Key, &'static [Value]),
}
use Step::{Append, Read};

/// A transaction of a client of its own that was answered.
fn transaction(client: u64, called: u64, returned: u64, steps: &[Step]) -> Operation {
    let action = |step: &Step| match *step {
        Append(key, value) => Action::Append { key, value },
        Read(key, _) => Action::Read { key },
    };
    let reply = |step: &Step| match step {
        Append(..) => Reply::Done,
        Read(_, list) => Reply::Row(list.to_vec()),
    };
    let outcome = Outcome::Ok(steps.iter().map(reply).collect());
    Operation::new(client, Instant(called), Some(Instant(returned)), steps.iter().map(action).collect(), outcome)
}

/// Transactions that all run at the same time, each by a client of its own.
fn concurrent(transactions: &[&[Step]]) -> Vec<Operation> {
    (0..).zip(transactions).map(|(client, steps)| transaction(client, 10 + client, 1_000 + client, steps)).collect()
}

fn failed(mut operation: Operation) -> Operation {
    operation.outcome = Outcome::Failed("refused".to_string());
    operation
}

fn unknown(mut operation: Operation) -> Operation {
    operation.outcome = Outcome::Unknown;
    operation
}

fn judged(operations: &[Operation], level: Level) -> Finding {
    check(&History::of(operations.to_vec()), level, Budget::default())
}

/// Asserts that this level and all that imply it forbid what happened, and that the others allow it.
fn first_forbidden_by(operations: &[Operation], weakest: &[Level], anomaly: Anomaly) {
    for level in LEVELS {
        let finding = judged(operations, level);
        let implied = weakest.iter().any(|weakest| implies(level, *weakest));
        let expected = if implied { Answer::Violated } else { Answer::Holds };
        assert_eq!(finding.answer, expected, "{}: {:#?}", level.name(), finding.explanation);
    }
    let told = judged(operations, weakest[0]).told();
    assert!(told.starts_with(&format!("{}, which", anomaly.name())), "{told:#?}");
}

/// Whether what the second level forbids is forbidden by the first.
fn implies(level: Level, weaker: Level) -> bool {
    level >= weaker && level.extra() >= weaker.extra()
}

fn cycle(shape: Shape, extra: Extra) -> Anomaly {
    Anomaly::Cycle(shape, extra)
}

#[test]
fn a_quiet_history_holds_at_every_level() {
    let history = [
        transaction(0, 1, 2, &[Append(1, 1), Append(2, 1)]),
        transaction(1, 3, 4, &[Read(1, &[1]), Append(1, 2), Read(1, &[1, 2])]),
        transaction(0, 5, 6, &[Read(1, &[1, 2]), Read(2, &[1])]),
    ];
    for level in LEVELS {
        assert_eq!(judged(&history, level).answer, Answer::Holds, "{}", level.name());
    }
}

#[test]
fn a_read_before_the_own_append_is_no_cycle() {
    let alone = [transaction(0, 1, 2, &[Read(1, &[]), Append(1, 1)])];
    let after = [alone[0].clone(), transaction(1, 3, 4, &[Read(1, &[1]), Append(1, 2)])];
    for history in [&alone[..], &after[..]] {
        assert_eq!(judged(history, Level::StrictSerializable).answer, Answer::Holds);
    }
    // But two that both found the list empty lost an update, though nobody looked afterwards.
    let lost = concurrent(&[&[Read(1, &[]), Append(1, 1)], &[Read(1, &[]), Append(1, 2)]]);
    assert_eq!(judged(&lost, Level::Serializable).answer, Answer::Violated);
}

#[test]
fn garbage() {
    let history = concurrent(&[&[Read(1, &[7])]]);
    first_forbidden_by(&history, &[Level::ReadUncommitted], Anomaly::Garbage);
}

#[test]
fn a_duplicate() {
    let history = concurrent(&[&[Append(1, 1)], &[Append(1, 2)], &[Read(1, &[1, 2, 1])]]);
    let finding = judged(&history, Level::ReadUncommitted);
    assert!(finding.explanation[0].en.starts_with("duplicate elements"), "{:#?}", finding.explanation);
}

#[test]
fn an_incompatible_order() {
    let history = concurrent(&[&[Append(1, 1)], &[Append(1, 2)], &[Read(1, &[1, 2])], &[Read(1, &[2])]]);
    first_forbidden_by(&history, &[Level::ReadUncommitted], Anomaly::IncompatibleOrder);
}

#[test]
fn the_appends_of_one_transaction_out_of_order() {
    for list in [&[2, 1][..], &[2]] {
        let history = concurrent(&[&[Append(1, 1), Append(1, 2)], &[Read(1, list)]]);
        first_forbidden_by(&history, &[Level::ReadUncommitted], Anomaly::IncompatibleOrder);
    }
}

#[test]
fn g1a_a_read_of_a_failed_append() {
    let history = [failed(transaction(0, 1, 2, &[Append(1, 1)])), transaction(1, 3, 4, &[Read(1, &[1])])];
    first_forbidden_by(&history, &[Level::ReadCommitted], Anomaly::AbortedRead);
}

#[test]
fn a_dirty_update() {
    let history = [
        failed(transaction(0, 1, 2, &[Append(1, 1)])),
        transaction(1, 3, 4, &[Append(1, 2)]),
        transaction(2, 5, 6, &[Read(1, &[1, 2])]),
    ];
    let finding = judged(&history, Level::ReadCommitted);
    assert_eq!(finding.answer, Answer::Violated);
    let told = finding.told();
    assert!(told.contains("G1a (aborted read)") && told.contains("dirty update"), "{told}");
    assert_eq!(judged(&history, Level::ReadUncommitted).answer, Answer::Holds);
}

#[test]
fn g1b_a_read_of_half_a_transaction() {
    let history = concurrent(&[&[Append(1, 1), Append(1, 2)], &[Read(1, &[1])], &[Read(1, &[1, 2])]]);
    first_forbidden_by(&history, &[Level::ReadCommitted], Anomaly::IntermediateRead);
}

#[test]
fn an_internal_inconsistency() {
    let unseen = concurrent(&[&[Append(1, 1), Read(1, &[])]]);
    first_forbidden_by(&unseen, &[Level::SnapshotIsolation], Anomaly::Internal);
    let moved = concurrent(&[&[Append(1, 1)], &[Read(1, &[]), Read(1, &[1])]]);
    let told = judged(&moved, Level::SnapshotIsolation).told();
    assert!(told.contains("should then have been [], not [1]"), "{told}");
}

#[test]
fn g0_interleaved_writes() {
    let history = concurrent(&[
        &[Append(1, 1), Append(2, 1)],
        &[Append(1, 2), Append(2, 2)],
        &[Read(1, &[1, 2]), Read(2, &[2, 1])],
    ]);
    first_forbidden_by(&history, &[Level::ReadUncommitted], cycle(Shape::G0, Extra::DataOnly));
}

#[test]
fn g1c_two_that_see_each_other() {
    let history = concurrent(&[&[Append(1, 1), Read(2, &[1])], &[Append(2, 1), Read(1, &[1])]]);
    first_forbidden_by(&history, &[Level::ReadCommitted], cycle(Shape::G1c, Extra::DataOnly));
}

#[test]
fn g_single_a_read_skew() {
    let history = concurrent(&[&[Append(1, 1), Append(2, 1)], &[Read(1, &[]), Read(2, &[1])], &[Read(1, &[1])]]);
    first_forbidden_by(&history, &[Level::SnapshotIsolation], cycle(Shape::GSingle, Extra::DataOnly));
}

#[test]
fn g_single_a_lost_update() {
    let history = concurrent(&[&[Read(1, &[]), Append(1, 1)], &[Read(1, &[]), Append(1, 2)], &[Read(1, &[1, 2])]]);
    first_forbidden_by(&history, &[Level::SnapshotIsolation], cycle(Shape::GSingle, Extra::DataOnly));
}

#[test]
fn g_nonadjacent_a_long_fork() {
    let history =
        concurrent(&[&[Append(1, 1)], &[Append(2, 1)], &[Read(1, &[1]), Read(2, &[])], &[Read(1, &[]), Read(2, &[1])]]);
    first_forbidden_by(&history, &[Level::SnapshotIsolation], cycle(Shape::GNonadjacent, Extra::DataOnly));
}

#[test]
fn g2_item_a_write_skew() {
    let seen =
        concurrent(&[&[Read(1, &[]), Append(2, 1)], &[Read(2, &[]), Append(1, 1)], &[Read(1, &[1]), Read(2, &[1])]]);
    first_forbidden_by(&seen, &[Level::Serializable], cycle(Shape::G2Item, Extra::DataOnly));
    // Nobody looks afterwards, and yet both appends must have come after what was read.
    first_forbidden_by(&seen[..2], &[Level::Serializable], cycle(Shape::G2Item, Extra::DataOnly));
}

/// One session sees its own past undone.
#[test]
fn the_variants_of_a_session() {
    let process = |transactions: [Operation; 3]| {
        let mut transactions = transactions;
        // The first two share a session; nobody is answered before anybody else is called, but for them.
        transactions[1].session = transactions[0].session;
        transactions
    };
    let strong = [Level::StrongSessionSnapshotIsolation, Level::StrongSessionSerializable];
    let g_single = process([
        transaction(0, 10, 20, &[Append(1, 1)]),
        transaction(0, 30, 40, &[Read(1, &[])]),
        transaction(2, 5, 50, &[Read(1, &[1])]),
    ]);
    first_forbidden_by(&g_single, &strong, cycle(Shape::GSingle, Extra::Process));
    let g0 = process([
        transaction(0, 10, 20, &[Append(1, 1)]),
        transaction(0, 30, 40, &[Append(1, 2)]),
        transaction(2, 5, 50, &[Read(1, &[2, 1])]),
    ]);
    first_forbidden_by(&g0, &strong, cycle(Shape::G0, Extra::Process));
    let g1c = process([
        transaction(0, 10, 20, &[Read(1, &[1])]),
        transaction(0, 30, 40, &[Append(1, 1)]),
        transaction(2, 5, 50, &[]),
    ]);
    first_forbidden_by(&g1c, &strong, cycle(Shape::G1c, Extra::Process));
}

#[test]
fn g_nonadjacent_and_g2_item_of_a_session() {
    let mut fork = vec![
        transaction(0, 10, 20, &[Append(1, 1)]),
        transaction(0, 30, 40, &[Read(2, &[])]),
        transaction(1, 10, 20, &[Append(2, 1)]),
        transaction(1, 30, 40, &[Read(1, &[])]),
        transaction(2, 5, 50, &[Read(1, &[1])]),
        transaction(3, 5, 50, &[Read(2, &[1])]),
    ];
    let strong = [Level::StrongSessionSnapshotIsolation, Level::StrongSessionSerializable];
    first_forbidden_by(&fork, &strong, cycle(Shape::GNonadjacent, Extra::Process));
    // A transaction between the two that overwrites the one's read and reads what the other overwrites.
    fork = vec![
        transaction(0, 10, 20, &[Append(2, 1)]),
        transaction(0, 30, 40, &[Read(1, &[])]),
        transaction(1, 5, 50, &[Append(1, 1), Read(2, &[])]),
    ];
    first_forbidden_by(&fork, &[Level::StrongSessionSerializable], cycle(Shape::G2Item, Extra::Process));
}

/// The same with clients that know nothing of each other: only real time orders them.
#[test]
fn the_variants_of_real_time() {
    let strong = [Level::StrongSnapshotIsolation, Level::StrictSerializable];
    let g_single = [transaction(0, 10, 20, &[Append(1, 1)]), transaction(1, 30, 40, &[Read(1, &[])])];
    first_forbidden_by(&g_single, &strong, cycle(Shape::GSingle, Extra::RealTime));
    let g0 = [
        transaction(0, 10, 20, &[Append(1, 1)]),
        transaction(1, 30, 40, &[Append(1, 2)]),
        transaction(2, 5, 50, &[Read(1, &[2, 1])]),
    ];
    first_forbidden_by(&g0, &strong, cycle(Shape::G0, Extra::RealTime));
    let g1c = [transaction(0, 10, 20, &[Read(1, &[1])]), transaction(1, 30, 40, &[Append(1, 1)])];
    first_forbidden_by(&g1c, &strong, cycle(Shape::G1c, Extra::RealTime));
    let g_nonadjacent = [
        transaction(0, 10, 20, &[Append(1, 1)]),
        transaction(1, 30, 40, &[Read(2, &[])]),
        transaction(2, 15, 35, &[Append(2, 1)]),
        transaction(3, 45, 60, &[Read(1, &[])]),
        transaction(4, 5, 90, &[Read(1, &[1])]),
        transaction(5, 5, 90, &[Read(2, &[1])]),
    ];
    // Here the reader of list 1 began after the append to it had ended: one rw edge is enough.
    first_forbidden_by(&g_nonadjacent, &strong, cycle(Shape::GSingle, Extra::RealTime));
    let g2_item = [
        transaction(0, 10, 20, &[Append(2, 1)]),
        transaction(1, 30, 40, &[Read(1, &[])]),
        transaction(2, 5, 50, &[Append(1, 1), Read(2, &[])]),
    ];
    first_forbidden_by(&g2_item, &[Level::StrictSerializable], cycle(Shape::G2Item, Extra::RealTime));
}

#[test]
fn an_unknown_transaction_counts_if_it_was_seen() {
    let maybe = unknown(transaction(0, 1, 2, &[Append(1, 1), Append(2, 1)]));
    let history =
        |lists: [&'static [Value]; 2]| [maybe.clone(), transaction(1, 3, 4, &[Read(1, lists[0]), Read(2, lists[1])])];
    assert_eq!(judged(&history([&[], &[]]), Level::StrictSerializable).answer, Answer::Holds);
    assert_eq!(judged(&history([&[1], &[1]]), Level::StrictSerializable).answer, Answer::Holds);
    first_forbidden_by(&history([&[], &[1]]), &[Level::SnapshotIsolation], cycle(Shape::GSingle, Extra::DataOnly));
}

#[test]
fn a_stale_standby_is_serializable_but_a_torn_one_is_not() {
    let history = |lists: [&'static [Value]; 2]| {
        let mut standby = transaction(2, 50, 60, &[Read(1, lists[0]), Read(2, lists[1])]);
        standby.replica_read = true;
        [transaction(0, 1, 2, &[Append(1, 1), Append(2, 1)]), transaction(1, 3, 4, &[Read(1, &[1])]), standby]
    };
    assert_eq!(judged(&history([&[], &[]]), Level::StrictSerializable).answer, Answer::Holds);
    assert_eq!(judged(&history([&[], &[1]]), Level::StrictSerializable).answer, Answer::Violated);
}

#[test]
fn the_witness_is_short_and_told_edge_by_edge() {
    let history = concurrent(&[&[Append(1, 1), Read(2, &[1])], &[Append(2, 1), Read(1, &[1])]]);
    let told = judged(&history, Level::Serializable).told();
    assert_eq!(
        told.lines().collect::<Vec<_>>(),
        [
            "G1c, which serializable forbids:",
            "T1: client 0 appended 1 to key 1, read 1 from key 2, from 0.000000s to 0.000001s.",
            "T2: client 1 appended 1 to key 2, read 1 from key 1, from 0.000000s to 0.000001s.",
            "T1 < T2, because T2 observed T1's append of 1 to key 1.",
            "T2 < T1, because T1 observed T2's append of 1 to key 2.",
            "So T1 would have to come before itself.",
        ]
    );
}

#[test]
fn what_cannot_be_traced_is_not_a_pass() {
    let level = Level::Serializable;
    assert_eq!(judged(&[], level).answer, Answer::CouldNotTell);
    assert_eq!(judged(&concurrent(&[&[Append(1, 1)]]), level).answer, Answer::CouldNotTell);
    let twice = concurrent(&[&[Append(1, 1)], &[Append(1, 1)], &[Read(1, &[1])]]);
    assert_eq!(judged(&twice, level).answer, Answer::CouldNotTell);
    let many = concurrent(&[&[Append(1, 1), Read(2, &[1])], &[Append(2, 1), Read(1, &[1])]]);
    let finding = check(&History::of(many), level, Budget { steps: 0, memory: 0 });
    assert_eq!(finding.answer, Answer::CouldNotTell);
}

#[test]
fn a_knot_of_thousands_is_untied_within_the_budget() {
    // Each sees the append of the next but not of the one after: one long knot, with short cycles in it.
    let operations: Vec<Operation> = (0..5_000i64)
        .flat_map(|number| {
            let seen = vec![1];
            let actions = vec![
                Action::Append { key: number, value: 1 },
                Action::Read { key: (number + 1) % 5_000 },
                Action::Read { key: (number + 2_500) % 5_000 },
            ];
            let replies = vec![Reply::Done, Reply::Row(seen.clone()), Reply::Row(seen)];
            let client = number as u64;
            [Operation::new(client, Instant(1), Some(Instant(100)), actions, Outcome::Ok(replies))]
        })
        .collect();
    let finding = check(&History::of(operations), Level::Serializable, Budget { steps: 100_000, ..Budget::default() });
    assert_eq!(finding.answer, Answer::Violated);
    assert!(finding.explanation.len() < 10, "{:#?}", finding.explanation);
}

/// Tiny histories whose last transaction reads everything, so that all is known that can be.
fn tiny_history() -> impl Strategy<Value = History> {
    let step = (0i64..2, any::<bool>(), any::<prop::sample::Index>());
    let one = (proptest::collection::vec(step, 1..3), 0u64..12, 0u64..6, 0u64..2);
    let orders = proptest::collection::vec(any::<prop::sample::Index>(), 12);
    (proptest::collection::vec(one, 1..4), orders).prop_map(|(drawn, orders)| build(&drawn, &orders))
}

type DrawnStep = (i64, bool, prop::sample::Index);

/// Appends as drawn, reads of some beginning of a drawn final order of each list.
fn build(drawn: &[(Vec<DrawnStep>, u64, u64, u64)], orders: &[prop::sample::Index]) -> History {
    let mut lists: BTreeMap<Key, Vec<Value>> = BTreeMap::from([(0, vec![]), (1, vec![])]);
    let mut next = 0;
    for (steps, ..) in drawn {
        for (key, _, _) in steps.iter().filter(|(_, is_append, _)| *is_append) {
            let list = lists.entry(*key).or_default();
            let place = orders[next as usize].index(list.len() + 1);
            list.insert(place, next);
            next += 1;
        }
    }
    let mut value = 0;
    let mut operations = Vec::new();
    for (number, (steps, called, length, session)) in (0u64..).zip(drawn) {
        let (mut actions, mut replies) = (Vec::new(), Vec::new());
        for (key, is_append, seen) in steps {
            if *is_append {
                actions.push(Action::Append { key: *key, value });
                replies.push(Reply::Done);
                value += 1;
            } else {
                let list = &lists[key];
                actions.push(Action::Read { key: *key });
                replies.push(Reply::Row(list[..seen.index(list.len() + 1)].to_vec()));
            }
        }
        let (called, returned) = (Instant(*called), Some(Instant(called + length)));
        let mut operation = Operation::new(number, called, returned, actions, Outcome::Ok(replies));
        operation.session = *session;
        operations.push(operation);
    }
    let actions = lists.keys().map(|key| Action::Read { key: *key }).collect();
    let replies = lists.values().map(|list| Reply::Row(list.clone())).collect();
    operations.push(Operation::new(9, Instant(50), Some(Instant(51)), actions, Outcome::Ok(replies)));
    operations.last_mut().unwrap().session = 9;
    History::of(operations)
}

/// The moments of transactions in a database that keeps snapshot isolation.
#[derive(Clone)]
struct Snapshots<'a> {
    history: &'a History,
    /// For each transaction whether it began, and what the lists were then.
    begun: Vec<Option<BTreeMap<Key, Vec<Value>>>>,
    committed: Vec<bool>,
    lists: BTreeMap<Key, Vec<Value>>,
    /// Whether one transaction must begin after another has committed.
    after: &'a dyn Fn(usize, usize) -> bool,
    /// Whether each must commit as soon as it begins: then the order is serial.
    serial: bool,
}

impl Snapshots<'_> {
    fn is_explained(&self) -> bool {
        if self.committed.iter().all(|committed| *committed) {
            return true;
        }
        (0..self.committed.len()).any(|next| match &self.begun[next] {
            None => self.begin(next),
            Some(snapshot) if !self.committed[next] => self.commit(next, snapshot),
            Some(_) => false,
        })
    }

    fn begin(&self, next: usize) -> bool {
        let others = || 0..self.committed.len();
        let too_early = others().any(|other| !self.committed[other] && (self.after)(other, next));
        let must_wait = self.serial && others().any(|other| self.begun[other].is_some() && !self.committed[other]);
        if too_early || must_wait {
            return false;
        }
        let mut then = self.clone();
        then.begun[next] = Some(self.lists.clone());
        then.is_explained()
    }

    fn commit(&self, next: usize, snapshot: &BTreeMap<Key, Vec<Value>>) -> bool {
        let mut own = snapshot.clone();
        let mut then = self.clone();
        for (action, reply) in self.history.operations[next].replied_actions() {
            match (*action, reply) {
                (Action::Append { key, value }, _) => {
                    // Somebody else changed the list since the transaction began.
                    if self.lists.get(&key) != snapshot.get(&key) {
                        return false;
                    }
                    own.entry(key).or_default().push(value);
                    then.lists.insert(key, own[&key].clone());
                }
                (Action::Read { key }, Some(Reply::Row(seen))) => {
                    if own.get(&key).map_or(&[][..], Vec::as_slice) != seen.as_slice() {
                        return false;
                    }
                }
                _ => unreachable!("lists only"),
            }
        }
        then.committed[next] = true;
        then.is_explained()
    }
}

/// The definition of a level: some way to begin and commit the transactions explains all that was read.
fn explained(history: &History, serial: bool, extra: Extra) -> bool {
    let intervals = history.intervals();
    let count = history.operations.len();
    let after = |earlier: usize, later: usize| {
        let same_session = history.operations[earlier].session == history.operations[later].session;
        let counts = match extra {
            Extra::DataOnly => false,
            Extra::Process => same_session,
            Extra::RealTime => true,
        };
        counts && intervals[earlier].before(&intervals[later])
    };
    let lists = BTreeMap::new();
    let start =
        Snapshots { history, begun: vec![None; count], committed: vec![false; count], lists, after: &after, serial };
    start.is_explained()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn levels_agree_with_their_definitions(history in tiny_history()) {
        for (level, serial) in [
            (Level::SnapshotIsolation, false),
            (Level::StrongSessionSnapshotIsolation, false),
            (Level::StrongSnapshotIsolation, false),
            (Level::Serializable, true),
            (Level::StrongSessionSerializable, true),
            (Level::StrictSerializable, true),
        ] {
            let finding = check(&history, level, Budget::default());
            let expected = if explained(&history, serial, level.extra()) { Answer::Holds } else { Answer::Violated };
            prop_assert_eq!(finding.answer, expected, "{}: {:#?}", level.name(), finding.explanation);
        }
    }
}
