//! `list-append`: each key holds a list that only grows, so a read shows the order of everything before it.

use nodes::parts::service::Action;
use nodes::world::streams::Stream;

use super::{Habit, Habits};

/// The most actions of one transaction.
const MOST_ACTIONS: u64 = 3;

pub(super) struct ListAppend {
    habits: Habits,
    written: u64,
}

impl ListAppend {
    pub(super) fn new(habits: Habits) -> Self {
        ListAppend { habits, written: 0 }
    }
}

impl Habit for ListAppend {
    fn next(&mut self, draws: &mut Stream) -> Vec<Action> {
        let reads_only = self.habits.reads_only(draws);
        let action = |habits: &Habits, written: &mut u64, draws: &mut Stream| {
            let key = habits.key(draws);
            if reads_only || draws.chance(1, 3) {
                return Action::Read { key };
            }
            *written += 1;
            Action::Append { key, value: habits.unique_value(*written) }
        };
        let length = draws.between(1, MOST_ACTIONS);
        (0..length).map(|_| action(&self.habits, &mut self.written, draws)).collect()
    }
}
