//! The messages of a run that arrived, from a trace that keeps them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use nodes::world::digest::Digest;
use nodes::world::time::Instant;
use nodes::world::trace::{MessageFate, Place, ProcessId, Trace, What};

use super::flow::{Actor, Flow, Medium};
use crate::explore::signature::without_numbers;

/// What one process sends to another at least so often is said again and again.
const OFTEN: usize = 8;

/// A message that arrived.
struct Arrived {
    from: Actor,
    left: Instant,
    to: Actor,
    arrived: Instant,
    /// The digest of its name.
    name: u64,
    /// The digest of what it says, without numbers.
    said: u64,
}

/// Every message that arrived, except those of clients: their traffic rests on the cluster, and not the other way
/// round. What a receiver got is the oldest of what was sent to it with the same content.
pub fn messages(trace: &Trace) -> Vec<Flow> {
    let clients = clients(trace);
    let mut arrived: Vec<Arrived> = Vec::new();
    let mut on_the_way: BTreeMap<(ProcessId, ProcessId, u64), VecDeque<(Actor, Instant)>> = BTreeMap::new();
    for event in trace.events() {
        let What::Message { from, to, fate, text, digest } = &event.what else { continue };
        let Some(actor) = Actor::at(event.place).filter(|_| !clients.contains(from)) else { continue };
        let key = (*from, *to, *digest);
        if *fate == MessageFate::Sent {
            on_the_way.entry(key).or_default().push_back((actor, event.at));
            continue;
        }
        let Some(waiting) = on_the_way.get_mut(&key) else { continue };
        let sent = waiting.pop_front();
        if waiting.is_empty() {
            on_the_way.remove(&key);
        }
        if let (Some((from, left)), MessageFate::Delivered) = (sent, fate) {
            let said = Digest::of(&without_numbers(text));
            arrived.push(Arrived { from, left, to: actor, arrived: event.at, name: Digest::of(name(text)), said });
        }
    }
    flows(&arrived)
}

/// The processes that call as clients.
fn clients(trace: &Trace) -> BTreeSet<ProcessId> {
    let client = |event: &nodes::world::trace::Event| match (&event.what, event.place) {
        (What::Client { .. }, Place::Process(process, _)) => Some(process),
        _ => None,
    };
    trace.events().iter().filter_map(client).collect()
}

/// The words before what a message holds: `reply Voted` of `reply Voted { term: 3 }`.
fn name(text: &str) -> &str {
    let end = text.find(|letter: char| !(letter.is_alphabetic() || letter == '_' || letter == ' '));
    text[..end.unwrap_or(text.len())].trim()
}

/// Messages as flows. One only repeats if its sender says its name to its receiver again and again, and said, except
/// for numbers, the same when it last said it.
fn flows(arrived: &[Arrived]) -> Vec<Flow> {
    let mut counts: BTreeMap<(Actor, Actor, u64), usize> = BTreeMap::new();
    for message in arrived {
        *counts.entry((message.from, message.to, message.name)).or_default() += 1;
    }
    let mut last_said: BTreeMap<(Actor, Actor, u64), u64> = BTreeMap::new();
    let flow = |message: &Arrived| {
        let way = (message.from, message.to, message.name);
        let is_same = last_said.insert(way, message.said) == Some(message.said);
        let is_often = counts.get(&way).is_some_and(|count| *count >= OFTEN);
        Flow {
            from: message.from,
            left: message.left,
            to: message.to,
            arrived: message.arrived,
            medium: Medium::Message,
            repeats: is_same && is_often,
        }
    };
    arrived.iter().map(flow).collect()
}
