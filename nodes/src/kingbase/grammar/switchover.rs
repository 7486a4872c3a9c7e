//! A switchover as repmgr prints it: a table of lines, after which of them each may stand, and what its values must be.
//!
//! Source: the output of two switchovers and of one that was refused (KingbaseES V8R6, repmgr), and repmgr's
//! `do_standby_switchover`. Lines that are not in the table are passed over: other checks, siblings, the rejoin.

use std::collections::{BTreeMap, BTreeSet};

use crate::grammar::{Machine, Phase, holes};

/// What stands in a hole of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hole {
    /// Anything.
    Free,
    /// The same wherever the line tells of it: the name or number of a node, of files, of nodes.
    Same(&'static str),
    /// `CRITICAL --files=134 --threshold=128`: what the check of the archive answered.
    Archive,
    /// A node that is paused or unpaused, by its number.
    Node,
    /// One more than last time, from 1.
    Next,
    /// A place in the log, not before the one that was told last.
    Place,
}
use Hole::{Archive, Free, Next, Node, Place, Same};

const ME: Hole = Same("me");
const MY_ID: Hole = Same("my id");
const OLD: Hole = Same("old");
const OLD_ID: Hole = Same("old id");

/// A line of the output.
struct Line {
    name: &'static str,
    pattern: &'static str,
    holes: &'static [Hole],
    /// The lines after which it may stand.
    after: &'static [&'static str],
}

const fn line(
    name: &'static str,
    pattern: &'static str,
    holes: &'static [Hole],
    after: &'static [&'static str],
) -> Line {
    Line { name, pattern, holes, after }
}

/// The first line of a switchover; it may stand wherever another one has ended or was given up.
const EXECUTING: &str = "executing";
const ENDS: &[&str] = &[
    "executing",
    "checked",
    "critical",
    "files",
    "hint",
    "attempting",
    "pausing",
    "local",
    "unconfirmed",
    "checkpoint",
    "incomplete",
    "completed",
    "issues",
];

#[rustfmt::skip]
const LINES: &[Line] = &[
    line(EXECUTING, "[NOTICE] executing switchover on node \"{}\" (ID: {})", &[ME, MY_ID], ENDS),
    line("checked", "[INFO] The output from primary check cmd \"repmgr node check --terse -LERROR --archive-ready --optformat\" is: \"--status={}", &[Archive], &["executing"]),
    line("critical", "[ERROR] number of pending archive files on demotion candidate \"{}\" is critical", &[OLD], &["checked"]),
    line("exceeds", "[WARNING] number of pending archive files on demotion candidate \"{}\" exceeds the critical threshold", &[OLD], &["checked"]),
    line("files", "[DETAIL] {} pending archive files (critical threshold: {})", &[Same("files"), Same("threshold")], &["critical", "exceeds"]),
    line("hint", "[HINT] Kingbase will not shut down until all files are archived; use -F/--force to continue anyway", &[], &["files"]),
    line("attempting", "[NOTICE] attempting to pause repmgrd on {} nodes", &[Same("nodes")], &["checked", "files"]),
    line("pausing", "[INFO] pausing repmgrd on node \"{}\" (ID {})", &[Free, Node], &["attempting", "pausing"]),
    line("local", "[NOTICE] local node \"{}\" (ID: {}) will be promoted to primary; current primary \"{}\" (ID: {}) will be demoted to standby", &[ME, MY_ID, OLD, OLD_ID], &["checked", "files", "pausing"]),
    line("stopping", "[NOTICE] stopping current primary node \"{}\" (ID: {})", &[OLD, OLD_ID], &["local"]),
    line("checkpoint of old", "[NOTICE] issuing CHECKPOINT on node \"{}\" (ID: {})", &[OLD, OLD_ID], &["stopping"]),
    line("command", "[DETAIL] executing server command \"{}\"", &[Free], &["checkpoint of old"]),
    line("attempt", "[INFO] checking for primary shutdown; {} of {} attempts (\"shutdown_check_timeout\")", &[Next, Same("attempts")], &["command", "attempt"]),
    line("clean", "[NOTICE] current primary has been cleanly shut down at location {}", &[Place], &["attempt"]),
    line("not clean", "[ERROR] current primary did not shut down cleanly, continuing anyway", &[], &["attempt"]),
    line("unconfirmed", "[ERROR] shutdown of the primary server could not be confirmed", &[], &["attempt"]),
    line("promoting", "[NOTICE] promoting standby to primary", &[], &["clean", "not clean"]),
    line("how", "[DETAIL] promoting server \"{}\" (ID: {}) using pg_promote()", &[ME, MY_ID], &["promoting"]),
    line("waiting", "[NOTICE] waiting for promotion to complete, replay lsn: {}", &[Place], &["how"]),
    line("waiting up to", "[NOTICE] waiting up to {} seconds {} for promotion to complete", &[Free, Free], &["how"]),
    line("async", "[INFO] SET synchronous TO \"async\" on primary host", &[], &["waiting", "waiting up to"]),
    line("names", "[INFO] change synchronous_standby_names from \"{}\" to \"\"", &[Free], &["async"]),
    line("promoted", "[NOTICE] STANDBY PROMOTE successful", &[], &["waiting", "waiting up to", "names"]),
    line("who", "[DETAIL] server \"{}\" (ID: {}) was successfully promoted to primary", &[ME, MY_ID], &["promoted"]),
    line("checkpoint", "[NOTICE] issuing CHECKPOINT", &[], &["who"]),
    line("both", "[NOTICE] node \"{}\" (ID: {}) promoted to primary, node \"{}\" (ID: {}) demoted to standby", &[ME, MY_ID, OLD, OLD_ID], &["checkpoint"]),
    line("not connected", "[ERROR] node \"{}\" (ID: {}) promoted to primary, but demotion candidate \"{}\" (ID: {}) did not connect to the new primary", &[ME, MY_ID, OLD, OLD_ID], &["checkpoint"]),
    line("not rejoined", "[ERROR] execution of \"repmgr node rejoin\" on demotion candidate \"{}\" (ID: {}) failed", &[OLD, OLD_ID], &["checkpoint"]),
    line("success", "[NOTICE] switchover was successful", &[], &["both", "not connected", "not rejoined"]),
    line("now", "[DETAIL] node \"{}\" is now primary and node \"{}\" is attached as standby", &[ME, OLD], &["success"]),
    line("incomplete", "[NOTICE] switchover is incomplete", &[], &["both", "not connected", "not rejoined"]),
    line("unpausing", "[INFO] unpausing repmgrd on node \"{}\" (ID {})", &[Free, Node], &["now", "incomplete", "unpausing", "unpaused"]),
    line("unpaused", "[INFO] unpause node \"{}\" (ID {}) successfully", &[Free, Node], &["unpausing"]),
    line("completed", "[NOTICE] STANDBY SWITCHOVER has completed successfully", &[], &["now", "unpaused"]),
    line("issues", "[NOTICE] STANDBY SWITCHOVER has completed with issues", &[], &["now", "incomplete", "unpausing", "unpaused"]),
];

/// How far a switchover has come, and what its output has told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Told {
    last: &'static str,
    same: BTreeMap<&'static str, String>,
    critical: bool,
    refused: bool,
    attempts: u64,
    place: u64,
    paused: BTreeSet<String>,
    unpaused: BTreeSet<String>,
    unpausing: Option<String>,
}

/// The output of switchovers, one after the other.
pub(super) struct Switchover;

fn of(message: &str) -> Option<(&'static Line, Vec<&str>)> {
    LINES.iter().find_map(|line| Some((line, holes(line.pattern, message)?)))
}

impl Machine for Switchover {
    type State = Told;

    fn knows(&self, message: &str) -> bool {
        of(message).is_some()
    }

    fn begin(&self, message: &str) -> Vec<Told> {
        let begins = of(message).is_some_and(|(line, _)| line.name == EXECUTING);
        let state = Told { last: EXECUTING, ..Told::default() };
        if begins { self.after(&state, message) } else { Vec::new() }
    }

    fn after(&self, state: &Told, message: &str) -> Vec<Told> {
        let Some((line, values)) = of(message) else { return Vec::new() };
        let mut next = if line.name == EXECUTING { Told::default() } else { state.clone() };
        let follows = line.after.contains(&state.last) && state.may_go_on_to(line.name);
        let fits = follows && line.holes.iter().zip(&values).all(|(hole, value)| next.take(line.name, *hole, value));
        next.last = line.name;
        next.refused |= line.name == "critical";
        fits.then_some(next).into_iter().collect()
    }

    fn allowed(&self, state: &Told) -> Vec<String> {
        let next = LINES.iter().filter(|line| line.after.contains(&state.last) && state.may_go_on_to(line.name));
        next.map(|line| state.filled(line)).collect()
    }

    fn phase(&self, _state: &Told, _message: &str) -> Option<Phase> {
        // Output has no times, so no phase has a length.
        None
    }
}

impl Told {
    /// Whether what was told so far lets the next line be this one.
    fn may_go_on_to(&self, name: &str) -> bool {
        let all_paused = || self.same.get("nodes").is_none_or(|nodes| *nodes == self.paused.len().to_string());
        match name {
            "critical" | "exceeds" => self.critical,
            // Without -F a critical archive ends the switchover; with it, it is a warning.
            "attempting" if self.last == "checked" => !self.critical,
            "attempting" => !self.refused,
            "local" if self.last == "checked" => !self.critical,
            "local" => !self.refused && all_paused(),
            "hint" => self.refused,
            "unconfirmed" => self.same.get("attempts").is_none_or(|limit| *limit == self.attempts.to_string()),
            "completed" => self.unpaused == self.paused,
            _ => true,
        }
    }

    /// Takes what stands in a hole; false if it cannot stand there.
    fn take(&mut self, line: &str, hole: Hole, value: &str) -> bool {
        match hole {
            Free => true,
            Same(what) => {
                let exchanged = [("me", "old"), ("old", "me"), ("my id", "old id"), ("old id", "my id")];
                let other = exchanged
                    .iter()
                    .find(|(this, _)| *this == what)
                    .and_then(|(_, other)| self.same.get(other).cloned());
                let known = self.same.entry(what).or_insert_with(|| value.to_owned());
                *known == value && other.is_none_or(|other| other != value)
            }
            Archive => self.archive(value),
            Node => self.node(line, value),
            Next => {
                self.attempts += 1;
                value.parse::<u64>() == Ok(self.attempts)
            }
            Place => {
                let Some(place) = place(value) else { return false };
                let forward = place >= self.place;
                self.place = place;
                forward
            }
        }
    }

    /// The status agrees with the number of files: more than the threshold is critical, and only then one is told.
    fn archive(&mut self, answer: &str) -> bool {
        let mut words = answer.trim_end_matches('"').split_whitespace();
        let status = words.next().unwrap_or_default();
        let number =
            |word: Option<&str>, name: &str| word.and_then(|word| word.strip_prefix(name)?.parse::<u64>().ok());
        let files = number(words.next(), "--files=");
        let threshold = number(words.next(), "--threshold=");
        self.critical = status == "CRITICAL";
        for (what, value) in [("files", files), ("threshold", threshold)] {
            self.same.extend(value.map(|value| (what, value.to_string())));
        }
        match (status, files, threshold) {
            ("OK", Some(_), None) => true,
            ("WARNING" | "CRITICAL", Some(files), Some(threshold)) => files > threshold,
            ("UNKNOWN", ..) => true,
            _ => false,
        }
    }

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

    /// A line that could come next, with what is known of it.
    fn filled(&self, line: &Line) -> String {
        let mut parts = line.pattern.split("{}");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for (hole, part) in line.holes.iter().zip(parts) {
            match hole {
                Same(what) if line.name != EXECUTING => text.push_str(self.same.get(what).map_or("{}", String::as_str)),
                Next => text.push_str(&(self.attempts + 1).to_string()),
                _ => text.push_str("{}"),
            }
            text.push_str(part);
        }
        text
    }
}

/// `0/8CADF0C0` as a number.
fn place(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    Some((u64::from_str_radix(high, 16).ok()? << 32) + u64::from_str_radix(low, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_as_many_holes_as_its_pattern_and_stands_after_lines_that_exist() {
        for line in LINES {
            assert_eq!(line.pattern.matches("{}").count(), line.holes.len(), "{}", line.name);
            for name in line.after {
                assert!(LINES.iter().any(|other| other.name == *name), "{} after {name}", line.name);
            }
        }
    }

    #[test]
    fn a_place_in_the_log_is_a_number() {
        assert_eq!(place("1/1F000028"), Some(0x1_1F00_0028));
        assert_eq!(place("1F000028"), None);
    }
}
