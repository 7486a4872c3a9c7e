//! What repmgr prints and repmgrd logs, held against the order in which they work: what a DBA pastes into a report.

mod clone;
mod connection;
mod follow;
mod kept;
mod promote;
mod register;
mod rejoin;
mod repmgrd;
mod service;
mod switchover;
mod tables;
mod tool;

use super::chinese::PHASES;
use crate::grammar::script::Script;
use crate::grammar::{LogKind, LogLine, Tracker, whole_second};

/// The outputs and logs that can be judged.
pub const LOGS: &[LogKind] = &[
    LogKind {
        name: "repmgr",
        doc: "what `repmgr standby switchover`, `promote`, `follow`, `clone` and `register`, `node rejoin` and \
              `service pause` and `unpause` print",
        chinese: PHASES,
        resolution: 1,
        split: of_repmgr,
        replay: |_| Box::new(Tracker::new(Script(tool::Tool))),
    },
    LogKind {
        name: "repmgrd",
        doc: "the log of repmgrd (hamgr.log): whom it watches, how it gives an upstream up, what it decides",
        chinese: PHASES,
        resolution: 1_000,
        split: of_repmgrd,
        replay: |_| Box::new(Tracker::new(Script(repmgrd::Repmgrd))),
    },
    LogKind {
        name: "repmgr-tables",
        doc: "the tables of `repmgr cluster show` and `repmgr service status`, and the issues beside them",
        chinese: PHASES,
        resolution: 1,
        split: tables::split,
        replay: |_| Box::new(tables::Tables::new()),
    },
];

/// A line of output has no time stamp, so that only the order of lines is judged.
fn of_repmgr(line: &str) -> Option<LogLine<'_>> {
    Some(LogLine { at: None, message: behind_its_level(line.trim())? })
}

/// `[2021-07-26 15:48:44] [NOTICE] text`.
fn of_repmgrd(line: &str) -> Option<LogLine<'_>> {
    let (at, rest) = whole_second(line.trim().strip_prefix('[')?)?;
    Some(LogLine { at: Some(at), message: behind_its_level(rest.strip_prefix("] ")?)? })
}

/// What stands behind the level: `[NOTICE] text` as KingbaseES prints it, `NOTICE: text` as upstream repmgr does.
fn behind_its_level(line: &str) -> Option<&str> {
    const LEVELS: [&str; 6] = ["NOTICE", "INFO", "ERROR", "DETAIL", "HINT", "WARNING"];
    let plain = line.strip_prefix('[').unwrap_or(line);
    let end = if plain.len() < line.len() { "] " } else { ": " };
    LEVELS.iter().find_map(|level| plain.strip_prefix(level)?.strip_prefix(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_dresses_are_read_and_other_lines_are_not() {
        let message = |line| of_repmgr(line).map(|line| line.message);
        assert_eq!(message("[NOTICE] promoting standby to primary"), Some("promoting standby to primary"));
        assert_eq!(message("NOTICE: promoting standby to primary"), Some("promoting standby to primary"));
        assert_eq!(message("[NOTICE: promoting standby to primary"), None);
        assert_eq!(message("[2021-07-26 15:48:44] [NOTICE] text"), None);
        let line = of_repmgrd("[2021-07-26 15:48:44] [NOTICE] text").expect("a line of repmgrd");
        assert_eq!((line.message, line.at.is_some()), ("text", true));
        assert!(of_repmgrd("[2021-07-26 15:48:44.087] [NOTICE] text").is_none());
    }
}
