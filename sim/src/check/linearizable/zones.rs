//! Registers whose written values are all different, decided in `n log n` (Gibbons and Korach, "Testing Shared
//! Memories").
//!
//! Put each write together with the reads that return its value. In such a group let *f* be the earliest answer
//! and *s* the latest call:
//!
//! ```text
//!     write 7  |-----f                 f < s: someone was answered before someone else called, and both saw 7.
//!     read 7            s------|       So the register held 7 all the time from f to s: a forward zone.
//!
//!     write 7  |---------f             s < f: all of the group may have happened at one moment between s and f,
//!     read 7       s----------|        and we do not know which: a backward zone.
//! ```
//!
//! The register holds one value at a time. So the history is linearizable exactly when no read ends before its
//! write begins, no two forward zones overlap, and no backward zone lies inside a forward zone.

use std::collections::{BTreeMap, BTreeSet};

use reports::{Sentence, sentence};

use super::Violation;
use super::project::KeyOperation;
use crate::history::{Action, END, History, Interval, Key, Reply, Value};

/// What a register holds: a value, or nothing yet.
type Content = Option<Value>;

/// The history of one register.
pub struct Register {
    initial: Content,
    operations: Vec<Access>,
}

/// One read or write of it.
#[derive(Clone, Copy)]
struct Access {
    operation: usize,
    interval: Interval,
    is_write: bool,
    content: Content,
}

/// All that concerns one value.
struct Group {
    content: Content,
    write: Option<Access>,
    reads: Vec<Access>,
}

/// A group with its zone. The group of the initial value has no write: it begins before everything.
struct Zone {
    group: Group,
    /// The earliest answer.
    first_answer: usize,
    /// The latest call.
    last_call: usize,
}

/// Why a register cannot be explained. It becomes words only when a person wants them.
enum Conflict {
    /// The value that was read does not come from anywhere.
    NeverWritten(Access),
    /// The read was answered before the write of its value was called.
    ReadBeforeWrite { read: Access, write: Access },
    /// Two forward zones overlap.
    TwoAtOnce([Evidence; 2]),
    /// A backward zone lies inside a forward zone.
    NoRoom { holder: Evidence, guest: Access },
}

/// Why a register held a value from one moment to another.
struct Evidence {
    content: Content,
    /// The operation answered first; `None` if the value was there from the beginning.
    answered: Option<Access>,
    /// The operation called last.
    called: Access,
}

/// The history of the key as a register, if each operation is one read or one write and all written values differ.
pub fn as_register(initial: &[Value], operations: &[KeyOperation<'_>]) -> Option<Register> {
    let initial = content_of(initial)?;
    let mut written: BTreeSet<Content> = BTreeSet::from([initial]);
    let mut accesses = Vec::with_capacity(operations.len());
    for operation in operations {
        let access = access_of(operation)?;
        if access.is_write && !written.insert(access.content) {
            return None;
        }
        accesses.push(access);
    }
    Some(Register { initial, operations: accesses })
}

fn content_of(row: &[Value]) -> Option<Content> {
    match row {
        [] => Some(None),
        [value] => Some(Some(*value)),
        _ => None,
    }
}

fn access_of(operation: &KeyOperation<'_>) -> Option<Access> {
    let (is_write, content) = match operation.actions.as_slice() {
        [(Action::Write { value, .. }, _)] => (true, Some(*value)),
        [(Action::Read { .. }, Some(Reply::Row(row)))] => (false, content_of(row)?),
        _ => return None,
    };
    Some(Access { operation: operation.operation, interval: operation.interval, is_write, content })
}

/// Decides the history up to a position: what was called later is left out, what was answered later has no answer.
pub fn is_linearizable(register: &Register, until: usize) -> bool {
    decide(register, until).is_ok()
}

fn decide(register: &Register, until: usize) -> Result<(), Box<Conflict>> {
    let zones = zones_of(register, until)?;
    let (mut forward, backward): (Vec<Zone>, Vec<Zone>) =
        zones.into_iter().partition(|zone| zone.first_answer < zone.last_call);
    forward.sort_by_key(|zone| zone.first_answer);
    for pair in forward.windows(2) {
        if pair[1].first_answer < pair[0].last_call {
            return Err(two_at_once(&pair[0], &pair[1]));
        }
    }
    for guest in &backward {
        let earlier = forward.partition_point(|zone| zone.first_answer < guest.last_call);
        let Some(holder) = earlier.checked_sub(1).map(|last| &forward[last]) else { continue };
        if guest.first_answer < holder.last_call {
            return Err(no_room(holder, guest));
        }
    }
    Ok(())
}

fn zones_of(register: &Register, until: usize) -> Result<Vec<Zone>, Box<Conflict>> {
    let mut zones = Vec::new();
    for group in groups_of(register, until) {
        if let Some(zone) = zone_of(register.initial, group)? {
            zones.push(zone);
        }
    }
    Ok(zones)
}

fn groups_of(register: &Register, until: usize) -> Vec<Group> {
    let mut groups: BTreeMap<Content, Group> = BTreeMap::new();
    for access in &register.operations {
        let Some(access) = seen_until(access, until) else { continue };
        let group = groups.entry(access.content).or_insert_with(|| Group {
            content: access.content,
            write: None,
            reads: Vec::new(),
        });
        if access.is_write {
            group.write = Some(access);
        } else {
            group.reads.push(access);
        }
    }
    groups.into_values().collect()
}

/// The access as one knew it at a position.
fn seen_until(access: &Access, until: usize) -> Option<Access> {
    let mut access = *access;
    if access.interval.called > until {
        return None;
    }
    if access.interval.returned > until {
        access.interval.returned = END;
    }
    // Of a read without an answer nothing is known, not even that it saw this value.
    (access.is_write || access.interval.returned != END).then_some(access)
}

/// The zone of a group; none for a write that nobody saw and that may never have happened.
fn zone_of(initial: Content, group: Group) -> Result<Option<Zone>, Box<Conflict>> {
    let is_initial = group.content == initial;
    match (group.write, group.reads.first()) {
        (Some(write), None) if write.interval.returned == END => return Ok(None),
        (None, Some(read)) if !is_initial => return Err(Box::new(Conflict::NeverWritten(*read))),
        _ => {}
    }
    if let Some(write) = group.write {
        let early = group.reads.iter().find(|read| read.interval.before(&write.interval));
        if let Some(read) = early {
            return Err(Box::new(Conflict::ReadBeforeWrite { read: *read, write }));
        }
    }
    let intervals = || group.write.iter().chain(&group.reads).map(|access| access.interval);
    let first_answer = if is_initial { 0 } else { intervals().map(|interval| interval.returned).min().unwrap_or(END) };
    let last_call = intervals().map(|interval| interval.called).max().unwrap_or(0);
    Ok(Some(Zone { group, first_answer, last_call }))
}

fn two_at_once(first: &Zone, second: &Zone) -> Box<Conflict> {
    Box::new(Conflict::TwoAtOnce([evidence_of(first), evidence_of(second)]))
}

fn no_room(holder: &Zone, guest: &Zone) -> Box<Conflict> {
    let everyone = || guest.group.write.iter().chain(&guest.group.reads);
    let earliest = everyone().min_by_key(|access| access.interval.returned).expect("a group is never empty");
    Box::new(Conflict::NoRoom { holder: evidence_of(holder), guest: *earliest })
}

fn evidence_of(zone: &Zone) -> Evidence {
    let everyone = || zone.group.write.iter().chain(&zone.group.reads).copied();
    let answered = everyone().find(|access| access.interval.returned == zone.first_answer);
    let called = everyone().max_by_key(|access| access.interval.called).expect("a group is never empty");
    Evidence { content: zone.group.content, answered, called }
}

/// The earliest answer after which the register cannot be explained, of a register that cannot.
///
/// A history that is linearizable was so at every moment before, so the moment is found by halving.
pub fn first_violation(history: &History, key: Key, register: &Register) -> Violation {
    let mut answers: Vec<(usize, usize)> = register
        .operations
        .iter()
        .filter(|access| access.interval.returned != END)
        .map(|access| (access.interval.returned, access.operation))
        .collect();
    answers.sort_unstable();
    let good = answers.partition_point(|(position, _)| is_linearizable(register, *position));
    let (position, operation) = answers[good.min(answers.len() - 1)];
    let explanation = match decide(register, position) {
        Ok(()) => Vec::new(),
        Err(conflict) => conflict.explain(history, key),
    };
    Violation { operation, position, explanation }
}

impl Conflict {
    /// The conflict in whole sentences.
    fn explain(&self, history: &History, key: Key) -> Vec<Sentence> {
        let tell = |access: &Access| history.tell_on(&history.operations[access.operation], key);
        let key_name = history.key_name(key);
        match self {
            Conflict::NeverWritten(read) => {
                vec![sentence!("{}.", "{}。", tell(read)), never_written(history, key, read.content)]
            }
            Conflict::ReadBeforeWrite { read, write } => {
                vec![
                    sentence!("{}.", "{}。", tell(read)),
                    sentence!("But that value was first written later: {}.", "但该值更晚才首次写入:{}。", tell(write)),
                ]
            }
            Conflict::TwoAtOnce(both) => {
                let mut sentences: Vec<Sentence> =
                    both.iter().map(|evidence| evidence.explain(history, key, &tell)).collect();
                let [first, second] = both.each_ref().map(|evidence| name_of(history, evidence.content));
                sentences.push(sentence!(
                    "So key {key_name} would have held {0} and {1} at the same time.",
                    "于是键 {key_name} 须同时为 {0} 和 {1}。",
                    first,
                    second
                ));
                sentences
            }
            Conflict::NoRoom { holder, guest } => vec![
                holder.explain(history, key, &tell),
                sentence!("Yet in that time {}.", "但在此期间:{}。", tell(guest)),
                sentence!(
                    "There is no moment at which key {key_name} could have held {}.",
                    "键 {key_name} 在任何时刻都不可能为 {}。",
                    name_of(history, guest.content)
                ),
            ],
        }
    }
}

impl Evidence {
    fn explain(&self, history: &History, key: Key, tell: &impl Fn(&Access) -> Sentence) -> Sentence {
        let (key, content) = (history.key_name(key), name_of(history, self.content));
        match &self.answered {
            None => {
                sentence!(
                    "Key {key} held {1} from the beginning until the call of this: {0}.",
                    "从开始直到此操作发起,键 {key} 一直为 {1}:{0}。",
                    tell(&self.called),
                    content
                )
            }
            Some(answered) => sentence!(
                "Key {key} held {2} from the answer of this: {0}, until the call of this: {1}.",
                "键 {key} 为 {2} 的时段,起于此操作的应答:{0};止于此操作的发起:{1}。",
                tell(answered),
                tell(&self.called),
                content
            ),
        }
    }
}

fn name_of(history: &History, content: Content) -> Sentence {
    content.map_or_else(|| ("nothing", "空").into(), |value| history.value_name(value).into())
}

/// Why a value that was read cannot have been there.
fn never_written(history: &History, key: Key, content: Content) -> Sentence {
    let value = name_of(history, content);
    let writes = |action: &Action| match action {
        Action::Write { key: written, value } => *written == key && Some(*value) == content,
        _ => false,
    };
    let writer = history.operations.iter().find(|operation| operation.actions.iter().any(writes));
    match writer {
        Some(operation) if operation.is_failed() => {
            sentence!(
                "But the only write of {1} definitely failed: {0}.",
                "但唯一一次写入 {1} 确已失败:{0}。",
                history.tell_on(operation, key),
                value
            )
        }
        Some(operation) => sentence!(
            "But {1} was first written later: {0}.",
            "但 {1} 更晚才首次写入:{0}。",
            history.tell_on(operation, key),
            value
        ),
        None if content.is_none() => (
            "But the key held a value from the beginning, and nobody removes one.",
            "但该键一开始就有值,且没有人会删除它。",
        )
            .into(),
        None => sentence!("But nobody ever wrote {0}.", "但从未有人写入 {0}。", value),
    }
}
