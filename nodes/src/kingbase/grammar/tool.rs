//! What repmgr prints when it is typed: `standby switchover`, `standby promote`, `standby follow`, `node rejoin`.
//!
//! One table for all, because a DBA pastes the output of one command after the other, and a switchover tells of the
//! promotion in it with the same lines as the command of that name.

use std::sync::LazyLock;

use super::{follow, promote, rejoin, switchover};
use crate::grammar::script::{Procedure, Row, Said, first, place};

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let by_hand = [
        first("promoting", promote::BEGINS, &[]),
        first("has primary", promote::HAS_PRIMARY, &[]),
        first("no standby", promote::NO_STANDBY, &[]),
        first("finds", follow::BEGINS, follow::TO),
        first("cannot follow", follow::CANNOT, follow::TO),
    ];
    [switchover::ROWS, promote::ROWS, follow::ROWS, rejoin::ROWS, &by_hand].concat()
});

/// What the rules of the commands keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    pub(super) switchover: switchover::Kept,
    /// The timeline and the place at which a node ends that rejoins or follows.
    ours: Option<u64>,
    theirs: Option<u64>,
    end: Option<u64>,
}

/// The output of the commands, one after the other.
pub(super) struct Tool;

impl Procedure for Tool {
    type Memory = Kept;

    fn rows(&self) -> &'static [Row] {
        &ROWS
    }

    fn may_follow(&self, said: &Said<Kept>, row: &Row) -> bool {
        match row.name {
            "promoting" if row.begins => switchover::leaves_the_promotion_to_others(said),
            _ => switchover::may_follow(said, row),
        }
    }

    fn take(&self, said: &mut Said<Kept>, row: &Row, hole: &'static str, value: &str) -> bool {
        let kept = &mut said.own;
        match hole {
            "ours" => {
                kept.ours = value.parse().ok();
                // A timeline forks off an older one.
                kept.ours.is_some() && kept.theirs.is_none_or(|theirs| Some(theirs) > kept.ours)
            }
            "theirs" => {
                kept.theirs = value.parse().ok();
                kept.theirs.is_some()
            }
            "theirs behind" => value.parse().is_ok_and(|theirs: u64| Some(theirs) < kept.ours),
            "end" => {
                kept.end = place(value);
                kept.end.is_some()
            }
            // Whoever wrote beyond the fork cannot attach.
            "fork" => place(value) >= kept.end && place(value).is_some(),
            _ => switchover::take(said, row, hole, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::script::{Script, mistakes};
    use crate::grammar::{Replay, Taken, Tracker};

    /// The number, from 1, of the first line that nothing explains.
    fn stray(lines: &[&str]) -> Option<usize> {
        let mut replay = Tracker::new(Script(Tool));
        let taken: Vec<Taken> = lines.iter().map(|line| replay.take(line)).collect();
        taken.iter().position(|taken| matches!(taken, Taken::Unexplained(_))).map(|at| at + 1)
    }

    #[test]
    fn every_line_has_as_many_holes_as_its_pattern_and_stands_after_lines_that_exist() {
        assert_eq!(mistakes(&ROWS), Vec::<String>::new());
    }

    const BEGIN: [&str; 2] =
        ["executing switchover on node \"node2\" (ID: 2)", "attempting to pause repmgrd on 3 nodes"];
    const LOCAL: &str = "local node \"node2\" (ID: 2) will be promoted to primary; current primary \"node1\" (ID: 1) \
                         will be demoted to standby";

    fn paused(told: &[&str], unpaused: &[&str]) -> Option<usize> {
        let way = [
            "stopping current primary node \"node1\" (ID: 1)",
            "checking for primary shutdown; 1 of 60 attempts (\"shutdown_check_timeout\")",
            "current primary has been cleanly shut down at location 0/30",
            "promoting standby to primary",
            "promoting server \"node2\" (ID: 2) using pg_promote()",
            "waiting for promotion to complete, replay lsn: 0/38",
            "STANDBY PROMOTE successful",
            "server \"node2\" (ID: 2) was successfully promoted to primary",
            "issuing CHECKPOINT",
            "node \"node2\" (ID: 2) promoted to primary, node \"node1\" (ID: 1) demoted to standby",
            "switchover was successful",
            "node \"node2\" is now primary and node \"node1\" is attached as standby",
        ];
        let end = ["STANDBY SWITCHOVER has completed successfully"];
        stray(&[&BEGIN[..], told, &[LOCAL], &way, unpaused, &end].concat())
    }

    #[test]
    fn of_each_node_is_said_that_it_is_paused_or_why_not_unless_it_was_paused_before() {
        let (one, two) = ("pausing repmgrd on node \"node1\" (ID 1)", "pausing repmgrd on node \"node2\" (ID 2)");
        let three = "repmgrd not running on node \"node3\" (ID: 3), not pausing";
        let gone = "node \"node3\" (ID: 3) unreachable, unable to pause repmgrd";
        let on = |id: u32| {
            let (asked, done) = (
                format!("unpausing repmgrd on node \"node{id}\" (ID {id})"),
                format!("unpause node \"node{id}\" (ID {id}) successfully"),
            );
            [asked, done].map(|line| &*line.leak())
        };
        let all = [on(1), on(2), on(3)].concat();
        assert_eq!(paused(&[one, two, three], &all), None);
        // Nobody runs one, or everybody was paused before; in the end with --repmgrd-force-unpause.
        assert_eq!(paused(&[], &[]), None);
        assert_eq!(paused(&[], &all), None);
        // The third was paused before: it stays paused.
        assert_eq!(paused(&[one, two], &[on(1), on(2)].concat()), None);
        assert_eq!(paused(&[one, two], &all), Some(2 + 2 + 1 + 12 + 5));
        // One that could not be reached cannot be let go on either.
        let half = [&[on(1), on(2)].concat()[..], &[on(3)[0], "unable to unpause repmgrd on 1 node(s)"]].concat();
        assert_eq!(paused(&[one, two, gone], &half), None);
        assert_eq!(paused(&[one, two, gone], &half[..5]), Some(2 + 3 + 1 + 12 + 6));
        assert_eq!(paused(&[one, two, one], &all), Some(5));
    }

    #[test]
    fn a_promotion_by_hand_does_not_stand_where_a_switchover_waits() {
        let by_hand = ["promoting standby to primary", "promoting server \"node2\" (ID: 2) using pg_promote()"];
        assert_eq!(stray(&by_hand), None);
        let waits = "checking for primary shutdown; 1 of 60 attempts (\"shutdown_check_timeout\")";
        let stops = "stopping current primary node \"node1\" (ID: 1)";
        assert_eq!(stray(&[&BEGIN[..1], &[LOCAL, stops, waits], &by_hand].concat()), Some(5));
        let given_up = "shutdown of the primary server could not be confirmed";
        let once = "checking for primary shutdown; 1 of 1 attempts (\"shutdown_check_timeout\")";
        assert_eq!(stray(&[&BEGIN[..1], &[LOCAL, stops, once, given_up], &by_hand].concat()), None);
    }

    #[test]
    fn a_node_attaches_only_before_the_fork() {
        let target = "rejoin target is node \"node1\" (ID: 1)";
        let attaches = "local node 2 can attach to rejoin target node 1";
        let fork = |end, fork| format!("local node's recovery point: {end}; rejoin target node's fork point: {fork}");
        let points = "setting node 2's upstream to node 1";
        assert_eq!(stray(&[target, attaches, &fork("0/28", "0/A0"), points]), None);
        assert_eq!(stray(&[target, attaches, &fork("0/A8", "0/A0"), points]), Some(3));
        assert_eq!(stray(&[target, points]), Some(2), "neither compared nor rewound");
        assert_eq!(stray(&[target, attaches, "setting node 2's upstream to node 3"]), Some(3));
        let ahead = "this node's timeline is ahead of the rejoin target node's timeline";
        let by =
            |ours, theirs| format!("this node's timeline is {ours}, the rejoin target node's timeline is {theirs}");
        assert_eq!(stray(&[target, ahead, &by(3, 2)]), None);
        assert_eq!(stray(&[target, ahead, &by(2, 2)]), Some(3));
    }
}
