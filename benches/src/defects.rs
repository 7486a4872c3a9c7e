//! The mutation score: how many seeds it takes to find each real bug that can be switched back on, and which check does.
//!
//! A simulator that finds nothing may be looking at nothing. Every defect of every product is switched on in the shipped
//! scenarios of that product that have none of their own; their seeds are run in turn until a check fails that does not
//! fail in the same seed without the defect. Found means: the median over several first seeds lies within the limit.
//! What is missed is printed with the rest, never left out.

use std::path::{Path, PathBuf};

use clap::Args;
use nodes::product::Product;
use reports::Outcome;
use simrun::document::Document;
use simrun::explore::line::ExploredSeed;
use simrun::scenario::{Accepted, load};
use simrun::vocabulary;

use crate::error::Error;
use crate::measure::timed;

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
    /// The folder of scenarios.
    #[arg(long, default_value = "scenarios")]
    scenarios: PathBuf,
}

/// A scenario with a defect, and the same without.
struct Pair {
    sound: Accepted,
    defective: Accepted,
}

/// Where a search ended.
struct Found {
    /// How many seeds it took.
    seeds: u64,
    /// The check.
    check: String,
}

/// Looks for every defect and tells what it took.
pub fn run(options: &Options) -> Result<String, Error> {
    let mut table = format!("{:40}  {:>6}  {:>8}  check\n", "defect", "seeds", "seconds");
    let (mut found, mut misses) = (0, Vec::new());
    for product in nodes::catalogue::products() {
        if options.product.as_ref().is_some_and(|wanted| wanted != product.model) {
            continue;
        }
        for defect in product.defects {
            if options.defect.as_ref().is_some_and(|wanted| wanted != defect.name) {
                continue;
            }
            let name = format!("{}/{}", product.model, defect.name);
            let pairs = pairs(&options.scenarios, product, defect.name)?;
            let (median, took) = timed(|| median(options, product, &pairs));
            match median {
                Some(median) => {
                    found += 1;
                    let seconds = took.as_secs_f64();
                    table.push_str(&format!("{name:40}  {:>6}  {seconds:>8.1}  {}\n", median.seeds, median.check));
                }
                None => {
                    table.push_str(&format!("{name:40}  {:>6}  {:>8.1}  -\n", "missed", took.as_secs_f64()));
                    misses.push(name);
                }
            }
        }
    }
    table.push_str(&format!(
        "{found} of {} found within {} seeds, median over {} first seeds\n",
        found + misses.len(),
        options.within,
        options.bases
    ));
    if !misses.is_empty() {
        table.push_str(&format!("missed: {}\n", misses.join(", ")));
    }
    Ok(table)
}

/// The scenarios of a product that have no defect, each with one switched on.
fn pairs(folder: &Path, product: &Product, defect: &str) -> Result<Vec<Pair>, Error> {
    let vocabulary = vocabulary::known();
    let mut pairs = Vec::new();
    for file in files(folder)? {
        let Ok(sound) = load(&file, &vocabulary) else { continue };
        if sound.scenario.product.model != product.model || !sound.scenario.product.defects.is_empty() {
            continue;
        }
        let mut document = Document::of(&sound);
        document.set(&["product", "defects"], vec![defect.to_owned()]);
        if let Ok(defective) = document.accept(&sound.scenario.path, &vocabulary) {
            pairs.push(Pair { sound, defective });
        }
    }
    if pairs.is_empty() { Err(Error::NoScenarios(product.model)) } else { Ok(pairs) }
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

/// The median search; `None` if more than half of the searches come to nothing.
fn median(options: &Options, product: &Product, pairs: &[Pair]) -> Option<Found> {
    let mut searches: Vec<Found> = Vec::new();
    let mut in_vain = 0;
    for base in 0..options.bases {
        match search(options, product, pairs, base) {
            Some(found) => searches.push(found),
            None => in_vain += 1,
        }
        if in_vain * 2 > options.bases {
            return None;
        }
    }
    searches.sort_by_key(|found| found.seeds);
    let middle = usize::try_from(options.bases.saturating_sub(1) / 2).ok()?;
    searches.into_iter().nth(middle)
}

/// Seed after seed, each in the next scenario.
fn search(options: &Options, product: &Product, pairs: &[Pair], base: u64) -> Option<Found> {
    for number in 0..options.within {
        let seed = base * options.within + number + 1;
        let pair = pairs.get(usize::try_from(seed).ok()? % pairs.len())?;
        let line = ExploredSeed::of(&pair.defective, product, seed, || false);
        if line.line.verdict != Outcome::NotAsExpected {
            continue;
        }
        let control = ExploredSeed::of(&pair.sound, product, seed, || false);
        if control.line.verdict != Outcome::NotAsExpected {
            let signature = line.signature.unwrap_or_default();
            let check = signature.split(' ').next().unwrap_or_default().to_owned();
            return Some(Found { seeds: number + 1, check });
        }
    }
    None
}
