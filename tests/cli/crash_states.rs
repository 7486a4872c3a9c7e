//! `simrun crash-states`: power cuts, and the late writes of a host that dies.

use serde_json::Value;

use crate::program::{Done, root, simrun};

/// A drill in which both hosts write their redo logs on one device.
const DRILL: &str = "scenarios/dm_dsc/kill_and_rejoin.toml";

fn crash_states(arguments: &[&str]) -> Done {
    simrun(&root(), &[&["crash-states", DRILL, "--device", "data", "--seed", "1"], arguments].concat())
}

/// The moments from 40 s on; among forty of them a write of dsc1 is under way.
fn late(arguments: &[&str]) -> Done {
    crash_states(&[&["--at", "40s", "--moments", "40", "--late-writes-of", "dsc1"], arguments].concat())
}

fn json_lines(done: &Done) -> Vec<Value> {
    done.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn late_writes_without_a_fence_break_what_the_successor_found() {
    let done = late(&[]).ends_with(1);
    assert!(done.out.starts_with("late writes  dm_dsc/kill_and_rejoin  seed 1  from 40s on\n"), "{}", done.out);
    assert!(done.out.contains("  dsc1 dies at 40.000000s with "), "{}", done.out);
    assert!(done.out.contains("nothing lands behind the successor's start: "), "{}", done.out);
    assert!(done.out.contains("writes land: "), "{}", done.out);
    let last = done.out.lines().last().expect("a line");
    assert!(last.starts_with("VIOLATED  ") && last.ends_with(" placements"), "{last}");
}

#[test]
fn behind_a_complete_fence_late_writes_harm_nobody() {
    let done = late(&["--fenced"]).ends_with(0);
    assert!(done.out.lines().next().is_some_and(|line| line.ends_with("a fence complete before its successor begins")));
    assert!(done.out.lines().last().is_some_and(|line| line.starts_with("HOLDS  whoever starts next")), "{}", done.out);
}

#[test]
fn late_writes_come_as_json_lines_too() {
    let (open, fenced) =
        (late(&["--format", "jsonl"]).ends_with(1), late(&["--fenced", "--format", "jsonl"]).ends_with(0));
    for (done, is_fenced) in [(open, false), (fenced, true)] {
        let lines = json_lines(&done);
        assert_eq!(lines.len(), 40, "one a moment");
        for line in &lines {
            assert_eq!((&line["event"], &line["seed"]), (&Value::from("40s"), &Value::from(1)));
            assert_eq!((&line["fenced"], &line["late"]["host"]), (&Value::from(is_fenced), &Value::from("dsc1")));
        }
        let sum = |key: &str| lines.iter().filter_map(|line| line["late"][key].as_u64()).sum::<u64>();
        assert!(sum("under_way") > 0 && sum("tried_before") > 0, "{}", done.out);
        assert_eq!(sum("tried_behind") == 0, is_fenced, "behind a fence nothing lands late");
        let broken = lines.iter().any(|line| line["late"]["violations"].as_array().is_some_and(|it| !it.is_empty()));
        assert_eq!(broken, !is_fenced);
    }
}

#[test]
fn a_death_with_nothing_under_way_is_no_pass() {
    let done = crash_states(&["--at", "2s", "--late-writes-of", "dsc1"]).ends_with(3);
    assert!(done.out.contains("NOTHING TRIED"), "{}", done.out);
}

#[test]
fn late_writes_need_a_host_that_is_there() {
    let nobody = crash_states(&["--at", "40s", "--late-writes-of", "dsc9"]).ends_with(2);
    assert!(nobody.err.contains("there is no host dsc9"), "{}", nobody.err);
    let fence_of_nobody = crash_states(&["--at", "40s", "--fenced"]).ends_with(2);
    assert!(fence_of_nobody.err.contains("--late-writes-of"), "{}", fence_of_nobody.err);
}

#[test]
fn every_state_behind_a_power_cut_is_recovered_from() {
    let done = crash_states(&["--at", "40s", "--moments", "4", "--budget", "32", "--format", "jsonl"]).ends_with(0);
    let lines = json_lines(&done);
    assert_eq!(lines.len(), 5, "one a moment and the summary");
    let summary = lines.last().expect("a summary");
    assert_eq!((&summary["moments"], &summary["violations"]), (&Value::from(4), &Value::from(0)));
    assert!(summary["tried"].as_u64() > Some(4) && summary["nested_tried"].as_u64() > Some(0), "{summary}");
}
