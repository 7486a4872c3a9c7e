//! The history of one key: what each operation did to it.
//!
//! The specification splits by key, so the judges of this check see one key at a time.

use std::collections::BTreeMap;

use crate::history::{Action, END, History, Interval, Key, Operation, Reply};

/// One operation as far as it concerns one key.
#[derive(Clone, Debug)]
pub struct KeyOperation<'a> {
    /// Its number in the history.
    pub operation: usize,
    /// When it ran. An unknown outcome never returns.
    pub interval: Interval,
    /// What it did to the key, in order, with the replies.
    pub actions: Vec<(&'a Action, Option<&'a Reply>)>,
}

/// The operations that matter, by key. Left out are those that definitely had no effect, reads of which nobody
/// learnt the result, and reads answered by a standby.
pub fn by_key(history: &History) -> BTreeMap<Key, Vec<KeyOperation<'_>>> {
    let intervals = history.intervals();
    let mut keys: BTreeMap<Key, Vec<KeyOperation<'_>>> = BTreeMap::new();
    for (number, operation) in history.operations.iter().enumerate() {
        if operation.is_failed() || operation.replica_read {
            continue;
        }
        for (key, actions) in actions_by_key(operation) {
            let on_key = KeyOperation { operation: number, interval: intervals[number], actions };
            if !on_key.shows_nothing() {
                keys.entry(key).or_default().push(on_key);
            }
        }
    }
    keys
}

impl<'a> KeyOperation<'a> {
    /// The operation as one knew it at a position: without what was called or answered later.
    pub fn known_at(&self, position: usize) -> Option<KeyOperation<'a>> {
        if self.interval.called > position {
            return None;
        }
        let mut known = self.clone();
        if known.interval.returned > position {
            known.interval.returned = END;
            known.actions.iter_mut().for_each(|(_, reply)| *reply = None);
        }
        (!known.shows_nothing()).then_some(known)
    }

    /// Whether it is only reads of which nobody learnt the result.
    fn shows_nothing(&self) -> bool {
        self.actions.iter().all(|(action, reply)| action.is_read() && reply.is_none())
    }
}

type Replied<'a> = Vec<(&'a Action, Option<&'a Reply>)>;

fn actions_by_key(operation: &Operation) -> BTreeMap<Key, Replied<'_>> {
    let mut keys: BTreeMap<Key, Replied<'_>> = BTreeMap::new();
    for (action, reply) in operation.replied_actions() {
        keys.entry(action.key()).or_default().push((action, reply));
    }
    keys
}
