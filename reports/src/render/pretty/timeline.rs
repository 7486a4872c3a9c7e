//! What the cluster did: the major timeline entries in fixed columns.

use super::page::{Ink, Page, left, right, widest};
use crate::report::{Entry, EntryKind, Importance, Report};

/// More entries than this are no screen at all; the report chose its major ones to be fewer, unless everything broke.
const MOST_ENTRIES: usize = 60;

pub(super) fn write(page: &mut Page<'_>, report: &Report) {
    let major: Vec<&Entry> = report.timeline.iter().filter(|entry| entry.importance == Importance::Major).collect();
    let shown = &major[..major.len().min(MOST_ENTRIES)];
    page.heading(page.text.headings.happened, "");
    let lanes = widest(shown.iter().map(|entry| lane(entry))).min(16);
    let components = widest(shown.iter().map(|entry| component(entry))).min(16);
    for entry in shown {
        let (mark, ink) = match entry.kind {
            EntryKind::Step => (">", Ink::Step),
            EntryKind::Fault => ("!", Ink::Fault),
            _ => ("", Ink::Plain),
        };
        let cells = [
            right(entry.at.to_string(), 9, Ink::Quiet),
            left(mark, 1, ink),
            left(lane(entry), lanes, ink),
            left(component(entry), components, Ink::Quiet),
        ];
        page.row(&cells, page.words(&entry.text), ink);
    }
    let hidden = report.timeline.len() - shown.len();
    if hidden > 0 {
        page.row(&[right("", 9, Ink::Plain)], &(page.text.phrases.more_entries)(hidden), Ink::Quiet);
    }
}

fn lane(entry: &Entry) -> &str {
    entry.lane.as_deref().unwrap_or("-")
}

fn component(entry: &Entry) -> &str {
    entry.component.as_deref().unwrap_or("")
}
