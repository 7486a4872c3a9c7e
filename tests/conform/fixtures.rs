//! Logs of real clusters: those of the incidents are accepted, edited copies of them are not.

use super::{Edit, conform, each_shows, printed, replaced};

/// What the CSS of a real cluster wrote when DSC0 was killed and started again.
pub(super) const DMCSS: &str = include_str!("../../nodes/tests/fixtures/dm_CSS0_202105.log");
/// What the old primary of a real switchover wrote into its DMS run log before it ended itself.
pub(super) const DMS: &str = include_str!("../../nodes/tests/fixtures/dms_run_switchover_fail.log");
/// What it wrote into pg_log when it was started again.
pub(super) const PG_LOG: &str = include_str!("../../nodes/tests/fixtures/pg_log_old_primary_restarts.log");

/// What repmgr printed when it refused a switchover, when it made one, and when it made the one back.
pub(super) const REFUSED: &str = include_str!("../../nodes/tests/fixtures/repmgr_switchover_refused.log");
pub(super) const DONE: &str = include_str!("../../nodes/tests/fixtures/repmgr_switchover_done.log");
pub(super) const BACK: &str = include_str!("../../nodes/tests/fixtures/repmgr_switchover_back.log");

/// What gs_om, gs_ctl and gs_rewind printed from a refused start to the switchover back.
pub(super) const NEED_REPAIR: &str = include_str!("../../nodes/tests/fixtures/gs_ctl_need_repair.log");

/// What a replica without logindex logged when it was promoted and died, and what pg_ctl printed then and later.
pub(super) const PROMOTE: &str = include_str!("../../nodes/tests/fixtures/polardb_promote_without_logindex.log");
pub(super) const PG_CTL: &str = include_str!("../../nodes/tests/fixtures/pg_ctl_promote.log");

#[test]
fn the_log_of_a_killed_instance_is_consistent_and_its_times_are_told() {
    let output = conform("dm_dsc", "dm_CSS0_202105.log", DMCSS, &[]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("97 of 97 lines explained"), "{text}");
    let stay = |procedure: &str, length: &str| {
        text.lines().any(|line| line.contains(procedure) && line.trim_end().ends_with(length))
    };
    assert!(stay("PROCESS_EP_CRASH", "11.886s"), "{text}");
    assert!(stay("PROCESS_RECOVER", "15.444s"), "{text}");
    assert!(stay("CSS_SUB_STATUS_EP_CRASH_WAIT_STEP2", "2.070s"), "{text}");
}

#[test]
fn the_logs_of_a_switchover_that_failed_after_the_lock_had_moved_are_consistent() {
    let output = conform("opengauss_dms", "dms.rlog", DMS, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output));
    assert!(printed(&output).contains("the old primary ends itself"), "{}", printed(&output));
    let output = conform("opengauss_dms", "postgresql.log", PG_LOG, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output));
    assert!(printed(&output).contains("4 of "), "{}", printed(&output));
}

const DMCSS_EDITS: &[Edit] = &[
    Edit { name: "two lines swapped", make: |lines| lines.swap(0, 1), shows_at: 2 },
    Edit { name: "the break of the EP is missing", make: |lines| drop(lines.remove(1)), shows_at: 2 },
    Edit { name: "no control EP is chosen", make: |lines| drop(lines.remove(4)), shows_at: 5 },
    Edit {
        name: "a status that does not exist",
        make: |lines| replaced(lines, 7, "CSS_SUB_STATUS_EP_CRASH_WAIT_STEP1)", "CSS_SUB_STATUS_EP_CRASH_WAIT_STEP9)"),
        shows_at: 7,
    },
    Edit {
        name: "a status that does not follow",
        make: |lines| replaced(lines, 21, "to (PROCESS_EP_CRASH, WAIT_SLAVE_CONFIG_VIP)", "to (OPEN, STARTUP)"),
        shows_at: 21,
    },
    Edit { name: "a command number that was skipped", make: |lines| replaced(lines, 13, "= 52", "= 53"), shows_at: 13 },
    Edit {
        name: "the dead EP gets a command",
        make: |lines| replaced(lines, 13, "dest_ep DSC1 seqno = 1", "dest_ep DSC0 seqno = 0"),
        shows_at: 13,
    },
    Edit { name: "an EP too many", make: |lines| replaced(lines, 8, "n_ok_ep[1]", "n_ok_ep[2]"), shows_at: 8 },
    Edit {
        name: "the other EP becomes control EP",
        make: |lines| replaced(lines, 5, "Set EP DSC1[1]", "Set EP DSC0[0]"),
        shows_at: 5,
    },
    Edit {
        name: "a time going backwards",
        make: |lines| replaced(lines, 14, "23:50:19.778", "23:50:09.778"),
        shows_at: 14,
    },
    Edit { name: "a phase that never began", make: |lines| drop(lines.drain(11..17)), shows_at: 12 },
];

const DMS_EDITS: &[Edit] = &[
    Edit { name: "the exit before its reason", make: |lines| lines.swap(1, 2), shows_at: 2 },
    Edit {
        name: "a reformer version that did not change",
        make: |lines| replaced(lines, 1, "(1, 781801668325620)", "(1, 781783739740808)"),
        shows_at: 1,
    },
    Edit {
        name: "an old primary that still owns the lock",
        make: |lines| replaced(lines, 3, "reformer id:1", "reformer id:0"),
        shows_at: 3,
    },
    Edit { name: "an abort that is not said", make: |lines| drop(lines.remove(1)), shows_at: 2 },
    Edit { name: "a time going backwards", make: |lines| replaced(lines, 3, "52.019", "51.019"), shows_at: 3 },
];

#[test]
fn edited_copies_of_the_dmcss_log_are_rejected_at_the_edited_place() {
    each_shows("dm_dsc", DMCSS, DMCSS_EDITS);
}

#[test]
fn edited_copies_of_the_dms_log_are_rejected_at_the_edited_place() {
    each_shows("opengauss_dms", DMS, DMS_EDITS);
}

#[test]
fn the_output_of_a_refused_a_done_and_a_reversed_switchover_is_consistent() {
    for (name, text) in [("refused", REFUSED), ("done", DONE), ("back", BACK)] {
        let output = conform("kingbase", &format!("{name}.out"), text, &[]);
        let lines = text.lines().count();
        assert_eq!(output.status.code(), Some(0), "{}", printed(&output));
        assert!(printed(&output).contains(&format!("{lines} of {lines} lines explained")), "{}", printed(&output));
    }
    let all = [REFUSED, DONE, BACK].concat();
    assert_eq!(conform("kingbase", "all.out", &all, &[]).status.code(), Some(0));
}

const REFUSED_EDITS: &[Edit] = &[
    Edit { name: "the refusal before its reason", make: |lines| lines.swap(1, 2), shows_at: 2 },
    Edit { name: "a status that does not exist", make: |lines| replaced(lines, 2, "CRITICAL", "FATAL"), shows_at: 2 },
    Edit { name: "critical below the threshold", make: |lines| replaced(lines, 2, "=134", "=12"), shows_at: 2 },
    Edit { name: "another number of files", make: |lines| replaced(lines, 4, "134", "135"), shows_at: 4 },
    Edit { name: "the detail is missing", make: |lines| drop(lines.remove(3)), shows_at: 4 },
];

const DONE_EDITS: &[Edit] = &[
    Edit { name: "paused before it is announced", make: |lines| lines.swap(2, 3), shows_at: 3 },
    // A node that was paused before is passed over in silence, and with --repmgrd-force-unpause it goes on with the
    // others; but either all do, or those that were not paused.
    Edit {
        name: "one node of three is not paused, and goes on with one that was",
        make: |lines| {
            replaced(lines, 3, "2 nodes", "3 nodes");
            drop(lines.remove(4));
        },
        shows_at: 25,
    },
    Edit {
        name: "a third node of two goes on",
        make: |lines| replaced(lines, 24, "node2\" (ID 2", "node3\" (ID 3"),
        shows_at: 24,
    },
    Edit { name: "one node has two numbers", make: |lines| replaced(lines, 5, "(ID 2)", "(ID 3)"), shows_at: 5 },
    Edit { name: "another node is stopped", make: |lines| replaced(lines, 7, "node1", "node2"), shows_at: 7 },
    Edit { name: "an attempt left out", make: |lines| drop(lines.remove(9)), shows_at: 10 },
    Edit { name: "promoted before it is shut down", make: |lines| drop(lines.remove(11)), shows_at: 12 },
    Edit {
        name: "the log goes backwards",
        make: |lines| replaced(lines, 15, "0/8CADF138", "0/8CADF038"),
        shows_at: 15,
    },
    Edit { name: "somebody else is promoted", make: |lines| replaced(lines, 17, "node2", "node1"), shows_at: 17 },
    Edit { name: "successful before it is attached", make: |lines| lines.swap(18, 19), shows_at: 19 },
    Edit { name: "unpaused without being asked", make: |lines| drop(lines.remove(21)), shows_at: 22 },
    Edit { name: "completed with a node still paused", make: |lines| drop(lines.drain(23..25)), shows_at: 24 },
];

#[test]
fn edited_copies_of_the_output_of_repmgr_are_rejected_at_the_edited_place() {
    each_shows("kingbase", REFUSED, REFUSED_EDITS);
    each_shows("kingbase", DONE, DONE_EDITS);
}

#[test]
fn the_output_of_a_repair_and_of_a_promote_is_consistent() {
    for (product, name, text, explained) in [
        ("opengauss_ha", "need_repair.out", NEED_REPAIR, ["gs_ctl: 76 of 175", "gs_om: 85 of 175"].as_slice()),
        ("polardb", "promote.log", PROMOTE, ["postgresql: 17 of 49"].as_slice()),
        ("polardb", "pg_ctl.out", PG_CTL, ["pg_ctl: 8 of 27"].as_slice()),
    ] {
        let text = printed(&conform(product, name, text, &[]));
        assert!(!text.contains("NOT CONSISTENT"), "{text}");
        for lines in explained {
            assert!(text.contains(&format!("{lines} lines explained")), "{lines}: {text}");
        }
    }
    let text = printed(&conform("opengauss_ha", "need_repair.out", NEED_REPAIR, &[]));
    let stay =
        |step: &str, length: &str| text.lines().any(|line| line.contains(step) && line.trim_end().ends_with(length));
    assert!(stay("waits for the switchover", "60.485s"), "{text}");
    assert!(stay("streams", "4.865s"), "{text}");
}

const NEED_REPAIR_EDITS: &[Edit] = &[
    Edit { name: "done before it waits", make: |lines| lines.swap(153, 154), shows_at: 154 },
    Edit {
        name: "a state that does not exist",
        make: |lines| replaced(lines, 70, "repair(WAL)", "repair(LOG)"),
        shows_at: 70,
    },
    Edit { name: "a role that does not exist", make: |lines| replaced(lines, 8, "S Standby", "S Slave"), shows_at: 8 },
    Edit {
        name: "a state the nodes do not come to",
        make: |lines| replaced(lines, 77, "Degraded", "Normal"),
        shows_at: 83,
    },
    Edit { name: "it gives up too early", make: |lines| replaced(lines, 73, "......", "..."), shows_at: 75 },
    Edit { name: "completed without being done", make: |lines| drop(lines.remove(154)), shows_at: 155 },
    Edit { name: "common though the sums differ", make: |lines| drop(lines.remove(100)), shows_at: 101 },
    Edit {
        name: "it goes on though the sums agree",
        make: |lines| replaced(lines, 100, "[1279685734,", "[2286271583,"),
        shows_at: 101,
    },
    Edit { name: "the search goes forward", make: |lines| lines.swap(98, 99), shows_at: 100 },
    Edit {
        name: "another checkpoint than the common one",
        make: |lines| replaced(lines, 135, "0/50005E58", "0/50005F70"),
        shows_at: 135,
    },
    Edit {
        name: "redo behind its checkpoint",
        make: |lines| replaced(lines, 97, "redo at 0/50006020", "redo at 0/500060B0"),
        shows_at: 97,
    },
    Edit {
        name: "another end than the one written",
        make: |lines| replaced(lines, 130, "0/5000A858", "0/5000A958"),
        shows_at: 130,
    },
    Edit {
        name: "another builder in between",
        make: |lines| replaced(lines, 126, "[43045]", "[43046]"),
        shows_at: 126,
    },
    Edit { name: "control data before the pages", make: |lines| drop(lines.remove(125)), shows_at: 126 },
    Edit { name: "a time going backwards", make: |lines| replaced(lines, 139, "15:49:01", "15:48:01"), shows_at: 139 },
    Edit { name: "started and failed", make: |lines| replaced(lines, 27, "wzsy01", "wzsy02"), shows_at: 27 },
];

const PROMOTE_EDITS: &[Edit] = &[
    Edit { name: "the end of replay before the request", make: |lines| lines.swap(0, 2), shows_at: 2 },
    Edit { name: "the timeline it had", make: |lines| replaced(lines, 10, "ID: 2", "ID: 1"), shows_at: 10 },
    Edit { name: "no new timeline", make: |lines| drop(lines.remove(9)), shows_at: 10 },
    Edit { name: "another process died", make: |lines| replaced(lines, 42, "PID 849", "PID 848"), shows_at: 42 },
    Edit { name: "another signal", make: |lines| replaced(lines, 42, "signal 11", "signal 9"), shows_at: 42 },
    Edit { name: "nobody is terminated", make: |lines| drop(lines.remove(42)), shows_at: 43 },
    Edit { name: "down before it is unmounted", make: |lines| lines.swap(47, 48), shows_at: 48 },
    Edit { name: "a time going backwards", make: |lines| replaced(lines, 48, "33:39", "33:29"), shows_at: 48 },
];

#[test]
fn edited_copies_of_the_outputs_of_a_repair_and_of_a_promote_are_rejected_at_the_edited_place() {
    each_shows("opengauss_ha", NEED_REPAIR, NEED_REPAIR_EDITS);
    each_shows("polardb", PROMOTE, PROMOTE_EDITS);
    let told = PG_CTL.replace("pg_ctl: server did not promote in time", "server promoted");
    assert_eq!(conform("polardb", "pg_ctl-edited.out", &told, &[]).status.code(), Some(1));
}

#[test]
fn in_chinese_phases_have_chinese_names() {
    let text = printed(&conform("opengauss_ha", "repair-zh.out", NEED_REPAIR, &["--lang", "zh"]));
    assert!(text.contains("等待切换") && !text.contains("waits for the switchover"), "{text}");
    let text = printed(&conform("opengauss_dms", "exit-zh.rlog", DMS, &["--lang", "zh"]));
    assert!(text.contains("实例 0") && text.contains("退出: 旧主库自行退出"), "{text}");
}

#[test]
fn what_could_have_stood_there_is_told() {
    let mut lines: Vec<String> = DMCSS.lines().map(str::to_owned).collect();
    replaced(&mut lines, 13, "= 52", "= 60");
    let text = printed(&conform("dm_dsc", "allowed.log", &lines.join("\n"), &[]));
    assert!(text.contains("NOT CONSISTENT") && text.contains("line 13: "), "{text}");
    assert!(text.contains("CSS set cmd EP_CRASH_STEP2, dest_ep DSC1 seqno = 1, cmd_seq = 52"), "{text}");
}
