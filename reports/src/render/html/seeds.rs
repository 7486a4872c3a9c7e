//! What other seeds of the scenario did: verdicts, checks, and the distribution of the measured RTO.

use maud::{Markup, html};

use super::scale::Place;
use super::words::{both, or_dash, section as with_heading, sentence, table};
use crate::report::Span;
use crate::suite::{CaseAnswer, Suite};
use crate::summary::ScenarioSummary;

const HEIGHT: u64 = 110;
const BARS: u64 = 40;

/// The top of the page above the seeds' pages.
pub(super) fn verdict_line(suite: &Suite<'_>) -> Markup {
    let summary = suite.summary;
    let class = match suite.expectation() {
        CaseAnswer::Passed => "good",
        CaseAnswer::HazardShown => "hazard",
        CaseAnswer::Undecided => "doubtful",
        CaseAnswer::Failed => "bad",
    };
    html! {
        header id="verdict" {
            p.number { (suite.example.drill.id) " " (suite.example.run.name) }
            h1 { (super::card::title(&suite.example.drill)) }
            p.verdict.(class) {
                strong {
                    (both(|text| match suite.expectation() {
                        CaseAnswer::HazardShown => text.verdicts.hazard_shown,
                        _ => text.outcome(summary.verdict),
                    }))
                }
                " " (both(|text| text.labels.seeds)) " " (suite.seeds())
            }
            @if let Some(cause) = suite.cause() { p.cause { (sentence(cause)) } }
            p.note { (both(|text| text.page.simulation_note)) }
            @if let Some(seed) = summary.worst_seed { p.again { code { (suite.again(seed)) } } }
        }
    }
}

/// Links to the pages of single seeds.
pub(super) fn pages(written: &[u64]) -> Markup {
    html! {
        @if !written.is_empty() {
            h3 { (both(|text| text.page.report)) }
            ul {
                @for seed in written {
                    li { a href=(format!("seed-{seed}/report.html")) { (both(|text| text.labels.seed)) " " (seed) } }
                }
            }
        }
    }
}

pub(super) fn section(summary: &ScenarioSummary) -> Markup {
    let body = html! {
        p {
            (both(|text| text.labels.seeds)) " " (summary.first_seed) ".." (summary.last_seed) ": "
            (both(|text| {
                (text.phrases.seed_counts)(summary.as_expected, summary.not_as_expected, summary.inconclusive)
            }))
        }
        (checks(summary))
        (recovery_times(summary))
    };
    with_heading("seeds", |text| text.page.sections.seeds, body)
}

fn checks(summary: &ScenarioSummary) -> Markup {
    let rows = html! {
        @for check in &summary.checks {
            tr {
                th scope="row" { (check.name) }
                td.number { (check.holds) }
                td.number { (check.violated) }
                td.number { (check.could_not_tell) }
                td.number { (or_dash(check.first_violating_seed)) }
                td.number { (or_dash(check.shortest_violating.map(|example| example.seed))) }
            }
        }
    };
    table(
        &[
            |text| text.page.columns.name,
            |text| text.verdicts.holds,
            |text| text.verdicts.violated,
            |text| text.verdicts.could_not_tell,
            |text| text.page.columns.first_seed,
            |text| text.page.columns.shortest_seed,
        ],
        rows,
    )
}

fn recovery_times(summary: &ScenarioSummary) -> Markup {
    let quantile = |per_thousand| summary.rto_quantile(per_thousand).map(Span::from_millis);
    let shown = quantile(500).zip(quantile(950)).zip(quantile(1_000));
    html! {
        @if let Some(((p50, p95), worst)) = shown {
            h3 { (both(|text| text.labels.rto)) }
            p { (both(|text| (text.phrases.rto_over_seeds)(p50, p95, worst))) }
            (histogram(summary))
        }
        @if summary.never_served_again > 0 {
            p.word.bad { (both(|text| (text.phrases.never_served_seeds)(summary.never_served_again))) }
        }
    }
}

/// How many seeds measured how long, in bars of equal width.
fn histogram(summary: &ScenarioSummary) -> Markup {
    let longest = summary.rto_ms.keys().max().copied().unwrap_or(0);
    let width = longest / BARS + 1;
    let mut counts = vec![0_u64; BARS as usize];
    for (rto, seeds) in &summary.rto_ms {
        counts[(rto / width) as usize] += seeds;
    }
    let most = counts.iter().max().copied().unwrap_or(0).max(1);
    html! {
        svg width="100%" height=(HEIGHT + 20) role="img" aria-labelledby="heading-seeds" {
            @for (index, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                @let height = (count * HEIGHT / most).max(2);
                @let x = Place(index as u64 * 1_000_000 / BARS);
                rect class="ok" x=(x) y=(HEIGHT - height) width=(Place(1_000_000 / BARS - 2_000)) height=(height) {
                    title { (Span::from_millis(index as u64 * width)) ": " (count) }
                }
            }
            line class="row" x1="0" x2="100%" y1=(HEIGHT) y2=(HEIGHT) {}
            @for index in (0..BARS).step_by(8) {
                text class="tick" x=(Place(index * 1_000_000 / BARS)) y=(HEIGHT + 15) { (Span::from_millis(index * width)) }
            }
        }
    }
}
