//! What was done: the runbook with planned against measured, and the faults with the proof that they bit.

use maud::{Markup, html};

use super::words::{both, or_dash, section, sentence, table};
use crate::report::{Fault, Report, Step, StepOutcome};

pub(super) fn runbook(report: &Report) -> Markup {
    if report.runbook.is_empty() {
        return Markup::default();
    }
    let rows = html! { @for step in &report.runbook { (step_row(step)) } };
    let table = table(
        &[
            |text| text.page.columns.name,
            |text| text.page.columns.command,
            |text| text.page.columns.planned,
            |text| text.page.columns.started,
            |text| text.page.columns.ended,
            |text| text.page.columns.took,
            |text| text.page.columns.expected,
            |text| text.page.columns.actual,
            |text| text.page.columns.primary_after,
            |text| text.page.columns.writers_after,
        ],
        rows,
    );
    section("runbook", |text| text.page.sections.runbook, table)
}

fn step_row(step: &Step) -> Markup {
    let took = step.started.zip(step.ended).map(|(started, ended)| ended.since(started));
    html! {
        tr {
            th scope="row" { (step.name) }
            td { code { (step.command) } " " (step.host) (output(step)) }
            td { (sentence(&step.planned())) }
            td.number { (or_dash(step.started)) }
            td.number { (or_dash(step.ended)) }
            td.number { (or_dash(took)) }
            td { @if let Some(expected) = &step.expected { (sentence(expected)) } @else { "-" } }
            td { (outcome(step)) }
            td { (names(&step.primary_after)) }
            td { (names(&step.writers_after)) }
        }
    }
}

fn outcome(step: &Step) -> Markup {
    let class = match step.outcome {
        StepOutcome::Succeeded => "good",
        StepOutcome::Failed | StepOutcome::TimedOut => "bad",
        StepOutcome::Unfinished | StepOutcome::NeverStarted => "doubtful",
    };
    html! {
        span.word.(class) { (both(|text| (text.phrases.step_ended)(step.outcome, step.exit_code, None))) }
    }
}

fn output(step: &Step) -> Markup {
    html! {
        @if !step.output.is_empty() {
            details {
                summary { (both(|text| text.page.remarks.output)) }
                pre { (step.output.join("\n")) }
            }
        }
    }
}

fn names(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

pub(super) fn faults(report: &Report) -> Markup {
    if report.faults.is_empty() {
        return Markup::default();
    }
    let rows = html! { @for fault in &report.faults { (fault_row(fault)) } };
    let table = table(
        &[
            |text| text.page.columns.name,
            |text| text.page.columns.what,
            |text| text.page.columns.planned,
            |text| text.page.columns.started,
            |text| text.page.columns.ended,
            |text| text.page.columns.effect,
        ],
        rows,
    );
    section("faults", |text| text.page.sections.faults, table)
}

fn fault_row(fault: &Fault) -> Markup {
    let counts = fault.effects;
    html! {
        tr {
            th scope="row" { (fault.name) }
            td { (sentence(&fault.deed())) @if !fault.deed().en.contains(&fault.target) { " (" (fault.target) ")" } }
            td { (sentence(&fault.planned())) }
            td.number { (or_dash(fault.fired)) }
            td.number { (or_dash(fault.ended)) }
            td {
                (effect(fault))
                p.quiet {
                    (both(|text| {
                        (text.page.remarks.effects)(counts.armed, counts.fired, counts.observed, counts.repaired)
                    }))
                }
            }
        }
    }
}

fn effect(fault: &Fault) -> Markup {
    html! {
        @match (&fault.proof, fault.fired) {
            (Some(proof), Some(_)) if fault.bit() => (sentence(proof)),
            (_, Some(_)) => span.word.doubtful { (both(|text| text.labels.no_effect)) },
            (_, None) => span.word.doubtful { (both(|text| text.labels.never_fired)) },
        }
    }
}
