//! The end of the page: every setting, the scenario itself, excerpts of native logs, and what is missing.

use maud::{Markup, html};

use super::words::{both, section, sentence, table};
use crate::render::text::Text;
use crate::report::{Report, Sentence};

pub(super) fn world(report: &Report) -> Markup {
    let rows = html! {
        @for setting in &report.settings {
            tr {
                th scope="row" { code { (setting.name) } }
                td { (sentence(&setting.told())) }
                td { (both(|text| text.origin(setting.origin))) }
            }
        }
    };
    let columns: [fn(&'static Text) -> &'static str; 3] =
        [|text| text.page.columns.name, |text| text.page.columns.value, |text| text.page.columns.origin];
    let body = html! {
        p.again { code { (report.run.again) } }
        @if !report.settings.is_empty() { (table(&columns, rows)) }
        @if let Some(scenario) = &report.run.scenario_text {
            details {
                summary { (both(|text| text.page.remarks.scenario_text)) " " (report.run.scenario) }
                pre tabindex="0" { (scenario) }
            }
        }
    };
    section("world", |text| text.page.sections.world, body)
}

pub(super) fn logs(report: &Report) -> Markup {
    if report.logs.is_empty() {
        return Markup::default();
    }
    let body = html! {
        @for log in &report.logs {
            details {
                summary { (log.host) " " code { (log.file) } " (" (log.lines.len()) ")" }
                pre tabindex="0" { @for line in &log.lines { (line.text) "\n" } }
            }
        }
    };
    section("logs", |text| text.page.sections.logs, body)
}

pub(super) fn limits(report: &Report) -> Markup {
    let limits = &report.limits;
    let list = |heading: fn(&'static Text) -> &'static str, sentences: &[Sentence]| {
        html! {
            @if !sentences.is_empty() {
                h3 { (both(heading)) }
                ul { @for line in sentences { li { (sentence(line)) } } }
            }
        }
    };
    let spread = super::data::spread(&report.status);
    let body = html! {
        p { (both(|text| text.page.simulation_note)) }
        @if spread > 1 { p { (both(|text| (text.page.remarks.status_thinned)(spread, report.status.len()))) } }
        (list(|text| text.page.remarks.cut, &limits.cut))
        (list(|text| text.page.remarks.not_simulated, &limits.not_simulated))
        @if !limits.sources.is_empty() {
            h3 { (both(|text| text.page.remarks.sources)) }
            ul { @for source in &limits.sources { li { (source) } } }
        }
    };
    section("limits", |text| text.page.sections.limits, body)
}
