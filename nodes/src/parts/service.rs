//! What clients and databases say to each other: transactions in, results or refusals out.
//!
//! Every product serves this protocol on [`PORT`], so that one workload drives them all. A refusal means that the
//! transaction definitely had no effect; whatever else goes wrong (no answer, a reset connection, [`Answer::Unknown`])
//! leaves the client not knowing, and its history says so.

use crate::world::network::Message;
use crate::world::port::PortNumber;
use crate::world::process::Process;

/// The port on which a database listens for clients.
pub const PORT: PortNumber = PortNumber(5432);

/// Answers every call on a port, each in a task of its own, for as long as the process lives. A message that waits for
/// no answer is dropped.
pub async fn answer_calls<Asked, Told, Answering>(
    process: &Process,
    port: PortNumber,
    answer: impl Fn(Asked) -> Answering,
) where
    Asked: Message + Clone,
    Told: Message,
    Answering: Future<Output = Told> + 'static,
{
    let port = process.bind::<Asked>(port);
    loop {
        let incoming = port.recv().await;
        let Some(call) = incoming.call else { continue };
        let answering = answer(incoming.message);
        let replying = process.clone();
        process.spawn(async move { replying.reply(call, answering.await) });
    }
}

/// The name of a row.
pub type Key = i64;
/// What is stored under a key: nothing, one value, or a list that grows.
pub type Row = Vec<i64>;

/// One thing a transaction does to one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Look at the row.
    Read {
        /// The row.
        key: Key,
    },
    /// Replace the row by one value.
    Write {
        /// The row.
        key: Key,
        /// Its new and only value.
        value: i64,
    },
    /// Replace the row by one value if it holds exactly the expected one.
    CompareAndSet {
        /// The row.
        key: Key,
        /// What it must hold.
        expected: i64,
        /// What it then holds.
        new: i64,
    },
    /// Put a value at the end of the row.
    Append {
        /// The row.
        key: Key,
        /// Its new last value.
        value: i64,
    },
    /// Add to the number in the row; an absent row counts as zero.
    Add {
        /// The row.
        key: Key,
        /// How much it gains.
        delta: i64,
    },
}

impl Action {
    /// The row it concerns.
    pub fn key(&self) -> Key {
        match *self {
            Action::Read { key }
            | Action::Write { key, .. }
            | Action::CompareAndSet { key, .. }
            | Action::Append { key, .. }
            | Action::Add { key, .. } => key,
        }
    }
}

/// What one action found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// The row that was read.
    Row(Row),
    /// Whether a compare-and-set found what it expected.
    Matched(bool),
    /// Done.
    Done,
}

/// A transaction: all of its actions, or none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transaction {
    /// A number no other transaction of the run has: the client's number and its own count.
    pub id: TransactionId,
    /// What it does, in order.
    pub actions: Vec<Action>,
}

/// Names a transaction in the log and in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId {
    /// The client.
    pub client: u32,
    /// The client's count.
    pub number: u32,
}

/// What the database answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It is durable; one reply for each action.
    Committed(Vec<Reply>),
    /// It definitely had no effect, and why (the server's own words).
    Refused(String),
    /// The server cannot tell whether it will last.
    Unknown(String),
}

/// Applies a transaction to rows that `rows` reads; returns the replies and the rows that changed.
pub fn evaluate(actions: &[Action], mut read: impl FnMut(Key) -> Row) -> (Vec<Reply>, Vec<(Key, Row)>) {
    let mut changed: Vec<(Key, Row)> = Vec::new();
    let mut replies = Vec::with_capacity(actions.len());
    for action in actions {
        let key = action.key();
        let slot = changed.iter().position(|(written, _)| *written == key);
        let row = slot.map_or_else(|| read(key), |slot| changed[slot].1.clone());
        let (reply, new) = apply(action, row);
        replies.push(reply);
        if let Some(new) = new {
            match slot {
                Some(slot) => changed[slot].1 = new,
                None => changed.push((key, new)),
            }
        }
    }
    (replies, changed)
}

fn apply(action: &Action, mut row: Row) -> (Reply, Option<Row>) {
    match *action {
        Action::Read { .. } => (Reply::Row(row), None),
        Action::Write { value, .. } => (Reply::Done, Some(vec![value])),
        Action::CompareAndSet { expected, new, .. } => {
            let matched = row == [expected];
            (Reply::Matched(matched), matched.then(|| vec![new]))
        }
        Action::Append { value, .. } => {
            row.push(value);
            (Reply::Done, Some(row))
        }
        Action::Add { delta, .. } => {
            let number = row.first().copied().unwrap_or(0);
            (Reply::Done, Some(vec![number.saturating_add(delta)]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_sees_its_own_changes() {
        let actions = [
            Action::Append { key: 1, value: 7 },
            Action::Read { key: 1 },
            Action::CompareAndSet { key: 2, expected: 5, new: 6 },
            Action::Add { key: 2, delta: 4 },
        ];
        let (replies, changed) = evaluate(&actions, |key| if key == 2 { vec![5] } else { vec![] });
        assert_eq!(replies, [Reply::Done, Reply::Row(vec![7]), Reply::Matched(true), Reply::Done]);
        assert_eq!(changed, [(1, vec![7]), (2, vec![10])]);
    }
}
