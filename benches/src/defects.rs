//! The mutation score: how many seeds and seconds it takes to find each real bug that can be switched back on, and which
//! check does. What is missed is printed with the rest, never left out. How a defect is looked for: [`simrun::mutants`].

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use nodes::product::Product;
use simrun::explore::workers;
use simrun::mutants::{Found, Hunt, median};
use simrun::scenario::{Accepted, load};
use simrun::vocabulary;

use crate::error::Error;
use crate::measure::{Allowance, timed};

/// How far to look.
#[derive(Args)]
pub struct Options {
    /// From how many first seeds each defect is looked for.
    #[arg(long, default_value_t = 20)]
    bases: u64,
    /// Within how many seeds a defect must be found.
    #[arg(long, default_value_t = 1_000)]
    within: u64,
    /// Only this product.
    #[arg(long)]
    product: Option<String>,
    /// Only this defect.
    #[arg(long)]
    defect: Option<String>,
    /// Seconds after which no further search for a defect is begun; the table says how many were made.
    #[arg(long, default_value_t = 3_600)]
    patience: u64,
    /// How many searches run at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// The folder of scenarios.
    #[arg(long, default_value = "scenarios")]
    scenarios: PathBuf,
}

/// The score over some defects.
struct Score {
    table: String,
    found: usize,
    misses: Vec<String>,
}

/// Looks for every defect and tells what it took.
pub fn run(options: &Options) -> Result<String, Error> {
    let scenarios = scenarios(&options.scenarios)?;
    let mut score = Score {
        table: format!("{:46}  {:>6}  {:>8}  {:>8}  {:32}  where\n", "defect", "seeds", "seconds", "searches", "check"),
        found: 0,
        misses: Vec::new(),
    };
    for product in nodes::catalogue::products() {
        if options.product.as_ref().is_none_or(|wanted| wanted == product.model) {
            score_of(options, product, &scenarios, &mut score)?;
        }
    }
    let Score { mut table, found, misses } = score;
    table.push_str(&format!(
        "mutation score: {found} of {} found, median over {} first seeds, within {} seeds each\n",
        found + misses.len(),
        options.bases,
        options.within
    ));
    match misses.as_slice() {
        [] => table.push_str("missed: none\n"),
        misses => table.push_str(&format!("missed: {}\n", misses.join(", "))),
    }
    Ok(table)
}

fn score_of(
    options: &Options,
    product: &'static Product,
    scenarios: &[Accepted],
    score: &mut Score,
) -> Result<(), Error> {
    let vocabulary = vocabulary::known();
    for defect in product.defects {
        if options.defect.as_ref().is_some_and(|wanted| wanted != defect.name) {
            continue;
        }
        let hunt = Hunt::of(product, defect.name, scenarios, &vocabulary);
        let (searches, took) = timed(|| searches(options, &hunt));
        let made = searches.len();
        let seconds = took.as_secs_f64() / made.max(1) as f64;
        let name = hunt.name();
        let row = match median(searches) {
            Some(Found { seeds, check, scenario, is_drawn, .. }) => {
                score.found += 1;
                let how = if is_drawn { " (drawn)" } else { "" };
                format!("{name:46}  {seeds:>6}  {seconds:>8.2}  {made:>8}  {check:32}  {scenario}{how}\n")
            }
            None => {
                score.misses.push(name.clone());
                format!("{name:46}  {:>6}  {seconds:>8.2}  {made:>8}  {:32}  -\n", "missed", "-")
            }
        };
        // It takes long: whoever waits sees it grow.
        eprint!("{row}");
        score.table.push_str(&row);
    }
    Ok(())
}

/// One search for each first seed, as many as there is time for. When more than half were in vain the rest cannot change
/// the median.
fn searches(options: &Options, hunt: &Hunt<'_>) -> Vec<Option<Found>> {
    let mut searches: Vec<Option<Found>> = Vec::new();
    let allowance = Allowance::of_seconds(options.patience);
    let one = |base: u64| Some(hunt.search(base * options.within + 1, options.within));
    workers::in_order(
        0..options.bases,
        options.jobs,
        || false,
        one,
        |found| {
            searches.push(found);
            let in_vain = searches.iter().filter(|found| found.is_none()).count() as u64;
            let is_decided = in_vain * 2 > options.bases;
            if is_decided || allowance.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    );
    searches
}

/// Every scenario of a folder that can be read.
pub(crate) fn scenarios(folder: &Path) -> Result<Vec<Accepted>, Error> {
    let vocabulary = vocabulary::known();
    Ok(files(folder)?.iter().filter_map(|file| load(file, &vocabulary).ok()).collect())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable = |source| Error::Folder { path: folder.clone(), source };
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many defects of each product are looked for in CI.
    const SOME: usize = 2;

    #[test]
    fn the_first_defects_of_each_product_that_a_scenario_names_are_found() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
        let (scenarios, vocabulary) = (scenarios(&folder).expect("the scenarios"), vocabulary::known());
        for product in nodes::catalogue::products() {
            let is_named = |defect: &&nodes::product::Word| {
                scenarios.iter().any(|it| {
                    it.scenario.product.model == product.model
                        && it.scenario.product.defects.iter().any(|known| known == defect.name)
                })
            };
            let named: Vec<_> = product.defects.iter().filter(is_named).take(SOME).collect();
            assert!(!named.is_empty() || product.defects.is_empty(), "no scenario names a defect of {}", product.model);
            for defect in named {
                let hunt = Hunt::of(product, defect.name, &scenarios, &vocabulary);
                let found = hunt.search(1, 20);
                assert!(found.is_some(), "{} is not found within 20 seeds", hunt.name());
            }
        }
    }
}
