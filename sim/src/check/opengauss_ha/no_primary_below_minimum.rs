//! I7, second half: a server whose log ends before `minRecoveryPoint` never becomes primary, by the bytes of its log and
//! of `pg_control`.

use std::collections::BTreeMap;

use nodes::fields;
use nodes::world::trace::{Event, Trace};
use reports::sentence;

use super::disk::{NodeNumber, Nodes, told};
use super::{Check, Example, Finding, Life, announcement, holds_if, judge_written_disk, life, number, text, violated};
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "ha-no-primary-below-minimum",
    promise: "No server becomes primary whose log ends before minRecoveryPoint.",
    promise_zh: "日志未达到 minRecoveryPoint 的节点不会成为主机。",
    example: Example {
        story: "A rewound node is started with -M primary before it has caught up.",
        text: "\
1s dn1/gaussdb disk.reign end=4096 minimum=8192
",
        judge: |text| judge_written_disk(text, &CHECK, judge),
    },
};

/// Judges a record.
pub fn check(record: &Record) -> Finding {
    judge(&seen(record), &record.trace)
}

/// How each server that became primary stood right before it wrote anything.
fn seen(record: &Record) -> Vec<Event> {
    let mut nodes = Nodes::of(record);
    let mut before: BTreeMap<Life, (u64, u64)> = BTreeMap::new();
    let mut seen = Vec::new();
    for event in record.trace.events() {
        let Some(life) = life(event.place) else { continue };
        match announcement(event) {
            Some(("replay.finished" | "promote.finished", _)) => {
                match nodes.of_place(event.place).and_then(|node| standing(&mut nodes, node, event)) {
                    Some(standing) => before.insert(life, standing),
                    None => before.remove(&life),
                };
            }
            Some(("role.changed", fields)) if text(fields, "role") == Some("primary") => {
                let standing = before.get(&life);
                seen.extend(
                    standing.map(|(end, minimum)| told(event, "disk.reign", fields! { end: *end, minimum: *minimum })),
                );
            }
            _ => {}
        }
    }
    seen
}

/// Where the log of a node ends, and `minRecoveryPoint`.
fn standing(nodes: &mut Nodes<'_>, node: NodeNumber, event: &Event) -> Option<(u64, u64)> {
    Some((nodes.log(node, event.at)?.end, nodes.minimum(node, event.at)?))
}

fn judge(events: &[Event], trace: &Trace) -> Finding {
    let mut judged = false;
    for event in events {
        let Some(("disk.reign", fields)) = announcement(event) else { continue };
        judged = true;
        let (end, minimum) = (number(fields, "end").unwrap_or(0), number(fields, "minimum").unwrap_or(0));
        if end < minimum {
            let (who, at) = (trace.place_name(event.place), event.at);
            let text = sentence!(
                "At {at} {who} is primary with a log that ends at {end}, before minRecoveryPoint {minimum}.",
                "{at} 时,{who} 成为主库,其日志止于 {end},早于 minRecoveryPoint {minimum}。"
            );
            return violated(&CHECK, event, text);
        }
    }
    holds_if(&CHECK, judged, ("no server became primary", "没有实例成为主库"))
}
