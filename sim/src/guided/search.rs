//! The search over all scenarios of a campaign: batches of plans, their results taken in, the plans worth telling kept.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{BATCH, Candidate, Guided};
use crate::explore::line::ExploredSeed;
use crate::explore::plan::{Plan, Work};

/// A guided campaign.
pub struct Search<'a> {
    guided: Vec<Guided<'a>>,
    plan: Plan,
    /// What is to be run before anything new is planned.
    batch: VecDeque<(Work, Candidate)>,
    /// The first plan of each scenario, and of each way to fail.
    kept: BTreeMap<Work, Candidate>,
    signatures: BTreeSet<(usize, Option<String>)>,
}

impl<'a> Search<'a> {
    /// A campaign over this plan, one search for each scenario.
    pub fn new(guided: Vec<Guided<'a>>, plan: Plan) -> Search<'a> {
        Search { guided, plan, batch: VecDeque::new(), kept: BTreeMap::new(), signatures: BTreeSet::new() }
    }

    /// The rest of the present batch, or the next one; nothing if the plan is at its end.
    pub fn batch(&mut self) -> Vec<(Work, Candidate)> {
        if self.batch.is_empty() {
            let works: Vec<Work> = self.plan.by_ref().take(BATCH).collect();
            self.batch =
                works.into_iter().map(|work| (work, self.guided[work.scenario].candidate(work.seed))).collect();
        }
        self.batch.iter().cloned().collect()
    }

    /// The search over one scenario.
    pub fn guided(&self, scenario: usize) -> &Guided<'a> {
        &self.guided[scenario]
    }

    /// Takes in the result of the next plan of the batch.
    pub fn learn(&mut self, line: &ExploredSeed) {
        if self.batch.is_empty() {
            self.batch();
        }
        let Some((work, candidate)) = self.batch.pop_front() else { return };
        self.guided[work.scenario].learn(&candidate, line);
        if self.signatures.insert((work.scenario, line.signature.clone())) {
            self.kept.insert(work, candidate);
        }
    }

    /// The plan of a seed that is worth telling: the first one, or the first that fails in its way.
    pub fn kept(&self, work: Work) -> Option<&Candidate> {
        self.kept.get(&work)
    }

    /// How many plans are kept to go on from, and how many changes of state were seen, over all scenarios.
    pub fn size(&self) -> (usize, usize) {
        let sizes = self.guided.iter().map(Guided::size);
        sizes.fold((0, 0), |(plans, changes), (more, others)| (plans + more, changes + others))
    }
}
