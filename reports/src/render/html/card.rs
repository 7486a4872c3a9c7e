//! The top of the page: the verdict, the drill card and the objectives.

use maud::{Markup, html};

use super::timeline;
use super::words::{both, or_dash, section, sentence, table};
use crate::report::{DrillCard, ExpectedVerdict, Landmark, Met, Outcome, Report, Sentence, Verdict};

pub(super) fn verdict_line(report: &Report) -> Markup {
    let drill = &report.drill;
    let run = &report.run;
    html! {
        header id="verdict" {
            p.number { (drill.id) " " (run.name) }
            h1 { (title(drill)) }
            p.verdict.(verdict_class(&report.verdict)) {
                strong { (both(|text| text.verdict(&report.verdict))) }
                " " (both(|text| text.labels.seed)) " " (run.seed)
            }
            p.cause { (sentence(&report.verdict.cause)) }
            @if report.first_violation().is_some() {
                p { a.jump href="#first-violation" { (both(|text| text.page.controls.jump)) } }
            }
            p.note { (both(|text| text.page.simulation_note)) }
            p.again { code { (run.again) } }
            p.quiet { (both(|text| (text.phrases.trace)(&run.hash, run.events, run.simulated))) }
        }
    }
}

/// The drill's title, in each language that has one.
pub(super) fn title(drill: &DrillCard) -> Markup {
    html! {
        @match &drill.title_zh {
            Some(chinese) => {
                span.en lang="en" { (drill.title) }
                span.zh lang="zh-CN" { (chinese) }
            }
            None => (drill.title),
        }
    }
}

fn verdict_class(verdict: &Verdict) -> &'static str {
    match verdict.outcome {
        Outcome::AsExpected if verdict.hazard_shown => "hazard",
        Outcome::AsExpected => "good",
        Outcome::Inconclusive => "doubtful",
        Outcome::NotAsExpected => "bad",
    }
}

pub(super) fn drill_card(report: &Report) -> Markup {
    let drill = &report.drill;
    let cluster = &report.cluster;
    let nodes: Vec<String> = cluster.nodes.iter().map(|node| format!("{} ({})", node.name, node.role)).collect();
    let product = [Some(cluster.model.as_str()), cluster.profile.as_deref()];
    let product: Vec<&str> = product.into_iter().flatten().collect();
    let fact = |label: Markup, value: &str| {
        html! { @if !value.is_empty() { dt { (label) } dd { (value) } } }
    };
    let said = |label: Markup, said: Option<Sentence>| {
        html! { @if let Some(said) = &said { dt { (label) } dd { (sentence(said)) } } }
    };
    let optional = |value: &Option<String>| value.clone().unwrap_or_default();
    let body = html! {
        dl {
            (fact(both(|text| text.page.card.id), &drill.id))
            dt { (both(|text| text.page.card.kind)) }
            dd { (both(|text| text.kind(drill.kind))) }
            (fact(both(|text| text.page.card.level), &optional(&drill.level)))
            (said(both(|text| text.labels.hypothesis), drill.hypothesis()))
            (said(both(|text| text.page.card.scope), drill.scope()))
            (said(both(|text| text.page.card.rollback), drill.rollback()))
            (fact(both(|text| text.page.card.owner), &optional(&drill.owner)))
            (fact(both(|text| text.page.card.tags), &drill.tags.join(", ")))
            (fact(both(|text| text.page.card.product), &product.join(" ")))
            (fact(both(|text| text.labels.defects), &cluster.defects.join(", ")))
            (fact(both(|text| text.labels.cluster), &nodes.join(", ")))
            (said(both(|text| text.labels.workload), cluster.workload()))
            dt { (both(|text| text.page.card.expectation)) }
            dd { (expectation(&report.verdict)) }
        }
    };
    section("drill", |text| text.page.sections.drill, body)
}

fn expectation(verdict: &Verdict) -> Markup {
    let expectation = &verdict.expectation;
    html! {
        @match expectation.verdict {
            ExpectedVerdict::Pass => (both(|text| text.page.remarks.expects_pass)),
            ExpectedVerdict::Violation => {
                (both(|text| text.verdicts.violated)) " " (expectation.of.join(", ")) (both(|text| text.marks.stop))
            }
        }
        @if let Some(because) = expectation.because() { " " (sentence(&because)) }
    }
}

pub(super) fn objectives(report: &Report) -> Markup {
    let rto = &report.objectives.rto;
    let rpo = &report.objectives.rpo;
    let rows = html! {
        tr {
            th scope="row" { (both(|text| text.labels.rto)) }
            td.number { (or_dash(rto.target)) }
            td.number {
                @match rto.measured {
                    Some(measured) => (measured),
                    None => (both(|text| text.labels.never_returned)),
                }
            }
            td { (met(rto.met)) }
            td { (landmark(report, rto.from.as_ref())) }
            td { (landmark(report, rto.until.as_ref())) }
        }
        tr {
            th scope="row" { (both(|text| text.labels.rpo)) }
            td.number { (or_dash(rpo.target)) }
            td {
                @match (rpo.lost_commits, rpo.window) {
                    (Some(lost), window) => (both(|text| (text.phrases.lost_commits)(lost, window.unwrap_or_default()))),
                    (None, _) => (both(|text| text.labels.unknown)),
                }
            }
            td { (met(rpo.met)) }
            td { "-" }
            td { "-" }
        }
    };
    let table = table(
        &[
            |text| text.page.columns.name,
            |text| text.page.columns.target,
            |text| text.page.columns.measured,
            |text| text.page.columns.result,
            |text| text.page.columns.from,
            |text| text.page.columns.until,
        ],
        rows,
    );
    section("objectives", |text| text.page.sections.objectives, html! { (table) (lost_commits(report)) })
}

fn met(met: Met) -> Markup {
    let class = match met {
        Met::Met => "good",
        Met::NotMet => "bad",
        Met::CouldNotTell => "doubtful",
        Met::NoTarget => "quiet",
    };
    html! { span.word.(class) { (both(|text| text.met(met))) } }
}

/// A moment with what happened then.
fn landmark(report: &Report, landmark: Option<&Landmark>) -> Markup {
    html! {
        @match landmark {
            Some(landmark) => {
                (timeline::link(report, landmark.event, html! { (landmark.at) }))
                " " (sentence(&landmark.what))
            }
            None => "-",
        }
    }
}

/// Lost commits beyond this many say no more.
const MOST_LOST: usize = 200;

fn lost_commits(report: &Report) -> Markup {
    let lost = &report.service.lost_commits;
    html! {
        @if !lost.is_empty() {
            details {
                summary { (both(|text| text.labels.lost_commits)) " (" (lost.len()) ")" }
                ul {
                    @for commit in lost.iter().take(MOST_LOST) {
                        li { (commit.acknowledged) " " (commit.name) " (" (commit.client) "), " (commit.position) }
                    }
                }
                @if lost.len() > MOST_LOST {
                    p.quiet { (both(|text| (text.page.remarks.drawn_of)(MOST_LOST, lost.len()))) }
                }
            }
        }
    }
}
