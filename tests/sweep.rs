//! `simrun sweep` through the real binary: the procedure with which each product hands its service over, with single
//! faults at its events, with sets of them along its lineage, and with slips of its operator. The tables are the test.
//! They are bounded so that they take seconds: their heads say how much of all was tried.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SWITCHOVER: &str = "scenarios/opengauss_dms/switchover_and_back.toml";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn simrun(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_simrun")).args(arguments).current_dir(root()).output().expect("simrun runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// The table of a sweep that could be made.
fn table(arguments: &[&str]) -> String {
    let output = simrun(&[&["sweep"], arguments].concat());
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{complaint}");
    out(&output)
}

#[test]
fn single_faults_of_a_switchover() {
    let sweep = |jobs: &str| table(&[SWITCHOVER, "--faults", "kill,lose-power", "--limit", "24", "--jobs", jobs]);
    let both = sweep("2");
    insta::assert_snapshot!(both);
    assert_eq!(both, sweep("1"), "it does not depend on how many run at once");
}

#[test]
fn single_faults_at_each_step_of_a_switchover_of_kingbase() {
    let file = "scenarios/kingbase/switchover_ok.toml";
    insta::assert_snapshot!(table(&[file, "--events", "switchover.step", "--limit", "26"]));
}

#[test]
fn single_faults_at_each_event_of_a_switchover_of_opengauss_ha() {
    let file = "scenarios/opengauss_ha/switchover_and_back.toml";
    insta::assert_snapshot!(table(&[file, "--events", "switchover,demote,promote", "--limit", "48"]));
}

#[test]
fn single_faults_at_each_event_of_a_switchover_of_polardb() {
    let file = "scenarios/polardb/switchover_and_back.toml";
    insta::assert_snapshot!(table(&[file, "--events", "promote,stop.received", "--faults", "kill", "--limit", "16"]));
}

/// DSC has no standby to switch to; its operator's procedure is to stop instances.
#[test]
fn single_faults_at_each_event_of_stopping_dsc() {
    let file = "scenarios/dm_dsc/overlapping_stops.toml";
    insta::assert_snapshot!(table(&[file, "--limit", "160"]));
}

/// Every single fault at every event. It takes minutes in a release build, so it is asked for:
/// `cargo test --release --workspace --test sweep -- --ignored`.
mod whole {
    use super::{SWITCHOVER, table};

    #[test]
    #[ignore = "takes minutes"]
    fn every_fault_at_every_event_of_opengauss_dms() {
        insta::assert_snapshot!(table(&[SWITCHOVER]));
    }

    #[test]
    #[ignore = "takes minutes"]
    fn every_fault_at_every_event_of_opengauss_ha() {
        insta::assert_snapshot!(table(&["scenarios/opengauss_ha/switchover_and_back.toml"]));
    }

    #[test]
    #[ignore = "takes minutes"]
    fn every_fault_at_every_event_of_kingbase() {
        insta::assert_snapshot!(table(&["scenarios/kingbase/switchover_ok.toml"]));
    }

    /// Its run announces 20,000 events, nearly all of them over and over: each is met the first time it comes.
    #[test]
    #[ignore = "takes half an hour"]
    fn every_fault_at_every_kind_of_event_of_polardb() {
        insta::assert_snapshot!(table(&["scenarios/polardb/switchover_and_back.toml", "--occurrences", "1"]));
    }

    #[test]
    #[ignore = "takes minutes"]
    fn every_fault_at_every_event_of_dm_dsc() {
        insta::assert_snapshot!(table(&["scenarios/dm_dsc/overlapping_stops.toml"]));
    }
}

#[test]
fn slips_of_the_operator() {
    insta::assert_snapshot!(table(&[SWITCHOVER, "--operator", "--limit", "12"]));
}

#[test]
fn slips_of_the_operator_of_polardb() {
    insta::assert_snapshot!(table(&["scenarios/polardb/switchover_and_back.toml", "--operator", "--limit", "10"]));
}

#[test]
fn sets_of_faults_along_the_lineage_of_a_switchover() {
    let search = |jobs: &str| {
        let only = ["--events", "promote,lock", "--faults", "kill,partition", "--limit", "5", "--jobs", jobs];
        table(&[&[SWITCHOVER, "--lineage"], only.as_slice()].concat())
    };
    let both = search("2");
    insta::assert_snapshot!(both);
    assert_eq!(both, search("1"), "it does not depend on how many run at once");
}

/// A standby of three nodes is restarted. No single kill at the same events breaks that; of two at once some do, for
/// one node is no majority, and one more where the defect lets a primary wait for standbys that are dead.
mod two_kills {
    use std::path::Path;

    use super::{Command, out};

    const DRILL: &str = r#"
format = 1
[drill]
id = "T-1"
title = "A standby is restarted"
[product]
model = "kingbase"
set = { synchronous = "quorum" }
[[node]]
name = "node1"
role = "primary"
[[node]]
name = "node2"
role = "standby"
[[node]]
name = "node3"
role = "standby"
[workload]
kind = "register"
clients = 2
rate = "5/s"
keys = 8
[[step]]
name = "stop"
at = "7s"
stop = "node2"
if-fails = "continue"
[[step]]
name = "start"
after = "stop"
start = "node2"
if-fails = "continue"
[[check]]
eventually = "writable"
after = "start"
within = "80s"
[run]
time-limit = "20s"
"#;

    fn table(name: &str, drill: &str, arguments: &[&str]) -> String {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lineage");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(name), drill).expect("a file");
        let arguments = [&["sweep", name], arguments].concat();
        let output = Command::new(env!("CARGO_BIN_EXE_simrun")).args(arguments).current_dir(folder).output();
        out(&output.expect("simrun runs"))
    }

    const AT: [&str; 4] = ["--faults", "kill", "--events", "stream.started,timeline"];

    #[test]
    fn no_single_kill_at_the_same_events_breaks_it() {
        let table = table("single.toml", DRILL, &AT);
        assert!(table.ends_with("No single fault at any event breaks it: 9 were tried and bit.\n"), "{table}");
    }

    #[test]
    fn two_of_three_nodes_are_too_many() {
        insta::assert_snapshot!(table("sound.toml", DRILL, &[&["--lineage"], AT.as_slice()].concat()));
    }

    #[test]
    fn a_planted_defect_shows_in_one_set_more() {
        let defect = "model = \"kingbase\"\ndefects = [\"sync-is-never-given-up\"]";
        let drill = DRILL.replace("model = \"kingbase\"", defect);
        insta::assert_snapshot!(table("defective.toml", &drill, &[&["--lineage"], AT.as_slice()].concat()));
    }

    #[test]
    fn what_broke_is_kept_as_a_scenario_that_breaks() {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lineage-kept");
        let _ = std::fs::remove_dir_all(&kept);
        let folder = kept.to_str().expect("a path");
        table("kept.toml", DRILL, &[&["--lineage", "--out", folder], AT.as_slice()].concat());
        let files: Vec<_> =
            std::fs::read_dir(&kept).expect("a folder").map(|file| file.expect("a file").path()).collect();
        assert_eq!(files.len(), 2, "one for each way of breaking: {files:?}");
        for file in files {
            let run = Command::new(env!("CARGO_BIN_EXE_simrun")).arg("run").arg(&file).arg("--out").arg(&kept).output();
            let run = run.expect("simrun runs");
            assert_eq!(run.status.code(), Some(1), "{}", out(&run));
        }
    }

    #[test]
    fn a_way_that_is_cut_for_a_while_is_survived() {
        let cut = ["--lineage", "--faults", "partition"];
        let table = table("cut.toml", DRILL, &cut);
        assert!(table.ends_with("No set of up to 2 of these faults breaks it.\n"), "{table}");
    }
}

#[test]
fn what_cannot_be_swept_is_refused() {
    let hazard = "scenarios/opengauss_dms/primary_cut_and_kick_without_preempt.toml";
    let refused = |arguments: &[&str]| {
        let output = simrun(&[&["sweep"], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let complaint = refused(&[hazard, "--faults", "meteor"]);
    assert!(complaint.contains("faults: kill, pause, nic-down, lose-power"), "{complaint}");
    let complaint = refused(&[SWITCHOVER, "--events", "eclipse"]);
    assert!(complaint.contains("eclipse") && complaint.contains("role.changed"), "{complaint}");
    let complaint = refused(&[SWITCHOVER, "--lineage", "--faults", "meteor"]);
    assert!(complaint.contains("faults: kill, pause, nic-down, lose-power, partition"), "{complaint}");
    let complaint = refused(&[SWITCHOVER, "--lineage", "--events", "eclipse"]);
    assert!(complaint.contains("eclipse") && complaint.contains("role.changed"), "{complaint}");
    refused(&[SWITCHOVER, "--lineage", "--operator"]);
    refused(&[SWITCHOVER, "--lineage", "--max-faults", "0"]);
    refused(&["scenarios/dm_dsc"]);
}
