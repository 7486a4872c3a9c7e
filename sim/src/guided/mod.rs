//! A search that goes on from what was new.
//!
//! Seeds that know nothing of each other see the same situations again and again. Here a plan whose run has shown a
//! change of the abstract state that no run before it had is kept, and later plans are made out of the kept ones: its
//! faults up to a moment and others behind it, one moved, one more, two spliced. What a product publishes of its nodes
//! (role, state, epoch, locks, log position, fenced) and what faults are at work on each of them is the abstract state;
//! nothing else of the product is known here.
//!
//! | file | what it holds |
//! |---|---|
//! | [`novelty`] | what was seen, and whether a run has shown something new |
//! | [`mutation`] | plans out of plans |
//! | [`trail`] | what a run leaves behind for the search |
//! | [`search`] | batches of plans over all scenarios of a campaign |
//!
//! The search is deterministic: seeds are taken in batches of a fixed size; the plans of a batch depend on the results
//! of the batches before it alone, whatever runs at once. A plan is a scenario file with its seed: it runs alone as it
//! ran in the search.

pub mod mutation;
pub mod novelty;
pub mod search;
#[cfg(test)]
mod tests;
pub mod trail;

use nodes::world::digest::Digest;
use nodes::world::streams::{Seed, Stream};

use crate::document::{Document, print};
use crate::explore::line::ExploredSeed;
use crate::run::Record;
use crate::scenario::{Accepted, Rejected};
use crate::swarm::Swarm;
use mutation::{Mutation, Planned};
use novelty::{Changes, Novelty};
use trail::Trail;

/// How many plans are made before the first of them has run.
pub const BATCH: usize = 32;

/// One plan in so many is drawn without looking at the corpus, so that the search does not turn in circles.
const FRESH: u64 = 4;

/// What the weights of the corpus are counted in.
const WEIGHT: u64 = 1 << 20;

/// The search over one scenario.
pub struct Guided<'a> {
    swarm: Swarm<'a>,
    novelty: Novelty,
    corpus: Vec<(Planned, Changes)>,
}

/// A plan to be run.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its number in the search.
    pub number: u64,
    /// The scenario; its seed is that of the noise.
    pub document: Document,
    /// Where it comes from, and a hash of the whole file.
    pub told: String,
}

impl<'a> Guided<'a> {
    /// A search that knows nothing yet.
    pub fn new(swarm: Swarm<'a>) -> Guided<'a> {
        Guided { swarm, novelty: Novelty::default(), corpus: Vec::new() }
    }

    /// How many plans are kept, and how many changes were seen.
    pub fn size(&self) -> (usize, usize) {
        (self.corpus.len(), self.novelty.changes())
    }

    /// The plan of this number, after what was learnt so far.
    pub fn candidate(&self, number: u64) -> Candidate {
        let mut stream = Seed(number).stream("guided");
        let fresh = self.swarm.draw(number);
        let known = if stream.chance(1, FRESH) { None } else { self.chosen(&mut stream) };
        let (document, origin) = match known {
            Some(parent) => self.mutated(parent, &fresh.document, number, &mut stream),
            None => (fresh.document, format!("drawn, {}", fresh.told)),
        };
        let faults = document.tables("fault").count();
        let hash = Digest::of(print::plain(&document).as_str());
        Candidate { number, told: format!("{origin}; {faults} faults; {hash:016x}"), document }
    }

    /// A kept plan; the rarer what it has shown, the likelier.
    fn chosen(&self, stream: &mut Stream) -> Option<usize> {
        let weights = || self.corpus.iter().map(|(_, changes)| WEIGHT / u64::from(self.novelty.rarest(changes)));
        let mut left = stream.below(weights().sum());
        for (number, weight) in weights().enumerate() {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => return Some(number),
            }
        }
        None
    }

    fn mutated(&self, parent: usize, fresh: &Document, number: u64, stream: &mut Stream) -> (Document, String) {
        let plan = &self.corpus[parent].0;
        let horizon = self.swarm.horizon() * 1_000;
        let moment = stream.below(horizon.max(1));
        let mutation = Mutation::drawn(stream);
        let document = match mutation {
            Mutation::KeepPrefix => Some(mutation::keep_prefix(plan, fresh, moment, horizon, number)),
            Mutation::Shift => mutation::shift(&plan.document, stream),
            Mutation::AddOrRemove => mutation::add_or_remove(&plan.document, fresh, number, stream),
            Mutation::Splice => {
                let other = self.chosen(stream).unwrap_or(parent);
                Some(mutation::splice(plan, &self.corpus[other].0, moment, number))
            }
            Mutation::Reconfigure => Some(mutation::reconfigure(&plan.document, fresh)),
        };
        let name = mutation.name();
        match document {
            Some(document) => (document, format!("{name} of kept plan {parent}")),
            None => (fresh.clone(), "drawn, because there was nothing to change".to_owned()),
        }
    }

    /// The scenario of a plan; `path` is where its file will lie.
    ///
    /// # Errors
    /// [`Rejected`] if the plan is no scenario, which is a mistake of ours.
    pub fn accept(&self, candidate: &Candidate, path: Option<&str>) -> Result<Accepted, Box<Rejected>> {
        self.swarm.accept(&candidate.document, path)
    }

    /// Runs a plan. What comes out depends on the plan alone.
    pub fn run(&self, candidate: &Candidate, interrupted: fn() -> bool) -> ExploredSeed {
        let mut line = match self.accept(candidate, None) {
            Ok(accepted) => {
                let seed = accepted.scenario.run.seeds.first;
                let trail = |record: &Record| Some(Trail::of(&accepted.scenario, record));
                self.swarm.run_accepted(&accepted, seed, interrupted, trail)
            }
            Err(rejected) => ExploredSeed::refused(self.swarm.path(), candidate.number, &rejected.to_string()),
        };
        line.line.seed = candidate.number;
        line.swarm = Some(candidate.told.clone());
        line
    }

    /// Takes in what a plan has shown, and keeps it if that was new. To be called in the order of numbers.
    pub fn learn(&mut self, candidate: &Candidate, line: &ExploredSeed) {
        let Some(trail) = &line.trail else { return };
        let changes = Changes::read(&trail.changes);
        if self.novelty.add(&changes) {
            let planned = Planned { document: candidate.document.clone(), trail: trail.clone() };
            self.corpus.push((planned, changes));
        }
    }
}
