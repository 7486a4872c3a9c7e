//! A switchover as repmgr prints it: its lines, after which of them each may stand, and what its values must be.
//!
//! Source: the output of two switchovers and of one that was refused (KingbaseES V8R6, repmgr), and repmgr's
//! `do_standby_switchover`. When it pauses repmgrd it says so of every node whose repmgrd runs, and why not of one that
//! cannot be reached or whose repmgrd does not run; it says nothing of one that is paused already, and of nobody if no
//! repmgrd runs. Lines that are not in the table are passed over: other checks, siblings.

use std::collections::BTreeSet;

use super::kept::{self, Kept};
use super::promote::{ME, MY_ID};
use super::tool::Commands;
use crate::grammar::script::Hole::{self, Free, Next, Own, Rising, Same};
use crate::grammar::script::{Row, Said, first, joined, row};
use crate::kingbase::metadata::NodeId;

const OLD: Hole = Own("old");
const OLD_ID: Hole = Own("old id");

const EXECUTING: &str = "executing";
const DRY_RUN: &str = "dry run";
/// The checks end with one of these.
const CHECKED: &[&str] = &[EXECUTING, DRY_RUN, "checked", "files", "some files", "advice"];
/// Who is told of when repmgrd is paused stands behind one of these.
const TOLD: &[&str] = &["attempting", "some missing", "pausing", "not running", "not reached"];
/// Whatever there was to pause is paused.
const PAUSED: &[&str] = &joined::<{ CHECKED.len() + TOLD.len() + 1 }>(&[CHECKED, TOLD, &["would attempt"]]);
/// The new primary is there. Only KingbaseES tells of its checkpoint.
const PROMOTED: &[&str] = &["who", "checkpoint", "waits for it"];

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    first(EXECUTING, "executing switchover on node \"{}\" (ID: {})", &[ME, MY_ID]),
    first(DRY_RUN, "checking switchover on node \"{}\" (ID: {}) in --dry-run mode", &[ME, MY_ID]),
    // Only where files are archived at all.
    row("checked", "The output from primary check cmd \"repmgr node check --terse -LERROR --archive-ready --optformat\" is: \"--status={}", &[Own("archive")], &[EXECUTING, DRY_RUN]),
    row("critical", "number of pending archive files on demotion candidate \"{}\" is critical", &[OLD], &["checked"]),
    row("exceeds", "number of pending archive files on demotion candidate \"{}\" exceeds the critical threshold", &[OLD], &["checked"]),
    row("warns", "number of pending archive files on demotion candidate \"{}\" exceeds the warning threshold", &[OLD], &["checked"]),
    row("files", "{} pending archive files (critical threshold: {})", &[Same("files"), Same("threshold")], &["critical", "exceeds"]),
    row("some files", "{} pending archive files (warning threshold: {})", &[Same("files"), Same("threshold")], &["warns"]),
    row("hint", "{} will not shut down until all files are archived; use -F/--force to continue anyway", &[Free], &["files"]),
    row("advice", "{} will not shut down until all files are archived", &[Free], &["some files"]),
    row("attempting", "attempting to pause repmgrd on {} nodes", &[Same("nodes")], CHECKED),
    row("would attempt", "would attempt to pause repmgrd on {} nodes", &[Same("nodes")], CHECKED),
    row("some missing", "unable to connect to {} of {} node(s), unable to pause all repmgrd instances", &[Free, Same("nodes")], &["attempting", "would attempt"]),
    row("met", "prerequisites for executing STANDBY SWITCHOVER are met", &[], PAUSED),
    row("pausing", "pausing repmgrd on node \"{}\" (ID {})", &[Free, Own("paused")], TOLD),
    row("not running", "repmgrd not running on node \"{}\" (ID: {}), not pausing", &[Free, Own("not running")], TOLD),
    row("not reached", "node \"{}\" (ID: {}) unreachable, unable to pause repmgrd", &[Free, Own("not reached")], TOLD),
    row("local", "local node \"{}\" (ID: {}) will be promoted to primary; current primary \"{}\" (ID: {}) will be demoted to standby", &[ME, MY_ID, OLD, OLD_ID], PAUSED),
    row("stopping", "stopping current primary node \"{}\" (ID: {})", &[OLD, OLD_ID], &["local"]),
    row("checkpoint of old", "issuing CHECKPOINT on node \"{}\" (ID: {})", &[OLD, OLD_ID], &["stopping"]),
    row("command", "executing server command \"{}\"", &[Free], &["stopping", "checkpoint of old"]),
    row("attempt", "checking for primary shutdown; {} of {} attempts (\"shutdown_check_timeout\")", &[Next("attempt"), Same("attempts")], &["stopping", "command", "attempt"]),
    row("clean", "current primary has been cleanly shut down at location {}", &[Rising("place")], &["attempt"]),
    row("not clean", "current primary did not shut down cleanly, continuing anyway", &[], &["attempt"]),
    row("aborting", "current primary did not shut down cleanly, aborting", &[], &["attempt"]),
    row("unconfirmed", "shutdown of the primary server could not be confirmed", &[], &["attempt"]),
    row("promoting", "promoting standby to primary", &[], &["clean", "not clean"]),
    row("waits for it", "waiting for node \"{}\" (ID: {}) to connect to new primary; {} of max {} attempts (parameter \"node_rejoin_timeout\")", &[OLD, OLD_ID, Free, Free], &["who", "checkpoint", "waits for it"]),
    row("both", "node \"{}\" (ID: {}) promoted to primary, node \"{}\" (ID: {}) demoted to standby", &[ME, MY_ID, OLD, OLD_ID], PROMOTED),
    row("not connected", "node \"{}\" (ID: {}) promoted to primary, but demotion candidate \"{}\" (ID: {}) did not connect to the new primary", &[ME, MY_ID, OLD, OLD_ID], PROMOTED),
    row("not rejoined", "execution of \"repmgr node rejoin\" on demotion candidate \"{}\" (ID: {}) failed", &[OLD, OLD_ID], PROMOTED),
    row("success", "switchover was successful", &[], &["both", "not connected", "not rejoined"]),
    row("now", "node \"{}\" is now primary and node \"{}\" is attached as standby", &[ME, OLD], &["success"]),
    row("incomplete", "switchover is incomplete", &[], &["both", "not connected", "not rejoined"]),
    row("unpausing", "unpausing repmgrd on node \"{}\" (ID {})", &[Free, Own("unpausing")], &["now", "incomplete", "unpausing", "unpaused"]),
    row("unpaused", "unpause node \"{}\" (ID {}) successfully", &[Free, Own("unpaused")], &["unpausing"]),
    row("unable", "unable to unpause repmgrd on {} node(s)", &[Own("unable")], &["now", "incomplete", "unpausing", "unpaused"]),
    row("completed", "STANDBY SWITCHOVER has completed successfully", &[], &["now", "unpaused", "unable"]),
    row("issues", "STANDBY SWITCHOVER has completed with issues", &[], &["now", "incomplete", "unpaused", "unable"]),
];

/// What the rules of a switchover keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Exchange {
    critical: bool,
    warns: bool,
    refused: bool,
    /// Nodes that were told of when repmgrd was paused. One whose repmgrd was paused before is passed over in silence.
    told: BTreeSet<NodeId>,
    paused: BTreeSet<NodeId>,
    /// Those whose repmgrd did not run. Whether it was paused before, its server knows and nobody says.
    idle: BTreeSet<NodeId>,
    unpausing: Option<NodeId>,
    tried: BTreeSet<NodeId>,
    unpaused: BTreeSet<NodeId>,
}

/// Where a command by hand may promote: not while a switchover waits for the old primary.
pub(super) fn leaves_the_promotion_to_others(said: &Said<Kept<Commands>>) -> bool {
    const GOES_ON: &[&str] =
        &["local", "stopping", "checkpoint of old", "command", "attempt", "clean", "not clean", "promoting"];
    said.procedure != EXECUTING || !GOES_ON.contains(&said.last_of(""))
}

/// How many of this there are, if it was told.
fn number(said: &Said<Kept<Commands>>, what: &str) -> Option<u64> {
    said.same(what).and_then(|told| told.parse().ok())
}

/// Whether what was told so far lets the next line be this one.
pub(super) fn may_follow(said: &Said<Kept<Commands>>, row: &Row) -> bool {
    let kept = &said.own.program.switchover;
    let checked = said.last_of("") == "checked";
    match row.name {
        "critical" | "exceeds" => kept.critical,
        "warns" => kept.warns,
        // Without -F a critical archive ends the switchover; with it, it is a warning.
        "attempting" | "would attempt" | "local" | "met" if checked => !kept.critical && !kept.warns,
        "attempting" | "would attempt" => !kept.refused,
        "met" => said.procedure == DRY_RUN && !kept.refused,
        "local" => !kept.refused && number(said, "nodes").is_none_or(|nodes| kept.told.len() as u64 <= nodes),
        "hint" => kept.refused,
        "unconfirmed" => number(said, "attempts").is_none_or(|attempts| attempts == said.counted("attempt")),
        "completed" | "issues" => kept.is_unpaused(number(said, "nodes"), said.last_of("") == "unable"),
        _ => true,
    }
}

/// Takes what stands in a hole of a switchover's own.
pub(super) fn take(said: &mut Said<Kept<Commands>>, row: &Row, hole: &'static str, value: &str) -> bool {
    let nodes = number(said, "nodes");
    match hole {
        "archive" => archive(said, value),
        "paused" | "not running" | "not reached" | "unpausing" | "unpaused" => {
            value.parse().is_ok_and(|id| said.own.program.switchover.node(hole, id, nodes))
        }
        // Upstream repmgr says nothing of those it could reach.
        "unable" => {
            let kept = &said.own.program.switchover;
            kept.tried.is_empty() || value.parse() == Ok(kept.tried.len() - kept.unpaused.len())
        }
        _ => {
            said.own.program.switchover.refused |= row.name == "critical";
            kept::take(said, hole, value)
        }
    }
}

/// The status agrees with the number of files: more than the threshold is critical, and only then one is told.
fn archive(said: &mut Said<Kept<Commands>>, answer: &str) -> bool {
    let mut words = answer.trim_end_matches('"').split_whitespace();
    let status = words.next().unwrap_or_default();
    let number = |word: Option<&str>, name: &str| word.and_then(|word| word.strip_prefix(name)?.parse::<u64>().ok());
    let files = number(words.next(), "--files=");
    let threshold = number(words.next(), "--threshold=");
    said.own.program.switchover.critical = status == "CRITICAL";
    said.own.program.switchover.warns = status == "WARNING";
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

/// Adds a node to those before it, which all have smaller numbers.
fn append(nodes: &mut BTreeSet<NodeId>, id: NodeId) -> bool {
    nodes.last().is_none_or(|last| *last < id) && nodes.insert(id)
}

impl Exchange {
    /// A node by its number, when its repmgrd is paused or let go on; both are done in the order of the numbers.
    fn node(&mut self, what: &str, id: NodeId, nodes: Option<u64>) -> bool {
        match what {
            "paused" => append(&mut self.told, id) && self.paused.insert(id),
            "not running" => append(&mut self.told, id) && self.idle.insert(id),
            "not reached" => append(&mut self.told, id),
            "unpausing" => {
                self.unpausing = Some(id);
                let is_new = append(&mut self.tried, id);
                // Whoever was not told of was paused before; the cluster has no other nodes than those of both kinds.
                let known = self.told.union(&self.tried).count() as u64;
                is_new && nodes.is_some_and(|nodes| known <= nodes)
            }
            _ => self.unpausing.take() == Some(id) && self.unpaused.insert(id),
        }
    }

    /// Whoever was paused goes on, or it was said that some could not be reached.
    fn is_unpaused(&self, nodes: Option<u64>, some_are_not: bool) -> bool {
        // Only KingbaseES tells of each node.
        let is_silent = self.tried.is_empty() && self.paused.is_empty();
        let all_before = self.told.difference(&self.idle).all(|id| self.tried.contains(id));
        let as_before = all_before && self.tried.is_subset(&self.told);
        // `--repmgrd-force-unpause`: those that were paused before, too.
        let everybody = Some(self.tried.len() as u64) == nodes;
        (is_silent || as_before || everybody) && (some_are_not || self.unpaused == self.tried)
    }
}
