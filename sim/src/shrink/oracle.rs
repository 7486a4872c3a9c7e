//! Says whether a candidate still fails in the same way. Candidates are read like any scenario file and run; each text is
//! run once.

use std::collections::BTreeMap;
use std::time::Duration;

use nodes::product::Product;
use nodes::world::digest::Digest;
use nodes::world::time::Instant;
use rayon::prelude::*;

use super::Options;
use super::operations::sent_in;
use crate::check::Answer;
use crate::document::{Document, print};
use crate::explore::signature::Signature;
use crate::explore::trial::{self, Trial};
use crate::scenario::Accepted;
use crate::scenario::values::ClientOperations;
use crate::scenario::vocabulary::Vocabulary;

/// What a candidate that fails in the same way has shown.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// The moment of the violation.
    pub at: Option<Instant>,
    /// When each step and fault began.
    pub began: BTreeMap<String, Duration>,
    /// The operations that the clients sent.
    pub sent: Vec<ClientOperations>,
}

impl Shown {
    /// How many operations the clients sent.
    pub(super) fn operations(&self) -> u64 {
        self.sent.iter().map(ClientOperations::count).sum()
    }
}

/// Runs candidates.
pub(super) struct Oracle<'a> {
    path: String,
    vocabulary: &'a Vocabulary,
    product: &'static Product,
    signature: Signature,
    options: Options,
    pool: Option<rayon::ThreadPool>,
    known: BTreeMap<u64, Option<Shown>>,
    runs: u64,
    /// How many runs may be made for now.
    limit: u64,
    /// Questions answered, from memory too: a search that asks for ever ends all the same.
    asked: u64,
}

/// One run in so many is kept for the last sweep: without it a file that took long to shrink could not be called minimal.
const KEPT_BACK: u64 = 4;

/// How many questions are answered for each run that may be made.
const ASKED_FOR_EACH_RUN: u64 = 20;

impl<'a> Oracle<'a> {
    pub(super) fn new(
        path: &str,
        vocabulary: &'a Vocabulary,
        product: &'static Product,
        signature: Signature,
        options: Options,
    ) -> Self {
        // Without threads of its own it runs one candidate after the other, with the same result.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(options.jobs.max(1)).build().ok();
        Oracle {
            path: path.to_owned(),
            vocabulary,
            product,
            signature,
            options,
            pool,
            known: BTreeMap::new(),
            runs: 0,
            limit: options.runs - options.runs / KEPT_BACK,
            asked: 0,
        }
    }

    pub(super) fn signature(&self) -> &Signature {
        &self.signature
    }

    /// How many candidates were run.
    pub(super) fn runs(&self) -> u64 {
        self.runs
    }

    /// Whether nothing more may be spent for now.
    pub(super) fn is_exhausted(&self) -> bool {
        let asked = self.asked >= self.limit.saturating_mul(ASKED_FOR_EACH_RUN);
        asked || self.runs >= self.limit || (self.options.interrupted)()
    }

    /// From now on the runs that were kept back may be made too.
    pub(super) fn spend_the_rest(&mut self) {
        self.limit = self.options.runs;
    }

    /// The first candidate that shows the same, in their order, however many run at once.
    pub(super) fn first(&mut self, candidates: Vec<Document>) -> Option<(usize, Shown)> {
        let at_once = self.options.jobs.max(1);
        for (chunk, first) in candidates.chunks(at_once).zip((0..).step_by(at_once)) {
            let answers = self.all(chunk);
            let found = answers.into_iter().enumerate().find_map(|(number, shown)| Some((first + number, shown?)));
            if found.is_some() {
                return found;
            }
            if self.is_exhausted() {
                return None;
            }
        }
        None
    }

    /// What each candidate shows; fewer answers than candidates if the budget ends.
    pub(super) fn all(&mut self, candidates: &[Document]) -> Vec<Option<Shown>> {
        self.asked += candidates.len() as u64;
        let keys: Vec<u64> = candidates.iter().map(|candidate| Digest::of(print::plain(candidate).as_str())).collect();
        let mut fresh: Vec<(u64, &Document)> = keys.iter().copied().zip(candidates).collect();
        fresh.retain(|(key, _)| !self.known.contains_key(key));
        fresh.dedup_by_key(|(key, _)| *key);
        let left = usize::try_from(self.limit.saturating_sub(self.runs)).unwrap_or(usize::MAX);
        if (self.options.interrupted)() {
            fresh.clear();
        }
        fresh.truncate(left);
        self.runs += fresh.len() as u64;
        let look = || fresh.par_iter().map(|(key, candidate)| (*key, self.look(candidate))).collect::<Vec<_>>();
        let looked = match &self.pool {
            Some(pool) => pool.install(look),
            None => look(),
        };
        self.known.extend(looked);
        keys.iter().map_while(|key| self.known.get(key).cloned()).collect()
    }

    /// Reads and runs a candidate; `None` if it is no scenario, or shows something else.
    fn look(&self, candidate: &Document) -> Option<Shown> {
        let accepted = candidate.accept(&self.path, self.vocabulary).ok()?;
        match self.run(&accepted) {
            Ok(trial) => {
                if !self.signature.is_shown_by(&trial.verdict) {
                    return None;
                }
                let at = self.signature.shown_in(&trial.verdict).and_then(|check| check.finding.at);
                let workload = accepted.scenario.workload.as_ref();
                let sent = workload.map(|workload| sent_in(&trial.record.history, workload));
                Some(Shown { at, began: began(&trial), sent: sent.unwrap_or_default() })
            }
            Err(error) => {
                let same = Signature::of_error(&error) == self.signature;
                same.then(|| Shown { at: None, began: BTreeMap::new(), sent: Vec::new() })
            }
        }
    }

    fn run(&self, accepted: &Accepted) -> Result<Trial, crate::run::RunError> {
        let seed = accepted.scenario.run.seeds.first;
        trial::run(&accepted.scenario, self.product, seed, self.options.interrupted)
    }

    /// The first candidate whose run ends with this check kept and nothing else broken.
    pub(super) fn first_passing(&mut self, candidates: &[Document]) -> Option<usize> {
        let at_once = self.options.jobs.max(1);
        for (chunk, first) in candidates.chunks(at_once).zip((0..).step_by(at_once)) {
            if (self.options.interrupted)() {
                return None;
            }
            self.runs += chunk.len() as u64;
            let look = || chunk.par_iter().map(|candidate| self.passes(candidate)).collect::<Vec<bool>>();
            let passing = match &self.pool {
                Some(pool) => pool.install(look),
                None => look(),
            };
            if let Some(number) = passing.iter().position(|passes| *passes) {
                return Some(first + number);
            }
        }
        None
    }

    fn passes(&self, candidate: &Document) -> bool {
        let Ok(accepted) = candidate.accept(&self.path, self.vocabulary) else { return false };
        let Ok(trial) = self.run(&accepted) else { return false };
        let checks = &trial.verdict.checks;
        let kept = checks.iter().all(|check| check.finding.answer == Answer::Holds);
        // Where a fault never bit, the run passes for the wrong reason.
        let proved = trial.record.faults.iter().all(|fault| fault.unproved().is_none());
        kept && !checks.is_empty() && proved && trial.record.is_complete()
    }

    /// Runs a candidate once more, for its story.
    pub(super) fn retell(&mut self, candidate: &Document) -> Option<(Accepted, Trial)> {
        let accepted = candidate.accept(&self.path, self.vocabulary).ok()?;
        let trial = self.run(&accepted).ok()?;
        Some((accepted, trial))
    }
}

fn began(trial: &Trial) -> BTreeMap<String, Duration> {
    let steps = trial.record.steps.iter().map(|step| (&step.name, step.began));
    let faults = trial.record.faults.iter().map(|fault| (&fault.name, fault.fired));
    steps.chain(faults).filter_map(|(name, at)| Some((name.clone(), at?.elapsed()))).collect()
}
