//! Campaigns through the real binary: resuming after kill -9, shares, merging, what CI gets.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const SCENARIO: &str = "scenarios/switchover_fail.toml";
const OTHER: &str = "scenarios/opengauss_dms/switchover_and_back.toml";
/// A hazard that its first seeds show.
const HAZARD: &str = "scenarios/opengauss_dms/primary_cut_and_kick_without_preempt.toml";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn simrun(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simrun"));
    command.args(arguments).current_dir(root());
    for variable in ["JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID", "CI_NODE_INDEX", "CI_NODE_TOTAL"] {
        command.env_remove(variable);
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    simrun(arguments).output().expect("simrun runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn complaints(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// An empty folder of one test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("simrun-explore-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn lines(path: &Path) -> usize {
    std::fs::read(path).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it waits for another program")]
fn a_killed_campaign_resumes_to_the_bytes_of_an_undisturbed_one() {
    let folder = folder("kill");
    let (whole, killed) = (text(&folder.join("whole")), text(&folder.join("killed")));
    let file = |name: &str| Path::new(name).join("explore.jsonl");
    let undisturbed = run(&["explore", SCENARIO, "--seeds", "1..60", "--jobs", "2", "--out", &whole]);
    assert_eq!(code(&undisturbed), 0, "{}", complaints(&undisturbed));

    let mut child = simrun(&["explore", SCENARIO, "--seeds", "1..60", "--jobs", "2", "--out", &killed])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("simrun starts");
    while lines(&file(&killed)) < 10 {
        std::thread::sleep(Duration::from_millis(20));
    }
    // On Unix this is SIGKILL: nothing in the program runs after it.
    child.kill().expect("it still runs");
    child.wait().expect("it is gone");
    let left = lines(&file(&killed));
    assert!((10..61).contains(&left), "killed in the middle, not at the end: {left} lines");

    // A kill in the middle of a write leaves half a line.
    let mut bytes = std::fs::read(file(&killed)).expect("results");
    bytes.truncate(bytes.len() - 30);
    std::fs::write(file(&killed), bytes).expect("a cut file");
    let again = run(&["explore", SCENARIO, "--seeds", "1..60", "--jobs", "1", "--out", &killed]);
    assert_eq!(code(&again), 2, "results are never overwritten");
    let resumed = run(&["explore", SCENARIO, "--seeds", "1..60", "--jobs", "1", "--out", &killed, "--resume"]);
    assert_eq!(code(&resumed), 0, "{}", complaints(&resumed));
    let (whole, killed) = (std::fs::read(file(&whole)), std::fs::read(file(&killed)));
    assert!(whole.expect("results") == killed.expect("results"), "the resumed file differs");
    // Speed aside, the table does not depend on the interruption either.
    let table =
        |output: &Output| out(output).lines().filter(|line| !line.contains("speed")).collect::<Vec<_>>().join("\n");
    assert_eq!(table(&undisturbed), table(&resumed));
    std::fs::remove_dir_all(folder).expect("cleaned up");
}

#[test]
fn another_campaign_is_not_resumed() {
    let folder = folder("other");
    let out = text(&folder);
    assert_eq!(code(&run(&["explore", SCENARIO, "--seeds", "1..2", "--out", &out])), 0);
    let other = run(&["explore", SCENARIO, "--seeds", "1..3", "--out", &out, "--resume"]);
    assert_eq!(code(&other), 2);
    assert!(complaints(&other).contains("the seeds was 1..2 and is 1..3"), "{}", complaints(&other));
    std::fs::remove_dir_all(folder).expect("cleaned up");
}

#[test]
fn shares_merge_to_the_undivided_campaign() {
    let folder = folder("shares");
    let at = |name: &str| text(&folder.join(name));
    let files = [SCENARIO, OTHER];
    let explore = |name: &str, more: &[&str]| {
        let out = at(name);
        let arguments = [&["explore"], &files[..], &["--seeds", "5..8", "--out", &out], more].concat();
        let output = run(&arguments);
        assert_eq!(code(&output), 0, "{}", complaints(&output));
    };
    explore("whole", &[]);
    explore("first", &["--shard", "1/2"]);
    // The second share is named by the variables of a job array.
    let second = simrun(&["explore", SCENARIO, OTHER, "--seeds", "5..8", "--shard", "auto", "--out", &at("second")])
        .envs([("SLURM_ARRAY_TASK_ID", "4"), ("SLURM_ARRAY_TASK_MIN", "3"), ("SLURM_ARRAY_TASK_COUNT", "2")])
        .output()
        .expect("simrun runs");
    assert_eq!(code(&second), 0, "{}", complaints(&second));
    assert!(complaints(&second).contains("share 2/2"));

    let merged = run(&["merge", &at("second"), &at("first"), "--out", &at("merged.jsonl")]);
    assert_eq!(code(&merged), 0, "{}", complaints(&merged));
    let whole = std::fs::read_to_string(folder.join("whole/explore.jsonl")).expect("results");
    assert!(whole == std::fs::read_to_string(folder.join("merged.jsonl")).expect("results"), "merged results differ");
    assert_eq!(whole.lines().count(), 9);

    let half = run(&["merge", &at("first")]);
    assert_eq!(code(&half), 3, "a campaign with missing seeds proves nothing");
    assert!(complaints(&half).contains("4 seeds of the campaign are in none of these files"));

    // One seed that ran differently on two machines is not merged away.
    let differing = whole.replace("\"hash\":\"", "\"hash\":\"0");
    std::fs::write(folder.join("differing.jsonl"), differing).expect("a file");
    let refused = run(&["merge", &at("whole"), &at("differing.jsonl")]);
    assert_eq!(code(&refused), 4);
    assert!(complaints(&refused).contains("seed 5 of scenarios/switchover_fail.toml ran differently"));
    std::fs::remove_dir_all(folder).expect("cleaned up");
}

#[test]
fn the_table_says_what_was_seen_and_what_was_not() {
    let output = run(&["explore", SCENARIO, "--seeds", "1..12"]);
    assert_eq!(code(&output), 0);
    let table = out(&output);
    for line in [
        "EXPLORED  scenarios/switchover_fail.toml  seeds 1..12 (12): 12 as expected",
        "failures   0 distinct",
        "a defect that shows in 1 seed of 4 or more often would have shown with 95 % probability",
        "seeds/s",
        "simulated years a day",
    ] {
        assert!(table.contains(line), "no `{line}` in\n{table}");
    }
    assert!(complaints(&output).contains("explore: 12 of 12 runs"), "a line where nobody watches");
}

/// A scenario that fails in every seed: its hazard is not expected.
fn failing(folder: &Path) -> String {
    let hazard = std::fs::read_to_string(root().join(HAZARD)).expect("the hazard");
    let (before, _) = hazard.split_once("[expect]").expect("an expectation");
    let path = folder.join("failing.toml");
    std::fs::write(&path, format!("{before}[run]\nseeds = \"1..3\"\ntime-limit = \"3m\"\n")).expect("a scenario");
    text(&path)
}

#[test]
fn failures_are_counted_by_signature_and_ci_gets_its_files() {
    let folder = folder("ci");
    let (scenario, results) = (failing(&folder), text(&folder.join("out")));
    let (junit, summary) = (folder.join("ci/junit.xml"), folder.join("summary.md"));
    let arguments = ["explore", &scenario, "--out", &results, "--junit", &text(&junit), "--summary", &text(&summary)];
    let output = run(&arguments);
    assert_eq!(code(&output), 1, "{}", complaints(&output));
    let table = out(&output);
    assert!(table.contains("no-lost-commit violated: # of # acknowledged transactions"), "{table}");
    // What breaks first differs by seed: two signatures.
    assert!(table.contains("2 seeds, first 1, shortest") && table.contains("1 seeds, first 3, shortest"), "{table}");
    assert!(table.contains(&format!("again    simrun {scenario} --seed 1")), "{table}");
    assert!(folder.join("out/failing/seed-1/report.html").exists(), "a report of the first seed of the failure");
    assert!(!folder.join("out/failing/seed-2").exists(), "and of no other");
    let xml = std::fs::read_to_string(junit).expect("JUnit");
    assert!(xml.contains("<property name=\"seeds\" value=\"1..3\"/>"), "{xml}");
    assert!(xml.contains(&format!("<property name=\"replay\" value=\"simrun {scenario} --seed 1\"/>")), "{xml}");
    assert!(xml.contains("<failure message="), "{xml}");
    assert!(std::fs::read_to_string(summary).expect("a summary").contains("**NOT AS EXPECTED**"));
    let fast = run(&["explore", &scenario, "--fail-fast", "--jobs", "1", "--format", "jsonl"]);
    assert_eq!((code(&fast), out(&fast).lines().count()), (1, 2), "one seed and the summary");
    std::fs::remove_dir_all(folder).expect("cleaned up");
}

#[test]
fn a_run_gives_ci_what_it_shows() {
    let folder = folder("run");
    let scenario = failing(&folder);
    let at = text(&folder.join("out"));
    let run_with = |more: &[&str]| run(&[&["run", scenario.as_str(), "--out", at.as_str()], more].concat());
    let annotations = run_with(&["--format", "github"]);
    assert_eq!(code(&annotations), 1);
    let line = format!("::error file={scenario},line=");
    assert!(out(&annotations).lines().any(|it| it.starts_with(&line)), "{}", out(&annotations));
    assert!(out(&run_with(&["--format", "junit"])).starts_with("<?xml version=\"1.0\""));
    assert!(out(&run_with(&["--format", "markdown"])).starts_with("# simrun"));
    let junit = folder.join("junit.xml");
    let beside = run_with(&["--junit", &text(&junit)]);
    assert!(out(&beside).contains("NOT AS EXPECTED"), "the screen stays as it is");
    assert!(std::fs::read_to_string(junit).expect("JUnit").contains("<failure"));
    let expected = run(&["run", HAZARD, "--format", "junit"]);
    assert_eq!(code(&expected), 0);
    assert!(out(&expected).contains("failures=\"0\" errors=\"0\"") && out(&expected).contains("HAZARD SHOWN"));
    std::fs::remove_dir_all(folder).expect("cleaned up");
}

#[test]
fn time_ends_a_campaign_without_an_end() {
    let output = run(&["explore", SCENARIO, "--for", "2s", "--jobs", "1", "--format", "jsonl"]);
    assert_eq!(code(&output), 0, "{}", complaints(&output));
    let lines = out(&output);
    assert!(lines.lines().count() > 1 && lines.contains("\"seed\":1,"), "{lines}");
    let wrong = run(&["explore", SCENARIO, "--for", "10"]);
    assert_eq!(code(&wrong), 2);
    assert!(complaints(&wrong).contains("has no unit"), "{}", complaints(&wrong));
    let nowhere = run(&["explore", SCENARIO, "--shard", "auto"]);
    assert_eq!(code(&nowhere), 2);
    assert!(complaints(&nowhere).contains("no job-array variable is set"), "{}", complaints(&nowhere));
}

#[test]
fn a_swarm_draws_a_configuration_for_each_seed_and_writes_out_what_fails() {
    let folder = folder("swarm");
    let scenario = failing(&folder);
    // The defect alone is not enough: some drawn cut has to bring it out.
    let calm = std::fs::read_to_string(&scenario).expect("the scenario");
    let (before, after) = calm.split_once("[[fault]]").expect("a fault");
    let (_, checks) = after.split_once("[[check]]").expect("a check");
    std::fs::write(&scenario, format!("{before}[[check]]{checks}")).expect("a scenario");
    let at = text(&folder.join("out"));
    let arguments = ["explore", &scenario, "--swarm", "--seeds", "1..12", "--out", &at, "--format", "jsonl"];
    let output = run(&arguments);
    assert!([0, 1].contains(&code(&output)), "{}", complaints(&output));
    let lines: Vec<serde_json::Value> =
        out(&output).lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let told: std::collections::BTreeSet<&str> = lines.iter().filter_map(|line| line["swarm"].as_str()).collect();
    assert_eq!((told.len(), lines.len()), (12, 13), "each its own, and the summary");
    let alone = run(&["explore", &scenario, "--swarm", "--seeds", "7..7", "--format", "jsonl"]);
    assert_eq!(out(&alone).lines().next(), out(&output).lines().nth(6), "a seed alone is what it is among others");
    if let Some(failed) = lines.iter().find(|line| line["signature"].is_string()) {
        let seed = failed["seed"].as_u64().expect("a seed");
        let written = folder.join(format!("out/failing/seed-{seed}/swarm.toml"));
        let again = run(&["explore", &text(&written), "--format", "jsonl"]);
        let line: serde_json::Value = serde_json::from_str(out(&again).lines().next().expect("a line")).expect("JSON");
        assert_eq!((&line["hash"], &line["signature"]), (&failed["hash"], &failed["signature"]));
    }
    std::fs::remove_dir_all(folder).expect("cleaned up");
}
