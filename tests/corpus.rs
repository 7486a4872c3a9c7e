//! The corpus: failures that are kept, run again. Its format is described in `scenarios/regressions/README.md`.

use std::path::{Path, PathBuf};

use simrun::check::Answer;
use simrun::explore::trial::{self, Trial};
use simrun::scenario::{self, Accepted};
use simrun::verdict::Outcome;
use simrun::vocabulary;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn load(path: &Path) -> Accepted {
    scenario::load(path, &vocabulary::known())
        .unwrap_or_else(|rejected| panic!("{} is rejected: {:#?}", path.display(), rejected.diagnostics))
}

fn run(accepted: &Accepted, seed: u64) -> Trial {
    let product = nodes::catalogue::find(&accepted.scenario.product.model).expect("a product of the catalogue");
    let path = &accepted.scenario.path;
    trial::run(&accepted.scenario, product, seed, || false)
        .unwrap_or_else(|error| panic!("{path} seed {seed}: {error}"))
}

fn shrunk_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("scenarios/regressions")).expect("the corpus");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    files.sort();
    files
}

#[test]
fn every_shrunk_scenario_still_shows_what_it_is_kept_for() {
    let files = shrunk_files();
    assert!(!files.is_empty(), "the corpus is empty");
    for file in files {
        let accepted = load(&file);
        let seeds: Vec<u64> = accepted.scenario.run.seeds.iter().take(21).collect();
        assert!(seeds.len() <= 20, "{} runs more than twenty seeds", file.display());
        for seed in seeds {
            let trial = run(&accepted, seed);
            let outcome = trial.verdict.outcome;
            assert_eq!(outcome, Outcome::AsExpected, "{} seed {seed}: {:?}", file.display(), trial.verdict.cause);
        }
    }
}

#[test]
fn every_kept_seed_ends_as_it_did() {
    let text = std::fs::read_to_string(root().join("scenarios/regressions/seeds.txt")).expect("the list of seeds");
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let mut kept = 0;
    for line in lines.filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (path, seed, outcome, check) = match words.as_slice() {
            [path, seed, outcome] => (path, seed, outcome, None),
            [path, seed, outcome, check] => (path, seed, outcome, Some(check)),
            _ => panic!("`{line}` is not PATH SEED OUTCOME [CHECK]"),
        };
        let trial = run(&load(&root().join(path)), seed.parse().expect("a seed"));
        let ended = match trial.verdict.outcome {
            Outcome::AsExpected => "as-expected",
            Outcome::Inconclusive => "inconclusive",
            Outcome::NotAsExpected => "not-as-expected",
        };
        assert_eq!(ended, *outcome, "{line}: {:?}", trial.verdict.cause);
        if let Some(check) = check {
            let violated = |it: &simrun::verdict::Judged| it.name == **check && it.finding.answer == Answer::Violated;
            assert!(trial.verdict.checks.iter().any(violated), "{line}: {check} is not violated");
        }
        kept += 1;
    }
    assert!(kept > 0, "no seed is kept");
}
