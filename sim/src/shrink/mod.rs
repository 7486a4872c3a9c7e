//! The smallest scenario that still fails in the same way.
//!
//! A failing seed of a long drill says that something is wrong; a plan of two entries says what. Shrinking works on the
//! explicit file of a seed (every drawn time written out), keeps the [signature](Signature) of the failure, and takes
//! away whatever can go: first much at once, then one thing at a time. The way is that of Zeller's ddmin and of Scott et
//! al. (NSDI 2016), in the order in which each pass makes the next one cheap: horizon, whole classes, entries, values,
//! operations of clients, noise, the seed, and a last sweep that proves that nothing more can go alone.

mod ddmin;
mod entries;
mod operations;
mod oracle;
mod passes;
mod story;
#[cfg(test)]
mod tests;
mod twin;
mod values;

use nodes::product::Product;
use thiserror::Error;
use toml::Value;

use crate::document::explicit::explicit;
use crate::document::{Document, Kind};
use crate::explore::signature::Signature;
use crate::explore::trial::{self, Trial};
use crate::run::RunError;
use crate::scenario::Accepted;
use crate::scenario::vocabulary::Vocabulary;
use oracle::{Oracle, Shown};
pub use story::Story;
pub use twin::Twin;

/// How much may be spent.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many candidates may be run.
    pub runs: u64,
    /// How many other seeds are tried.
    pub other_seeds: u64,
    /// How many candidates run at once. What comes out does not depend on it.
    pub jobs: usize,
    /// Asked now and then: true ends the search with what was found by then.
    pub interrupted: fn() -> bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { runs: 1_000, other_seeds: 20, jobs: 1, interrupted: || false }
    }
}

/// How large a scenario is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Steps of the operator.
    pub steps: u64,
    /// Faults.
    pub faults: u64,
    /// Hosts.
    pub nodes: u64,
    /// Clients that send anything.
    pub clients: u64,
}

impl Size {
    /// The size of a file.
    pub fn of(document: &Document) -> Size {
        let count = |key: &str| document.tables(key).count() as u64;
        let clients = document.get(&["workload"]).map(|workload| {
            // A client none of whose operations is sent does nothing.
            if let Some(only) = workload.get("only").and_then(Value::as_array) {
                return only.len() as u64;
            }
            let clients = workload.get("clients").and_then(Value::as_integer);
            clients.and_then(|clients| u64::try_from(clients).ok()).unwrap_or(8)
        });
        Size { steps: count("step"), faults: count("fault"), nodes: count("node"), clients: clients.unwrap_or(0) }
    }

    /// Steps, faults and clients together: one number to compare by.
    pub fn total(&self) -> u64 {
        self.steps + self.faults + self.clients
    }
}

/// What came of shrinking.
pub struct Shrunk {
    /// The file.
    pub document: Document,
    /// The same, as it was read and run.
    pub accepted: Accepted,
    /// Its run.
    pub trial: Trial,
    /// What it shows.
    pub signature: Signature,
    /// How large the scenario was.
    pub before: Size,
    /// How large it is.
    pub after: Size,
    /// How many operations the clients sent, before and after.
    pub operations: (u64, u64),
    /// How many candidates were run.
    pub runs: u64,
    /// Whether nothing can be taken away alone; otherwise the budget ended first.
    pub is_minimal: bool,
    /// How many other seeds show the same, and of how many.
    pub other_seeds: (u64, u64),
    /// The seed that the file runs; another than the one that was shrunk if that shows it earlier.
    pub seed: u64,
    /// The smallest change that makes it pass.
    pub twin: Option<Twin>,
}

/// Why there is nothing to shrink.
#[derive(Debug, Error)]
pub enum ShrinkError {
    /// The seed shows nothing.
    #[error("seed {0} ends as expected and shows no violation: there is nothing to shrink")]
    NothingToFind(u64),
    /// The explicit file does not show it.
    #[error("the plan of seed {seed} with its times written out does not show `{signature}` any more")]
    NotReproduced {
        /// The seed.
        seed: u64,
        /// What it showed.
        signature: Signature,
    },
    /// The seed cannot be run.
    #[error("{0}")]
    Run(#[from] RunError),
}

/// Shrinks what a seed of a scenario shows.
///
/// # Errors
/// [`ShrinkError`] if the seed shows nothing.
pub fn shrink(
    accepted: &Accepted,
    product: &'static Product,
    vocabulary: &Vocabulary,
    seed: u64,
    options: Options,
) -> Result<Shrunk, ShrinkError> {
    let trial = trial::run(&accepted.scenario, product, seed, options.interrupted)?;
    let signature = Signature::of(&trial.verdict).ok_or(ShrinkError::NothingToFind(seed))?;
    let best = explicit(accepted, &trial.draws);
    let before = Size::of(&best);
    let mut oracle = Oracle::new(&accepted.scenario.path, vocabulary, product, signature.clone(), options);
    let Some((_, shown)) = oracle.first(vec![best.clone()]) else {
        return Err(ShrinkError::NotReproduced { seed, signature });
    };
    let sent_before = shown.operations();
    let mut shrinker = Shrinker { best, shown, oracle };
    shrinker.passes();
    let other_seeds = shrinker.other_seeds(seed, options.other_seeds);
    if values::seed(&shrinker.best) != Some(seed) {
        // Another seed shows it earlier, so a nearer horizon and shorter times may do.
        shrinker.passes();
    }
    shrinker.oracle.spend_the_rest();
    let is_minimal = shrinker.sweep();
    let operations = (sent_before, shrinker.shown.operations());
    let Shrinker { best, mut oracle, .. } = shrinker;
    let seed = values::seed(&best).unwrap_or(seed);
    let Some((accepted, trial)) = oracle.retell(&best) else {
        return Err(ShrinkError::NotReproduced { seed, signature });
    };
    let twin = twin::nearest(&best, &mut oracle);
    let after = Size::of(&best);
    let runs = oracle.runs();
    Ok(Shrunk {
        document: best,
        accepted,
        trial,
        signature,
        before,
        after,
        operations,
        runs,
        is_minimal,
        other_seeds,
        seed,
        twin,
    })
}

/// The smallest file so far, and who says whether a smaller one will do.
struct Shrinker<'a> {
    best: Document,
    shown: Shown,
    oracle: Oracle<'a>,
}

impl Shrinker<'_> {
    /// Takes the first candidate that shows the same; whether there was one.
    fn take_first(&mut self, candidates: Vec<Document>) -> bool {
        let Some((number, shown)) = self.oracle.first(candidates.clone()) else { return false };
        let Some(best) = candidates.into_iter().nth(number) else { return false };
        self.best = best;
        self.shown = shown;
        true
    }

    /// Every pass, again and again until none finds anything. Each makes the file smaller in its own measure and none
    /// undoes another, so this ends.
    fn passes(&mut self) {
        self.take_first(vec![passes::only_the_check(&self.best, self.oracle.signature())]);
        loop {
            let mut found = self.take_first(passes::nearer_horizons(&self.best, self.shown.at));
            found |= self.take_while(passes::usual_weather);
            found |= self.take_while(passes::without_classes);
            found |= self.halve_entries();
            found |= self.remove_single_entries();
            // Values last: they are many, and of what is left only.
            found |= self.take_while(passes::simpler_values);
            found |= self.take_first(passes::later_starts(&self.best, self.shown.at));
            found |= self.cut_operations();
            if !found || self.oracle.is_exhausted() {
                break;
            }
        }
        self.take_first(passes::less_noise(&self.best));
    }

    /// Takes the first of a pass's candidates again and again; whether there was any.
    fn take_while(&mut self, pass: fn(&Document) -> Vec<Document>) -> bool {
        let mut found = false;
        while !self.oracle.is_exhausted() && self.take_first(pass(&self.best)) {
            found = true;
        }
        found
    }

    /// Tries other seeds on what is left to chance: how many fail so, of how many; the earliest failure is kept.
    fn other_seeds(&mut self, seed: u64, count: u64) -> (u64, u64) {
        let candidates: Vec<Document> = (1..=count)
            .map(|more| {
                let mut other = self.best.clone();
                values::set_seed(&mut other, seed.wrapping_add(more));
                other
            })
            .collect();
        let shown = self.oracle.all(&candidates);
        let tried = shown.len() as u64;
        let mut failing = 0;
        for (candidate, shown) in candidates.into_iter().zip(shown) {
            let Some(shown) = shown else { continue };
            failing += 1;
            if matches!((shown.at, self.shown.at), (Some(theirs), Some(ours)) if theirs < ours) {
                self.best = candidate;
                self.shown = shown;
            }
        }
        (failing, tried)
    }

    /// Takes single things away until none can go; false if the budget ended first.
    fn sweep(&mut self) -> bool {
        loop {
            let found = self.remove_single_entries()
                || self.take_first(passes::without_classes(&self.best))
                || self.remove_single_operations();
            if self.oracle.is_exhausted() {
                return false;
            }
            if !found {
                return true;
            }
        }
    }
}

/// The names of all entries.
fn all_names(document: &Document) -> Vec<String> {
    Kind::ALL.into_iter().flat_map(|kind| document.names(kind)).collect()
}
