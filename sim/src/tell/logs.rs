//! Native logs: which lines complain, and an excerpt of them for the report. The whole logs are files of their own.

use std::collections::BTreeMap;

use nodes::world::trace::What;
use reports::{LogExcerpt, LogLine};

use super::moment::moment;
use crate::run::Record;

/// The words by which log lines complain, in every product.
pub(super) const COMPLAINTS: [&str; 4] = ["ERROR", "FATAL", "PANIC", "WARNING"];

/// The most lines of one file in a report.
const MOST_LINES: usize = 40;

/// Whether a line of a log complains about something.
pub(super) fn complains(line: &str) -> bool {
    COMPLAINTS.iter().any(|word| line.contains(word))
}

/// The complaints of each log, the first ones of each.
pub(super) fn excerpts(record: &Record) -> Vec<LogExcerpt> {
    let trace = &record.trace;
    let mut files: BTreeMap<(String, String), Vec<LogLine>> = BTreeMap::new();
    for event in trace.events() {
        let What::Log { file, line } = &event.what else { continue };
        let Some(host) = trace.host_of(event.place).filter(|_| complains(line)) else { continue };
        let lines = files.entry((trace.host_name(host).to_owned(), file.to_string())).or_default();
        if lines.len() < MOST_LINES {
            lines.push(LogLine { at: moment(event.at), text: line.to_string() });
        }
    }
    files.into_iter().map(|((host, file), lines)| LogExcerpt { host, file, lines }).collect()
}
