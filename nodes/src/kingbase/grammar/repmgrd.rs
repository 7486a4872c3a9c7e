//! The log of repmgrd (`hamgr.log`): whom it watches, how it gives an upstream up, and what it decides then.
//!
//! Source: repmgr's `repmgrd-physical.c` and KingbaseES reference, 3.3 and 3.4. What it logs between two looks differs
//! with its version and is passed over; a log may begin anywhere, since it is rotated, and repmgrd may be killed and
//! started again behind any line.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::kept::{self, Kept};
use super::{connection, follow, promote};
use crate::grammar::Phase;
use crate::grammar::script::Hole::{Free, Own, Same};
use crate::grammar::script::{Procedure, Row, Said, first, joined, row};

/// A standby that watches an upstream, waits for one to come back, or has asked for another one in vain.
const WATCHES: &[&str] = &[
    "watches upstream",
    "recovered",
    "resumed",
    "attached",
    "not followed",
    "not attached",
    "cannot follow",
    "follow forked",
    "rewind to follow",
    "follow failed",
];
/// A primary that watches its standbys.
const SERVES: &[&str] = &["watches standbys", "connected", "disconnected", "itself lost", "goes on alone"];
/// The upstream is given up, and nothing is decided yet.
const GIVEN_UP: &[&str] = &["given up", "skipped"];
/// Where only a standby that watches no longer may hear who the new primary is.
const ALSO_HEARS: &[&str] = &["sleeps", "given up", "no term", "skipped", "awaits", "upstream standby"];
/// Where a standby may hear who the new primary is.
const HEARS: &[&str] = &joined::<{ WATCHES.len() + ALSO_HEARS.len() }>(&[WATCHES, ALSO_HEARS]);

#[rustfmt::skip]
const OWN: &[Row] = &[
    first("watches standbys", "monitoring cluster primary \"{}\" (ID: {})", &[Free, Free]),
    first("watches upstream", "monitoring connection to upstream node \"{}\" (ID: {})", &[Same("upstream"), Same("upstream id")]),
    first("is a witness", "witness monitoring connection to primary node \"{}\" (ID: {})", &[Free, Free]),
    first("no upstream", "unable connect to upstream node (ID: {}), terminating", &[Free]),
    row("upstream must run", "upstream node must be running before repmgrd can start", &[], &["no upstream"]),
    // A primary.
    row("connected", "new standby \"{}\" (ID: {}) has connected", &[Free, Own("connected")], SERVES),
    row("disconnected", "standby node \"{}\" (ID: {}) has disconnected", &[Free, Own("disconnected")], SERVES),
    row("itself lost", "connection to node \"{}\" (ID: {}) lost", &[Free, Free], SERVES),
    row("goes on alone", "SET synchronous TO \"async\" on primary host", &[], SERVES),
    row("demoted", "node is now a standby, switching to standby monitoring", &[], SERVES),
    // A standby whose upstream does not answer.
    row("no ping", "unable to ping \"{}\"", &[Free], WATCHES),
    row("no answer", "PQping() returned \"{}\"", &[Free], &["no ping", "no ping again"]),
    row("no ping again", "unable to ping \"{}\"", &[Free], &["probes"]),
    row("upstream lost", "unable to connect to upstream node \"{}\" (ID: {})", &[Same("upstream"), Same("upstream id")], &["no ping", "no answer"]),
    row("probes", "checking state of node \"{}\" (ID: {}), {} of {} attempts", &[Same("upstream"), Same("upstream id"), Own("attempt"), Same("attempts")], &["upstream lost", "sleeps"]),
    row("sleeps", "sleeping up to {} seconds until next reconnection attempt", &[Free], &["probes", "no answer"]),
    row("recovered", "node \"{}\" (ID: {}) has recovered, reconnecting", &[Same("upstream"), Same("upstream id")], &["probes"]),
    row("given up", "unable to reconnect to node \"{}\" (ID: {}) after {} attempts", &[Same("upstream"), Same("upstream id"), Own("all attempts")], &["probes", "no answer"]),
    row("resumed", "reconnected to upstream node \"{}\" (ID: {}) after {} seconds, resuming monitoring", &[Same("upstream"), Same("upstream id"), Free], WATCHES),
    row("ends", "degraded monitoring timeout ({} seconds) exceeded, terminating", &[Free], WATCHES),
    row("is primary", "node is now a primary, switching to primary monitoring", &[], WATCHES),
    // What it decides.
    row("is paused", "repmgrd on this node is paused", &[], &["given up"]),
    row("no failover", "no failover will be carried out", &[], &["is paused"]),
    row("upstream standby", "upstream standby \"{}\" (ID: {}) has failed, looking for the primary", &[Same("upstream"), Same("upstream id")], &["given up"]),
    row("skipped", "repmgrd not running on node \"{}\" (ID: {}), skipping", &[Free, Free], GIVEN_UP),
    row("no term", "unable to determine electoral term", &[], &["given up"]),
    row("validates", "executing \"failover_validation_command\"", &[], GIVEN_UP),
    row("not valid", "failover validation command returned a non-zero value: {}", &[Free], &["validates"]),
    row("votes again", "rerunning election after {} seconds (\"election_rerun_interval\")", &[Free], &["not valid", "awaits", "given up", "skipped", "no term"]),
    row("commences", "election rerun will now commence", &[], &["votes again"]),
    row("awaits", "follower node awaiting notification from a candidate node", &[], GIVEN_UP),
    row("not notified", "no notification received from new primary after {} seconds", &[Free], &["awaits", "given up", "skipped", "no term"]),
    row("split", "no nodes from the primary location \"{}\" visible - assuming network split", &[Free], GIVEN_UP),
    row("still seen", "cancelling failover as some nodes can still see the primary", &[], GIVEN_UP),
    row("no majority", "unable to reach a qualified majority of nodes", &[], GIVEN_UP),
    row("waits for reconnect", "node will enter degraded monitoring state waiting for reconnect", &[], &["split", "no majority"]),
    row("wins", "this node is the winner, will now promote itself and inform other nodes", &[], &["given up", "skipped", "validates"]),
    row("promoting", promote::BEGINS, &[], &["wins"]),
    row("has primary", promote::HAS_PRIMARY, &[], &["wins"]),
    row("no standby", promote::NO_STANDBY, &[], &["wins"]),
    row("no connection", connection::FAILED, &[], &["wins", "follows", "waiting", "waiting up to"]),
    row("promote failed", "promote command failed", &[], &["wins", "promoting", "has primary", "its primary", "no standby", "how", "cannot", "waiting", "waiting up to", "still a standby", "names", "not recorded", "no connection", "tried with"]),
    row("notifies all", "{} followers to notify", &[Own("followers")], &["who", "checkpoint"]),
    row("notifies", "notifying node \"{}\" (ID: {}) to follow node {}", &[Free, Own("notified"), Same("my id")], &["notifies all", "notifies"]),
    row("follows", "attempting to follow new primary \"{}\" (node ID: {})", &[Free, Own("new primary")], HEARS),
    row("finds", follow::BEGINS, follow::TO, &["follows"]),
    row("cannot follow", follow::CANNOT, follow::TO, &["follows"]),
    row("follow failed", "follow command failed", &[], &["follows", "finds", "points there", "not pointed there", "not noted", "not followed", "not attached", "cannot follow", "follow forked", "rewind to follow", "no connection", "tried with", "rejoin instead"]),
];

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| [OWN, connection::ROWS, promote::ROWS, follow::ROWS].concat());

/// What the rules of repmgrd itself keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Watch {
    /// The last probe; a log that begins behind the first one tells the number of the next.
    attempt: Option<u64>,
    /// The standbys that are connected, once one knows: nobody is when a primary is watched anew.
    connected: BTreeSet<String>,
    followers: Option<usize>,
    notified: BTreeSet<String>,
}

/// The log of a repmgrd.
pub(super) struct Repmgrd;

impl Procedure for Repmgrd {
    type Memory = Kept<Watch>;

    fn rows(&self) -> &'static [Row] {
        &ROWS
    }

    fn begins_anywhere(&self) -> bool {
        true
    }

    fn outlasts(&self, memory: &Self::Memory) -> Self::Memory {
        memory.outlasts()
    }

    fn take_line(&self, said: &mut Said<Self::Memory>, row: &Row, values: &[&str]) -> bool {
        said.own.names.take(row, values)
    }

    fn take(&self, said: &mut Said<Self::Memory>, _row: &Row, hole: &'static str, value: &str) -> bool {
        let first_probe = said.last_of("") == "upstream lost";
        let attempts = said.same("attempts").map(str::to_owned);
        let from_the_beginning = said.procedure == "watches standbys";
        let watch = &mut said.own.program;
        match hole {
            "attempt" => {
                let last = if first_probe { Some(0) } else { watch.attempt };
                watch.attempt = value.parse().ok();
                watch.attempt.is_some_and(|attempt| last.is_none_or(|last| attempt == last + 1))
            }
            "all attempts" => {
                let all = attempts.is_none_or(|attempts| attempts == value);
                all && watch.attempt.is_none_or(|attempt| value.parse() == Ok(attempt))
            }
            "connected" => watch.connected.insert(value.to_owned()),
            "disconnected" => watch.connected.remove(value) || !from_the_beginning,
            "followers" => {
                watch.followers = value.parse().ok();
                watch.followers.is_some()
            }
            "notified" => {
                let is_new = watch.notified.insert(value.to_owned());
                is_new && watch.followers.is_none_or(|followers| watch.notified.len() <= followers)
            }
            "new primary" => {
                follow::TARGET.iter().for_each(|what| said.forget(what));
                let is_another = said.same("my id").is_none_or(|me| me != value);
                is_another && said.agree(follow::TARGET[1], value)
            }
            _ => kept::take(said, hole, value),
        }
    }

    fn phase(&self, _said: &Said<Self::Memory>, row: &Row) -> Option<Phase> {
        let (step, rests) = match row.name {
            "watches standbys" | "watches upstream" | "is a witness" | "recovered" | "resumed" => ("watches", true),
            "no ping" | "no answer" | "no ping again" | "upstream lost" | "probes" | "sleeps" => ("probes", false),
            "given up" | "no term" | "skipped" | "validates" | "votes again" | "commences" => ("decides", false),
            "awaits" => ("waits for the winner", false),
            "wins" | "promoting" | "how" => ("promotes", false),
            "notifies all" | "notifies" => ("notifies", false),
            "follows" | "finds" => ("follows", false),
            "is paused" | "not notified" | "split" | "still seen" | "no majority" | "promote failed"
            | "follow failed" => ("gives up", true),
            _ => return None,
        };
        let procedure = if step == "watches" { "monitoring" } else { "failover" };
        Some(Phase { track: "repmgrd".to_owned(), procedure: procedure.to_owned(), step: step.to_owned(), rests })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::script::{Script, mistakes, without_chinese};
    use crate::grammar::{Replay, Taken, Tracker};
    use crate::kingbase::chinese::PHASES;

    const WATCHED: [&str; 4] = [
        "monitoring connection to upstream node \"node1\" (ID: 1)",
        "unable to ping \"host=node1\"",
        "PQping() returned \"PQPING_NO_RESPONSE\"",
        "unable to connect to upstream node \"node1\" (ID: 1)",
    ];
    const PROBED: [&str; 4] = [
        "checking state of node \"node1\" (ID: 1), 1 of 2 attempts",
        "sleeping up to 5 seconds until next reconnection attempt",
        "checking state of node \"node1\" (ID: 1), 2 of 2 attempts",
        "unable to reconnect to node \"node1\" (ID: 1) after 2 attempts",
    ];
    const WON: [&str; 9] = [
        "this node is the winner, will now promote itself and inform other nodes",
        "promoting standby to primary",
        "promoting server \"node2\" (ID: 2) using pg_promote()",
        "waiting for promotion to complete, replay lsn: 0/A0",
        "STANDBY PROMOTE successful",
        "server \"node2\" (ID: 2) was successfully promoted to primary",
        "issuing CHECKPOINT",
        "1 followers to notify",
        "notifying node \"node3\" (ID: 3) to follow node 2",
    ];

    /// The number, from 1, of the first line that nothing explains.
    fn stray(lines: &[&str]) -> Option<usize> {
        let mut replay = Tracker::new(Script(Repmgrd));
        let taken: Vec<Taken> = lines.iter().map(|line| replay.take(line)).collect();
        taken.iter().position(|taken| matches!(taken, Taken::Unexplained(_))).map(|at| at + 1)
    }

    #[test]
    fn every_line_has_as_many_holes_as_its_pattern_and_stands_after_lines_that_exist() {
        assert_eq!(mistakes(&ROWS), Vec::<String>::new());
        assert_eq!(without_chinese(&Repmgrd, PHASES), Vec::<String>::new());
    }

    #[test]
    fn a_failover_is_followed_from_the_first_ping_to_the_last_notification() {
        let whole = [&WATCHED[..], &PROBED, &WON].concat();
        assert_eq!(stray(&whole), None);
        for cut in 1..whole.len() {
            assert_eq!(stray(&whole[cut..]), None, "a log that begins at line {cut}");
        }
        let without = |line: usize| {
            let mut lines = whole.clone();
            lines.remove(line - 1);
            stray(&lines)
        };
        assert_eq!(without(5), Some(5), "the first probe");
        assert_eq!(without(7), Some(7), "the last probe");
        assert_eq!(without(8), Some(8), "a decision without giving up");
        assert_eq!(without(9), Some(9), "a promotion without winning");
        assert_eq!(without(13), Some(13), "notified without a promotion");
    }

    #[test]
    fn a_primary_loses_only_who_was_there() {
        let (begins, comes) =
            ("monitoring cluster primary \"node1\" (ID: 1)", "new standby \"node2\" (ID: 2) has connected");
        let goes = "standby node \"node2\" (ID: 2) has disconnected";
        assert_eq!(stray(&[begins, comes, goes, comes]), None);
        assert_eq!(stray(&[begins, goes]), Some(2));
        assert_eq!(stray(&[begins, comes, comes]), Some(3));
        assert_eq!(stray(&[goes]), None, "the beginning is not there");
    }

    #[test]
    fn a_paused_repmgrd_decides_nothing() {
        let paused = [&WATCHED[..], &PROBED, &["repmgrd on this node is paused", "no failover will be carried out"]];
        let paused = paused.concat();
        assert_eq!(stray(&paused), None);
        assert_eq!(stray(&[&paused[..], &WON[..1]].concat()), Some(11));
    }

    #[test]
    fn a_repmgrd_without_its_own_server_waits_for_a_winner_and_never_wins() {
        let without = [&WATCHED[..], &PROBED, &["unable to determine electoral term"]].concat();
        let told_of = "attempting to follow new primary \"node3\" (node ID: 3)";
        assert_eq!(stray(&without), None);
        assert_eq!(stray(&[&without[..], &[told_of]].concat()), None);
        assert_eq!(stray(&[&without[..], &WON[..1]].concat()), Some(10));
    }
}
