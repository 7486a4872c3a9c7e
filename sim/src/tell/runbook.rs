//! The operator's steps: planned beside done.

use reports::{Sentence, StatusOutput, Step, StepKind, StepOutcome};

use super::Tale;
use super::lanes;
use super::moment::{moment, span};
use super::settings::planned;
use crate::run::record::{self, CommandRecord, StepRecord};
use crate::scenario::model::{self, IfFails};
use crate::scenario::verbs::StepVerb;

/// The steps in the order they began; those that never did come last.
pub(super) fn runbook(tale: &Tale<'_>) -> Vec<Step> {
    let mut steps: Vec<(&StepRecord, Step)> =
        tale.record.steps.iter().enumerate().map(|(number, record)| (record, step(tale, number, record))).collect();
    steps.sort_by_key(|(record, _)| (record.began.is_none(), record.began));
    steps.into_iter().map(|(_, step)| step).collect()
}

fn step(tale: &Tale<'_>, number: usize, record: &StepRecord) -> Step {
    let written = &tale.scenario.steps[number];
    let drawn = &tale.draws.steps[number];
    let planned = planned(&written.when, &drawn.when);
    let lines = |command: &CommandRecord| command.lines.iter().map(|(_, line)| line.clone()).collect::<Vec<_>>();
    let after = record.ended.and_then(|ended| tale.record.states_at(ended));
    let nodes_after = |fits: fn(&nodes::product::NodeState) -> bool| {
        let nodes = after.map(|snapshot| snapshot.nodes.as_slice()).unwrap_or_default();
        nodes.iter().filter(|node| fits(node)).map(|node| node.host.clone()).collect()
    };
    let output: Vec<String> = record.commands.iter().flat_map(lines).collect();
    Step {
        name: record.name.clone(),
        host: joined(record.commands.iter().map(|command| command.host.clone())).unwrap_or_else(|| "-".to_owned()),
        command: joined(record.commands.iter().map(CommandRecord::line)).unwrap_or_else(|| drawn.verb.story().en),
        kind: kind(tale, &drawn.verb),
        planned: planned.en,
        planned_zh: planned.zh,
        started: record.began.map(moment),
        ended: record.ended.map(moment),
        outcome: outcome(&record.outcome),
        exit_code: record.commands.last().and_then(|command| command.exit_code),
        excerpt: tale.product.status_output.excerpt(&output).to_vec(),
        output,
        expected: Some(expected(written)),
        primary_after: nodes_after(lanes::is_primary),
        writers_after: nodes_after(|node| node.writable),
    }
}

/// What should come of a step, as far as the scenario says: a step that may fail says so.
fn expected(step: &model::Step) -> Sentence {
    let limit = step.timeout.map(span);
    match (step.if_fails, limit) {
        (IfFails::Stop, None) => Sentence::new("succeeds", "成功"),
        (IfFails::Stop, Some(limit)) => Sentence::new(format!("succeeds within {limit}"), format!("{limit} 内成功")),
        (IfFails::Continue, None) => Sentence::new("may fail", "允许失败"),
        (IfFails::Continue, Some(limit)) => {
            Sentence::new(format!("ends within {limit}, may fail"), format!("{limit} 内结束,允许失败"))
        }
    }
}

/// Several commands or hosts of one step, each once; none where there is none.
fn joined(parts: impl Iterator<Item = String>) -> Option<String> {
    let mut parts: Vec<String> = parts.collect();
    parts.dedup();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Whether a step only looks, as the product's command table has it.
pub(super) fn kind(tale: &Tale<'_>, verb: &StepVerb) -> StepKind {
    let StepVerb::Command(typed) = verb else { return StepKind::Change };
    match tale.product.only_looks(&typed.typed()) {
        true => StepKind::Query,
        false => StepKind::Change,
    }
}

fn outcome(outcome: &record::StepOutcome) -> StepOutcome {
    match outcome {
        record::StepOutcome::Succeeded => StepOutcome::Succeeded,
        record::StepOutcome::Failed => StepOutcome::Failed,
        record::StepOutcome::TimedOut => StepOutcome::TimedOut,
        record::StepOutcome::Unfinished => StepOutcome::Unfinished,
        record::StepOutcome::NeverStarted | record::StepOutcome::PutAside(_) => StepOutcome::NeverStarted,
    }
}

/// What status commands printed.
pub(super) fn status(tale: &Tale<'_>) -> Vec<StatusOutput> {
    let looking = tale.record.steps.iter().zip(&tale.draws.steps);
    let commands =
        looking.filter(|(_, drawn)| kind(tale, &drawn.verb) == StepKind::Query).flat_map(|(step, _)| &step.commands);
    let output = |command: &CommandRecord| StatusOutput {
        at: moment(command.ended.unwrap_or(command.began)),
        command: command.line(),
        lines: command.lines.iter().map(|(_, line)| line.clone()).collect(),
    };
    let mut outputs: Vec<StatusOutput> = commands.map(output).collect();
    outputs.sort_by_key(|output| output.at);
    outputs
}
