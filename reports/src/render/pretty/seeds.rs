//! What many seeds add up to: one block for each scenario.

use super::columns::harmless;
use super::ending::outcome_ink;
use super::page::{Ink, Page, left, widest};
use crate::report::Span;
use crate::summary::{ScenarioSummary, Summary};

pub(super) fn write(page: &mut Page<'_>, summary: &Summary) {
    for scenario in summary.scenarios.values() {
        write_scenario(page, scenario);
    }
}

fn write_scenario(page: &mut Page<'_>, scenario: &ScenarioSummary) {
    let text = page.text;
    let verdict = page.inked(text.outcome(scenario.verdict), outcome_ink(scenario.verdict, false));
    let seeds = format!("{} {}..{}", text.labels.seeds, scenario.first_seed, scenario.last_seed);
    page.line(&format!("{verdict}  {}  {seeds}", harmless(&scenario.scenario)));
    let mut facts = vec![(
        text.labels.seeds,
        (text.phrases.seed_counts)(scenario.as_expected, scenario.not_as_expected, scenario.inconclusive),
    )];
    for check in &scenario.checks {
        if let Some(first) = check.first_violating_seed {
            let words = (text.phrases.violated_seeds)(&check.name, check.violated, scenario.seeds, first);
            facts.push((text.labels.check, words));
        }
    }
    facts.extend(recovery_times(page, scenario).map(|words| (text.labels.rto, words)));
    let columns = widest(facts.iter().map(|(label, _)| *label).chain([text.labels.again]));
    for (label, fact) in &facts {
        page.row(&[left(label, columns, Ink::Quiet)], fact, Ink::Plain);
    }
    if let Some(seed) = scenario.worst_seed {
        let label = page.cell(&left(text.labels.again, columns, Ink::Quiet));
        page.line(&format!("  {label}  simrun {} --seed {seed}", harmless(&scenario.scenario)));
    }
}

fn recovery_times(page: &Page<'_>, scenario: &ScenarioSummary) -> Option<String> {
    let phrases = &page.text.phrases;
    let quantile = |per_thousand| scenario.rto_quantile(per_thousand).map(Span::from_millis);
    let measured = quantile(500)
        .zip(quantile(950))
        .zip(quantile(1_000))
        .map(|((p50, p95), worst)| (phrases.rto_over_seeds)(p50, p95, worst));
    let never = (scenario.never_served_again > 0).then(|| (phrases.never_served_seeds)(scenario.never_served_again));
    match (measured, never) {
        (Some(measured), Some(never)) => Some(format!("{measured}{}{never}", page.text.marks.semicolon)),
        (measured, never) => measured.or(never),
    }
}
