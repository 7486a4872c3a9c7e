//! The strip "who could write": time cut into columns, one row of characters for each node.
//!
//! A column shows the gravest thing that happened within it, so that a conflict of one millisecond is seen even
//! when a column is a second wide. The strip covers the stretch in which something changed, not the whole run.

use crate::render::interest::stretch_of_interest;
use crate::report::{Moment, Report, Span, Standing};

/// Two nodes could write the same log.
pub(super) const CONFLICT: char = '!';
/// The node could write.
pub(super) const WRITER: char = '=';
/// The node was up and could not write.
pub(super) const UP: char = '.';
/// The node was down.
pub(super) const DOWN: char = 'x';

/// Round widths for a column, in milliseconds.
const COLUMN_WIDTHS: [u64; 18] =
    [1, 2, 5, 10, 20, 50, 100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 300_000];

/// The stretch of time a strip covers and how it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    pub(super) from: Moment,
    pub(super) column: Span,
    pub(super) columns: usize,
}

impl Scale {
    /// The scale that shows everything that changed in `report` in at most `room` columns.
    pub(super) fn of(report: &Report, room: usize) -> Self {
        let (Moment(first), Moment(last)) = stretch_of_interest(report);
        let column = COLUMN_WIDTHS
            .iter()
            .map(|width| width * 1_000_000)
            .find(|column| last.div_ceil(*column) - first / column <= room as u64)
            .unwrap_or_else(|| (last - first).div_ceil(room as u64));
        let from = first / column * column;
        Self { from: Moment(from), column: Span(column), columns: (last - from).div_ceil(column) as usize }
    }

    pub(super) fn until(self) -> Moment {
        Moment(self.from.0 + self.column.0 * self.columns as u64)
    }

    /// The columns that `[from, until)` touches; an instant touches one.
    fn touched(self, from: Moment, until: Moment) -> std::ops::Range<usize> {
        let last = Moment(until.0.max(from.0 + 1));
        if last <= self.from || from >= self.until() {
            return 0..0;
        }
        let start = from.since(self.from).0 / self.column.0;
        let end = last.since(self.from).0.div_ceil(self.column.0);
        start as usize..(end as usize).min(self.columns)
    }

    /// Writes `mark` into every column of `row` that the stretch touches.
    pub(super) fn mark(self, row: &mut [char], from: Moment, until: Moment, mark: char) {
        row[self.touched(from, until)].fill(mark);
    }
}

/// The row of one node.
pub(super) fn node_row(report: &Report, node: &str, scale: Scale) -> String {
    let end = report.end();
    let mut row = vec![' '; scale.columns];
    scale.mark(&mut row, Moment(0), end, UP);
    let intervals = report.lanes.iter().filter(|lane| lane.node == node).flat_map(|lane| &lane.intervals);
    for interval in intervals.filter(|interval| interval.standing == Standing::Down) {
        scale.mark(&mut row, interval.from, interval.until.unwrap_or(end), DOWN);
    }
    for writer in report.writers.iter().filter(|writer| writer.node == node) {
        scale.mark(&mut row, writer.from, writer.until.unwrap_or(end), WRITER);
    }
    for conflict in report.write_conflicts().iter().filter(|conflict| conflict.nodes.iter().any(|it| it == node)) {
        scale.mark(&mut row, conflict.from, conflict.until, CONFLICT);
    }
    row.into_iter().collect()
}

/// The row of steps and faults: a fault in the same column as a step hides it, for it is the rarer thing.
pub(super) fn deeds_row(report: &Report, scale: Scale) -> String {
    let mut row = vec![' '; scale.columns];
    for at in report.runbook.iter().filter_map(|step| step.started) {
        scale.mark(&mut row, at, at, '>');
    }
    for fault in &report.faults {
        if let (Some(fired), Some(ended)) = (fault.fired, fault.ended) {
            scale.mark(&mut row, fired, ended, '-');
        }
    }
    for at in report.faults.iter().filter_map(|fault| fault.fired) {
        scale.mark(&mut row, at, at, '!');
    }
    row.into_iter().collect()
}

/// The row of moments under the strip: a tick and its moment about every twenty columns.
pub(super) fn axis_row(scale: Scale) -> String {
    let mut row = String::new();
    for column in (0..scale.columns).step_by(20) {
        let label = format!("^{}", Moment(scale.from.0 + scale.column.0 * column as u64));
        if column + label.len() <= scale.columns {
            row.push_str(&" ".repeat(column - row.len()));
            row.push_str(&label);
        }
    }
    row
}
