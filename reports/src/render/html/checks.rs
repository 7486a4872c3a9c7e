//! The checks, and the story of how the finding came about.

use maud::{Markup, html};

use super::timeline;
use super::words::{both, sentence, table};
use crate::report::{Answer, Check, Report};

pub(super) fn section(report: &Report) -> Markup {
    let rows = html! {
        @for (index, check) in report.checks.iter().enumerate() {
            tr id=(format!("check-{index}")) {
                th scope="row" { (check.name) }
                td { (sentence(&check.promise)) }
                td { (both(|text| text.mode(check.mode))) }
                td { (answer(check)) }
                td { (evidence(report, check)) }
                td {
                    @for line in &check.explanation { p { (sentence(line)) } }
                }
            }
        }
    };
    let table = table(
        &[
            |text| text.page.columns.name,
            |text| text.page.columns.promise,
            |text| text.page.columns.mode,
            |text| text.page.columns.answer,
            |text| text.page.columns.evidence,
            |text| text.page.columns.what,
        ],
        rows,
    );
    super::words::section("checks", |text| text.page.sections.checks, table)
}

fn answer(check: &Check) -> Markup {
    let class = match check.answer {
        Answer::Holds => "good",
        Answer::Violated if check.expected => "hazard",
        Answer::Violated => "bad",
        Answer::CouldNotTell => "doubtful",
    };
    html! {
        span.word.(class) { (both(|text| text.answer(check))) }
        @if check.answer == Answer::Violated && check.expected { " " (both(|text| text.verdicts.expected)) }
    }
}

fn evidence(report: &Report, check: &Check) -> Markup {
    let Some(evidence) = check.evidence else { return html! { "-" } };
    let words = both(|text| {
        let phrase = if check.answer == Answer::Violated { text.phrases.first_bad } else { text.phrases.reached };
        phrase(evidence.at, evidence.event)
    });
    timeline::link(report, Some(evidence.event), words)
}

pub(super) fn story(report: &Report) -> Markup {
    if report.story.is_empty() {
        return Markup::default();
    }
    let body = html! { ol { @for line in &report.story { li { (sentence(line)) } } } };
    super::words::section("story", |text| text.page.sections.story, body)
}
