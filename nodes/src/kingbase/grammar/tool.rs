//! What repmgr prints when it is typed.
//!
//! One table for all commands, because a DBA pastes the output of one after the other, and a switchover tells of the
//! promotion in it with the same lines as the command of that name.

use std::sync::LazyLock;

use super::kept::Kept;
use super::{clone, connection, follow, promote, register, rejoin, service, switchover};
use crate::grammar::script::{Procedure, Row, Said, first};

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let by_hand = [
        first("no connection", connection::FAILED, &[]),
        first("promoting", promote::BEGINS, &[]),
        first("has primary", promote::HAS_PRIMARY, &[]),
        first("no standby", promote::NO_STANDBY, &[]),
        first("finds", follow::BEGINS, follow::TO),
        first("cannot follow", follow::CANNOT, follow::TO),
        first("no follow target", follow::NO_TARGET, &[]),
        first("could follow", follow::COULD, &[]),
    ];
    let shared = [connection::ROWS, promote::ROWS, follow::ROWS];
    let own = [switchover::ROWS, rejoin::ROWS, clone::ROWS, register::ROWS, service::ROWS, &by_hand];
    [shared.concat(), own.concat()].concat()
});

/// What the rules of single commands keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Commands {
    pub(super) switchover: switchover::Exchange,
    pub(super) service: service::List,
}

/// The output of the commands, one after the other.
pub(super) struct Tool;

impl Procedure for Tool {
    type Memory = Kept<Commands>;

    fn rows(&self) -> &'static [Row] {
        &ROWS
    }

    fn has_the_shape(&self, hole: &'static str, value: &str) -> bool {
        service::has_the_shape(hole, value)
    }

    fn outlasts(&self, memory: &Self::Memory) -> Self::Memory {
        memory.outlasts()
    }

    fn may_follow(&self, said: &Said<Self::Memory>, row: &Row) -> bool {
        match row.name {
            "promoting" if row.begins => switchover::leaves_the_promotion_to_others(said),
            _ => switchover::may_follow(said, row) && said.own.program.service.may_follow(row),
        }
    }

    fn take_line(&self, said: &mut Said<Self::Memory>, row: &Row, values: &[&str]) -> bool {
        said.own.names.take(row, values)
    }

    fn take(&self, said: &mut Said<Self::Memory>, row: &Row, hole: &'static str, value: &str) -> bool {
        match hole {
            "first listed" | "listed" | "missed" => {
                let Kept { names, program, .. } = &mut said.own;
                program.service.take(names, row, hole, value)
            }
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
        // The third was paused before: it stays paused, or goes on with the others with --repmgrd-force-unpause.
        assert_eq!(paused(&[one, two], &[on(1), on(2)].concat()), None);
        assert_eq!(paused(&[one, two], &all), None);
        let end = |told: usize, unpaused: usize| Some(2 + told + 1 + 12 + unpaused + 1);
        assert_eq!(paused(&[one], &[on(1), on(2)].concat()), end(1, 4), "neither all nor those that were not paused");
        assert_eq!(paused(&[one, two], &on(1)), end(2, 2), "one stays paused that was not");
        assert_eq!(paused(&[one, two], &[&all[..], &on(4)].concat()), end(2, 6), "more than there are");
        // Its repmgrd does not run, and its server remembers that it was paused.
        assert_eq!(paused(&[one, two, three], &[on(1), on(2)].concat()), None);
        assert_eq!(paused(&[one, two, three], &on(1)), end(3, 2));
        // One that could not be reached cannot be let go on either.
        let half = [&[on(1), on(2)].concat()[..], &[on(3)[0], "unable to unpause repmgrd on 1 node(s)"]].concat();
        assert_eq!(paused(&[one, two, gone], &half), None);
        assert_eq!(paused(&[one, two, gone], &half[..5]), end(3, 5));
        assert_eq!(paused(&[one, two, one], &all), Some(5));
        assert_eq!(paused(&[two, one], &all), Some(4), "in the order of their numbers");
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
    fn a_number_is_one_node_whatever_command_tells_of_it() {
        let registered = |name: &str, id: u32| format!("standby node \"{name}\" (ID: {id}) successfully registered");
        let (one, two) = (registered("node1", 1), registered("node2", 2));
        assert_eq!(stray(&[&one, &two, &one, "node 1 (node1) paused", "node 2 (node2) paused"]), None);
        assert_eq!(stray(&[&one, &registered("node2", 1)]), Some(2));
        assert_eq!(stray(&[&one, &registered("node1", 2)]), Some(2));
        assert_eq!(stray(&[&one, "node 1 (node2) paused"]), Some(2));
        let target = "rejoin target is node \"node2\" (ID: 1)";
        assert_eq!(stray(&[&two, target]), Some(2));
    }

    #[test]
    fn a_list_of_nodes_leaves_nobody_out_and_counts_whom_it_missed() {
        let line = |id: u32, what: &str| format!("node {id} (node{id}) {what}");
        let (paused, unpaused) = ([1, 2, 3].map(|id| line(id, "paused")), [1, 2, 3].map(|id| line(id, "unpaused")));
        let [one, two, three] = paused.each_ref().map(String::as_str);
        let [go_one, go_two, go_three] = unpaused.each_ref().map(String::as_str);
        assert_eq!(stray(&[one, two, three, go_one, go_two, go_three]), None);
        assert_eq!(stray(&[one, two, three, one, three]), Some(5), "the second is known and left out");
        assert_eq!(stray(&[one, two, go_three]), Some(3), "one command does one thing");
        assert_eq!(stray(&[one, three, two]), Some(3), "in the order of their numbers");
        let (missed, count) = ("unable to connect to node 3", "unable to pause 1 node(s)");
        let look = "execute \"repmgr service status\" to view current status";
        assert_eq!(stray(&[one, two, missed, count, look]), None);
        assert_eq!(stray(&[one, two, missed, "unable to pause 2 node(s)"]), Some(4));
        assert_eq!(stray(&[one, two, missed, "unable to unpause 1 node(s)"]), Some(4));
        assert_eq!(stray(&[one, two, three, count]), Some(4));
        assert_eq!(stray(&[one, two, missed, look]), Some(4));
        assert_eq!(stray(&["unable to connect to node \"node3\" (ID: 3)"]), None, "somebody else's line");
    }

    #[test]
    fn a_clone_goes_from_its_directory_to_a_whole_copy() {
        let whole = [
            "destination directory \"/data\" provided",
            "connecting to source node",
            "connection string is: host=node1",
            "checking for available walsenders on the source node (2 required)",
            "standby will attach to upstream node 1",
            "starting backup (using sys_basebackup)...",
            "this may take some time; consider using the -c/--fast-checkpoint option",
            "executing:",
            "standby clone (using sys_basebackup) complete",
            "you can now start your Kingbase server",
            "for example: /bin/sys_ctl -D /data start",
            "after starting the server, you need to re-register this standby with \"repmgr standby register --force\"",
        ];
        assert_eq!(stray(&whole), None);
        let edited = |line: usize, text: &'static str| {
            let mut lines = whole;
            lines[line - 1] = text;
            stray(&lines)
        };
        assert_eq!(edited(9, "standby clone (using pg_basebackup) complete"), Some(9), "another tool");
        assert_eq!(edited(11, "for example: /bin/sys_ctl -D /elsewhere start"), Some(11));
        for left_out in [1, 2, 3, 4, 6, 8, 9, 10] {
            let mut lines = whole.to_vec();
            lines.remove(left_out - 1);
            assert_eq!(stray(&lines), Some(left_out), "without line {left_out}");
        }
        let refused = ["data directory \"/data\" already exists and is not empty"];
        let hint = ["use -F/--force to overwrite the existing data directory"];
        assert_eq!(stray(&[&whole[..1], &refused, &hint].concat()), None);
        assert_eq!(stray(&[&whole[..1], &hint].concat()), Some(2));
        assert_eq!(stray(&[&whole[..2], &refused].concat()), Some(3));
    }

    #[test]
    fn twins_of_one_timeline_fork_off_each_other() {
        let forked = |theirs, ours| {
            format!(
                "rejoin target server's timeline {theirs} forked off current database system timeline {ours} before \
                 current recovery point 0/A8"
            )
        };
        let refused = ["rejoin target is node \"node1\" (ID: 1)", "this node cannot attach to rejoin target node 1"];
        assert_eq!(stray(&[&refused[..], &[&forked(3, 2)]].concat()), None);
        assert_eq!(stray(&[&refused[..], &[&forked(2, 2)]].concat()), None);
        assert_eq!(stray(&[&refused[..], &[&forked(1, 2)]].concat()), Some(3));
        // A primary, too, can be told to follow.
        let follow = "this node cannot attach to follow target node \"node1\" (ID: 1)";
        assert_eq!(stray(&[follow, &forked(1, 2).replace("rejoin", "follow")]), None);
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
