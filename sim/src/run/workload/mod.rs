//! The traffic: clients that read and write as applications do, and write down what they were told.
//!
//! A workload keeps the cluster busy and makes its promises checkable: every value written is written once, and every
//! operation is in the history with its outcome (it happened, it certainly did not, nobody can tell). Clients live on
//! a machine of their own and speak [`nodes::parts::service`], so every product serves the same ones.

mod bank_transfer;
mod client;
mod ledger;
mod list_append;
mod register;

use std::collections::BTreeMap;
use std::time::Duration;

use nodes::parts::service::{Action, Key, Reply, Row};
use nodes::world::streams::Stream;

pub(super) use client::add_clients;
pub(super) use ledger::Ledger;

/// A kind of workload as a reader meets it.
#[derive(Clone, Copy)]
pub struct WorkloadWord {
    /// Its name, as a scenario writes it.
    pub name: &'static str,
    /// What it does and what it proves.
    pub doc: &'static str,
    begin: fn(Habits) -> Box<dyn Habit>,
    initial: fn(keys: u32) -> BTreeMap<Key, Row>,
}

/// Every kind of workload.
pub const WORKLOADS: &[WorkloadWord] = &[
    WorkloadWord {
        name: "register",
        doc: "reads, writes of unique values and compare-and-set on single keys: shows lost and stale values",
        begin: |habits| Box::new(register::Register::new(habits)),
        initial: |_| BTreeMap::new(),
    },
    WorkloadWord {
        name: "bank-transfer",
        doc: "transfers between accounts and audits of all of them: shows half-done transactions",
        begin: |habits| Box::new(bank_transfer::BankTransfer::new(habits)),
        initial: bank_transfer::opening_balances,
    },
    WorkloadWord {
        name: "list-append",
        doc: "transactions that append unique values to lists and read them: shows the order transactions had",
        begin: |habits| Box::new(list_append::ListAppend::new(habits)),
        initial: |_| BTreeMap::new(),
    },
];

/// The kind called `name`.
pub fn find(name: &str) -> Option<&'static WorkloadWord> {
    WORKLOADS.iter().find(|workload| workload.name == name)
}

impl WorkloadWord {
    /// The rows that exist before the first operation.
    pub fn initial(&self, keys: u32) -> BTreeMap<Key, Row> {
        (self.initial)(keys)
    }
}

/// What a client of any kind goes by.
#[derive(Clone, Copy, Debug)]
struct Habits {
    /// The client's number, from 1.
    client: u32,
    /// How many clients there are.
    clients: u32,
    keys: u32,
    /// How many of the operations only read.
    reads: (u64, u64),
}

impl Habits {
    fn key(&self, draws: &mut Stream) -> Key {
        draws.below(u64::from(self.keys)) as Key
    }

    fn reads_only(&self, draws: &mut Stream) -> bool {
        draws.chance(self.reads.0, self.reads.1)
    }

    /// A value that no other operation of the run writes. `number` counts the values of this client.
    fn unique_value(&self, number: u64) -> i64 {
        (number * u64::from(self.clients) + u64::from(self.client)) as i64
    }
}

/// What a client of one kind does next.
trait Habit {
    /// The actions of its next transaction.
    fn next(&mut self, draws: &mut Stream) -> Vec<Action>;

    /// Learns what a transaction found.
    fn learn(&mut self, _actions: &[Action], _replies: &[Reply]) {}
}

/// The lulls of the traffic.
#[derive(Clone, Copy, Debug)]
struct Lulls {
    every: Duration,
    lasts: Duration,
}

impl Lulls {
    /// How long after `since_start` the traffic may go on: nothing outside a lull. The first lull begins after the
    /// first `every`.
    fn wait_at(&self, since_start: Duration) -> Duration {
        let (every, lasts) = (self.every.as_nanos(), self.lasts.as_nanos());
        let into = since_start.as_nanos().checked_rem(every).unwrap_or(u128::MAX);
        let waits = since_start >= self.every && into < lasts;
        if waits { Duration::from_nanos((lasts - into) as u64) } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodes::world::streams::Seed;

    fn habits(client: u32) -> Habits {
        Habits { client, clients: 8, keys: 4, reads: (1, 4) }
    }

    #[test]
    fn no_value_is_written_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for client in 1..=8 {
            for workload in WORKLOADS.iter().filter(|workload| workload.name != "bank-transfer") {
                let mut values = Vec::new();
                let mut habit = (workload.begin)(habits(client));
                let key = Seed(1).stream_key(&format!("{}/{client}", workload.name));
                for number in 0..500 {
                    values.extend(habit.next(&mut key.at(number)).iter().filter_map(written));
                }
                assert!(values.len() > 100);
                assert!(values.iter().all(|value| seen.insert((workload.name, *value))));
            }
        }
    }

    fn written(action: &Action) -> Option<i64> {
        match action {
            Action::Write { value, .. } | Action::Append { value, .. } => Some(*value),
            Action::CompareAndSet { new, .. } => Some(*new),
            _ => None,
        }
    }

    #[test]
    fn transfers_keep_the_total() {
        let mut bank = bank_transfer::BankTransfer::new(habits(1));
        let key = Seed(1).stream_key("bank");
        for number in 0..500 {
            let actions = bank.next(&mut key.at(number));
            let moved: i64 =
                actions.iter().map(|action| if let Action::Add { delta, .. } = action { *delta } else { 0 }).sum();
            assert_eq!(moved, 0);
        }
    }

    #[test]
    fn a_lull_begins_after_each_period() {
        let lulls = Lulls { every: Duration::from_secs(3), lasts: Duration::from_secs(1) };
        let wait = |millis| lulls.wait_at(Duration::from_millis(millis)).as_millis();
        assert_eq!([0, 999, 2_999, 3_000, 3_400, 4_000, 6_999].map(wait), [0, 0, 0, 1_000, 600, 0, 1]);
    }
}
