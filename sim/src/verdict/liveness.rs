//! What a cluster must come to in the end: it takes writes again, and its nodes are as they should be.
//!
//! These are asked from a moment on (`eventually = "writable", after = "kill", within = "60s"`), so they answer with
//! the moment at which it came true, not with a finding.

use std::collections::BTreeSet;

use nodes::product::{NodeState, events};
use nodes::world::time::Instant;
use reports::{Sentence, sentence};

use crate::history::{Operation, Outcome};
use crate::run::Record;
use crate::run::record::Snapshot;
use crate::scenario::model::PROGRESS;

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
    pub missing: fn(&Record) -> Vec<Sentence>,
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
        promise: "Every node has one of the roles and states the nodes had before anything was done to them, and keeps it.",
        promise_zh: "所有节点回到演练操作之前的角色与状态,并保持不变。",
        reached: converged,
        missing: still_abnormal,
    },
    LivenessCheck {
        name: PROGRESS,
        promise: "A core of hosts that is healed while all others stay as they are takes writes again, or it can be \
                  proved that it may stand still.",
        promise_zh: "仅修复核心节点、其余保持原状时,核心恢复写入;否则须能证明其停止是合理的。",
        reached: |record, _| progress(record),
        missing: |record| super::core::pending(record),
    },
];

/// When the core took writes again and its members had roles of a normal cluster for good.
fn progress(record: &Record) -> Option<Reached> {
    let core = record.core.as_ref()?;
    let write = first_durable_write(record, core.began, |write| write.is_answered_by(&core.hosts))?;
    let normal: BTreeSet<&str> = normal_looks(record)?.into_iter().map(|(role, _)| role).collect();
    let is_steady = |snapshot: &Snapshot| {
        // Who had been stopped in order owes nothing.
        let owes = |host: &String| core.hosts.contains(host) && !core.stopped.contains(host);
        let members = || snapshot.nodes.iter().filter(|node| owes(&node.host));
        members().all(|node| normal.contains(node.role.as_str())) && members().any(|node| node.writable)
    };
    let unsteady = record.states.iter().rposition(|snapshot| !is_steady(snapshot));
    let since = record.states.get(unsteady.map_or(0, |last| last + 1))?.at;
    Some(Reached { at: since.max(write.at), event: write.event })
}

/// The check called `name`.
pub fn find(name: &str) -> Option<&'static LivenessCheck> {
    CHECKS.iter().find(|check| check.name == name)
}

/// Whether an operation changed something and was told so.
pub fn is_durable_write(operation: &Operation) -> bool {
    operation.is_durable_write()
}

/// Whether an operation tried to change something.
pub fn is_write(operation: &Operation) -> bool {
    operation.actions.iter().any(|action| !action.is_read())
}

fn writable(record: &Record, from: Instant) -> Option<Reached> {
    first_durable_write(record, from, |_| true)
}

fn first_durable_write(record: &Record, from: Instant, counts: impl Fn(&Operation) -> bool) -> Option<Reached> {
    let later = record.history.operations.iter().filter(|it| it.called >= from && is_durable_write(it) && counts(it));
    let first = later.min_by_key(|operation| (operation.returned, operation.returned_event))?;
    Some(Reached { at: first.returned?, event: first.returned_event })
}

pub(super) fn last_write(record: &Record) -> Sentence {
    let writes = record.history.operations.iter().filter(|operation| is_durable_write(operation));
    let refused = record.history.operations.iter().rev().find_map(|operation| match &operation.outcome {
        Outcome::Failed(why) => Some(sentence!("; the last refusal was: {why}", ";最后一次被拒绝的原因:{why}")),
        _ => None,
    });
    let last = match writes.filter_map(|operation| operation.returned).max() {
        Some(at) => sentence!("the last durable write was at {at}", "最后一次持久化写入于 {at}"),
        None => ("no write was ever durable", "从未有写入持久化").into(),
    };
    Sentence::joined(&[last, refused.unwrap_or_default()], "")
}

/// A role and a state, as a status command shows them.
type Look<'a> = (&'a str, &'a str);

fn look(node: &NodeState) -> Look<'_> {
    (&node.role, &node.state)
}

/// What is normal: how the nodes looked when the cluster was ready and nothing had been done to it. When the first of
/// them says that the cluster is ready, others may have a moment to go.
fn normal_looks(record: &Record) -> Option<BTreeSet<Look<'_>>> {
    let ready = record.trace.announced(events::CLUSTER_READY).next()?.0.at;
    let began = record.steps.iter().filter_map(|step| step.began);
    let deeds = began.chain(record.faults.iter().filter_map(|fault| fault.fired));
    let first_deed = deeds.filter(|at| *at > ready).min().unwrap_or(record.ended);
    Some(record.states_before(first_deed)?.nodes.iter().map(look).collect())
}

fn is_normal(snapshot: &Snapshot, normal: &BTreeSet<Look<'_>>) -> bool {
    let looks_are_normal = snapshot.nodes.iter().all(|node| normal.contains(&look(node)));
    looks_are_normal && snapshot.nodes.iter().any(|node| node.writable)
}

/// Role and state in the words of a status command; a state that says the role itself says it once.
pub(super) fn shown(node: &NodeState) -> String {
    if node.state.starts_with(&node.role) { node.state.clone() } else { format!("{} {}", node.role, node.state) }
}

/// A node that waits, as it looks.
pub(super) fn waits(node: &NodeState) -> Sentence {
    sentence!("{} is {}", "{} 为 {}", node.host, shown(node))
}

fn converged(record: &Record, from: Instant) -> Option<Reached> {
    let normal = normal_looks(record)?;
    let abnormal = record.states.iter().rposition(|snapshot| !is_normal(snapshot, &normal));
    let since = record.states.get(abnormal.map_or(0, |last| last + 1))?.at;
    Some(Reached { at: since.max(from), event: None })
}

fn still_abnormal(record: &Record) -> Vec<Sentence> {
    let Some(normal) = normal_looks(record) else {
        return vec![("the cluster was never ready", "集群从未就绪").into()];
    };
    let nodes = record.states.last().map(|snapshot| snapshot.nodes.as_slice()).unwrap_or_default();
    let odd = nodes.iter().filter(|node| !normal.contains(&look(node)));
    let mut missing: Vec<Sentence> =
        odd.map(|node| sentence!("{} is `{}`", "{} 为 `{}`", node.host, shown(node))).collect();
    if !nodes.iter().any(|node| node.writable) {
        missing.push(("no node takes writes", "没有节点接受写入").into());
    }
    missing.extend(record.waiting_for.iter().map(waits));
    missing
}
