//! What a healed core came to: it served, it may stand still and that is proved, or it is stuck and this is what each
//! node waits for.

use reports::{Sentence, sentence};

use super::liveness::{self, last_write, shown, waits};
use crate::check::{Answer, Finding};
use crate::run::Record;
use crate::run::record::CoreRecord;
use crate::scenario::model::PROGRESS;
use crate::scenario::values::print_duration;

/// Judges the core of a run.
pub(super) fn judge(record: &Record) -> Finding {
    let Some(core) = &record.core else {
        return Finding::could_not_tell(
            PROGRESS,
            ("the moment at which the core was to be healed never came", "修复核心的时刻从未到来"),
        );
    };
    if core.bound.is_zero() {
        let reason = (
            "the model does not say how long its own time-outs are; write `within`",
            "模型未给出自身的超时时间;请写明 `within`",
        );
        return Finding::could_not_tell(PROGRESS, reason);
    }
    let deadline = core.began + core.bound;
    let found = liveness::find(PROGRESS).and_then(|check| (check.reached)(record, core.began));
    match found {
        Some(reached) if reached.at <= deadline => {
            let took = print_duration(reached.at.since(core.began));
            let served = sentence!(
                "{} served {took} after being healed; {}.",
                "{0} 在修复后 {took} 恢复服务;{1}。",
                listed(&core.hosts),
                outside(core)
            );
            Finding {
                event: reached.event,
                at: Some(reached.at),
                explanation: vec![served],
                ..Finding::holds(PROGRESS)
            }
        }
        _ => match &core.excuse {
            Some(proof) => {
                let stop = sentence!("Justified stop: {}.", "停止是合理的:{}。", *proof);
                Finding { at: Some(deadline.min(record.ended)), explanation: vec![stop], ..Finding::holds(PROGRESS) }
            }
            None if record.ended < deadline => {
                let ended = sentence!(
                    "the run ended at {}, before the bound of the core",
                    "运行于 {} 结束,早于核心的时限",
                    record.ended
                );
                Finding { answer: Answer::CouldNotTell, explanation: vec![ended], ..Finding::holds(PROGRESS) }
            }
            None if !record.history.operations.iter().any(|it| it.called >= core.began && liveness::is_write(it)) => {
                Finding::could_not_tell(
                    PROGRESS,
                    ("no client wrote anything after the healing", "修复之后没有客户端写入"),
                )
            }
            None => Finding::violated(PROGRESS, None, Some(deadline), stuck(record, core)),
        },
    }
}

fn stuck(record: &Record, core: &CoreRecord) -> Vec<Sentence> {
    let bound = print_duration(core.bound);
    let first = sentence!(
        "{} did not serve within {bound} of being healed; {}.",
        "{} 在修复后 {bound} 内未恢复服务;{}。",
        listed(&core.hosts),
        outside(core)
    );
    let waits = core.waits.iter().map(|(name, length)| format!("{name} {}", print_duration(*length)));
    let waits: Vec<String> = waits.collect();
    let bound = match waits.as_slice() {
        [] => Vec::new(),
        waits => {
            vec![sentence!("Three times the longest way back: {}.", "时限取最长恢复路径的三倍:{}。", waits.join(", "))]
        }
    };
    [vec![first], bound, pending(record)].concat()
}

/// What each node looks like and waits for.
pub(super) fn pending(record: &Record) -> Vec<Sentence> {
    let nodes = record.states.last().map(|snapshot| snapshot.nodes.as_slice()).unwrap_or_default();
    let in_core = |host: &String| record.core.as_ref().is_some_and(|core| core.hosts.contains(host));
    let look = |node: &nodes::product::NodeState| {
        let place = Sentence::from(if in_core(&node.host) { ("core", "核心") } else { ("outside", "核心之外") });
        sentence!("{0} ({2}) is `{1}`", "{}({2})为 `{1}`", node.host, shown(node), place)
    };
    let mut told: Vec<Sentence> = nodes.iter().map(look).collect();
    told.extend(record.waiting_for.iter().map(|node| sentence!("waiting: {}", "等待中:{}", waits(node))));
    told.push(last_write(record));
    told
}

fn outside(core: &CoreRecord) -> Sentence {
    match core.outside.as_slice() {
        [] => ("nobody was left outside", "核心之外没有节点").into(),
        hosts => sentence!("{} stayed as before", "{} 保持原状", listed(hosts)),
    }
}

fn listed(hosts: &[String]) -> Sentence {
    if hosts.is_empty() { ("nobody", "无").into() } else { hosts.join(", ").into() }
}
