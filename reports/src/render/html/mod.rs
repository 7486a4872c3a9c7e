//! The report page: one file with everything, to hand in, to print and to look around in.
//!
//! It exists for the reader who was not there. The page opens without network and without script: pictures are SVG,
//! tables are behind every picture, both languages are in it. A small script adds what needs one: zooming, looking at
//! a moment, filtering, switching language. A content security policy that allows nothing else proves that nothing
//! is fetched. Everything a scenario or a product says is escaped by `maud`.
//!
//! SVG elements are written with an explicit end: an HTML reader takes `<rect>` without one for a container.

mod card;
mod checks;
mod data;
mod deeds;
mod findings;
mod handout;
mod lanes;
mod marks;
mod scale;
mod seeds;
mod service;
mod space_time;
mod timeline;
mod words;
mod world;

pub use data::MOST_STATUS_BYTES;
pub use handout::handout_html;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::render::text::Text;
use crate::report::{Language, Report};
use crate::suite::Suite;
use crate::summary::ScenarioSummary;
use scale::Scale;
use words::both;

/// What the page may load and run: itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      base-uri 'none'; form-action 'none'";

const STYLE: &str = include_str!("page.css");
const LANGUAGE_SCRIPT: &str = include_str!("language.js");
const RUN_SCRIPT: &str = include_str!("page.js");

/// The page of one run, first shown in `language`. `across` adds what other seeds of the scenario did.
pub fn html(report: &Report, across: Option<&ScenarioSummary>, language: Language) -> String {
    let scale = Scale::of(report);
    let body = html! {
        (card::verdict_line(report))
        (card::drill_card(report))
        (card::objectives(report))
        (checks::section(report))
        (deeds::runbook(report))
        (deeds::faults(report))
        (timeline::section(report, &scale))
        (space_time::section(report))
        (checks::story(report))
        (service::section(report, &scale))
        @if let Some(summary) = across { (seeds::section(summary)) }
        (findings::section(report))
        (world::world(report))
        (world::logs(report))
        (world::limits(report))
        footer { p { (both(|text| (text.page.remarks.made_by)(&report.run.version))) } }
    };
    let scripts = html! {
        script type="application/json" id="data" { (PreEscaped(data::json(report, &scale))) }
        script { (PreEscaped(RUN_SCRIPT)) }
    };
    page(&title(&report.run.name, language), language, body, scripts).into_string()
}

/// The page above the pages of the seeds: what all seeds of a scenario add up to. `written` are the seeds that
/// have a page of their own, in `seed-<n>/report.html` beside this one.
pub fn summary_html(suite: &Suite<'_>, written: &[u64], language: Language) -> String {
    let body = html! {
        (seeds::verdict_line(suite))
        (card::drill_card(suite.example))
        (seeds::section(suite.summary))
        (seeds::pages(written))
        footer { p { (both(|text| (text.page.remarks.made_by)(&suite.example.run.version))) } }
    };
    page(&title(&suite.example.run.name, language), language, body, Markup::default()).into_string()
}

fn title(name: &str, language: Language) -> String {
    format!("{}: {name}", Text::of(language).page.report)
}

fn page(title: &str, language: Language, body: Markup, scripts: Markup) -> Markup {
    let (code, shown) = match language {
        Language::English => ("en", "english"),
        Language::Chinese => ("zh-CN", "chinese"),
    };
    html! {
        (DOCTYPE)
        html lang=(code) data-language=(shown) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (language_switch())
                    (body)
                }
                script { (PreEscaped(LANGUAGE_SCRIPT)) }
                (scripts)
            }
        }
    }
}

/// Buttons that only work with script, and are only shown with it.
fn language_switch() -> Markup {
    html! {
        div.scripted.languages role="group" aria-label="Language / 语言" hidden {
            button type="button" data-show="english" lang="en" { "English" }
            button type="button" data-show="chinese" lang="zh-CN" { "中文" }
        }
    }
}
