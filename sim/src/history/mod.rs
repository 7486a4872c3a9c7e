//! A history: what the clients asked for, when, and what they were told.
//!
//! It is the only thing the history checkers see, so that a run of the simulator and a file recorded on a real
//! cluster are judged by the same code. The workload writes it during a run; [`crate::judge`] reads it from
//! files; [`json_lines`] is its written form.
//!
//! It knows nothing of nodes, faults or the database: only of operations as a client sees them. An operation is
//! one transaction. Its outcome has three kinds and the difference is the heart of every checker: the client was
//! told that it happened, that it definitely did not, or nothing it can rely on.

pub mod json_lines;
mod order;
mod words;

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use serde::{Deserialize, Serialize};

pub use order::{END, Interval};

/// The name of a row, register, list or account.
pub type Key = i64;
/// What is stored under a key, or one element of it.
pub type Value = i64;
/// All that is stored under a key: nothing (absent), one value (a register, an account) or many (a list).
pub type Row = Vec<Value>;

/// What all clients of one run did, in the order in which they called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Where the history comes from, and so how its moments are told.
    pub origin: Origin,
    /// Whether values stand for the strings that `names` gives them: then an append joins strings, and a read finds
    /// the whole string as one value.
    pub texts: bool,
    /// What the keys held before the first operation. A key that is not named held nothing.
    pub initial: BTreeMap<Key, Row>,
    /// Names for keys and values that were not numbers where the history was recorded.
    pub names: Names,
    /// The operations.
    pub operations: Vec<Operation>,
}

/// Where a history comes from, and so what its event numbers count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A run of the simulator: moments are model time, events are numbers in the trace.
    #[default]
    Run,
    /// A file recorded elsewhere: events are its lines, and moments are told by them.
    Lines,
    /// A file with several entries on one line: events are the numbers of entries, and moments are told by them.
    Entries,
}

/// Names for keys and values that are not numbers where the history was recorded. Empty for our own runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Names {
    /// Names of keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<Key, String>,
    /// Names of values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<Value, String>,
}

/// One transaction of one client, from the call to the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Operation {
    /// The number of the client. A client has at most one operation under way.
    pub client: u64,
    /// The session (connection) it ran in. The session guarantees hold inside one session only.
    pub session: u64,
    /// When the client called.
    pub called: Instant,
    /// When the client was answered or gave up; `None` if it still waited at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Instant>,
    /// The number of the call in the trace, or its line in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_event: Option<u64>,
    /// The number of the answer in the trace, or its line in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_event: Option<u64>,
    /// The node the client was connected to, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Whether a standby answered, which is allowed to lag. Such reads are for `no-stale-read` alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replica_read: bool,
    /// What it did, in order.
    pub actions: Vec<Action>,
    /// What the client was told.
    pub outcome: Outcome,
}

/// One thing a transaction does to one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Look at the row.
    Read {
        /// The row looked at.
        key: Key,
    },
    /// Replace the row by one value.
    Write {
        /// The row written.
        key: Key,
        /// Its new and only value.
        value: Value,
    },
    /// Replace the row by one value if it holds exactly the expected one.
    CompareAndSet {
        /// The row compared and written.
        key: Key,
        /// What the row must hold.
        expected: Value,
        /// What it then holds.
        new: Value,
    },
    /// Put a value at the end of the row.
    Append {
        /// The row that grows.
        key: Key,
        /// Its new last value.
        value: Value,
    },
    /// Add to the number in the row; an absent row counts as zero.
    Add {
        /// The account.
        key: Key,
        /// How much it gains; negative if it loses.
        delta: Value,
    },
}

/// What the client was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It happened; one reply for each action.
    Ok(Vec<Reply>),
    /// It definitely had no effect, for this reason.
    Failed(String),
    /// Nobody told: it may have happened, may happen later, or never.
    Unknown,
}

/// The reply to one action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reply {
    /// The row that was read.
    Row(Row),
    /// Whether a compare-and-set found what it expected.
    Matched(bool),
    /// Done; nothing to tell.
    Done,
}

impl Action {
    /// The key it concerns.
    pub fn key(&self) -> Key {
        match *self {
            Action::Read { key }
            | Action::Write { key, .. }
            | Action::CompareAndSet { key, .. }
            | Action::Append { key, .. }
            | Action::Add { key, .. } => key,
        }
    }

    /// Whether it only looks.
    pub fn is_read(&self) -> bool {
        matches!(self, Action::Read { .. })
    }
}

impl Reply {
    /// Whether this is the kind of reply that the action gets.
    pub fn answers(&self, action: &Action) -> bool {
        match self {
            Reply::Row(_) => action.is_read(),
            Reply::Matched(_) => matches!(action, Action::CompareAndSet { .. }),
            Reply::Done => !action.is_read() && !matches!(action, Action::CompareAndSet { .. }),
        }
    }
}

impl Operation {
    /// An operation of a client whose session has the client's number, with nothing known of events or nodes.
    pub fn new(
        client: u64,
        called: Instant,
        returned: Option<Instant>,
        actions: Vec<Action>,
        outcome: Outcome,
    ) -> Self {
        Operation {
            client,
            session: client,
            called,
            returned,
            called_event: None,
            returned_event: None,
            node: None,
            replica_read: false,
            actions,
            outcome,
        }
    }

    /// Each action with its reply; no reply unless the operation is known to have happened.
    pub fn replied_actions(&self) -> impl Iterator<Item = (&Action, Option<&Reply>)> {
        let replies = match &self.outcome {
            Outcome::Ok(replies) => replies.as_slice(),
            Outcome::Failed(_) | Outcome::Unknown => &[],
        };
        self.actions.iter().enumerate().map(move |(number, action)| (action, replies.get(number)))
    }

    /// Whether it is known to have happened.
    pub fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Ok(_))
    }

    /// Whether it changed something and was told so.
    pub fn is_durable_write(&self) -> bool {
        let wrote = |(action, reply): (&Action, Option<&Reply>)| {
            !action.is_read() && !matches!(reply, Some(Reply::Matched(false)) | None)
        };
        self.is_ok() && self.replied_actions().any(wrote)
    }

    /// Whether it was one of these hosts that it was sent to.
    pub fn is_answered_by(&self, hosts: &[String]) -> bool {
        let host = self.node.as_deref().and_then(|node| node.split('/').next());
        host.is_some_and(|host| hosts.iter().any(|known| known == host))
    }

    /// Whether it is known to have had no effect.
    pub fn is_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }
}

impl History {
    /// A history of a run with these operations, all keys absent at first.
    pub fn of(operations: Vec<Operation>) -> History {
        History { operations, ..History::default() }
    }

    /// What the key held before the first operation.
    pub fn initial_row(&self, key: Key) -> &[Value] {
        self.initial.get(&key).map_or(&[], Vec::as_slice)
    }
}
