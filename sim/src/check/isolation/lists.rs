//! Anomalies that one list shows by itself, without any cycle.

use std::collections::{BTreeMap, BTreeSet};

use reports::{Sentence, sentence};

use super::level::Anomaly;
use super::versions::{Lists, Read, Source, Versions};
use crate::history::{Action, History, Key, Reply, Value};

/// An anomaly with the transactions that show it.
#[derive(Debug)]
pub struct Shown {
    /// Which anomaly.
    pub anomaly: Anomaly,
    /// The transactions that show it.
    pub operations: Vec<usize>,
    /// What they show, in whole sentences.
    pub sentences: Vec<Sentence>,
}

/// All anomalies that lists show by themselves.
pub fn find(history: &History, lists: &Lists<'_>) -> Vec<Shown> {
    let mut shown = Vec::new();
    for (key, versions) in &lists.keys {
        let list = List { history, lists, key: *key, versions };
        list.find(&mut shown);
    }
    for (number, operation) in history.operations.iter().enumerate() {
        if operation.is_ok() {
            shown.extend(internal(history, number));
        }
    }
    shown
}

/// One list under examination.
struct List<'a> {
    history: &'a History,
    lists: &'a Lists<'a>,
    key: Key,
    versions: &'a Versions<'a>,
}

impl List<'_> {
    fn find(&self, shown: &mut Vec<Shown>) {
        for read in &self.versions.strays {
            self.stray(read, shown);
        }
        // Every other read is a beginning of the longest list: the first to reach an element shows it.
        if let Some(reader) = self.versions.longest_reader {
            self.whole(self.versions.longest, reader, shown);
        }
        for (place, source) in self.versions.sources.iter().enumerate() {
            self.element(place, *source, shown);
        }
        for read in self.versions.reads.iter().chain(&self.versions.strays) {
            self.intermediate(read, shown);
        }
    }

    /// A read that is no version: two orders, or elements that should not be there.
    fn stray(&self, read: &Read<'_>, shown: &mut Vec<Shown>) {
        let before = shown.len();
        self.whole(read.list, read.operation, shown);
        for value in read.list {
            match self.lists.source(self.history, self.key, *value) {
                Source::Nobody => shown.push(self.garbage(read.operation, *value)),
                Source::Append { operation, .. } if self.is_failed(operation) => {
                    shown.push(self.aborted_read(read.operation, operation, *value));
                }
                _ => {}
            }
        }
        if shown.len() == before {
            let longest = self.versions.longest_reader.unwrap_or(read.operation);
            shown.push(Shown {
                anomaly: Anomaly::IncompatibleOrder,
                operations: vec![longest, read.operation],
                sentences: vec![
                    sentence!("{}.", "{}。", self.tell(longest)),
                    sentence!("{}.", "{}。", self.tell(read.operation)),
                    (
                        "A list only grows at its end, so one of the two should be the beginning of the other.",
                        "列表只在末尾增长,因此两者之一应是另一者的开头。",
                    )
                        .into(),
                ],
            });
        }
    }

    /// What a list shows as a whole: each element once, and the appends of one transaction in their order.
    fn whole(&self, list: &[Value], reader: usize, shown: &mut Vec<Shown>) {
        let mut seen = BTreeSet::new();
        for value in list {
            if !seen.insert(*value) {
                shown.push(self.duplicate(reader, *value));
                return;
            }
            let source = self.lists.source(self.history, self.key, *value);
            if let Source::Append { operation, previous: Some(previous), .. } = source
                && !seen.contains(&previous)
            {
                shown.push(self.out_of_order(reader, operation, previous, *value));
                return;
            }
        }
    }

    fn duplicate(&self, reader: usize, value: Value) -> Shown {
        Shown {
            anomaly: Anomaly::Duplicate,
            operations: vec![reader],
            sentences: vec![
                sentence!("{}.", "{}。", self.tell(reader)),
                sentence!(
                    "The value {} stands in it twice, but was appended once.",
                    "值 {} 在其中出现两次,但只追加过一次。",
                    self.value(value)
                ),
            ],
        }
    }

    fn out_of_order(&self, reader: usize, writer: usize, previous: Value, value: Value) -> Shown {
        let (previous, value) = (self.value(previous), self.value(value));
        Shown {
            anomaly: Anomaly::IncompatibleOrder,
            operations: vec![reader],
            sentences: vec![
                sentence!("{}.", "{}。", self.tell(reader)),
                sentence!(
                    "But {previous} should come before {value}: {}.",
                    "但 {previous} 应在 {value} 之前:{}。",
                    self.tell(writer)
                ),
            ],
        }
    }

    /// An element of the longest list that should not be there.
    fn element(&self, place: usize, source: Source, shown: &mut Vec<Shown>) {
        let value = self.versions.longest[place];
        let readers = self.versions.reads.iter().filter(|read| read.list.len() > place).map(|read| read.operation);
        let first = readers.min_by_key(|reader| self.history.operations[*reader].returned);
        match source {
            Source::Nobody => shown.extend(first.map(|reader| self.garbage(reader, value))),
            Source::Append { operation, .. } if self.is_failed(operation) => {
                shown.extend(first.map(|reader| self.aborted_read(reader, operation, value)));
                shown.extend(self.dirty_update(place, operation));
            }
            Source::Append { .. } | Source::Initial => {}
        }
    }

    fn garbage(&self, reader: usize, value: Value) -> Shown {
        Shown {
            anomaly: Anomaly::Garbage,
            operations: vec![reader],
            sentences: vec![
                sentence!("{}.", "{}。", self.tell(reader)),
                sentence!(
                    "But nobody ever appended {} to key {}.",
                    "但从未有人把 {} 追加到键 {}。",
                    self.value(value),
                    self.key()
                ),
            ],
        }
    }

    fn aborted_read(&self, reader: usize, writer: usize, value: Value) -> Shown {
        Shown {
            anomaly: Anomaly::AbortedRead,
            operations: vec![reader],
            sentences: vec![
                sentence!("{}.", "{}。", self.tell(reader)),
                sentence!(
                    "But the transaction that appended {} failed: {}.",
                    "但追加 {} 的事务失败了:{}。",
                    self.value(value),
                    self.tell(writer)
                ),
            ],
        }
    }

    /// A committed element right behind one whose transaction failed.
    fn dirty_update(&self, place: usize, failed: usize) -> Option<Shown> {
        let after = self.versions.sources.get(place + 1)?.operation().filter(|after| !self.is_failed(*after))?;
        let reader = self.versions.reads.iter().find(|read| read.list.len() > place + 1)?;
        Some(Shown {
            anomaly: Anomaly::DirtyUpdate,
            operations: vec![after, reader.operation],
            sentences: vec![
                sentence!("This failed: {}.", "失败的是:{}。", self.tell(failed)),
                sentence!(
                    "Yet this built on what it had appended: {}.",
                    "但随后的操作建立在它追加的内容之上:{}。",
                    self.tell(after)
                ),
                sentence!("For so it was seen: {}.", "依据是这次读取:{}。", self.tell(reader.operation)),
            ],
        })
    }

    /// A read that ends with an element to which its own transaction then appended more.
    fn intermediate(&self, read: &Read<'_>, shown: &mut Vec<Shown>) {
        let sources = read.list.iter().rev().map(|value| (*value, self.lists.source(self.history, self.key, *value)));
        let last_of_others = sources.into_iter().find(|(_, source)| source.operation() != Some(read.operation));
        let Some((value, Source::Append { operation, is_last: false, .. })) = last_of_others else { return };
        if self.is_failed(operation) {
            return;
        }
        shown.push(Shown {
            anomaly: Anomaly::IntermediateRead,
            operations: vec![read.operation, operation],
            sentences: vec![
                sentence!("{}.", "{}。", self.tell(read.operation)),
                sentence!(
                    "It ends with {}, in the middle of what this appended: {}.",
                    "它以 {} 结尾,正处于此事务追加内容的中间:{}。",
                    self.value(value),
                    self.tell(operation)
                ),
            ],
        });
    }

    fn is_failed(&self, operation: usize) -> bool {
        self.history.operations[operation].is_failed()
    }

    fn tell(&self, operation: usize) -> Sentence {
        self.history.tell_on(&self.history.operations[operation], self.key)
    }

    fn value(&self, value: Value) -> String {
        self.history.value_name(value)
    }

    fn key(&self) -> String {
        self.history.key_name(self.key)
    }
}

/// What a transaction knows of a list after its own first actions on it.
#[derive(Default)]
struct Known {
    /// The whole list, if it has read it.
    list: Option<Vec<Value>>,
    /// What it has appended without having read.
    appended: Vec<Value>,
}

/// A read that does not show what the same transaction appended or read before, or that shows what it appends only
/// later.
fn internal(history: &History, number: usize) -> Option<Shown> {
    let mut known: BTreeMap<Key, Known> = BTreeMap::new();
    let operation = &history.operations[number];
    for (place, (action, reply)) in operation.replied_actions().enumerate() {
        let known = known.entry(action.key()).or_default();
        match (*action, reply) {
            (Action::Append { value, .. }, _) => match &mut known.list {
                Some(list) => list.push(value),
                None => known.appended.push(value),
            },
            (Action::Read { key }, Some(Reply::Row(found))) => {
                let fits = match &known.list {
                    Some(list) => found == list,
                    None => found.ends_with(&known.appended),
                };
                if !fits {
                    return Some(internal_shown(history, number, key, known, found));
                }
                let later = operation.actions[place..].iter();
                if let Some(value) =
                    later.filter_map(|action| appended_to(key, action)).find(|value| found.contains(value))
                {
                    return Some(too_early(history, number, key, value));
                }
                *known = Known { list: Some(found.clone()), appended: Vec::new() };
            }
            _ => return None,
        }
    }
    None
}

/// The value that an action appends to a key.
fn appended_to(key: Key, action: &Action) -> Option<Value> {
    match *action {
        Action::Append { key: appended, value } if appended == key => Some(value),
        _ => None,
    }
}

fn too_early(history: &History, number: usize, key: Key, value: Value) -> Shown {
    Shown {
        anomaly: Anomaly::Internal,
        operations: vec![number],
        sentences: vec![
            sentence!("{}.", "{}。", history.tell_on(&history.operations[number], key)),
            sentence!(
                "It read {} before it appended that itself.",
                "它在自己追加 {} 之前就读到了它。",
                history.value_name(value)
            ),
        ],
    }
}

fn internal_shown(history: &History, number: usize, key: Key, known: &Known, found: &[Value]) -> Shown {
    let (found, key_name) = (history.list_name(found), history.key_name(key));
    let wanted = match &known.list {
        Some(list) => {
            sentence!(
                "Within it, key {key_name} should then have been {}, not {found}.",
                "在同一事务内,键 {key_name} 此时应为 {},而不是 {found}。",
                history.list_name(list)
            )
        }
        None => sentence!(
            "Within it, key {key_name} should then have ended with {}, but was {found}.",
            "在同一事务内,键 {key_name} 此时应以 {} 结尾,实际为 {found}。",
            history.list_name(&known.appended)
        ),
    };
    Shown {
        anomaly: Anomaly::Internal,
        operations: vec![number],
        sentences: vec![sentence!("{}.", "{}。", history.tell_on(&history.operations[number], key)), wanted],
    }
}
