//! What a cluster must come to in the end: it takes writes again, and its nodes are as they should be.
//!
//! These are asked from a moment on (`eventually = "writable", after = "kill", within = "60s"`), so they answer with
//! the moment at which it came true, not with a finding.

use std::collections::BTreeSet;

use nodes::product::events;
use nodes::world::time::Instant;

use crate::history::{Action, Operation, Outcome, Reply};
use crate::run::Record;
use crate::run::record::Snapshot;

/// A moment at which something came true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// When.
    pub at: Instant,
    /// The event that shows it.
    pub event: Option<u64>,
}

/// One thing a cluster must come to.
pub struct LivenessCheck {
    /// Its name.
    pub name: &'static str,
    /// What it promises.
    pub promise: &'static str,
    /// The same in Chinese.
    pub promise_zh: &'static str,
    /// When it came true, from a moment on.
    pub reached: fn(&Record, Instant) -> Option<Reached>,
    /// What is missing, when it did not.
    pub missing: fn(&Record) -> Vec<String>,
}

/// Every one of them.
pub const CHECKS: &[LivenessCheck] = &[
    LivenessCheck {
        name: "writable",
        promise: "A client's write becomes durable again.",
        promise_zh: "客户端的写入恢复持久化。",
        reached: writable,
        missing: |record| vec![last_write(record)],
    },
    LivenessCheck {
        name: "converged",
        promise: "Every node is in one of the states the nodes had when the cluster was first ready, and stays so.",
        promise_zh: "所有节点回到集群首次就绪时的状态,并保持不变。",
        reached: converged,
        missing: still_abnormal,
    },
];

/// The check called `name`.
pub fn find(name: &str) -> Option<&'static LivenessCheck> {
    CHECKS.iter().find(|check| check.name == name)
}

/// Whether an operation changed something and was told so.
pub fn is_durable_write(operation: &Operation) -> bool {
    let wrote = |(action, reply): (&Action, Option<&Reply>)| {
        !action.is_read() && !matches!(reply, Some(Reply::Matched(false)) | None)
    };
    operation.is_ok() && operation.replied_actions().any(wrote)
}

/// Whether an operation tried to change something.
pub fn is_write(operation: &Operation) -> bool {
    operation.actions.iter().any(|action| !action.is_read())
}

fn writable(record: &Record, from: Instant) -> Option<Reached> {
    let later = record.history.operations.iter().filter(|it| it.called >= from && is_durable_write(it));
    let first = later.min_by_key(|operation| (operation.returned, operation.returned_event))?;
    Some(Reached { at: first.returned?, event: first.returned_event })
}

fn last_write(record: &Record) -> String {
    let writes = record.history.operations.iter().filter(|operation| is_durable_write(operation));
    let refused = record.history.operations.iter().rev().find_map(|operation| match &operation.outcome {
        Outcome::Failed(why) => Some(format!("; the last refusal was: {why}")),
        _ => None,
    });
    let last = match writes.filter_map(|operation| operation.returned).max() {
        Some(at) => format!("the last durable write was at {at}"),
        None => "no write was ever durable".to_owned(),
    };
    last + &refused.unwrap_or_default()
}

/// The states that are normal: those the nodes had when the cluster was first ready.
fn normal_states(record: &Record) -> Option<BTreeSet<&str>> {
    let ready = record.trace.announced(events::CLUSTER_READY).next()?.0.at;
    Some(record.states_at(ready)?.nodes.iter().map(|node| node.state.as_str()).collect())
}

fn is_normal(snapshot: &Snapshot, normal: &BTreeSet<&str>) -> bool {
    let states_are_normal = snapshot.nodes.iter().all(|node| normal.contains(node.state.as_str()));
    states_are_normal && snapshot.nodes.iter().any(|node| node.writable)
}

fn converged(record: &Record, from: Instant) -> Option<Reached> {
    let normal = normal_states(record)?;
    let abnormal = record.states.iter().rposition(|snapshot| !is_normal(snapshot, &normal));
    let since = record.states.get(abnormal.map_or(0, |last| last + 1))?.at;
    Some(Reached { at: since.max(from), event: None })
}

fn still_abnormal(record: &Record) -> Vec<String> {
    let Some(normal) = normal_states(record) else {
        return vec!["the cluster was never ready".to_owned()];
    };
    let nodes = record.states.last().map(|snapshot| snapshot.nodes.as_slice()).unwrap_or_default();
    let odd = nodes.iter().filter(|node| !normal.contains(node.state.as_str()));
    let mut missing: Vec<String> = odd.map(|node| format!("{} is `{}`", node.host, node.state)).collect();
    if !nodes.iter().any(|node| node.writable) {
        missing.push("no node takes writes".to_owned());
    }
    missing.extend(record.waiting_for.iter().cloned());
    missing
}
