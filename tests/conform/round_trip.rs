//! What the models themselves write in every shipped scenario is explained.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use simrun::conform::{Clock, Judged, judge};
use simrun::run::Record;
use simrun::scenario::Scenario;

use super::{load, native_logs, outputs, root, run};

/// The scenario files of a product with a grammar, below the root.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of scenarios") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}

/// So many seeds of each drill are judged, from its first on.
const SEEDS: u64 = 2;

#[test]
fn what_the_models_write_in_every_shipped_scenario_is_consistent() {
    let mut found = Vec::new();
    files(&root().join("scenarios"), &mut found);
    // SIMRUN_SCENARIOS=scenarios/kingbase judges those of one folder, while one works on it.
    let only = std::env::var("SIMRUN_SCENARIOS").unwrap_or_default();
    found.retain(|file| file.starts_with(root().join(&only)));
    // SIMRUN_CONFORM_SEEDS=20 judges more of them, by hand.
    let more = std::env::var("SIMRUN_CONFORM_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    let judged: Vec<Result<usize, String>> =
        found.par_iter().map(|file| round_trip(file, more.unwrap_or(SEEDS))).collect();
    let wrong: Vec<&String> = judged.iter().filter_map(|judged| judged.as_ref().err()).collect();
    assert!(wrong.is_empty(), "{} drills\n{}", wrong.len(), wrong.into_iter().cloned().collect::<Vec<_>>().join("\n"));
    let judged: usize = judged.into_iter().flatten().sum();
    assert!(judged > 1_000 || !only.is_empty(), "only {judged} logs and outputs were judged");
}

/// Runs seeds of a scenario and judges each log they wrote and each output they printed: how many there were, or what
/// is wrong. A drill that says that its log shows the defect must show it in some seed.
fn round_trip(file: &Path, seeds: u64) -> Result<usize, String> {
    let scenario = &load(file);
    if nodes::catalogue::logs(&scenario.product.model).is_empty() {
        return Ok(0);
    }
    let first = scenario.run.seeds.first;
    let (mut judged, mut strays) = (0, Vec::new());
    for seed in first..first + seeds {
        let verdicts = verdicts(scenario, seed);
        judged += verdicts.len();
        let of_seed = verdicts.iter().filter(|verdict| !verdict.is_consistent());
        strays.extend(of_seed.map(|verdict| format!("{} seed {seed}: {:?}", scenario.name, verdict.stray)));
    }
    match (scenario.expect.stray_log, strays.first()) {
        (true, None) => Err(format!("{}: `log = \"stray\"`, and the logs are sound", scenario.name)),
        (true, Some(_)) if scenario.product.defects.is_empty() => {
            Err(format!("{}: `log = \"stray\"` without a defect", scenario.name))
        }
        (false, Some(stray)) => Err(stray.clone()),
        _ => Ok(judged),
    }
}

/// The verdicts on every log and every output of a seed.
fn verdicts(scenario: &Scenario, seed: u64) -> Vec<Judged> {
    let kinds = nodes::catalogue::logs(&scenario.product.model);
    let record = run(scenario, seed);
    let logs = native_logs(&record);
    // Only a host whose clock the scenario sets may write times that go back.
    let sets_clocks = scenario.faults.iter().any(|fault| fault.verb.name() == "jump-clock");
    let clock = if sets_clocks { Clock::MayJump } else { Clock::Forward };
    let of_logs = logs.iter().flat_map(|(name, text)| judge(kinds, name, text, clock));
    of_logs.chain(printed_by_commands(scenario, &record)).collect()
}

/// What commands printed is judged too: each for itself, and all as one paste.
fn printed_by_commands(scenario: &Scenario, record: &Record) -> Vec<Judged> {
    let kinds = nodes::catalogue::logs(&scenario.product.model);
    let outputs = outputs(record);
    let paste: Vec<&str> = outputs.iter().map(|(_, text)| text.as_str()).collect();
    let each = outputs.iter().flat_map(|(line, text)| judge(kinds, line, text, Clock::MayJump));
    each.chain(judge(kinds, "all commands", &paste.join("\n"), Clock::MayJump)).collect()
}
