//! `simrun sweep` through the real binary: a small sweep of a product's switchover, whose table is the test.

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

#[test]
fn single_faults_of_a_switchover() {
    let sweep =
        |jobs: &str| simrun(&["sweep", SWITCHOVER, "--faults", "kill,lose-power", "--limit", "24", "--jobs", jobs]);
    let output = sweep("2");
    assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!(out(&output));
    assert_eq!(out(&output), out(&sweep("1")), "it does not depend on how many run at once");
}

#[test]
fn slips_of_the_operator() {
    let output = simrun(&["sweep", SWITCHOVER, "--operator", "--limit", "12"]);
    assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!(out(&output));
}

#[test]
fn what_cannot_be_swept_is_refused() {
    let hazard = "scenarios/opengauss_dms/primary_cut_and_kick_without_preempt.toml";
    let unknown = simrun(&["sweep", hazard, "--faults", "meteor"]);
    assert_eq!(unknown.status.code(), Some(2));
    let complaint = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(complaint.contains("faults: kill, pause, nic-down, lose-power"), "{complaint}");
    let folder = simrun(&["sweep", "scenarios/dm_dsc"]);
    assert_eq!(folder.status.code(), Some(2));
}
