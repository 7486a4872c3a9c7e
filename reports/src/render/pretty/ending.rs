//! The ending: the verdict in words, its cause, and the command that replays the run.
//!
//! Everything a person needs who sees only the last lines of a log. Commands are never wrapped: they are copied.

use super::columns::harmless;
use super::page::{INDENT, Ink, Page, left, right, widest};
use crate::report::{Answer, Check, Outcome, Report, ShortestPlan};

/// The causal chain, when there is something to explain.
pub(super) fn write_story(page: &mut Page<'_>, report: &Report) {
    if report.story.is_empty() || report.first_violation().is_none() {
        return;
    }
    page.heading(page.text.headings.story, "");
    for (index, sentence) in report.story.iter().enumerate() {
        page.row(&[right(format!("{}.", index + 1), 3, Ink::Quiet)], page.words(sentence), Ink::Plain);
    }
}

pub(super) fn write(page: &mut Page<'_>, report: &Report) {
    write_verdict(page, report);
    write_findings(page, report);
    write_origin(page, report);
    write_links(page, report);
}

fn write_verdict(page: &mut Page<'_>, report: &Report) {
    let ink = outcome_ink(report.verdict.outcome, report.verdict.hazard_shown);
    let verdict = page.inked(&page.text.verdict(&report.verdict), ink);
    let line = format!("{verdict}  {}  {} {}", harmless(&report.run.name), page.text.labels.seed, report.run.seed);
    page.line(&line);
}

pub(super) fn outcome_ink(outcome: Outcome, hazard_shown: bool) -> Ink {
    match outcome {
        // Never the green of a pass: somebody's data would have been damaged.
        Outcome::AsExpected if hazard_shown => Ink::Doubtful,
        Outcome::AsExpected => Ink::Good,
        Outcome::Inconclusive => Ink::Doubtful,
        Outcome::NotAsExpected => Ink::Bad,
    }
}

/// Each violated check with its explanation, each one that could not tell with its reason; the run's own sentence
/// of cause when the checks alone do not tell it.
fn write_findings(page: &mut Page<'_>, report: &Report) {
    let troubled: Vec<&Check> = report.checks.iter().filter(|check| check.answer != Answer::Holds).collect();
    if troubled.is_empty() {
        let words = (page.text.phrases.checks_hold)(report.checks.len());
        page.row(&[], &words, Ink::Plain);
    }
    for check in &troubled {
        write_finding(page, check);
    }
    let told_already =
        troubled.iter().flat_map(|check| check.explanation.first()).any(|line| *line == report.verdict.cause);
    if !told_already && !report.verdict.cause.en.is_empty() {
        page.row(&[], page.words(&report.verdict.cause), Ink::Plain);
    }
}

fn write_finding(page: &mut Page<'_>, check: &Check) {
    let text = page.text;
    let headline = match check.answer {
        Answer::Violated => (text.phrases.violated_at)(&check.name, check.evidence.map(|evidence| evidence.at)),
        _ => format!("{} {}", check.name, text.answer(check)),
    };
    let mut lines = check.explanation.iter();
    match lines.next() {
        Some(finding) => page.row(&[], &format!("{headline}{}{}", text.marks.colon, page.words(finding)), Ink::Plain),
        None => page.row(&[], &headline, Ink::Plain),
    }
    for line in lines {
        page.row(&[], page.words(line), Ink::Plain);
    }
}

/// How many events lead to the finding and how small a plan shows it.
fn write_origin(page: &mut Page<'_>, report: &Report) {
    let mut parts = Vec::new();
    if report.first_violation().is_some() && !report.story.is_empty() {
        parts.push((page.text.phrases.events_lead_here)(report.story.len()));
    }
    if let Some(ShortestPlan { steps, faults, steps_before, faults_before }) = report.verdict.shortest {
        parts.push((page.text.phrases.shortest_plan)(steps, faults, steps_before, faults_before));
    }
    if !parts.is_empty() {
        page.row(&[], &parts.join(page.text.marks.semicolon), Ink::Plain);
    }
}

fn write_links(page: &mut Page<'_>, report: &Report) {
    let labels = &page.text.labels;
    let run = &report.run;
    let trace = (page.text.phrases.trace)(&run.hash, run.events, run.simulated);
    let mut links = vec![(labels.trace, trace)];
    links.extend(page.options.page.map(|path| (labels.report, path.to_owned())));
    links.push((labels.again, run.again.clone()));
    let columns = widest(links.iter().map(|(label, _)| *label));
    for (label, link) in links {
        let label = page.cell(&left(label, columns, Ink::Quiet));
        page.line(&format!("{INDENT}{label}  {}", harmless(&link)));
    }
}
