//! `trace.json`: the run for Perfetto and other readers of Chrome's trace format.
//!
//! A process stands for a node, a thread for one of its components; what the operator, the faults and the clients did
//! has processes of its own on top. Roles and the right to write are slices, announced events are instants, messages
//! are arrows, client outcomes are counters. Times are whole microseconds, which is what the format counts in.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::hosts::hosts;
use crate::report::{Entry, LaneInterval, Message, Moment, Report, WriteInterval};

/// Processes that are no node. Nodes follow them.
const OPERATOR: usize = 1;
const FAULTS: usize = 2;
const CLIENTS: usize = 3;
const FIRST_NODE: usize = 4;

/// Threads every node has. Its components follow them.
const ROLE: usize = 1;
const WRITES: usize = 2;
const MESSAGES: usize = 3;
const FIRST_COMPONENT: usize = 4;

/// The run as a Chrome trace.
pub fn trace(report: &Report) -> String {
    let processes = Processes::of(report);
    let mut events = names(report, &processes);
    events.extend(steps(report));
    events.extend(faults(report));
    events.extend(counters(report));
    let end = report.end();
    for (process, host) in processes.nodes() {
        let lanes = report.lanes.iter().filter(|lane| lane.node == host).flat_map(|lane| &lane.intervals);
        events.extend(lanes.map(|interval| role(process, interval, end)));
        let writers = report.writers.iter().filter(|writer| writer.node == host);
        events.extend(writers.map(|writer| write(process, writer, end)));
    }
    events.extend(announced(report, &processes));
    events.extend(messages(report, &processes));
    let mut trace = json!({
        "displayTimeUnit": "ms",
        "otherData": { "scenario": report.run.scenario, "seed": report.run.seed, "hash": report.run.hash },
        "traceEvents": events,
    });
    // serde_json sorts by itself unless some crate of the build asks it to keep insertion order.
    trace.sort_all_objects();
    let mut text = trace.to_string();
    text.push('\n');
    text
}

fn microseconds(at: Moment) -> u64 {
    at.0 / 1_000
}

/// The hosts of a report and the process that stands for each. Looked up for every event and message, so it is made once.
struct Processes<'a> {
    hosts: Vec<&'a str>,
    numbers: BTreeMap<&'a str, usize>,
}

impl<'a> Processes<'a> {
    fn of(report: &'a Report) -> Self {
        let hosts = hosts(report);
        let numbers = hosts.iter().enumerate().map(|(index, host)| (*host, FIRST_NODE + index)).collect();
        Processes { hosts, numbers }
    }

    /// Each host with its process, in the order in which every diagram draws them.
    fn nodes(&self) -> impl Iterator<Item = (usize, &'a str)> {
        self.hosts.iter().enumerate().map(|(index, host)| (FIRST_NODE + index, *host))
    }

    fn number(&self, host: &str) -> usize {
        self.numbers.get(host).copied().unwrap_or(CLIENTS)
    }
}

/// The thread of each component of each host that appears in the timeline.
fn components(report: &Report) -> BTreeMap<(&str, &str), usize> {
    let mut threads: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for entry in &report.timeline {
        threads.entry(place(entry)).or_default();
    }
    let mut host_before = None;
    let mut thread = FIRST_COMPONENT;
    for ((host, _), number) in &mut threads {
        thread = if host_before == Some(*host) { thread + 1 } else { FIRST_COMPONENT };
        host_before = Some(*host);
        *number = thread;
    }
    threads
}

fn place(entry: &Entry) -> (&str, &str) {
    (entry.lane.as_deref().unwrap_or(""), entry.component.as_deref().unwrap_or("events"))
}

fn names(report: &Report, processes: &Processes<'_>) -> Vec<Value> {
    let process = |process: usize, name: &str| {
        let named = json!({ "ph": "M", "name": "process_name", "pid": process, "args": { "name": name } });
        let sorted =
            json!({ "ph": "M", "name": "process_sort_index", "pid": process, "args": { "sort_index": process } });
        [named, sorted]
    };
    let thread = |process: usize, thread: usize, name: &str| json!({ "ph": "M", "name": "thread_name", "pid": process, "tid": thread, "args": { "name": name } });
    let mut events: Vec<Value> = [(OPERATOR, "operator"), (FAULTS, "faults"), (CLIENTS, "clients")]
        .iter()
        .flat_map(|it| process(it.0, it.1))
        .collect();
    for (number, host) in processes.nodes() {
        events.extend(process(number, host));
        events.extend(
            [(ROLE, "role"), (WRITES, "could write"), (MESSAGES, "messages")].map(|it| thread(number, it.0, it.1)),
        );
    }
    for ((host, component), number) in components(report) {
        events.push(thread(processes.number(host), number, component));
    }
    events
}

fn slice(process: usize, thread: usize, name: &str, from: Moment, until: Moment, arguments: Value) -> Value {
    json!({
        "ph": "X", "name": name, "pid": process, "tid": thread,
        "ts": microseconds(from), "dur": microseconds(until) - microseconds(from).min(microseconds(until)),
        "args": arguments,
    })
}

fn instant(process: usize, thread: usize, name: &str, at: Moment, arguments: Value) -> Value {
    json!({
        "ph": "i", "s": "t", "name": name, "pid": process, "tid": thread, "ts": microseconds(at), "args": arguments,
    })
}

/// Steps may overlap, so each has a thread of its own.
fn steps(report: &Report) -> impl Iterator<Item = Value> {
    let end = report.end();
    report.runbook.iter().enumerate().filter_map(move |(index, step)| {
        let arguments = json!({ "command": step.command, "host": step.host, "exit code": step.exit_code });
        Some(slice(OPERATOR, index + 1, &step.name, step.started?, step.ended.unwrap_or(end), arguments))
    })
}

fn faults(report: &Report) -> impl Iterator<Item = Value> {
    report.faults.iter().enumerate().filter_map(|(index, fault)| {
        let proof = fault.proof.as_ref().map(|proof| proof.en.as_str());
        let arguments = json!({ "verb": fault.verb, "target": fault.target, "proof": proof });
        let fired = fault.fired?;
        Some(match fault.ended {
            Some(ended) => slice(FAULTS, index + 1, &fault.name, fired, ended, arguments),
            None => instant(FAULTS, index + 1, &fault.name, fired, arguments),
        })
    })
}

fn counters(report: &Report) -> impl Iterator<Item = Value> {
    report.service.clients.buckets.iter().map(|bucket| {
        json!({
            "ph": "C", "name": "operations", "pid": CLIENTS, "ts": microseconds(bucket.from),
            "args": { "ok": bucket.ok, "failed": bucket.failed, "unknown": bucket.unknown },
        })
    })
}

fn role(process: usize, interval: &LaneInterval, end: Moment) -> Value {
    let arguments = json!({ "term": interval.term, "standing": interval.standing });
    slice(process, ROLE, &interval.state, interval.from, interval.until.unwrap_or(end), arguments)
}

fn write(process: usize, writer: &WriteInterval, end: Moment) -> Value {
    let arguments = json!({ "writes": writer.writes });
    slice(process, WRITES, &writer.log, writer.from, writer.until.unwrap_or(end), arguments)
}

fn announced(report: &Report, processes: &Processes<'_>) -> Vec<Value> {
    let threads = components(report);
    let entries = report.timeline.iter().map(|entry| {
        let arguments = json!({ "event": entry.event, "kind": entry.kind });
        let process = processes.number(place(entry).0);
        instant(process, threads[&place(entry)], &entry.text.en, entry.at, arguments)
    });
    entries.collect()
}

/// An arrow must begin and end in a slice, so sending and receiving are slices of one microsecond.
fn messages(report: &Report, processes: &Processes<'_>) -> Vec<Value> {
    report.messages.iter().enumerate().flat_map(|(id, message)| arrow(processes, id, message)).collect()
}

fn arrow(processes: &Processes<'_>, id: usize, message: &Message) -> Vec<Value> {
    let [from, to] = [&message.from, &message.to].map(|host| processes.number(host));
    let arguments = json!({ "from": message.from, "to": message.to, "contents": message.contents });
    let tick =
        |process, at: Moment| slice(process, MESSAGES, &message.name, at, Moment(at.0 + 1_000), arguments.clone());
    let flow = |phase: &str, process: usize, at: Moment| {
        json!({
            "ph": phase, "bp": "e", "cat": "message", "name": message.name, "id": id + 1,
            "pid": process, "tid": MESSAGES, "ts": microseconds(at),
        })
    };
    match message.arrived {
        Some(arrived) => {
            vec![tick(from, message.sent), flow("s", from, message.sent), tick(to, arrived), flow("f", to, arrived)]
        }
        None => vec![instant(from, MESSAGES, &format!("lost: {}", message.name), message.sent, arguments)],
    }
}
