//! I11: the term of a log never falls, by the terms of its records.

use std::collections::BTreeMap;

use nodes::fields;
use nodes::world::trace::{Event, Trace};
use reports::sentence;

use super::disk::{NodeLog, NodeNumber, Nodes, told};
use super::{Check, Example, Finding, announcement, holds_if, judge_written_disk, number, violated};
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "ha-term-never-falls",
    promise: "No record of a log has a term below that of a record before it.",
    promise_zh: "日志中任何记录的 term 都不低于其之前的记录。",
    example: Example {
        story: "The log of dn2 has records of the term 7, and behind them one of the term 1.",
        text: "\
2s dn2/gaussdb disk.term highest=7 term=1 at=8192
",
        judge: |text| judge_written_disk(text, &CHECK, judge),
    },
};

/// Judges a record.
pub fn check(record: &Record) -> Finding {
    judge(&seen(record), &record.trace)
}

/// The terms of each log before a build takes it away, and at the end.
fn seen(record: &Record) -> Vec<Event> {
    let mut nodes = Nodes::of(record);
    let mut last_roles: BTreeMap<NodeNumber, &Event> = BTreeMap::new();
    let mut seen = Vec::new();
    for event in record.trace.events() {
        let Some(node) = nodes.of_place(event.place) else { continue };
        match announcement(event) {
            Some(("role.changed", _)) => _ = last_roles.insert(node, event),
            Some(("build.scanned" | "build.start-tag", _)) => {
                seen.extend(nodes.log(node, event.at).and_then(|log| terms(event, &log)));
            }
            _ => {}
        }
    }
    for (node, event) in last_roles {
        seen.extend(nodes.log(node, record.ended).and_then(|log| terms(event, &log)));
    }
    seen
}

fn terms(event: &Event, log: &NodeLog) -> Option<Event> {
    let mut highest = 0;
    for one in &log.records {
        if one.epoch < highest {
            return Some(told(event, "disk.term", fields! { highest: highest, term: one.epoch, at: one.position }));
        }
        highest = one.epoch;
    }
    let last = log.records.last()?;
    Some(told(event, "disk.term", fields! { highest: highest, term: last.epoch, at: last.position }))
}

fn judge(events: &[Event], trace: &Trace) -> Finding {
    let mut judged = false;
    for event in events {
        let Some(("disk.term", fields)) = announcement(event) else { continue };
        judged = true;
        let value = |name| number(fields, name).unwrap_or(0);
        let (highest, term, at) = (value("highest"), value("term"), value("at"));
        if term < highest {
            let who = trace.place_name(event.place);
            let text = sentence!(
                "In the log of {who} the record at {at} has the term {term}, behind one of {highest}.",
                "{who} 的日志中位于 {at} 的记录 term 为 {term},却排在 term {highest} 之后。"
            );
            return violated(&CHECK, event, text);
        }
    }
    holds_if(&CHECK, judged, ("no log was ever written", "从未写过日志"))
}
