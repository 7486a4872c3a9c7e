//! The space-time diagram: who sent what to whom around the finding.
//!
//! The finding is decided within a few milliseconds, in which dozens of messages cross. The picture keeps their order
//! and gives each event the same room; how long something took is in the words under the pointer and in the table.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::marks::{Shape, kind_class};
use super::words::{both, section as with_heading, table, tooltip};
use crate::render::hosts::hosts;
use crate::report::{Entry, Message, Moment, Report};

/// Messages and events that are drawn, those nearest to the finding.
const MOST_DRAWN: usize = 50;

/// Room for one event, and for one host, in pixels.
const STEP: usize = 44;
const ROW: usize = 46;
const TOP: usize = 16;

/// Clients talk all the time: a message of theirs counts as so many times farther away than one between nodes.
const TALKATIVE: u64 = 12;

/// So many letters of a message's kind stand beside its arrow.
const LETTERS: usize = 11;

pub(super) fn section(report: &Report) -> Markup {
    let Some(around) = report.finding() else { return Markup::default() };
    if report.messages.is_empty() {
        return Markup::default();
    }
    let drawn = Drawn::around(report, around);
    let body = html! {
        p.quiet { (both(|text| (text.page.remarks.around)(around))) }
        (picture(report, &drawn))
        (messages_table(&drawn))
    };
    with_heading("space-time", |text| text.page.sections.space_time, body)
}

/// What is drawn, and the column of every moment.
struct Drawn<'a> {
    around: Moment,
    messages: Vec<&'a Message>,
    entries: Vec<&'a Entry>,
    columns: BTreeMap<Moment, usize>,
}

impl<'a> Drawn<'a> {
    fn around(report: &'a Report, around: Moment) -> Self {
        let distance = |at: Moment| at.since(around).0.max(around.since(at).0);
        let is_node = |host: &str| report.cluster.nodes.iter().any(|node| node.name == host);
        let far = |message: &Message| {
            let times = if is_node(&message.from) && is_node(&message.to) { 1 } else { TALKATIVE };
            distance(message.sent).saturating_mul(times)
        };
        let messages = report.messages.iter().map(|message| (far(message), Some(message), None));
        let entries = report.timeline.iter().filter(|entry| entry.lane.is_some());
        let entries = entries.map(|entry| (distance(entry.at), None, Some(entry)));
        let mut all: Vec<(u64, Option<&Message>, Option<&Entry>)> = messages.chain(entries).collect();
        all.sort_by_key(|(distance, ..)| *distance);
        all.truncate(MOST_DRAWN);
        let mut messages: Vec<&Message> = all.iter().filter_map(|(_, message, _)| *message).collect();
        let mut entries: Vec<&Entry> = all.iter().filter_map(|(_, _, entry)| *entry).collect();
        messages.sort_by_key(|message| message.sent);
        entries.sort_by_key(|entry| (entry.at, entry.event));
        let sent = messages.iter().flat_map(|message| [Some(message.sent), message.arrived]).flatten();
        let mut columns: BTreeMap<Moment, usize> =
            sent.chain(entries.iter().map(|entry| entry.at)).map(|at| (at, 0)).collect();
        columns.insert(around, 0);
        columns.values_mut().enumerate().for_each(|(index, column)| *column = index);
        Self { around, messages, entries, columns }
    }

    fn x(&self, at: Moment) -> usize {
        STEP + STEP * self.columns.get(&at).copied().unwrap_or(0)
    }
}

fn picture(report: &Report, drawn: &Drawn<'_>) -> Markup {
    let involved = |host: &str| {
        drawn.messages.iter().any(|message| message.from == host || message.to == host)
            || drawn.entries.iter().any(|entry| entry.lane.as_deref() == Some(host))
    };
    let hosts: Vec<&str> = hosts(report).into_iter().filter(|host| involved(host)).collect();
    let rows: BTreeMap<&str, usize> =
        hosts.iter().enumerate().map(|(index, host)| (*host, TOP + ROW * index + ROW / 2)).collect();
    let width = STEP * (drawn.columns.len() + 2);
    let height = TOP + ROW * hosts.len();
    html! {
        div.picture {
            div.names aria-hidden="true" {
                div.space-head { }
                @for host in &hosts { div.space-row { (host) } }
            }
            div.scroll.wide tabindex="0" data-middle=(drawn.x(drawn.around)) {
                svg width=(width) height=(height) role="img" aria-labelledby="heading-space-time" {
                    (arrow_head())
                    @for row in rows.values() {
                        line class="bar" x1="0" x2=(width) y1=(row) y2=(row) {}
                    }
                    @for message in &drawn.messages { (arrow(drawn, &rows, message)) }
                    @for entry in &drawn.entries { (event(drawn, &rows, entry)) }
                    (moments(drawn))
                    (finding(report, drawn, height))
                }
            }
        }
    }
}

fn arrow_head() -> Markup {
    html! {
        defs {
            marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto" {
                path class="arrow-head" d="M0 0L8 4L0 8Z" {}
            }
        }
    }
}

/// An arrow to where the message arrived; a lost one ends half way, in a cross.
fn arrow(drawn: &Drawn<'_>, rows: &BTreeMap<&str, usize>, message: &Message) -> Markup {
    let (from, to) = (rows[message.from.as_str()], rows[message.to.as_str()]);
    let start = drawn.x(message.sent);
    let words = format!("{} {} > {}: {} {}", message.sent, message.from, message.to, message.name, message.contents);
    let name: String = message.name.chars().take(LETTERS).collect();
    let beside = if from < to { from + 13 } else { from - 5 };
    html! {
        @match message.arrived {
            Some(arrived) => {
                line class="message" x1=(start) y1=(from) x2=(drawn.x(arrived)) y2=(to) marker-end="url(#arrow)" {
                    title { (words) }
                }
                text class="kind" x=(start) y=(beside) { (name) title { (words) } }
            }
            None => {
                @let (x, y) = (start + STEP / 2, usize::midpoint(from, to));
                line class="message lost" x1=(start) y1=(from) x2=(x) y2=(y) { title { (words) } }
                svg x=(x) y=(y) class="mark failed" overflow="visible" width="1" height="1" {
                    path d=(Shape::Cross.path()) {}
                    title { (words) }
                }
            }
        }
    }
}

fn event(drawn: &Drawn<'_>, rows: &BTreeMap<&str, usize>, entry: &Entry) -> Markup {
    let row = entry.lane.as_deref().and_then(|lane| rows.get(lane));
    html! {
        @if let Some(row) = row {
            svg x=(drawn.x(entry.at)) y=(row) class=(kind_class(entry.kind)) overflow="visible" width="1" height="1" {
                path d=(Shape::of(entry.kind).path()) {}
                title { (entry.at) " " (tooltip(&entry.text)) }
            }
        }
    }
}

/// The moment all this is around, and what it is.
fn finding(report: &Report, drawn: &Drawn<'_>, height: usize) -> Markup {
    let fault = report.faults.iter().find(|fault| fault.fired == Some(drawn.around));
    let step = report.runbook.iter().find(|step| step.started == Some(drawn.around));
    let violated = report.first_violation().filter(|check| check.evidence.is_some_and(|it| it.at == drawn.around));
    let deed = fault.map(|fault| fault.name.as_str()).or(step.map(|step| step.name.as_str()));
    let name = violated.map(|check| check.name.as_str()).or(deed).unwrap_or_default();
    let class = if violated.is_some() { "violation" } else { "finding" };
    let x = drawn.x(drawn.around);
    html! {
        line class=(class) x1=(x) x2=(x) y1=(TOP) y2=(height) {}
        text class=(class) x=(x) y=(height - 4) dx="4" { (name) }
    }
}

/// Every fourth moment, at the top.
fn moments(drawn: &Drawn<'_>) -> Markup {
    html! {
        @for (at, column) in drawn.columns.iter().filter(|(_, column)| *column % 4 == 0) {
            text class="tick" x=(STEP + STEP * column) y="11" text-anchor="middle" { (at) }
        }
    }
}

fn messages_table(drawn: &Drawn<'_>) -> Markup {
    let rows = html! {
        @for message in &drawn.messages {
            tr {
                td.number { (message.sent) }
                td.number {
                    @match message.arrived {
                        Some(arrived) => (arrived),
                        None => (both(|text| text.page.remarks.lost_message)),
                    }
                }
                td { (message.from) }
                td { (message.to) }
                td { (message.name) " " (message.contents) }
            }
        }
    };
    let table = table(
        &[
            |text| text.page.columns.started,
            |text| text.page.columns.ended,
            |text| text.page.columns.from,
            |text| text.page.columns.until,
            |text| text.page.columns.what,
        ],
        rows,
    );
    html! { details { summary { (both(|text| text.page.remarks.messages_table)) } (table) } }
}
