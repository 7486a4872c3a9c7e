//! When the people at a drill must decide: how long each wait may last, and what ends the drill at once.

use reports::handout::{Block, Section};
use reports::{Sentence, Span, Step, StepKind, sentence};

use super::plan::Material;
use super::words::{say, section};

/// Seconds, rounded up: what a person can wait by a clock.
fn seconds(nanoseconds: u64) -> String {
    format!("{} s", nanoseconds.div_ceil(1_000_000_000).max(1))
}

pub(super) fn decisions(from: &Material<'_>) -> Section {
    let status = from.operations.map(|operations| &operations.status);
    let changes = from.typical.runbook.iter().filter(|step| step.kind == StepKind::Change);
    let mut points: Vec<Sentence> = changes
        .filter_map(|step| {
            let times = from.steps.iter().find(|times| times.name == step.name)?;
            let limit = seconds(times.took.as_ref()?.worst);
            let (look, look_zh) = match status {
                Some(status) => (format!("`{}`", status.command), format!("`{}`", status.command)),
                None => ("the status command".to_owned(), "状态命令".to_owned()),
            };
            let (after, name) = (after(step), &step.name);
            Some(sentence!(
                "If step {name} has not returned after {limit} (the worst of all runs), type {look} and wait for \
                 the leader's decision; go on only when it shows what it did after this step in the rehearsal: {}",
                "若步骤 {name} 在 {limit} 后(仿真最差值)仍未返回,执行 {look_zh} 并等待总指挥决策;仅当其显示与仿真中\
                 该步骤之后一致时继续:{}",
                after
            ))
        })
        .collect();
    points.extend(passing(from));
    if let Some(rto) = &from.rehearsal.rto
        && rto.worst > 0
    {
        let limit = seconds(rto.worst);
        points.push(say(
            format!("If no business write succeeds {limit} after the first one failed, the drill is outside what was rehearsed: decide on rollback"),
            format!("首次写失败后 {limit} 内仍无业务写成功,即超出仿真范围:决策是否回退"),
        ));
    }
    section("decisions", "Decision points", "决策点", vec![Block::Points { points, boxes: false }])
}

/// Who was primary and who took writes when a step had returned.
fn after(step: &Step) -> Sentence {
    let nodes = |names: &[String]| match names {
        [] => ("nobody", "无").into(),
        names => Sentence::from(names.join(", ")),
    };
    let (primary, writers) = (nodes(&step.primary_after), nodes(&step.writers_after));
    match step.primary_after.is_empty() && !step.writers_after.is_empty() {
        // A product whose nodes are all alike has no primary.
        true => sentence!("accepts writes {}", "可写节点 {}", writers),
        false => sentence!("primary {}, accepts writes {}", "主节点 {},可写节点 {}", primary, writers),
    }
}

/// So many passing states are worth a decision point, the longest first.
const MOST_STATES: usize = 6;

/// States that ought to pass: how long to wait for it.
fn passing(from: &Material<'_>) -> Vec<Sentence> {
    let Some(status) = from.operations.map(|operations| operations.status.command) else { return Vec::new() };
    let ran = from.rehearsal.ran;
    let point = |(state, longest, never): &(String, Span, u64)| {
        let limit = seconds(longest.0);
        match never {
            0 => say(
                format!(
                    "If `{status}` still shows {state} for a node after {limit} (the longest stay in {ran} runs), it does \
                     not pass by itself: the leader decides between waiting and rollback"
                ),
                format!(
                    "若 `{status}` 在 {limit} 后({ran} 次仿真中停留最久值)仍显示某节点为 {state},则该状态不会自行消失:由总指挥决定继续等待或回退"
                ),
            ),
            never => say(
                format!(
                    "If `{status}` shows {state} for a node: in {never} of {ran} runs a node stayed like this to the end, in \
                     the others {limit} at most; after that time decide who repairs it and how"
                ),
                format!(
                    "若 `{status}` 显示某节点为 {state}:{ran} 次仿真中有 {never} 次直至结束仍为该状态,其余最长 {limit};超过该时间须决定由谁、如何修复"
                ),
            ),
        }
    };
    let told = from.stays.iter().filter(|(_, longest, never)| longest.0 >= 1_000_000_000 || *never > 0);
    told.take(MOST_STATES).map(point).collect()
}

pub(super) fn abort(from: &Material<'_>) -> Section {
    let mut points = Vec::new();
    if let Some(target) = from.typical.objectives.rto.target {
        points.push(say(
            format!("Business writes have failed for longer than the RTO objective of {target}"),
            format!("业务写失败持续超过 RTO 目标 {target}"),
        ));
    }
    points.push(say(
        "Two nodes accept writes at the same time, or clients read what was overwritten",
        "两个节点同时接受写入,或业务读到被覆盖的数据",
    ));
    points.push(say(
        "A step ends in a way that is not among the outcomes of this plan",
        "任一步骤的结果不在本方案所列结局之内",
    ));
    let of_product = from.operations.map(|operations| operations.abort).unwrap_or_default();
    points.extend(of_product.iter().map(|told| say(told.en, told.zh)));
    section("abort", "Abort conditions", "终止条件(熔断)", vec![Block::Points { points, boxes: true }])
}
