//! A switchover as repmgr prints it: a table of lines, after which of them each may stand, and what its values must be.
//!
//! Source: the output of two switchovers and of one that was refused (KingbaseES V8R6, repmgr), and repmgr's
//! `do_standby_switchover`. Lines that are not in the table are passed over: other checks, siblings, the rejoin.

use std::collections::BTreeSet;

use crate::grammar::script::Hole::{self, Free, Next, Own, Rising, Same};
use crate::grammar::script::{Procedure, Row, Said, row};

const ME: Hole = Own("me");
const MY_ID: Hole = Own("my id");
const OLD: Hole = Own("old");
const OLD_ID: Hole = Own("old id");

/// The first line of a switchover; it may stand wherever another one has ended or was given up.
const EXECUTING: &str = "executing";
const ENDS: &[&str] = &[
    "",
    "executing",
    "checked",
    "critical",
    "files",
    "hint",
    "attempting",
    "pausing",
    "local",
    "aborting",
    "unconfirmed",
    "checkpoint",
    "incomplete",
    "completed",
    "issues",
];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { begins: true, ..row(EXECUTING, "[NOTICE] executing switchover on node \"{}\" (ID: {})", &[ME, MY_ID], ENDS) },
    row("checked", "[INFO] The output from primary check cmd \"repmgr node check --terse -LERROR --archive-ready --optformat\" is: \"--status={}", &[Own("archive")], &["executing"]),
    row("critical", "[ERROR] number of pending archive files on demotion candidate \"{}\" is critical", &[OLD], &["checked"]),
    row("exceeds", "[WARNING] number of pending archive files on demotion candidate \"{}\" exceeds the critical threshold", &[OLD], &["checked"]),
    row("files", "[DETAIL] {} pending archive files (critical threshold: {})", &[Same("files"), Same("threshold")], &["critical", "exceeds"]),
    row("hint", "[HINT] Kingbase will not shut down until all files are archived; use -F/--force to continue anyway", &[], &["files"]),
    row("attempting", "[NOTICE] attempting to pause repmgrd on {} nodes", &[Same("nodes")], &["checked", "files"]),
    row("pausing", "[INFO] pausing repmgrd on node \"{}\" (ID {})", &[Free, Own("node")], &["attempting", "pausing"]),
    row("local", "[NOTICE] local node \"{}\" (ID: {}) will be promoted to primary; current primary \"{}\" (ID: {}) will be demoted to standby", &[ME, MY_ID, OLD, OLD_ID], &["checked", "files", "pausing"]),
    row("stopping", "[NOTICE] stopping current primary node \"{}\" (ID: {})", &[OLD, OLD_ID], &["local"]),
    row("checkpoint of old", "[NOTICE] issuing CHECKPOINT on node \"{}\" (ID: {})", &[OLD, OLD_ID], &["stopping"]),
    row("command", "[DETAIL] executing server command \"{}\"", &[Free], &["checkpoint of old"]),
    row("attempt", "[INFO] checking for primary shutdown; {} of {} attempts (\"shutdown_check_timeout\")", &[Next("attempt"), Same("attempts")], &["stopping", "command", "attempt"]),
    row("clean", "[NOTICE] current primary has been cleanly shut down at location {}", &[Rising("place")], &["attempt"]),
    row("not clean", "[ERROR] current primary did not shut down cleanly, continuing anyway", &[], &["attempt"]),
    row("aborting", "[ERROR] current primary did not shut down cleanly, aborting", &[], &["attempt"]),
    row("unconfirmed", "[ERROR] shutdown of the primary server could not be confirmed", &[], &["attempt"]),
    row("promoting", "[NOTICE] promoting standby to primary", &[], &["clean", "not clean"]),
    row("how", "[DETAIL] promoting server \"{}\" (ID: {}) using pg_promote()", &[ME, MY_ID], &["promoting"]),
    row("waiting", "[NOTICE] waiting for promotion to complete, replay lsn: {}", &[Rising("place")], &["how"]),
    row("waiting up to", "[NOTICE] waiting up to {} seconds {} for promotion to complete", &[Free, Free], &["how"]),
    row("async", "[INFO] SET synchronous TO \"async\" on primary host", &[], &["waiting", "waiting up to"]),
    row("names", "[INFO] change synchronous_standby_names from \"{}\" to \"\"", &[Free], &["async"]),
    row("promoted", "[NOTICE] STANDBY PROMOTE successful", &[], &["waiting", "waiting up to", "names"]),
    row("who", "[DETAIL] server \"{}\" (ID: {}) was successfully promoted to primary", &[ME, MY_ID], &["promoted"]),
    row("checkpoint", "[NOTICE] issuing CHECKPOINT", &[], &["who"]),
    row("both", "[NOTICE] node \"{}\" (ID: {}) promoted to primary, node \"{}\" (ID: {}) demoted to standby", &[ME, MY_ID, OLD, OLD_ID], &["checkpoint"]),
    row("not connected", "[ERROR] node \"{}\" (ID: {}) promoted to primary, but demotion candidate \"{}\" (ID: {}) did not connect to the new primary", &[ME, MY_ID, OLD, OLD_ID], &["checkpoint"]),
    row("not rejoined", "[ERROR] execution of \"repmgr node rejoin\" on demotion candidate \"{}\" (ID: {}) failed", &[OLD, OLD_ID], &["checkpoint"]),
    row("success", "[NOTICE] switchover was successful", &[], &["both", "not connected", "not rejoined"]),
    row("now", "[DETAIL] node \"{}\" is now primary and node \"{}\" is attached as standby", &[ME, OLD], &["success"]),
    row("incomplete", "[NOTICE] switchover is incomplete", &[], &["both", "not connected", "not rejoined"]),
    row("unpausing", "[INFO] unpausing repmgrd on node \"{}\" (ID {})", &[Free, Own("node")], &["now", "incomplete", "unpausing", "unpaused"]),
    row("unpaused", "[INFO] unpause node \"{}\" (ID {}) successfully", &[Free, Own("node")], &["unpausing"]),
    row("completed", "[NOTICE] STANDBY SWITCHOVER has completed successfully", &[], &["now", "unpaused"]),
    row("issues", "[NOTICE] STANDBY SWITCHOVER has completed with issues", &[], &["now", "incomplete", "unpausing", "unpaused"]),
];

/// What the rules of a switchover keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    critical: bool,
    refused: bool,
    paused: BTreeSet<String>,
    unpaused: BTreeSet<String>,
    unpausing: Option<String>,
}

/// The output of switchovers, one after the other.
pub(super) struct Switchover;

impl Procedure for Switchover {
    type Memory = Kept;

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    /// Whether what was told so far lets the next line be this one.
    fn may_follow(&self, said: &Said<Kept>, row: &Row) -> bool {
        let kept = &said.own;
        let is = |what: &str, number: u64| said.same(what).is_none_or(|told| told == number.to_string());
        let checked = said.last_of("") == "checked";
        match row.name {
            "critical" | "exceeds" => kept.critical,
            // Without -F a critical archive ends the switchover; with it, it is a warning.
            "attempting" | "local" if checked => !kept.critical,
            "attempting" => !kept.refused,
            "local" => !kept.refused && is("nodes", kept.paused.len() as u64),
            "hint" => kept.refused,
            "unconfirmed" => is("attempts", said.counted("attempt")),
            "completed" => kept.unpaused == kept.paused,
            _ => true,
        }
    }

    fn take(&self, said: &mut Said<Kept>, row: &Row, hole: &'static str, value: &str) -> bool {
        match hole {
            "archive" => archive(said, value),
            "node" => said.own.node(row.name, value),
            _ => role(said, row, hole, value),
        }
    }
}

/// Both roles keep their names through a switchover, and nobody has both.
fn role(said: &mut Said<Kept>, row: &Row, what: &'static str, value: &str) -> bool {
    said.own.refused |= row.name == "critical";
    let other = match what {
        "me" => "old",
        "old" => "me",
        "my id" => "old id",
        _ => "my id",
    };
    said.same(other).is_none_or(|other| other != value) && said.agree(what, value)
}

/// The status agrees with the number of files: more than the threshold is critical, and only then one is told.
fn archive(said: &mut Said<Kept>, answer: &str) -> bool {
    let mut words = answer.trim_end_matches('"').split_whitespace();
    let status = words.next().unwrap_or_default();
    let number = |word: Option<&str>, name: &str| word.and_then(|word| word.strip_prefix(name)?.parse::<u64>().ok());
    let files = number(words.next(), "--files=");
    let threshold = number(words.next(), "--threshold=");
    said.own.critical = status == "CRITICAL";
    for (what, value) in [("files", files), ("threshold", threshold)] {
        if let Some(value) = value {
            said.agree(what, &value.to_string());
        }
    }
    match (status, files, threshold) {
        ("OK", Some(_), None) => true,
        ("WARNING" | "CRITICAL", Some(files), Some(threshold)) => files > threshold,
        ("UNKNOWN", ..) => true,
        _ => false,
    }
}

impl Kept {
    fn node(&mut self, line: &str, id: &str) -> bool {
        let id = id.to_owned();
        match line {
            "pausing" => self.paused.insert(id),
            "unpausing" => {
                self.unpausing = Some(id.clone());
                (self.paused.is_empty() || self.paused.contains(&id)) && !self.unpaused.contains(&id)
            }
            _ => self.unpausing.take() == Some(id.clone()) && self.unpaused.insert(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::script::mistakes;

    #[test]
    fn every_line_has_as_many_holes_as_its_pattern_and_stands_after_lines_that_exist() {
        assert_eq!(mistakes(ROWS), Vec::<String>::new());
    }
}
