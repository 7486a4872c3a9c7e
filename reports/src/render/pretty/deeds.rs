//! What was done to the cluster: steps and faults in one list, in the order they happened.
//!
//! What never happened comes last, because a step that never started or a fault that never fired is a finding.

use super::page::{Ink, Page, left, right, widest};
use crate::report::{Fault, Moment, Report, Step, StepKind, StepOutcome};

/// Lines shown of what a failed command printed.
const MOST_LAST_WORDS: usize = 6;

enum Deed<'a> {
    Step(&'a Step),
    Fault(&'a Fault),
}

impl Deed<'_> {
    fn at(&self) -> Option<Moment> {
        match self {
            Deed::Step(step) => step.started,
            Deed::Fault(fault) => fault.fired,
        }
    }

    fn name(&self) -> &str {
        match self {
            Deed::Step(step) => &step.name,
            Deed::Fault(fault) => &fault.name,
        }
    }
}

pub(super) fn write(page: &mut Page<'_>, report: &Report) {
    let mut deeds: Vec<Deed<'_>> = report.runbook.iter().map(Deed::Step).collect();
    deeds.extend(report.faults.iter().map(Deed::Fault));
    deeds.sort_by_key(|deed| deed.at().unwrap_or(Moment(u64::MAX)));
    page.heading(page.text.headings.done, "");
    let names = widest(deeds.iter().map(Deed::name)).min(24);
    let kinds = widest([page.text.labels.step, page.text.labels.fault]);
    for deed in &deeds {
        let moment = deed.at().map_or_else(|| "-".to_owned(), |at| at.to_string());
        let (kind, ink) = match deed {
            Deed::Step(_) => (page.text.labels.step, Ink::Step),
            Deed::Fault(_) => (page.text.labels.fault, Ink::Fault),
        };
        let cells = [right(moment, 9, Ink::Quiet), left(kind, kinds, ink), left(deed.name(), names, Ink::Plain)];
        match deed {
            Deed::Step(step) => {
                page.row(&cells, &(page.text.phrases.command_on)(&step.command, &step.host), Ink::Plain)
            }
            Deed::Fault(fault) => {
                let planned = fault.planned();
                let words = format!("{} {}, {}", fault.verb, fault.target, page.words(&planned));
                page.row(&cells, &words, Ink::Plain);
            }
        }
        if matches!(deed, Deed::Step(step) if step.kind == StepKind::Query && step.outcome == StepOutcome::Succeeded) {
            // What it printed is further down.
            continue;
        }
        let under = [right("", 9, Ink::Plain), left("", kinds, Ink::Plain), left("", names, Ink::Plain)];
        let (result, ink) = match deed {
            Deed::Step(step) => step_result(page, step),
            Deed::Fault(fault) => fault_result(page, fault),
        };
        page.row(&under, &result, ink);
        if let Deed::Step(step) = deed {
            write_last_words(page, step, names + kinds);
        }
    }
}

/// The end of what a command printed that did not succeed: it says why.
fn write_last_words(page: &mut Page<'_>, step: &Step, indent: usize) {
    if step.kind == StepKind::Query || !matches!(step.outcome, StepOutcome::Failed | StepOutcome::TimedOut) {
        return;
    }
    let lines: Vec<&str> = step.output.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty()).collect();
    for line in &lines[lines.len().saturating_sub(MOST_LAST_WORDS)..] {
        page.row(&[right("", 9, Ink::Plain), left("", indent + 2, Ink::Plain)], line, Ink::Plain);
    }
}

fn step_result(page: &Page<'_>, step: &Step) -> (String, Ink) {
    let end = step.started.zip(step.ended).map(|(started, ended)| (ended, ended.since(started)));
    let mut result = (page.text.phrases.step_ended)(step.outcome, step.exit_code, end);
    if step.kind == StepKind::Change && !step.primary_after.is_empty() {
        let primary = (page.text.phrases.primary_after)(&step.primary_after.join(", "));
        result = format!("{result}{}{primary}", page.text.marks.semicolon);
    }
    let ink = if step.outcome == StepOutcome::Succeeded { Ink::Quiet } else { Ink::Doubtful };
    (result, ink)
}

fn fault_result(page: &Page<'_>, fault: &Fault) -> (String, Ink) {
    let labels = &page.text.labels;
    if fault.fired.is_none() {
        return (labels.never_fired.to_owned(), Ink::Doubtful);
    }
    let Some(proof) = fault.proof.as_ref().filter(|_| fault.bit()) else {
        return (labels.no_effect.to_owned(), Ink::Doubtful);
    };
    let bit = (page.text.phrases.bit)(page.words(proof));
    match fault.ended {
        Some(ended) => {
            (format!("{bit}{}{}", page.text.marks.semicolon, (page.text.phrases.fault_ended)(ended)), Ink::Quiet)
        }
        None => (bit, Ink::Quiet),
    }
}
