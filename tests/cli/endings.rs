//! How the program ends: each exit code for real, Ctrl-C, and what the two spellings of `run` have in common.
//!
//! Code 4 and the panic behind code 70 need a model with a mistake in it, which no shipped product has: they are
//! tested beside the code, in `sim/src/cli/run.rs`.

use crate::program::{Done, KILLED_AND_BACK, folder, root, simrun, write};

fn with(more: &str) -> String {
    format!("{KILLED_AND_BACK}\n{more}")
}

#[test]
fn as_expected_is_0() {
    let folder = folder("code_0");
    write(&folder, "drill.toml", KILLED_AND_BACK);
    let done = simrun(&folder, &["drill.toml"]).ends_with(0);
    assert!(done.out.contains("AS EXPECTED  drill  seed 1"), "{}", done.out);
    assert!(done.out.contains("again  simrun drill.toml --seed 1"), "{}", done.out);
    assert!(!folder.join("simrun-out").exists(), "nothing is written unless it was asked for");
}

#[test]
fn a_hazard_that_was_to_be_shown_is_0_too() {
    let file = "scenarios/opengauss_dms/primary_cut_and_kick_without_preempt.toml";
    let done = simrun(&root(), &[file]).ends_with(0);
    assert!(done.out.contains("HAZARD SHOWN"), "{}", done.out);
}

#[test]
fn an_expected_violation_that_does_not_appear_is_1_and_is_written_down() {
    let folder = folder("code_1");
    write(&folder, "drill.toml", &with("[expect]\nverdict = \"violation\"\nof = [\"single-writer\"]"));
    let done = simrun(&folder, &["drill.toml"]).ends_with(1);
    assert!(done.out.contains("NOT AS EXPECTED  drill  seed 1"), "{}", done.out);
    assert!(done.out.contains("single-writer was expected to be violated, and it holds"), "{}", done.out);
    assert!(folder.join("simrun-out/drill/seed-1/report.json").exists());
}

#[test]
fn a_moment_that_never_came_is_3_and_never_hides_a_1() {
    let folder = folder("code_3");
    write(&folder, "undecided.toml", &with("[[check]]\nsometimes = \"dn1.self-exit\""));
    let done = simrun(&folder, &["undecided.toml"]).ends_with(3);
    assert!(done.out.contains("INCONCLUSIVE  undecided  seed 1"), "{}", done.out);
    assert!(done.out.contains("dn1.self-exit was never reached"), "{}", done.out);
    write(&folder, "wrong.toml", &with("[expect]\nverdict = \"violation\""));
    simrun(&folder, &["wrong.toml", "undecided.toml"]).ends_with(1);
    simrun(&folder, &["undecided.toml", "wrong.toml"]).ends_with(1);
}

#[test]
fn results_that_cannot_be_written_are_70() {
    let folder = folder("code_70");
    write(&folder, "drill.toml", KILLED_AND_BACK);
    let done = simrun(&folder, &["drill.toml", "--out", "drill.toml/results"]).ends_with(70);
    assert!(done.err.contains("error: cannot write drill.toml/results/"), "{}", done.err);
}

#[test]
fn a_file_alone_and_run_with_a_file_are_the_same() {
    let folder = folder("spellings");
    write(&folder, "drill.toml", KILLED_AND_BACK);
    let bare = simrun(&folder, &["drill.toml", "--seed", "7"]).ends_with(0);
    let spelled_out = simrun(&folder, &["run", "drill.toml", "--seed", "7"]).ends_with(0);
    assert_eq!(bare.out, spelled_out.out);
    assert!(bare.out.contains("seed 7"), "{}", bare.out);
}

#[test]
fn check_explains_and_runs_nothing() {
    let done = simrun(&root(), &["check", "scenarios/switchover_fail.toml"]).ends_with(0);
    assert!(done.out.contains("kill-new-primary") && done.out.contains("cm_ctl switchover"), "{}", done.out);
    assert!(!done.out.contains("trace "), "{}", done.out);
}

#[test]
fn the_chinese_screen_names_the_same_hash() {
    let folder = folder("chinese");
    write(&folder, "drill.toml", KILLED_AND_BACK);
    let hash = |done: &Done| {
        let lines = done.out.lines().rev().take(4).flat_map(str::split_whitespace).map(str::to_owned);
        lines.into_iter().find(|word| word.len() == 16 && word.chars().all(|it| it.is_ascii_hexdigit()))
    };
    let english = simrun(&folder, &["drill.toml", "--lang", "en"]).ends_with(0);
    let chinese = simrun(&folder, &["drill.toml", "--lang", "zh"]).ends_with(0);
    assert!(chinese.out.contains("符合预期"), "{}", chinese.out);
    assert!(hash(&english).is_some() && hash(&english) == hash(&chinese), "{}", english.out);
}

#[test]
fn the_same_seed_runs_twice_alike_in_shipped_scenarios() {
    for file in ["scenarios/switchover_fail.toml", "scenarios/dm_dsc/kill_and_rejoin.toml"] {
        let done = simrun(&root(), &[file, "--check-determinism", "--format", "jsonl"]).ends_with(0);
        assert!(done.err.contains("deterministic: each seed ran twice with the same events"), "{}", done.err);
    }
}

/// Ctrl-C, as a terminal sends it.
#[cfg(unix)]
mod interrupted {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    use crate::program::{Done, KILLED_AND_BACK, folder, program, write};

    #[test]
    fn ctrl_c_ends_a_batch_with_130_and_what_is_known() {
        let folder = folder("code_130");
        write(&folder, "drill.toml", KILLED_AND_BACK);
        let mut child = program(&folder)
            .args(["drill.toml", "--seeds", "1..1000000", "--format", "jsonl"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        let mut told = String::new();
        out.read_line(&mut told).expect("a first seed");
        let signalled = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
        assert!(signalled.success());
        out.read_to_string(&mut told).expect("the rest of its output");
        let mut done = Done::from(child.wait_with_output().expect("its end")).ends_with(130);
        done.out = told;

        let lines: Vec<serde_json::Value> =
            done.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let (summary, seeds) = lines.split_last().expect("a summary");
        assert!(!seeds.is_empty());
        // What was cut off in the middle is not told as if it had been judged.
        // (On several threads a later seed may have been done when an earlier one was cut off.)
        let numbers: Vec<u64> = seeds.iter().filter_map(|seed| seed["seed"].as_u64()).collect();
        assert_eq!((numbers.len(), numbers[0]), (seeds.len(), 1));
        assert!(numbers.is_sorted_by(|earlier, later| earlier < later), "{numbers:?}");
        for seed in seeds {
            assert_eq!(seed["verdict"], "as-expected");
            assert_eq!(seed["simulated_ms"], 30_000);
        }
        assert_eq!(summary["summary"]["seeds"], seeds.len());
        let missing = format!("interrupted: {} of 1000000 seeds are told", seeds.len());
        assert!(done.err.contains(&missing), "{missing}?\n{}", done.err);
    }
}
