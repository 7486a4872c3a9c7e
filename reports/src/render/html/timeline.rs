//! The timeline: the picture of lanes, the moment one can look at, and the same in tables.

use maud::{Markup, html};

use super::lanes;
use super::marks::{Shape, kind_class};
use super::scale::Scale;
use super::words::{both, or_dash, section as with_heading, sentence, table, tooltip};
use crate::render::text::Text;
use crate::report::{Entry, EntryKind, Importance, Moment, Report, Standing};

/// Rows beyond this many would make the page heavy.
const MOST_ROWS: usize = 3_000;
/// And so many letters: rows of long lines are cut earlier.
const MOST_LETTERS: usize = 1_100_000;
/// What tells the story is read, not searched.
const MOST_HEADLINES: usize = 150;
/// What the cells of a row weigh beside its words.
const ROW_LETTERS: usize = 300;

pub(super) fn section(report: &Report, scale: &Scale) -> Markup {
    let (from, until) = scale.large();
    let body = html! {
        p.quiet { (both(|text| (text.page.remarks.axis)(from, until))) }
        (controls())
        (lanes::picture(report, scale))
        (legend())
        (moment_panel())
        (conflicts(report))
        (roles_table(report))
        (writers_table(report))
        (headlines_table(report))
        (entries_table(report))
    };
    with_heading("timeline", |text| text.page.sections.timeline, body)
}

fn controls() -> Markup {
    html! {
        div.scripted.controls hidden {
            button type="button" data-zoom="in" { (both(|text| text.page.controls.zoom_in)) }
            button type="button" data-zoom="out" { (both(|text| text.page.controls.zoom_out)) }
            label {
                (both(|text| text.page.controls.moment)) " "
                input id="moment" type="range" min="0" max="1000000" step="1" value="0";
            }
            output id="moment-shown" for="moment" {}
            button type="button" data-change="previous" { (both(|text| text.page.controls.previous_change)) }
            button type="button" data-change="next" { (both(|text| text.page.controls.next_change)) }
        }
    }
}

/// What the script fills in for the chosen moment: each node's state, who could write, the status command's output.
fn moment_panel() -> Markup {
    html! {
        div.scripted.panel hidden {
            ul id="moment-states" aria-live="polite" {}
            p.quiet id="moment-typed" hidden {
                (both(|text| text.page.remarks.typed_at)) " " span id="moment-typed-at" {}
            }
            pre id="moment-status" tabindex="0" {}
        }
    }
}

fn legend() -> Markup {
    let standings = [Standing::Primary, Standing::Standby, Standing::Changing, Standing::Starting, Standing::Down];
    let kinds = [
        EntryKind::Step,
        EntryKind::Fault,
        EntryKind::Announced,
        EntryKind::Process,
        EntryKind::Client,
        EntryKind::Log,
    ];
    html! {
        ul.legend {
            @for standing in standings {
                li { span.swatch.(lanes::standing_class(standing)) {} " " (both(|text| text.standing(standing))) }
            }
            @for kind in kinds {
                li { (Shape::of(kind).sample(kind_class(kind))) " " (both(|text| text.entry_kind(kind))) }
            }
            li { (Shape::Disc.sample("mark ok")) " " (both(|text| text.page.operations.ok)) }
            li { (Shape::Cross.sample("mark failed")) " " (both(|text| text.page.operations.failed)) }
            li { (Shape::Triangle.sample("mark unknown")) " " (both(|text| text.page.operations.unknown)) }
            li { span.swatch.conflict {} " " (both(|text| text.labels.two_at_once)) }
        }
    }
}

fn conflicts(report: &Report) -> Markup {
    let conflicts = report.write_conflicts();
    html! {
        @if conflicts.is_empty() {
            p { (both(|text| text.labels.never_two_writers)) }
        }
        @for conflict in conflicts.iter().take(20) {
            p.word.bad {
                (both(|text| (text.phrases.conflict)(&conflict.nodes.join(", "), &conflict.log, conflict.from, conflict.until)))
            }
        }
    }
}

fn roles_table(report: &Report) -> Markup {
    let rows = html! {
        @for lane in &report.lanes {
            @for interval in &lane.intervals {
                tr {
                    td { (lane.node) }
                    td.number { (interval.from) }
                    td.number { (until(interval.until)) }
                    td {
                        (interval.state)
                        @if let Some(term) = interval.term { " (" (term) ")" }
                    }
                }
            }
        }
    };
    let table = table(
        &[
            |text| text.page.columns.node,
            |text| text.page.columns.from,
            |text| text.page.columns.until,
            |text| text.page.columns.state,
        ],
        rows,
    );
    html! { details { summary { (both(|text| text.page.remarks.roles_table)) } (table) } }
}

fn writers_table(report: &Report) -> Markup {
    let rows = html! {
        @for writer in &report.writers {
            tr {
                td { (writer.node) }
                td.number { (writer.from) }
                td.number { (until(writer.until)) }
                td { (writer.log) }
                td.number { (writer.writes) }
            }
        }
    };
    let table = table(
        &[
            |text| text.page.columns.node,
            |text| text.page.columns.from,
            |text| text.page.columns.until,
            |text| text.page.columns.log,
            |text| text.page.columns.writes,
        ],
        rows,
    );
    html! { details { summary { (both(|text| text.page.remarks.writers_table)) } (table) } }
}

fn until(until: Option<Moment>) -> Markup {
    html! {
        @match until {
            Some(until) => (until),
            None => (both(|text| text.labels.end_of_run)),
        }
    }
}

/// The entries a page shows: all of them, or the more important ones when there are too many.
pub(super) fn shown(report: &Report, most: usize) -> Vec<&Entry> {
    let least = [Importance::Minor, Importance::Normal, Importance::Major];
    let enough = least
        .into_iter()
        .find(|least| report.timeline.iter().filter(|entry| entry.importance >= *least).count() <= most);
    let least = enough.unwrap_or(Importance::Major);
    report.timeline.iter().filter(|entry| entry.importance >= least).take(most).collect()
}

/// The rows of the table of all entries: as many as a page may weigh.
fn rows(report: &Report) -> Vec<&Entry> {
    let mut letters = 0;
    let weighs = |entry: &&Entry| {
        letters += ROW_LETTERS + tooltip(&entry.text).len();
        letters <= MOST_LETTERS
    };
    shown(report, MOST_ROWS).into_iter().take_while(weighs).collect()
}

const ENTRY_COLUMNS: [fn(&'static Text) -> &'static str; 6] = [
    |text| text.page.columns.moment,
    |text| text.page.columns.event,
    |text| text.page.columns.node,
    |text| text.page.columns.component,
    |text| text.page.columns.kind,
    |text| text.page.columns.what,
];

/// What the one screen tells too.
fn headlines_table(report: &Report) -> Markup {
    let headlines: Vec<&Entry> = report.timeline.iter().filter(|entry| entry.importance == Importance::Major).collect();
    let told = headlines.len().min(MOST_HEADLINES);
    let rows = html! { @for entry in &headlines[..told] { tr { (entry_cells(entry)) } } };
    html! {
        h3 { (both(|text| text.headings.happened)) }
        (table(&ENTRY_COLUMNS, rows))
        @if told < headlines.len() {
            p.quiet { (both(|text| (text.page.remarks.drawn_of)(told, headlines.len()))) }
        }
    }
}

fn entry_cells(entry: &Entry) -> Markup {
    html! {
        td.number { (entry.at) }
        td.number { (or_dash(entry.event)) }
        td { (entry.lane.as_deref().unwrap_or("-")) }
        td { (entry.component.as_deref().unwrap_or("-")) }
        td { (both(|text| text.entry_kind(entry.kind))) }
        td { (sentence(&entry.text)) }
    }
}

fn entries_table(report: &Report) -> Markup {
    let shown = rows(report);
    let rows = html! {
        @for (index, entry) in shown.iter().enumerate() {
            tr.(importance_class(entry.importance)) id=[anchor(&shown, index)] {
                (entry_cells(entry))
            }
        }
    };
    let table = table(&ENTRY_COLUMNS, rows);
    html! {
        details id="entries" {
            summary { (both(|text| text.page.remarks.all_entries)) " (" (shown.len()) ")" }
            p.scripted.controls hidden {
                label {
                    (both(|text| text.page.controls.filter)) " "
                    input id="filter" type="search" autocomplete="off";
                }
            }
            (table)
            @if shown.len() < report.timeline.len() {
                p.quiet { (both(|text| (text.page.remarks.drawn_of)(shown.len(), report.timeline.len()))) }
            }
        }
    }
}

/// `words` as a link to the row of an event, when it has one.
pub(super) fn link(report: &Report, event: Option<u64>, words: Markup) -> Markup {
    let has_row = event.is_some() && rows(report).iter().any(|entry| entry.event == event);
    html! {
        @match event.filter(|_| has_row) {
            Some(event) => a href=(format!("#event-{event}")) { (words) },
            None => (words),
        }
    }
}

/// The anchor of an entry by its event number. Two entries may tell of one event: the first has the anchor.
fn anchor(shown: &[&Entry], index: usize) -> Option<String> {
    let event = shown[index].event?;
    let first = shown[..index].iter().all(|earlier| earlier.event != Some(event));
    first.then(|| format!("event-{event}"))
}

fn importance_class(importance: Importance) -> &'static str {
    match importance {
        Importance::Minor => "minor",
        Importance::Normal => "normal",
        Importance::Major => "major",
    }
}
