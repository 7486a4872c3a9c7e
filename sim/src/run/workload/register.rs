//! `register`: each key holds one value; clients read it, write it, and change it only if it is what they last saw.

use std::collections::BTreeMap;

use nodes::parts::service::{Action, Key, Reply};
use nodes::world::streams::Stream;

use super::{Habit, Habits};

/// One write in so many is a compare-and-set, where the client knows a value to compare with.
const COMPARED: u64 = 4;

pub(super) struct Register {
    habits: Habits,
    written: u64,
    last_seen: BTreeMap<Key, i64>,
}

impl Register {
    pub(super) fn new(habits: Habits) -> Self {
        Register { habits, written: 0, last_seen: BTreeMap::new() }
    }
}

impl Habit for Register {
    fn next(&mut self, draws: &mut Stream) -> Vec<Action> {
        let key = self.habits.key(draws);
        if self.habits.reads_only(draws) {
            return vec![Action::Read { key }];
        }
        self.written += 1;
        let value = self.habits.unique_value(self.written);
        let compares = draws.chance(1, COMPARED);
        match self.last_seen.get(&key) {
            Some(&expected) if compares => vec![Action::CompareAndSet { key, expected, new: value }],
            _ => vec![Action::Write { key, value }],
        }
    }

    fn learn(&mut self, actions: &[Action], replies: &[Reply]) {
        for (action, reply) in actions.iter().zip(replies) {
            let seen = match (action, reply) {
                (Action::Read { .. }, Reply::Row(row)) => row.first().copied(),
                (Action::Write { value, .. }, Reply::Done) => Some(*value),
                (Action::CompareAndSet { new, .. }, Reply::Matched(true)) => Some(*new),
                _ => None,
            };
            if let Some(seen) = seen {
                self.last_seen.insert(action.key(), seen);
            }
        }
    }
}
