//! What comes out: JSON lines, files, logs with model time.

use std::path::Path;

use serde_json::Value;

use crate::program::{KILLED_AND_BACK, folder, program, simrun, write};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// `serde_json` sorts keys when it reads; the order on the line is the order in which they are promised.
fn in_order(line: &str, promised: &[&str]) -> bool {
    let places: Vec<Option<usize>> = promised.iter().map(|key| line.find(&format!("\"{key}\":"))).collect();
    places.iter().all(Option::is_some) && places.is_sorted()
}

#[test]
fn a_json_line_has_exactly_the_promised_fields() {
    let folder = folder("jsonl");
    write(&folder, "drill.toml", &format!("{KILLED_AND_BACK}[[check]]\nsometimes = \"dn1.process.killed\"\n"));
    let done = simrun(&folder, &["drill.toml", "--seeds", "3..4", "--format", "jsonl"]);
    let lines: Vec<&str> = done.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", done.out);
    for (line, seed) in lines.iter().zip([3, 4]) {
        let promised =
            ["format", "scenario", "seed", "verdict", "hash", "checks", "rto_ms", "rpo", "simulated_ms", "events"];
        let object: Value = serde_json::from_str(line).expect("JSON");
        let mut sorted = promised.to_vec();
        sorted.sort_unstable();
        assert_eq!(keys(&object), sorted);
        assert!(in_order(line, &promised), "{line}");
        assert_eq!(object["format"], 1);
        assert_eq!(object["scenario"], "drill.toml");
        assert_eq!(object["seed"], seed);
        let checks = object["checks"].as_array().expect("a list");
        assert_eq!(checks.len(), 2);
        for check in checks {
            assert_eq!(keys(check), ["answer", "at_ms", "event", "name"]);
        }
        assert_eq!(checks[1]["name"], "dn1.process.killed");
        assert_eq!(checks[1]["at_ms"], 12_000);
        assert!(checks[1]["event"].is_u64());
        assert_eq!(keys(&object["rpo"]), ["lost_commits", "window_ms"]);
        assert_eq!(object["simulated_ms"], 30_000);
        assert!(object["rto_ms"].is_u64() && object["events"].is_u64());
        assert_eq!(object["hash"].as_str().map(str::len), Some(16));
    }
    let last: Value = serde_json::from_str(lines[2]).expect("JSON");
    assert_eq!(keys(&last), ["format", "summary"]);
}

#[test]
fn seeds_give_the_same_lines_alone_in_a_batch_and_with_one_job_or_two() {
    let folder = folder("jobs");
    write(&folder, "drill.toml", KILLED_AND_BACK);
    let lines = |arguments: &[&str]| -> Vec<String> {
        let all = [&["drill.toml", "--format", "jsonl"], arguments].concat();
        let out = simrun(&folder, &all).out;
        out.lines().filter(|line| line.contains("\"seed\":")).map(str::to_owned).collect()
    };
    let one_job = lines(&["--seeds", "1..6", "--jobs", "1"]);
    assert_eq!(one_job.len(), 6);
    assert_eq!(one_job, lines(&["--seeds", "1..6", "--jobs", "2"]));
    assert_eq!(one_job[3..4], lines(&["--seed", "4"]));
}

#[test]
fn out_writes_report_record_draws_traces_and_the_logs_of_every_node() {
    let folder = folder("out");
    write(&folder, "drill.toml", KILLED_AND_BACK);
    simrun(&folder, &["drill.toml", "--out", "results"]).ends_with(0);
    let below = folder.join("results/drill/seed-1");
    let text = |file: &str| {
        let text = std::fs::read_to_string(below.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(!text.is_empty(), "{file} is empty");
        text
    };
    for file in ["report.html", "draws.toml", "trace.json", "events.shiviz.log"] {
        text(file);
    }
    let report: Value = serde_json::from_str(&text("report.json")).expect("JSON");
    assert_eq!(report["format"], 1);
    for line in text("record.jsonl").lines() {
        serde_json::from_str::<Value>(line).expect("each line of the record is JSON");
    }
    for (node, instance) in [("dn1", 6001), ("dn2", 6002), ("dn3", 6003)] {
        let dms = text(&format!("logs/{node}/pg_log/DMS/run/dms.rlog"));
        assert!(dms.lines().all(|line| line.contains("|DMS|")), "{dms}");
        let server = text(&format!("logs/{node}/pg_log/dn_{instance}/postgresql-current.log"));
        assert!(server.contains("[SS reform]"), "{server}");
        text(&format!("logs/{node}/cm/cm_agent/cm_agent-current.log"));
    }
}

#[test]
fn the_files_of_a_seed_are_the_same_bytes_each_time() {
    let folder = folder("same_bytes");
    write(&folder, "drill.toml", KILLED_AND_BACK);
    for out in ["one", "two"] {
        simrun(&folder, &["drill.toml", "--out", out]).ends_with(0);
    }
    let mut compared = 0;
    let mut folders = vec![Path::new("drill").to_owned()];
    while let Some(below) = folders.pop() {
        for entry in std::fs::read_dir(folder.join("one").join(&below)).expect("a folder") {
            let path = below.join(entry.expect("an entry").file_name());
            if folder.join("one").join(&path).is_dir() {
                folders.push(path);
            } else {
                let read = |out: &str| std::fs::read(folder.join(out).join(&path)).expect("a file");
                assert!(read("one") == read("two"), "{} differs", path.display());
                compared += 1;
            }
        }
    }
    assert!(compared > 8, "only {compared} files");
}

#[test]
fn verbose_runs_tell_what_happens_with_model_time() {
    let folder = folder("verbose");
    write(&folder, "drill.toml", KILLED_AND_BACK);
    assert_eq!(simrun(&folder, &["drill.toml"]).err, "");
    let told = simrun(&folder, &["-v", "drill.toml"]).ends_with(0).err;
    let killed = told.lines().find(|line| line.contains("dn1/gaussdb process.killed"));
    assert!(killed.is_some_and(|line| line.trim_start().starts_with("12.000000s  INFO")), "{told}");
    assert!(!told.contains("DEBUG"), "{told}");
    let more = simrun(&folder, &["-vv", "drill.toml"]).ends_with(0).err;
    assert!(more.contains("DEBUG dn1/gaussdb pg_log/"), "{more}");
}

#[test]
fn rust_log_chooses_what_is_told_and_changes_no_run() {
    let folder = folder("rust_log");
    write(&folder, "drill.toml", KILLED_AND_BACK);
    let quiet = simrun(&folder, &["drill.toml", "--format", "jsonl"]);
    let output = program(&folder).env("RUST_LOG", "simrun=debug").args(["drill.toml", "--format", "jsonl"]).output();
    let loud = crate::program::Done::from(output.expect("the program starts"));
    assert!(loud.err.contains(" DEBUG "), "{}", loud.err);
    assert_eq!(quiet.out, loud.out);
}

#[test]
fn a_seed_is_replayed_from_its_folder_and_what_differs_is_named() {
    let folder = folder("replay");
    write(&folder, "drill.toml", KILLED_AND_BACK);
    assert_eq!(simrun(&folder, &["drill.toml", "--seeds", "1..2", "--out", "kept"]).code, Some(0));
    let seed = folder.join("kept/drill/seed-1");
    // The folder is enough: the scenario as it was is in it.
    write(&folder, "drill.toml", "format = 1\n");
    let same = simrun(&folder, &["replay", "kept/drill/seed-1"]);
    assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
    assert!(same.out.starts_with("SAME  drill  seed 1\n"), "{}", same.out);
    let both = simrun(&folder, &["replay", "kept"]);
    assert_eq!(both.out.matches("SAME  drill").count(), 2, "{}", both.out);

    let record = std::fs::read_to_string(seed.join("record.jsonl")).expect("the record");
    std::fs::write(seed.join("record.jsonl"), record.replacen("cluster", "cloister", 1)).expect("a change");
    std::fs::remove_file(seed.join("draws.toml")).expect("a file goes");
    let other = simrun(&folder, &["replay", "kept/drill/seed-1"]);
    assert_eq!(other.code, Some(4), "{}{}", other.out, other.err);
    assert!(other.out.starts_with("NOT THE SAME  drill  seed 1\n  record.jsonl line "), "{}", other.out);
    assert!(other.out.contains("cloister") && other.out.contains("draws.toml is missing"), "{}", other.out);
    // The run itself is the same: only what was written of it differs.
    assert!(!other.out.contains(" then, "), "{}", other.out);

    let report = std::fs::read_to_string(seed.join("report.json")).expect("the report");
    let hash = report.split("\"hash\":").nth(1).and_then(|rest| rest.split('"').nth(1)).expect("a hash").to_owned();
    std::fs::write(seed.join("report.json"), report.replace(&hash, "0123456789abcdef")).expect("a change");
    let other = simrun(&folder, &["replay", "kept/drill/seed-1"]);
    assert!(other.out.contains(&format!("trace 0123456789abcdef then, {hash} now")), "{}", other.out);
    let nothing = simrun(&folder, &["replay", "drill.toml"]);
    assert_eq!(nothing.code, Some(2), "{}", nothing.err);
}

#[test]
fn what_was_told_is_told_again_from_the_folders_without_a_run() {
    let folder = folder("report");
    write(&folder, "drill.toml", KILLED_AND_BACK);
    let first = simrun(&folder, &["drill.toml", "--seed", "2", "--out", "kept", "--lang", "en", "--format", "plain"]);
    assert_eq!(first.code, Some(0), "{}", first.err);
    let again = simrun(&folder, &["report", "kept/drill/seed-2", "--lang", "en", "--format", "plain"]);
    // The page is named by whoever wrote it, and what stands beside its line is moved by it.
    let told = |out: &str| {
        let lines = out.lines().filter(|line| !line.contains("  report  "));
        lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!((told(&first.out), first.code), (told(&again.out), again.code));

    simrun(&folder, &["drill.toml", "--seeds", "1..3", "--out", "kept"]);
    let lines = |arguments: &[&str]| simrun(&folder, &[arguments, &["--format", "jsonl"]].concat()).out;
    assert_eq!(lines(&["report", "kept"]), lines(&["drill.toml", "--seeds", "1..3"]), "in the order of seeds");

    let page = folder.join("kept/drill/seed-3/report.html");
    let written = std::fs::read_to_string(&page).expect("the page");
    std::fs::remove_file(&page).expect("it goes");
    let done = simrun(&folder, &["report", "kept", "--pages", "--junit", "junit.xml"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(std::fs::read_to_string(&page).expect("the page"), written);
    let junit = std::fs::read_to_string(folder.join("junit.xml")).expect("JUnit");
    assert!(junit.contains("testsuite") && junit.contains("1..3"), "{junit}");
    let nothing = simrun(&folder, &["report", "."]);
    assert_eq!(nothing.code, Some(0), "a folder above is one with such folders below it: {}", nothing.err);
    std::fs::create_dir_all(folder.join("empty")).expect("a folder");
    let nothing = simrun(&folder, &["report", "empty"]);
    assert!(nothing.code == Some(2) && nothing.err.contains("no results below empty"), "{}", nothing.err);
}
