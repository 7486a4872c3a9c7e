//! The order of the versions of each list, read off the lists themselves.
//!
//! A list tells its own history: whoever read `[1 2 3]` knows that 1 was appended first. So the versions of a key
//! are the beginnings of its longest list, and every other read must be one of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Action, History, Key, Reply, Row, Value};

/// Who put an element into a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It was there at the beginning.
    Initial,
    /// Nobody, as far as the history tells.
    Nobody,
    /// A transaction.
    Append {
        /// The number of the operation.
        operation: usize,
        /// What the transaction had appended to this list just before.
        previous: Option<Value>,
        /// Whether it was the last that this transaction appended to this list.
        is_last: bool,
    },
}

impl Source {
    /// The operation that appended it.
    pub fn operation(self) -> Option<usize> {
        match self {
            Source::Append { operation, .. } => Some(operation),
            Source::Initial | Source::Nobody => None,
        }
    }
}

/// One read of a list.
#[derive(Clone, Copy, Debug)]
pub struct Read<'a> {
    /// The operation that read.
    pub operation: usize,
    /// What it found.
    pub list: &'a Row,
}

/// All that is known of one list.
#[derive(Debug, Default)]
pub struct Versions<'a> {
    /// The longest list that anybody read.
    pub longest: &'a [Value],
    /// Who read it; `None` if nobody read anything.
    pub longest_reader: Option<usize>,
    /// Who put each of its elements there.
    pub sources: Vec<Source>,
    /// Reads of a version.
    pub reads: Vec<Read<'a>>,
    /// Reads that are no beginning of the longest.
    pub strays: Vec<Read<'a>>,
    /// Transactions that happened and appended something that nobody saw.
    pub unseen: BTreeSet<usize>,
}

/// The lists of a history.
#[derive(Debug, Default)]
pub struct Lists<'a> {
    /// What is known of each key.
    pub keys: BTreeMap<Key, Versions<'a>>,
    /// Where each element of each list comes from.
    appends: BTreeMap<(Key, Value), Source>,
}

/// Two transactions appended the same value to the same list: then lists tell nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct AppendedTwice {
    /// The list.
    pub key: Key,
    /// The value.
    pub value: Value,
}

impl<'a> Lists<'a> {
    /// Reads all lists off a history. Keys that are also written otherwise than by appending are left out.
    pub fn of(history: &'a History) -> Result<Lists<'a>, AppendedTwice> {
        let mut lists = Lists { keys: BTreeMap::new(), appends: appends_of(history)? };
        let others = keys_written_otherwise(history);
        for (key, mut reads) in reads_by_key(history) {
            if others.contains(&key) {
                continue;
            }
            reads.sort_by_key(|read| read.operation);
            let versions = lists.versions_of(history, key, reads);
            lists.keys.insert(key, versions);
        }
        for (key, _) in lists.appends.keys() {
            if !others.contains(key) {
                lists.keys.entry(*key).or_default();
            }
        }
        lists.find_unseen(history);
        Ok(lists)
    }

    /// Where an element comes from.
    pub fn source(&self, history: &History, key: Key, value: Value) -> Source {
        match self.appends.get(&(key, value)) {
            Some(source) => *source,
            None if history.initial_row(key).contains(&value) => Source::Initial,
            None => Source::Nobody,
        }
    }

    fn versions_of(&self, history: &History, key: Key, reads: Vec<Read<'a>>) -> Versions<'a> {
        // The first of the longest, so that the finding does not depend on who read it again later.
        let mut best: Option<Read<'a>> = None;
        for read in &reads {
            if best.is_none_or(|best| read.list.len() > best.list.len()) {
                best = Some(*read);
            }
        }
        let longest: &[Value] = best.map_or(&[], |best| best.list);
        let (reads, strays) = reads.into_iter().partition(|read| longest.starts_with(read.list));
        Versions {
            longest,
            longest_reader: best.map(|best| best.operation),
            sources: longest.iter().map(|value| self.source(history, key, *value)).collect(),
            reads,
            strays,
            unseen: BTreeSet::new(),
        }
    }

    /// Finds the appends that happened and that nobody saw. A transaction of unknown outcome happened if anything
    /// of it was seen.
    fn find_unseen(&mut self, history: &History) {
        let lists = self.keys.iter().flat_map(|(key, versions)| {
            let strays = versions.strays.iter().map(|read| read.list.as_slice());
            strays.chain([versions.longest]).flatten().map(|value| (*key, *value))
        });
        let seen: BTreeSet<(Key, Value)> = lists.collect();
        let alive: BTreeSet<usize> = seen.iter().filter_map(|element| self.appends.get(element)?.operation()).collect();
        for (element, source) in self.appends.iter().filter(|(element, _)| !seen.contains(element)) {
            let Some(operation) = source.operation() else { continue };
            let transaction = &history.operations[operation];
            let happened = transaction.is_ok() || (!transaction.is_failed() && alive.contains(&operation));
            let Some(versions) = self.keys.get_mut(&element.0) else { continue };
            // Where two orders were seen, it is not known what "the end" is.
            if happened && versions.strays.is_empty() {
                versions.unseen.insert(operation);
            }
        }
    }
}

fn appends_of(history: &History) -> Result<BTreeMap<(Key, Value), Source>, AppendedTwice> {
    let mut appends = BTreeMap::new();
    for (operation, transaction) in history.operations.iter().enumerate() {
        let mut last: BTreeMap<Key, Value> = BTreeMap::new();
        for action in &transaction.actions {
            let Action::Append { key, value } = *action else { continue };
            let previous = last.insert(key, value);
            let source = Source::Append { operation, previous, is_last: true };
            if history.initial_row(key).contains(&value) || appends.insert((key, value), source).is_some() {
                return Err(AppendedTwice { key, value });
            }
            if let Some(Source::Append { is_last, .. }) = previous.and_then(|value| appends.get_mut(&(key, value))) {
                *is_last = false;
            }
        }
    }
    Ok(appends)
}

fn keys_written_otherwise(history: &History) -> BTreeSet<Key> {
    let actions = history.operations.iter().flat_map(|operation| &operation.actions);
    actions.filter(|action| !matches!(action, Action::Read { .. } | Action::Append { .. })).map(Action::key).collect()
}

fn reads_by_key(history: &History) -> BTreeMap<Key, Vec<Read<'_>>> {
    let mut reads: BTreeMap<Key, Vec<Read<'_>>> = BTreeMap::new();
    for (operation, transaction) in history.operations.iter().enumerate() {
        for (action, reply) in transaction.replied_actions() {
            if let (Action::Read { key }, Some(Reply::Row(list))) = (action, reply) {
                reads.entry(*key).or_default().push(Read { operation, list });
            }
        }
    }
    reads
}
