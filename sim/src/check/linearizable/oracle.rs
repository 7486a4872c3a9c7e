//! The check beside another implementation: stateright's tester, on random histories.
//!
//! The tests beside this one hold the check against our own reading of the definition. An oracle that somebody else wrote
//! does not share our misreadings.

use proptest::prelude::*;
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

use nodes::world::time::Instant;

use super::check;
use crate::check::{Answer, Budget};
use crate::history::{Action, History, Operation, Outcome, Reply, Row};

/// One row, as stateright wants it.
#[derive(Clone, Debug, Default)]
struct OneRow(Row);

impl SequentialSpec for OneRow {
    type Op = Action;
    type Ret = Reply;

    fn invoke(&mut self, action: &Action) -> Reply {
        let row = &mut self.0;
        match *action {
            Action::Read { .. } => return Reply::Row(row.clone()),
            Action::Write { value, .. } => *row = vec![value],
            Action::Append { value, .. } => row.push(value),
            Action::CompareAndSet { expected, new, .. } => {
                let matched = *row == [expected];
                if matched {
                    *row = vec![new];
                }
                return Reply::Matched(matched);
            }
            Action::Add { delta, .. } => match row.first_mut() {
                Some(balance) => *balance += delta,
                None => row.push(delta),
            },
        }
        Reply::Done
    }
}

/// What a client does next, and how its answer is bent.
#[derive(Clone, Debug)]
struct Drawn {
    client: u64,
    action: Action,
    /// Where the operation takes effect: when it is called or when it is answered.
    effect_at_call: bool,
    /// Now and then an answer is another one.
    bent: bool,
}

fn drawn(uniquely: bool) -> impl Strategy<Value = Vec<Drawn>> {
    let action = prop_oneof![
        3 => Just(Action::Read { key: 1 }),
        3 => (1..4_i64).prop_map(|value| Action::Write { key: 1, value }),
        1 => (1..4_i64).prop_map(|value| Action::Append { key: 1, value }),
        1 => (1..4_i64, 1..4_i64).prop_map(|(expected, new)| Action::CompareAndSet { key: 1, expected, new }),
        1 => (1..3_i64).prop_map(|delta| Action::Add { key: 1, delta }),
    ];
    let one = (0..4_u64, action, any::<bool>(), prop::bool::weighted(0.15));
    let one = one.prop_map(|(client, action, effect_at_call, bent)| Drawn { client, action, effect_at_call, bent });
    prop::collection::vec(one, 1..26).prop_map(move |mut all| {
        if uniquely {
            // A register whose writes all differ, which is decided without a search.
            for (number, drawn) in (10..).zip(&mut all) {
                drawn.action = match drawn.action {
                    Action::Read { .. } | Action::Add { .. } => Action::Read { key: 1 },
                    _ => Action::Write { key: 1, value: number },
                };
            }
        }
        all
    })
}

/// Plays what was drawn, each event one step of time: a client that waits is answered, another one calls.
fn play(drawn: &[Drawn]) -> (History, bool) {
    let mut tester = LinearizabilityTester::new(OneRow::default());
    let mut row = OneRow::default();
    let mut waiting: Vec<Option<(usize, Drawn, Option<Reply>)>> = vec![None; 4];
    let mut operations: Vec<Operation> = Vec::new();
    for (now, event) in (1_u64..).zip(drawn) {
        match waiting[event.client as usize].take() {
            None => {
                tester.on_invoke(event.client, event.action).expect("it waits for nothing");
                let reply = event.effect_at_call.then(|| row.invoke(&event.action));
                waiting[event.client as usize] = Some((operations.len(), event.clone(), reply));
                let (called, action) = (Instant(now), vec![event.action]);
                operations.push(Operation::new(event.client, called, None, action, Outcome::Unknown));
            }
            Some((number, begun, reply)) => {
                let mut reply = reply.unwrap_or_else(|| row.invoke(&begun.action));
                if begun.bent {
                    reply = match reply {
                        Reply::Row(mut row) => {
                            if row.pop().is_none() {
                                row.push(2);
                            }
                            Reply::Row(row)
                        }
                        Reply::Matched(matched) => Reply::Matched(!matched),
                        Reply::Done => Reply::Done,
                    };
                }
                tester.on_return(event.client, reply.clone()).expect("it waits for this");
                operations[number].returned = Some(Instant(now));
                operations[number].outcome = Outcome::Ok(vec![reply]);
            }
        }
    }
    (History::of(operations), tester.is_consistent())
}

fn agrees(drawn: &[Drawn]) -> Result<(), TestCaseError> {
    let (history, is_consistent) = play(drawn);
    let finding = check(&history, Budget::default());
    let nothing_to_judge = history.operations.iter().all(|it| !it.is_ok() && it.actions.iter().all(Action::is_read));
    let expected = match is_consistent {
        true if nothing_to_judge => Answer::CouldNotTell,
        true => Answer::Holds,
        false => Answer::Violated,
    };
    prop_assert_eq!(finding.answer, expected, "{:#?} {:#?}", finding.explanation, history.operations);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn the_search_says_what_stateright_says(drawn in drawn(false)) {
        agrees(&drawn)?;
    }

    #[test]
    fn the_zones_say_what_stateright_says(drawn in drawn(true)) {
        agrees(&drawn)?;
    }
}

#[test]
fn the_random_histories_are_of_both_sorts() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut consistent = [0, 0];
    for _ in 0..400 {
        let tree = drawn(false).new_tree(&mut runner).expect("a history");
        let (history, is_consistent) = play(&tree.current());
        if history.operations.len() > 4 {
            consistent[usize::from(is_consistent)] += 1;
        }
    }
    assert!(consistent[0] > 30 && consistent[1] > 30, "{consistent:?}");
}
