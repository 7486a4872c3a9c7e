//! Every shipped scenario: it ends as it says, the same way twice, with the hash that is pinned, and differently when
//! its faults and defects are taken away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nodes::product::NodeState;
use rayon::prelude::*;
use simrun::check::Answer;
use simrun::draws::Draws;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::model::{Promise, Trigger, When};
use simrun::scenario::{self, Scenario};
use simrun::tell::{self, Tale};
use simrun::verdict::{self, Outcome, Verdict};
use simrun::vocabulary;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The shipped scenario files, below the root, in order. While one works on a product, its folder is enough:
/// `SIMRUN_SCENARIOS=scenarios/kingbase cargo test --workspace --test scenarios`.
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
    let only = std::env::var("SIMRUN_SCENARIOS").unwrap_or_default();
    files.retain(|file| file.starts_with(&only));
    assert!(!files.is_empty(), "no scenario file below {only}");
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

/// What a run came to, as an operator would sum it up: the verdict, the answers, how long service was away, whether
/// anything was lost, and how the nodes stand in the end. Moments, and what a fault leaves in the trace by itself, are
/// no part of it.
#[derive(Debug, PartialEq, Eq)]
struct Sum {
    verdict: (Outcome, bool),
    answers: Vec<(String, Answer)>,
    outage: &'static str,
    lost: Option<bool>,
    nodes: Vec<(String, String, String, bool)>,
}

fn sum_up(scenario: &Scenario, draws: &Draws, record: &Record, verdict: &Verdict) -> Sum {
    let product = nodes::catalogue::find(&scenario.product.model).expect("a product of the catalogue");
    let objectives = tell::report(&Tale { scenario, text: "", product, draws, record, verdict }).objectives;
    let outage = match objectives.rto.measured.map(|span| span.as_millis()) {
        None => "for ever",
        Some(0..1_000) => "none to speak of",
        Some(1_000..5_000) => "a few seconds",
        Some(5_000..30_000) => "many seconds",
        Some(_) => "long",
    };
    let last = record.states.last().map(|snapshot| snapshot.nodes.as_slice()).unwrap_or_default();
    let node = |node: &NodeState| (node.host.clone(), node.role.clone(), node.state.clone(), node.writable);
    Sum {
        verdict: (verdict.outcome, verdict.hazard_shown),
        answers: verdict.checks.iter().map(|check| (check.name.clone(), check.finding.answer)).collect(),
        outage,
        lost: objectives.rpo.lost_commits.map(|lost| lost > 0),
        nodes: last.iter().map(node).collect(),
    }
}

#[test]
fn without_its_faults_and_defects_a_scenario_ends_differently() {
    let files = files();
    let idle = files.par_iter().filter_map(|file| {
        let scenario = load(file);
        if scenario.faults.is_empty() && scenario.product.defects.is_empty() {
            return None;
        }
        let seed = first_seed(&scenario);
        let mut loud = scenario.clone();
        // A check that waits for a fault cannot be asked of a run without it.
        loud.checks.retain(|check| match &check.promise {
            Promise::Eventually { after: Some(trigger), .. } => !names_a_fault(&scenario, trigger),
            _ => true,
        });
        let mut quiet = loud.clone();
        quiet.faults.clear();
        quiet.product.defects.clear();
        quiet.steps.retain(|step| match &step.when {
            When::After { trigger, .. } => !names_a_fault(&scenario, trigger),
            When::At(_) => true,
        });
        let sum = |scenario: &Scenario| {
            let (record, verdict) = run(scenario, seed);
            sum_up(scenario, &Draws::of(scenario, seed), &record, &verdict)
        };
        let (sum, quiet_sum) = (sum(&loud), sum(&quiet));
        (sum == quiet_sum)
            .then(|| format!("{} tests nothing: it ends the same without its faults\n{sum:#?}", file.display()))
    });
    let idle: Vec<String> = idle.collect();
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}

fn names_a_fault(scenario: &Scenario, trigger: &Trigger) -> bool {
    trigger.entry().is_some_and(|entry| scenario.faults.iter().any(|fault| fault.name == entry))
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
