//! Logs held against the models: those of the incidents are accepted, edited copies of them are not, and what the
//! models themselves write in every shipped scenario is.

mod against;
mod fixtures;
mod made;
mod round_trip;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nodes::world::trace::What;
use simrun::draws::Draws;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::{self, Scenario};
use simrun::vocabulary;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs `simrun conform` on a log of this name and text.
fn conform(product: &str, name: &str, text: &str, options: &[&str]) -> Output {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conform");
    std::fs::create_dir_all(&folder).expect("a folder for the logs");
    let file = folder.join(name);
    std::fs::write(&file, text).expect("the log is written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_simrun"));
    let english: &[&str] = if options.contains(&"--lang") { &[] } else { &["--lang", "en"] };
    command.args(["conform", "--product", product]).args(english).args(options).arg(&file);
    command.output().expect("simrun runs")
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn load(file: &Path) -> Scenario {
    let accepted = scenario::load(file, &vocabulary::known());
    accepted.unwrap_or_else(|rejected| panic!("{}: {:#?}", file.display(), rejected.diagnostics)).scenario
}

fn run(scenario: &Scenario, seed: u64) -> Record {
    let product = nodes::catalogue::find(&scenario.product.model).expect("a product");
    run_scenario(scenario, product, &Draws::of(scenario, seed), &RunOptions::default()).expect("a run")
}

/// The logs of the hosts, by host and path.
fn native_logs(record: &Record) -> BTreeMap<String, String> {
    let mut logs: BTreeMap<String, String> = BTreeMap::new();
    for event in record.trace.events() {
        let What::Log { file, line } = &event.what else { continue };
        let Some(host) = record.trace.host_of(event.place) else { continue };
        let log = logs.entry(format!("{}/{}", record.trace.host_name(host), file.trim_start_matches('/'))).or_default();
        log.push_str(line);
        log.push('\n');
    }
    logs
}

/// What each command that ended printed, by its line.
fn outputs(record: &Record) -> Vec<(String, String)> {
    let ended = record.steps.iter().flat_map(|step| &step.commands).filter(|command| command.exit_code.is_some());
    let output = ended.map(|command| {
        let lines: Vec<&str> = command.lines.iter().map(|(_, line)| line.as_str()).collect();
        (command.line(), lines.join("\n"))
    });
    output.collect()
}

/// An edit of a log, and the line, from 1, at which it must show.
struct Edit {
    name: &'static str,
    make: fn(&mut Vec<String>),
    shows_at: usize,
}

fn replaced(lines: &mut [String], line: usize, from: &str, to: &str) {
    let before = lines[line - 1].clone();
    lines[line - 1] = before.replace(from, to);
    assert_ne!(lines[line - 1], before, "line {line} has no {from}");
}

fn each_shows(product: &str, original: &str, edits: &[Edit]) {
    for (number, edit) in edits.iter().enumerate() {
        let mut lines: Vec<String> = original.lines().map(str::to_owned).collect();
        (edit.make)(&mut lines);
        let name = format!("{product}-{number}.log");
        let output = conform(product, &name, &lines.join("\n"), &["--format", "json"]);
        assert_eq!(output.status.code(), Some(1), "{}: {}", edit.name, printed(&output));
        let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let logs = verdict["logs"].as_array().expect("logs");
        let strays = || logs.iter().map(|log| &log["stray"]).filter(|stray| !stray.is_null());
        assert_eq!(strays().count(), 1, "{}: {verdict}", edit.name);
        let stray = strays().next().expect("a stray");
        assert_eq!(stray["line"], edit.shows_at, "{}: {stray}", edit.name);
        let why = if edit.name == "a time going backwards" { "time-goes-back" } else { "no-behaviour" };
        assert_eq!(stray["why"], why, "{}: {stray}", edit.name);
    }
}

#[test]
fn a_file_without_a_line_of_the_product_decides_nothing() {
    let output = conform("dm_dsc", "other.log", "2024-01-01 00:00:00.000 something else\n", &[]);
    assert_eq!(output.status.code(), Some(3));
    let output = conform("kingbas", "other.log", "", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("logs can be judged of"));
}
