//! Who could write when: the strip, and the same in numbers.

use super::page::{INDENT, Ink, Page, left, right, widest};
use super::strip::{self, Scale};
use crate::report::{Moment, Report};

/// More intervals than this would push the rest off the screen.
const MOST_INTERVALS: usize = 12;

pub(super) fn write(page: &mut Page<'_>, report: &Report) {
    let text = page.text;
    let names = report.cluster.nodes.iter().map(|node| node.name.as_str());
    let names = widest(names.chain([text.labels.acts])).min(16);
    let room = page.columns().saturating_sub(INDENT.len() + names + 2).max(20);
    let scale = Scale::of(report, room);
    page.heading(text.headings.writers, &(text.phrases.strip_scale)(scale.from, scale.until(), scale.column));
    write_strip(page, report, scale, names);
    write_legend(page);
    write_intervals(page, report);
    write_conflicts(page, report);
}

fn write_strip(page: &mut Page<'_>, report: &Report, scale: Scale, names: usize) {
    let deeds = strip::deeds_row(report, scale);
    page.row(&[left(page.text.labels.acts, names, Ink::Quiet)], &deeds, Ink::Fault);
    for node in &report.cluster.nodes {
        let row = strip::node_row(report, &node.name, scale);
        let ink = if row.contains(strip::CONFLICT) { Ink::Bad } else { Ink::Plain };
        page.row(&[left(&node.name, names, Ink::Plain)], &row, ink);
    }
    page.row(&[left("", names, Ink::Plain)], &strip::axis_row(scale), Ink::Quiet);
}

fn write_legend(page: &mut Page<'_>) {
    let labels = &page.text.labels;
    let legend = [
        (strip::WRITER, labels.could_write),
        (strip::UP, labels.could_not_write),
        (strip::DOWN, labels.down),
        (strip::CONFLICT, labels.two_at_once),
    ];
    let legend: Vec<String> = legend.iter().map(|(mark, meaning)| format!("{mark} {meaning}")).collect();
    page.row(&[], &legend.join("   "), Ink::Quiet);
}

fn write_intervals(page: &mut Page<'_>, report: &Report) {
    if report.writers.is_empty() {
        page.row(&[], page.text.labels.nobody, Ink::Doubtful);
        return;
    }
    let nodes = widest(report.writers.iter().map(|writer| writer.node.as_str()));
    let logs = widest(report.writers.iter().map(|writer| writer.log.as_str())).min(32);
    for writer in report.writers.iter().take(MOST_INTERVALS) {
        let until = writer.until.map_or_else(|| page.text.labels.end_of_run.to_owned(), |at: Moment| at.to_string());
        let cells = [
            left(&writer.node, nodes, Ink::Plain),
            right(writer.from.to_string(), 9, Ink::Quiet),
            left("->", 2, Ink::Quiet),
            right(until, 9, Ink::Quiet),
            left(&writer.log, logs, Ink::Plain),
        ];
        page.row(&cells, &(page.text.phrases.writes)(writer.writes), Ink::Plain);
    }
    let hidden = report.writers.len().saturating_sub(MOST_INTERVALS);
    if hidden > 0 {
        page.row(&[], &(page.text.phrases.more_entries)(hidden), Ink::Quiet);
    }
}

fn write_conflicts(page: &mut Page<'_>, report: &Report) {
    let conflicts = report.write_conflicts();
    if conflicts.is_empty() && !report.writers.is_empty() {
        page.row(&[], page.text.labels.never_two_writers, Ink::Plain);
    }
    for conflict in conflicts.iter().take(MOST_INTERVALS) {
        let nodes = conflict.nodes.join(", ");
        let words = (page.text.phrases.conflict)(&nodes, &conflict.log, conflict.from, conflict.until);
        page.row(&[], &words, Ink::Bad);
    }
    let hidden = conflicts.len().saturating_sub(MOST_INTERVALS);
    if hidden > 0 {
        page.row(&[], &(page.text.phrases.more_entries)(hidden), Ink::Quiet);
    }
}
