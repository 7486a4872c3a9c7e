//! The little the page's script needs to show any moment: the scale, the lanes, the writers, the status outputs.
//!
//! It is JSON inside a script element, which a browser reads as text up to the first `</script`: every `<` is
//! written as an escape, so that no name can end it. Outputs of a status command repeat most of their lines, so each
//! line is written once and an output is a list of numbers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::scale::{Place, Scale};
use crate::report::{Lane, Moment, Report, StatusOutput, WriteInterval};

/// Bytes of status outputs a page carries at most; a page must stay small enough to be mailed.
pub const MOST_STATUS_BYTES: usize = 300_000;

#[derive(Serialize)]
struct Data<'a> {
    end: Moment,
    /// Where to look first.
    start: Moment,
    knots: &'a [(Moment, Place)],
    lanes: &'a [Lane],
    writers: &'a [WriteInterval],
    lines: Vec<&'a str>,
    status: Vec<Shown<'a>>,
}

/// A status output, its lines by their numbers.
#[derive(Serialize)]
struct Shown<'a> {
    at: Moment,
    command: &'a str,
    lines: Vec<usize>,
}

pub(super) fn json(report: &Report, scale: &Scale) -> String {
    let (lines, status) = shown(&report.status);
    let data = Data {
        end: report.end(),
        start: report.finding().unwrap_or(scale.large().0),
        knots: scale.knots(),
        lanes: &report.lanes,
        writers: &report.writers,
        lines,
        status,
    };
    let json = serde_json::to_string(&data).expect("a Report holds only strings, integers and lists of them");
    json.replace('<', "\\u003c")
}

/// The outputs and the lines they are made of: every second, third… one where all are too many.
fn shown(status: &[StatusOutput]) -> (Vec<&str>, Vec<Shown<'_>>) {
    let (lines, shown, _) = table(status.iter().step_by(spread(status)));
    (lines, shown)
}

/// Each how manieth output a page carries: 1 where it carries all.
pub(super) fn spread(status: &[StatusOutput]) -> usize {
    let fits = |spread: &usize| {
        let (_, shown, bytes) = table(status.iter().step_by(*spread));
        bytes <= MOST_STATUS_BYTES || shown.len() <= 1
    };
    (1..).find(fits).unwrap_or(1)
}

fn table<'a>(outputs: impl Iterator<Item = &'a StatusOutput>) -> (Vec<&'a str>, Vec<Shown<'a>>, usize) {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lines: Vec<&str> = Vec::new();
    let mut bytes = 0;
    let shown = outputs.map(|output| {
        let mut number = |line: &'a String| {
            let next = lines.len();
            let number = *numbers.entry(line).or_insert(next);
            if number == next {
                lines.push(line);
                bytes += line.len() + 4;
            }
            number
        };
        let lines: Vec<usize> = output.lines.iter().map(&mut number).collect();
        bytes += 40 + output.command.len() + 5 * lines.len();
        Shown { at: output.at, command: &output.command, lines }
    });
    let shown = shown.collect();
    (lines, shown, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(at: u64, lines: &[String]) -> StatusOutput {
        StatusOutput { at: Moment(at), command: "query".into(), lines: lines.to_vec() }
    }

    #[test]
    fn a_line_is_written_once() {
        let same = ["Normal".to_owned(), "Primary".to_owned(), "Normal".to_owned()];
        let outputs = [output(1, &same), output(2, &same[..1])];
        let (lines, shown) = shown(&outputs);
        assert_eq!(lines, ["Normal", "Primary"]);
        assert_eq!((&shown[0].lines[..], &shown[1].lines[..]), (&[0, 1, 0][..], &[0][..]));
    }

    #[test]
    fn too_many_outputs_are_thinned_over_the_whole_run() {
        let outputs: Vec<StatusOutput> =
            (0..2_000).map(|at| output(at, &[format!("{at} {}", "x".repeat(500))])).collect();
        let (_, shown) = shown(&outputs);
        assert!(shown.len() == 500 && shown.last().is_some_and(|last| last.at.0 > 1_990), "{}", shown.len());
    }
}
