//! What a fault came to: met, mended, lived through. Judged from what the world counted, not from what was planned.

use nodes::product::NodeState;
use nodes::world::time::Instant;
use reports::{Sentence, sentence};

use super::liveness::is_durable_write;
use crate::check::Finding;
use crate::run::Record;
use crate::run::record::FaultRecord;
use crate::scenario::model::FaultCount;

/// How often a fault struck, as far as the world counts it.
fn struck(fault: &FaultRecord) -> u64 {
    fault.effects.counts.map_or(fault.effects.observed, |counts| counts.fired)
}

/// How often what is asked of a fault has happened.
fn counted(fault: &FaultRecord, count: FaultCount) -> u64 {
    match (count, fault.effects.counts) {
        (FaultCount::Observed, Some(counts)) => counts.observed,
        // A link counts what it kept from its receiver, a host what ended on it: each of those is met.
        (FaultCount::Observed, None) => fault.effects.observed,
        (FaultCount::Repaired, counts) => counts.map_or(0, |counts| counts.repaired),
        (FaultCount::Survived, _) => 0,
    }
}

/// Whether what is asked of a fault has happened at least once.
pub(super) fn reached(record: &Record, name: &str, count: FaultCount) -> bool {
    record.fault(name).is_some_and(|fault| counted(fault, count) > 0)
}

/// Why it has not.
pub(super) fn missing(record: &Record, name: &str) -> Vec<Sentence> {
    match record.fault(name) {
        None => vec![sentence!("there was no fault {name}", "没有名为 {name} 的故障")],
        Some(FaultRecord { fired: None, .. }) => vec![sentence!("{name} never acted", "{name} 从未触发")],
        Some(fault) => vec![sentence!("{name}: {}", "{name}:{}", fault.effects.account)],
    }
}

/// Whether the cluster lived through a fault: it struck, every node kept its role and state from then to the end of
/// the run, and clients that went on asking went on getting their writes.
pub(super) fn survived(record: &Record, check: &str, name: &str) -> Finding {
    let unknown = || Finding::could_not_tell(check, Sentence::joined(&missing(record, name), "; "));
    let Some(fault) = record.fault(name) else { return unknown() };
    let Some(began) = fault.fired.filter(|_| struck(fault) > 0) else { return unknown() };
    let Some(before) = record.states_before(began).or_else(|| record.states_at(began)) else {
        return Finding::could_not_tell(
            check,
            sentence!("nobody had looked at the nodes before {name}", "{name} 之前没有节点状态可比较"),
        );
    };
    if let Some((at, text)) = first_change(record, &before.nodes, began) {
        return Finding::violated(check, None, Some(at), vec![text]);
    }
    match writes_after(record, began) {
        (0, _) | (_, 1..) => Finding::holds(check),
        (asked, 0) => Finding::violated(
            check,
            None,
            Some(began),
            vec![sentence!(
                "Of {asked} operations that clients began after {name}, none wrote anything durable.",
                "{name} 之后客户端发起的 {asked} 个操作中,没有一个持久化写入。"
            )],
        ),
    }
}

/// The first node that does not look as it did before the fault.
fn first_change(record: &Record, before: &[NodeState], began: Instant) -> Option<(Instant, Sentence)> {
    let later = record.states.iter().filter(|snapshot| snapshot.at >= began);
    later.into_iter().find_map(|snapshot| {
        let (was, is) = before.iter().zip(&snapshot.nodes).find(|(was, is)| look(was) != look(is))?;
        let text = sentence!(
            "{} was {} before the fault and {} at {}.",
            "{} 在故障前为 {},到 {3} 变为 {2}。",
            was.host,
            told(was),
            told(is),
            snapshot.at
        );
        Some((snapshot.at, text))
    })
}

fn look(node: &NodeState) -> (&str, &str, &str, bool) {
    (&node.host, &node.role, &node.state, node.writable)
}

fn told(node: &NodeState) -> Sentence {
    let writes = Sentence::from(if node.writable {
        ("taking writes", "接受写入")
    } else {
        ("taking no writes", "不接受写入")
    });
    sentence!("`{} {}`, {},", "`{} {}`({})", node.role, node.state, writes)
}

/// How many operations clients began from a moment on, and how many of those wrote something durable.
fn writes_after(record: &Record, began: Instant) -> (usize, usize) {
    let later = || record.history.operations.iter().filter(|operation| operation.called >= began);
    (later().count(), later().filter(|operation| is_durable_write(operation)).count())
}
