//! Findings and action items: facts on the left, blanks to fill in on the right.
//!
//! A finding is whatever a review would ask about: a violated check, a missed objective, a step that failed, a fault
//! without effect. What to do about it, who and by when is for people.

use maud::{Markup, html};

use super::words::{both, section as with_heading, table};
use crate::render::text::{CHINESE, ENGLISH, Text};
use crate::report::{Answer, Met, Report, StepOutcome};

pub(super) fn section(report: &Report) -> Markup {
    let found: Vec<(String, String)> = findings(report, &ENGLISH).into_iter().zip(findings(report, &CHINESE)).collect();
    if found.is_empty() {
        let nothing = html! { p { (both(|text| text.page.remarks.no_findings)) } };
        return with_heading("findings", |text| text.page.sections.findings, nothing);
    }
    let rows = html! {
        @for (index, (english, chinese)) in found.iter().enumerate() {
            tr {
                td.number { (index + 1) }
                td {
                    span.en lang="en" { (english) }
                    span.zh lang="zh-CN" { (chinese) }
                }
                td.blank {}
                td.blank {}
                td.blank {}
            }
        }
    };
    let table = table(
        &[
            |_| "#",
            |text| text.page.columns.finding,
            |text| text.page.columns.action,
            |text| text.page.card.owner,
            |text| text.page.columns.due,
        ],
        rows,
    );
    with_heading("findings", |text| text.page.sections.findings, table)
}

/// The findings in one language, always in the same order.
fn findings(report: &Report, text: &Text) -> Vec<String> {
    let mut findings = checks(report, text);
    findings.extend(objectives(report, text));
    findings.extend(report.write_conflicts().iter().take(3).map(|conflict| {
        (text.phrases.conflict)(&conflict.nodes.join(", "), &conflict.log, conflict.from, conflict.until)
    }));
    findings.extend(steps(report, text));
    findings.extend(faults(report, text));
    findings
}

fn checks(report: &Report, text: &Text) -> Vec<String> {
    let troubled = report.checks.iter().filter(|check| check.answer != Answer::Holds);
    let words = troubled.map(|check| {
        let headline = match check.answer {
            Answer::Violated => (text.phrases.violated_at)(&check.name, check.evidence.map(|evidence| evidence.at)),
            _ => format!("{} {}", check.name, text.answer(check)),
        };
        match check.explanation.first() {
            Some(why) => format!("{headline}{}{}", text.marks.colon, why.words(text.language)),
            None => headline,
        }
    });
    words.collect()
}

fn objectives(report: &Report, text: &Text) -> Vec<String> {
    let mut missed = Vec::new();
    let rto = &report.objectives.rto;
    if let (Met::NotMet, Some(target)) = (rto.met, rto.target) {
        let measured = rto.measured.map_or_else(|| text.labels.never_returned.to_owned(), |span| span.to_string());
        missed.push((text.page.remarks.objective_missed)(text.labels.rto, &measured, target));
    }
    let rpo = &report.objectives.rpo;
    if let (Met::NotMet, Some(target), Some(lost)) = (rpo.met, rpo.target, rpo.lost_commits) {
        let measured = (text.phrases.lost_commits)(lost, rpo.window.unwrap_or_default());
        missed.push((text.page.remarks.objective_missed)(text.labels.rpo, &measured, target));
    }
    missed
}

fn steps(report: &Report, text: &Text) -> Vec<String> {
    let troubled = report.runbook.iter().filter(|step| step.outcome != StepOutcome::Succeeded);
    let words = troubled.map(|step| {
        let how = (text.phrases.step_ended)(step.outcome, step.exit_code, None);
        (text.page.remarks.step_trouble)(&step.name, &how)
    });
    words.collect()
}

fn faults(report: &Report, text: &Text) -> Vec<String> {
    let troubled = report.faults.iter().filter(|fault| fault.fired.is_none() || !fault.bit());
    let words = troubled.map(|fault| {
        let what = if fault.fired.is_none() { text.labels.never_fired } else { text.labels.no_effect };
        (text.page.remarks.fault_trouble)(&fault.name, what)
    });
    words.collect()
}
