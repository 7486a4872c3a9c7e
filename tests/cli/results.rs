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
