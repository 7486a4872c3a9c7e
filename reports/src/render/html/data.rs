//! The little the page's script needs to show any moment: the scale, the lanes, the writers, the status outputs.
//!
//! It is JSON inside a script element, which a browser reads as text up to the first `</script`: every `<` is
//! written as an escape, so that no name can end it.

use serde::Serialize;

use super::scale::{Place, Scale};
use crate::report::{Lane, Moment, Report, StatusOutput, WriteInterval};

/// Bytes of status outputs a page carries at most; a page must stay small enough to be mailed.
const MOST_STATUS_BYTES: usize = 400_000;

#[derive(Serialize)]
struct Data<'a> {
    end: Moment,
    /// Where to look first.
    start: Place,
    knots: &'a [(Moment, Place)],
    lanes: &'a [Lane],
    writers: &'a [WriteInterval],
    status: &'a [StatusOutput],
}

pub(super) fn json(report: &Report, scale: &Scale) -> String {
    let data = Data {
        end: report.end(),
        start: scale.place(scale.large().0),
        knots: scale.knots(),
        lanes: &report.lanes,
        writers: &report.writers,
        status: &report.status[..fitting(&report.status)],
    };
    let json = serde_json::to_string(&data).expect("a Report holds only strings, integers and lists of them");
    json.replace('<', "\\u003c")
}

/// How many status outputs fit, from the first.
fn fitting(status: &[StatusOutput]) -> usize {
    let mut bytes = 0;
    let fits = |output: &&StatusOutput| {
        bytes += output.lines.iter().map(|line| line.len() + 4).sum::<usize>() + 64;
        bytes <= MOST_STATUS_BYTES
    };
    status.iter().take_while(fits).count()
}
