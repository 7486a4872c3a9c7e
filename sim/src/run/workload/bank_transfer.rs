//! `bank-transfer`: money moves between accounts; whatever happens, there is as much of it as before.

use std::collections::BTreeMap;

use nodes::parts::service::{Action, Key, Row};
use nodes::world::streams::Stream;

use super::{Habit, Habits};

/// What every account holds at first.
const OPENING_BALANCE: i64 = 1_000;
/// The largest amount of one transfer.
const LARGEST_AMOUNT: u64 = 50;
/// One read in so many is an audit of every account; the others look at two.
const AUDITED: u64 = 8;

pub(super) fn opening_balances(keys: u32) -> BTreeMap<Key, Row> {
    (0..i64::from(keys)).map(|key| (key, vec![OPENING_BALANCE])).collect()
}

pub(super) struct BankTransfer {
    habits: Habits,
}

impl BankTransfer {
    pub(super) fn new(habits: Habits) -> Self {
        BankTransfer { habits }
    }

    /// Two accounts, different ones if there are two.
    fn two_accounts(&self, draws: &mut Stream) -> (Key, Key) {
        let keys = u64::from(self.habits.keys);
        let from = draws.below(keys);
        let further = 1 + draws.below(keys.saturating_sub(1));
        (from as Key, ((from + further) % keys) as Key)
    }
}

impl Habit for BankTransfer {
    fn next(&mut self, draws: &mut Stream) -> Vec<Action> {
        let (from, to) = self.two_accounts(draws);
        if self.habits.reads_only(draws) {
            let audited: Vec<Key> =
                if draws.chance(1, AUDITED) { (0..i64::from(self.habits.keys)).collect() } else { vec![from, to] };
            return audited.into_iter().map(|key| Action::Read { key }).collect();
        }
        let amount = draws.between(1, LARGEST_AMOUNT) as i64;
        vec![Action::Add { key: from, delta: -amount }, Action::Add { key: to, delta: amount }]
    }
}
