//! `simrun shrink` through the real binary: a failing seed becomes a small file that fails in the same way.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn simrun(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_simrun")).args(arguments).current_dir(root()).output().expect("simrun runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// The signatures of the failures of a campaign.
fn signatures(arguments: &[&str]) -> Vec<String> {
    let output = simrun(&[&["explore", "--format", "jsonl"], arguments].concat());
    let lines = out(&output);
    let objects = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("an object"));
    objects.filter_map(|object| Some(object.get("signature")?.as_str()?.to_owned())).collect()
}

#[test]
fn a_failing_seed_becomes_a_small_file_with_the_same_signature() {
    let folder = std::env::temp_dir().join(format!("simrun-shrink-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    // The fence that does not fence, with a switchover and a pause that have nothing to do with it, and no expectation.
    let hazard = root().join("scenarios/opengauss_dms/primary_cut_and_kick_without_preempt.toml");
    let text = std::fs::read_to_string(hazard).expect("the scenario");
    let (before, _) = text.split_once("[expect]").expect("an expectation");
    let noise = r#"
[[step]]
name = "look"
at = "10s"
on = "dn3"
command = "cm_ctl query -Cvipd"
if-fails = "continue"

[[fault]]
name = "freeze"
at = "12s..14s"
for = "1s"
pause = "dn3"

[run]
seeds = "1..3"
time-limit = "100s"
"#;
    let scenario = folder.join("noisy.toml");
    std::fs::write(&scenario, format!("{before}{noise}")).expect("a scenario");
    let at = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let scenario = at("noisy.toml");
    let found = signatures(&[&scenario, "--seeds", "1..1"]);
    assert_eq!(found.len(), 1, "the hazard shows");

    // From the folder that a run leaves behind.
    assert_eq!(simrun(&["run", &scenario, "--seed", "1", "--out", &at("out")]).status.code(), Some(1));
    let arguments = ["shrink", &at("out/noisy/seed-1"), "--runs", "80", "--other-seeds", "3"];
    let output = simrun(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let shrunk = at("out/noisy/seed-1/shrunk.toml");
    let text = std::fs::read_to_string(&shrunk).expect("the shrunk file");
    assert!(!text.contains("look") && !text.contains("freeze"), "what has nothing to do with it is gone:\n{text}");
    assert!(text.contains("fence-skipped") && text.contains("partition"), "what makes it fail is there:\n{text}");
    assert!(text.starts_with("# Fencing that does not fence"), "it tells its story:\n{text}");
    assert!(out(&output).starts_with(&format!("SHRUNK  {}", found[0])), "{}", out(&output));
    assert_eq!(signatures(&[&shrunk]), found, "it fails in the same way");

    // Operations that are left out are no commits that were lost: the sound drill with one operation in three holds.
    let fewer =
        std::fs::read_to_string(root().join("scenarios/opengauss_dms/switchover_and_back.toml")).expect("a drill");
    let numbers: Vec<String> = (1..4_000).step_by(3).map(|number| number.to_string()).collect();
    let only = format!("[workload]\nonly = [\"2: {}\"]\n", numbers.join(", "));
    std::fs::write(folder.join("fewer.toml"), fewer.replacen("[workload]\n", &only, 1)).expect("a scenario");
    let fewer = simrun(&["run", &at("fewer.toml"), "--seed", "1"]);
    assert_eq!(fewer.status.code(), Some(0), "{}", out(&fewer));

    let passing = at("out/noisy/seed-1/shrunk.passing.toml");
    if Path::new(&passing).exists() {
        assert!(!signatures(&[&passing]).contains(&found[0]), "the twin does not");
    }
    let sound = simrun(&["shrink", "scenarios/switchover_fail.toml", "--seed", "1"]);
    assert_eq!(sound.status.code(), Some(2), "nothing to shrink");
    std::fs::remove_dir_all(folder).expect("cleaned up");
}
