//! Every shipped scenario: it ends as it says, the same way twice, with the hash that is pinned, and differently when
//! its faults and defects are taken away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nodes::world::trace::What;
use rayon::prelude::*;
use simrun::draws::Draws;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::{self, Scenario};
use simrun::verdict::{self, Outcome, Verdict};
use simrun::vocabulary;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The shipped scenario files, below the root, in order.
fn files() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("scenarios")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).expect("the folder of scenarios") {
            let path = folder.join(entry.expect("a folder entry").file_name());
            if root().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn load(file: &Path) -> Scenario {
    match scenario::load(&root().join(file), &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("{} is rejected: {:#?}", file.display(), rejected.diagnostics),
    }
}

fn run(scenario: &Scenario, seed: u64) -> (Record, Verdict) {
    let product = nodes::catalogue::find(&scenario.product.model).expect("a product of the catalogue");
    let draws = Draws::of(scenario, seed);
    let record = run_scenario(scenario, product, &draws, &RunOptions::default())
        .unwrap_or_else(|error| panic!("{} seed {seed}: {error}", scenario.name));
    let verdict = verdict::judge(scenario, &record);
    (record, verdict)
}

fn first_seed(scenario: &Scenario) -> u64 {
    scenario.run.seeds.first
}

#[test]
fn every_scenario_ends_as_it_says_and_the_same_way_twice() {
    let mut lines: Vec<String> = files()
        .par_iter()
        .map(|file| {
            let scenario = load(file);
            let seed = first_seed(&scenario);
            let (record, verdict) = run(&scenario, seed);
            let (again, _) = run(&scenario, seed);
            assert_eq!(record.trace.hash(), again.trace.hash(), "{} is not deterministic", file.display());
            let answers: Vec<String> = verdict
                .checks
                .iter()
                .map(|check| {
                    format!("{} {}: {}", check.name, check.finding.answer, check.finding.explanation.join(" "))
                })
                .collect();
            assert_eq!(
                verdict.outcome,
                Outcome::AsExpected,
                "{} seed {seed}: {:?}\n{}",
                file.display(),
                verdict.cause,
                answers.join("\n")
            );
            format!("{} {:016x} {} events", file.display(), record.trace.hash(), record.trace.count())
        })
        .collect();
    lines.sort();
    // A pin changes only on purpose: the commit that changes one says why. One file of pins a folder, so that a new
    // scenario of one product moves no line of another's.
    let mut by_folder: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        by_folder.entry(folder_name(&line)).or_default().push(line);
    }
    for (folder, lines) in by_folder {
        insta::assert_snapshot!(format!("pins__{folder}"), lines.join("\n"));
    }
}

/// The folder of scenarios that a line `scenarios/<folder>/<file> ...` belongs to.
fn folder_name(line: &str) -> String {
    let path = line.split(' ').next().unwrap_or(line);
    let folders: Vec<&str> = path.split('/').collect();
    match &folders[1..folders.len() - 1] {
        [] => "top".to_string(),
        folders => folders.join("_"),
    }
}

/// What a run came to, without its moments: the answers, the announcements of each node in order, and how it ended.
fn outcome(record: &Record, verdict: &Verdict) -> Vec<String> {
    let mut told: Vec<String> =
        verdict.checks.iter().map(|check| format!("{} {}", check.name, check.finding.answer)).collect();
    told.push(format!("{:?}", verdict.hazard_shown));
    for event in record.trace.events() {
        if let What::Announced { name, .. } = &event.what {
            told.push(format!("{} {name}", record.trace.place_name(event.place)));
        }
    }
    told
}

#[test]
fn without_its_faults_and_defects_a_scenario_ends_differently() {
    files().par_iter().for_each(|file| {
        let scenario = load(file);
        if scenario.faults.is_empty() && scenario.product.defects.is_empty() {
            return;
        }
        let seed = first_seed(&scenario);
        let (record, verdict) = run(&scenario, seed);
        let mut quiet = scenario.clone();
        quiet.faults.clear();
        quiet.product.defects.clear();
        quiet.steps.retain(|step| !waits_for_a_fault(&scenario, step));
        let (quiet_record, quiet_verdict) = run(&quiet, seed);
        assert_ne!(
            outcome(&record, &verdict),
            outcome(&quiet_record, &quiet_verdict),
            "{} tests nothing: it ends the same without its faults",
            file.display()
        );
    });
}

fn waits_for_a_fault(scenario: &Scenario, step: &scenario::model::Step) -> bool {
    match &step.when {
        scenario::model::When::After { trigger, .. } => {
            trigger.entry().is_some_and(|entry| scenario.faults.iter().any(|fault| fault.name == entry))
        }
        scenario::model::When::At(_) => false,
    }
}

#[test]
fn seeds_give_the_same_hash_alone_in_a_batch_and_on_other_threads() {
    let scenario = load(Path::new("scenarios/switchover_fail.toml"));
    let hash = |seed: u64| run(&scenario, seed).0.trace.hash();
    let in_a_batch: Vec<u64> = (1..=50).map(hash).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
    let on_two_threads: Vec<u64> = pool.install(|| (1..=50u64).into_par_iter().map(hash).collect());
    assert_eq!(in_a_batch, on_two_threads);
    assert_eq!(hash(50), in_a_batch[49]);
    let distinct: std::collections::BTreeSet<&u64> = in_a_batch.iter().collect();
    assert_eq!(distinct.len(), 50);
}
