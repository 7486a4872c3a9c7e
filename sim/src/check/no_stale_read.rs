//! `no-stale-read`: a read shows everything that was acknowledged more than a bound before it was called.
//!
//! It is what a standby promises: it may lag, but not for ever. With a bound of zero it is a weak form of
//! `linearizable`, which judges the reads of a primary.
//!
//! Judged are registers with unique written values and lists that only grow by unique values: only there does a
//! read say which writes it had seen. A write that was acknowledged in time may have been overwritten by a later
//! one before the read; so of a register only a value that was certainly replaced in time is stale.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nodes::world::time::Instant;
use reports::sentence;

use super::Finding;
use super::catalogue::{Check, Example};
use crate::history::{Action, END, History, Interval, Key, Operation, Reply, Row, Value};

/// The name of the check.
pub const NAME: &str = "no-stale-read";

/// How far a standby may lag where nobody says otherwise.
pub const DEFAULT_BOUND: Duration = Duration::from_secs(1);

/// The entry in the catalogue.
pub const CHECK: Check = Check {
    name: NAME,
    promise: "A read, even on a standby, shows every write acknowledged longer ago than the staleness bound.",
    promise_zh: "即使在备机上,读取也能看到早于陈旧上限之前已确认的所有写入。",
    example: Example {
        story: "The write of 7 is acknowledged by dn1. Three seconds later dn2 still answers with the old 3, though \
                it may lag by one second at most.",
        text: include_str!("examples/no-stale-read.jsonl"),
        judge: |text| super::judge_written_history(NAME, text, |history| check(history, DEFAULT_BOUND)),
    },
};

/// How the rows of a key are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// By unique values, each replacing the one before.
    Register,
    /// By unique values, each put at the end.
    List,
}

/// One write that had an effect, or may have had one.
#[derive(Clone, Copy)]
struct Write {
    operation: usize,
    interval: Interval,
    value: Value,
}

/// The writes to one key.
struct Writes {
    kind: Kind,
    by_value: BTreeMap<Value, Write>,
    /// Those that were acknowledged, in the order in which they were.
    acknowledged: Vec<Write>,
    /// For each of those the one that was called last, of all acknowledged until then.
    called_last: Vec<Write>,
}

/// A read that should have shown a write and did not.
struct Stale {
    reader: usize,
    missed: usize,
    key: Key,
}

/// Judges all reads of the history, on a standby or not.
pub fn check(history: &History, bound: Duration) -> Finding {
    let intervals = history.intervals();
    let writes = writes_by_key(history, &intervals);
    let mut judged = 0u64;
    let mut first: Option<(usize, Stale)> = None;
    for (number, operation) in history.operations.iter().enumerate() {
        for (key, row) in rows_read(operation) {
            let Some(writes) = writes.get(&key) else { continue };
            judged += 1;
            let Some(missed) = writes.missed(history, operation, row, bound) else { continue };
            let position = intervals[number].returned;
            if first.as_ref().is_none_or(|(earliest, _)| position < *earliest) {
                first = Some((position, Stale { reader: number, missed, key }));
            }
        }
    }
    match first {
        Some((_, stale)) => violated(history, &stale, bound),
        None if judged == 0 => Finding::could_not_tell(
            NAME,
            (
                "No client read a register or a list with unique written values.",
                "没有客户端读取过写入值唯一的寄存器或列表。",
            ),
        ),
        None => Finding::holds(NAME),
    }
}

/// The rows that a transaction read before it wrote to them itself.
fn rows_read(operation: &Operation) -> Vec<(Key, &Row)> {
    let mut own = BTreeSet::new();
    let mut rows = Vec::new();
    for (action, reply) in operation.replied_actions() {
        match reply {
            Some(Reply::Row(row)) if !own.contains(&action.key()) => rows.push((action.key(), row)),
            _ if !action.is_read() => {
                own.insert(action.key());
            }
            _ => {}
        }
    }
    rows
}

/// The writes of each key that can be judged.
fn writes_by_key(history: &History, intervals: &[Interval]) -> BTreeMap<Key, Writes> {
    let mut keys: BTreeMap<Key, Option<Writes>> = BTreeMap::new();
    for (operation, transaction) in history.operations.iter().enumerate() {
        for action in transaction.actions.iter().filter(|action| !action.is_read() && !transaction.is_failed()) {
            let writes = keys.entry(action.key()).or_insert_with(|| Writes::of_kind(action));
            let fits = writes.as_mut().is_some_and(|writes| writes.add(action, operation, intervals[operation]));
            if !fits {
                *writes = None;
            }
        }
    }
    let judged = keys.into_iter().filter_map(|(key, writes)| Some((key, writes?)));
    judged.map(|(key, writes)| (key, writes.in_order())).collect()
}

impl Writes {
    /// No writes yet, of the kind that this is one of.
    fn of_kind(action: &Action) -> Option<Writes> {
        let kind = match action {
            Action::Write { .. } => Kind::Register,
            Action::Append { .. } => Kind::List,
            Action::Read { .. } | Action::CompareAndSet { .. } | Action::Add { .. } => return None,
        };
        Some(Writes { kind, by_value: BTreeMap::new(), acknowledged: Vec::new(), called_last: Vec::new() })
    }

    /// Adds a write; whether it is of the same kind and its value unique.
    fn add(&mut self, action: &Action, operation: usize, interval: Interval) -> bool {
        let value = match (self.kind, *action) {
            (Kind::Register, Action::Write { value, .. }) | (Kind::List, Action::Append { value, .. }) => value,
            _ => return false,
        };
        self.by_value.insert(value, Write { operation, interval, value }).is_none()
    }

    fn in_order(mut self) -> Writes {
        self.acknowledged = self.by_value.values().copied().filter(|write| write.interval.returned != END).collect();
        self.acknowledged.sort_by_key(|write| write.interval.returned);
        for write in &self.acknowledged {
            let last = self.called_last.last().copied().filter(|last| last.interval.called > write.interval.called);
            self.called_last.push(last.unwrap_or(*write));
        }
        self
    }

    /// A write that was acknowledged in time and that the row does not show.
    fn missed(&self, history: &History, reader: &Operation, row: &Row, bound: Duration) -> Option<usize> {
        let in_time = self.acknowledged.partition_point(|write| {
            let acknowledged = history.operations[write.operation].returned.unwrap_or(Instant::NEVER);
            acknowledged + bound < reader.called
        });
        let missed = match self.kind {
            Kind::List => {
                let shown: BTreeSet<&Value> = row.iter().collect();
                self.acknowledged[..in_time].iter().find(|write| !shown.contains(&write.value))
            }
            Kind::Register => {
                // The value that was read came from this write, or was there at the beginning.
                let origin = row.first().and_then(|value| self.by_value.get(value));
                let last = self.called_last[..in_time].last();
                last.filter(|last| origin.is_none_or(|origin| origin.interval.before(&last.interval)))
            }
        };
        missed.map(|write| write.operation)
    }
}

fn violated(history: &History, stale: &Stale, bound: Duration) -> Finding {
    let reader = &history.operations[stale.reader];
    let writer = &history.operations[stale.missed];
    let age = reader.called.since(writer.returned.unwrap_or(Instant::START));
    let sentences = vec![
        sentence!("{}.", "{}。", history.tell_on(reader, stale.key)),
        sentence!(
            "It should have shown this, acknowledged {age:?} before the read was called: {}.",
            "它应当看到在读取发起前 {age:?} 已确认的:{}。",
            history.tell_on(writer, stale.key)
        ),
        sentence!("The bound is {bound:?}.", "允许的滞后上限为 {bound:?}。"),
    ];
    Finding::violated(NAME, reader.returned_event, reader.returned, sentences)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;
    use crate::history::Outcome;

    const BOUND: Duration = Duration::from_nanos(100);

    fn act(called: u64, returned: u64, action: Action, reply: Reply) -> Operation {
        Operation::new(called, Instant(called), Some(Instant(returned)), vec![action], Outcome::Ok(vec![reply]))
    }

    fn write(called: u64, returned: u64, value: Value) -> Operation {
        act(called, returned, Action::Write { key: 1, value }, Reply::Done)
    }

    fn append(called: u64, returned: u64, value: Value) -> Operation {
        act(called, returned, Action::Append { key: 1, value }, Reply::Done)
    }

    fn read(called: u64, row: &[Value]) -> Operation {
        act(called, called + 1, Action::Read { key: 1 }, Reply::Row(row.to_vec()))
    }

    fn judged(operations: Vec<Operation>) -> Answer {
        check(&History::of(operations), BOUND).answer
    }

    #[test]
    fn a_register_may_lag_by_the_bound_and_no_more() {
        let history = |called| vec![write(1, 2, 1), write(3, 4, 2), read(called, &[1])];
        assert_eq!(judged(history(104)), Answer::Holds);
        assert_eq!(judged(history(105)), Answer::Violated);
    }

    #[test]
    fn a_value_that_may_have_come_later_is_not_stale() {
        // Both writes ran at the same time: 1 may be the later one.
        assert_eq!(judged(vec![write(1, 10, 1), write(2, 9, 2), read(500, &[1])]), Answer::Holds);
        assert_eq!(judged(vec![write(1, 10, 1), write(2, 9, 2), read(500, &[])]), Answer::Violated);
    }

    #[test]
    fn a_list_must_show_every_element_in_time() {
        let history = |row: &[Value]| vec![append(1, 2, 1), append(3, 450, 2), read(500, row)];
        assert_eq!(judged(history(&[1])), Answer::Holds);
        assert_eq!(judged(history(&[1, 2])), Answer::Holds);
        assert_eq!(judged(history(&[2])), Answer::Violated);
        assert_eq!(judged(history(&[])), Answer::Violated);
    }

    #[test]
    fn a_write_that_nobody_acknowledged_need_not_be_shown() {
        let mut lost = write(1, 2, 1);
        lost.outcome = Outcome::Unknown;
        assert_eq!(judged(vec![lost, read(500, &[])]), Answer::Holds);
    }

    #[test]
    fn counters_say_nothing() {
        let add = act(1, 2, Action::Add { key: 1, delta: 1 }, Reply::Done);
        assert_eq!(judged(vec![add, read(500, &[0])]), Answer::CouldNotTell);
        assert_eq!(judged(vec![]), Answer::CouldNotTell);
    }
}
