//! The search: run, take the supports of what was good, try the sets that break them, and again with one fault more.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use nodes::world::trace::Keep;

use super::hypotheses::{Clause, FaultSet, Known};
use super::numbers::Numbers;
use super::outcomes;
use super::support::{Ground, Passed, Support};
use super::universe::{Fault, Universe};
use crate::document::Document;
use crate::explore::trial::{self, Trial};
use crate::explore::workers;
use crate::run::RunError;
use crate::scenario::Scenario;
use crate::sweep::events::{self, Moment, Placed};
use crate::sweep::faults::FaultKind;
use crate::sweep::report::Counts;
use crate::sweep::{Answer, Attempt, Setting, Tried, make_and_look};
use crate::verdict::Outcome;

/// What is searched, and how far.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// The procedure without faults, with time behind its end.
    pub undisturbed: &'a Document,
    /// The same as a scenario.
    pub scenario: &'a Scenario,
    /// The kinds of faults.
    pub kinds: &'a [FaultKind],
    /// Only announcements with one of these in their name; all if there is none.
    pub words: &'a [String],
    /// So many announcements at most of what a host announces again and again.
    pub occurrences: Option<u32>,
    /// So many faults at once at most.
    pub most: usize,
    /// So many single faults at most.
    pub singles: usize,
    /// So many sets of each larger size at most.
    pub sets: usize,
}

impl Plan<'_> {
    /// The announcements of a run at which faults are wanted.
    fn wanted(&self, mut moments: Vec<Placed>) -> Vec<Placed> {
        let is_wanted = |event: &str| self.words.is_empty() || self.words.iter().any(|word| event.contains(word));
        moments.retain(|placed| is_wanted(&placed.moment.event));
        if let Some(occurrences) = self.occurrences {
            let all: Vec<Moment> = moments.iter().map(|placed| placed.moment.clone()).collect();
            let mut kept = events::thinned(&all, occurrences).into_iter().peekable();
            moments.retain(|placed| kept.next_if_eq(&placed.moment).is_some());
        }
        moments
    }
}

/// Why there was nothing to search.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The procedure fails without faults, for this reason.
    #[error("it does not end as expected without its faults: {0}")]
    NotSound(String),
    /// It cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// A good outcome of the run without faults, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supported {
    /// What it is.
    pub name: String,
    /// When it was there; `None` if it never was.
    pub at: Option<nodes::world::time::Instant>,
    /// How many announcements it rests on.
    pub announced: usize,
    /// How many messages.
    pub messages: usize,
    /// How many faults break that.
    pub faults: usize,
}

/// What came of the sets of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// How many faults at once.
    pub faults: usize,
    /// How many sets break every support of some good outcome that is known.
    pub sets: usize,
    /// How many grew out of smaller ones and leave a known support whole.
    pub ruled_out: usize,
    /// What came of those that were tried.
    pub counts: Counts,
}

impl Size {
    /// How many sets were tried.
    pub fn tried(&self) -> u64 {
        self.counts.bit() + self.counts.did_not_bite + self.counts.refused
    }
}

/// One way in which it broke.
#[derive(Clone, Debug)]
pub struct Found {
    /// In which way.
    pub signature: String,
    /// How many sets showed it.
    pub times: u64,
    /// How many runs it took until one did.
    pub runs: u64,
    /// The first that did.
    pub first: Tried,
}

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Searched {
    /// The good outcomes of the run without faults.
    pub outcomes: Vec<Supported>,
    /// The announcements at which faults are wanted, without faults: how many at least one of the outcomes rests on,
    /// and how many there were.
    pub announced: (usize, usize),
    /// The messages that arrived without faults, told in the same way.
    pub messages: (usize, usize),
    /// The sizes, from one fault at once.
    pub sizes: Vec<Size>,
    /// What broke, as found.
    pub found: Vec<Found>,
    /// Whether somebody ended it.
    pub interrupted: bool,
}

impl Searched {
    /// What came of all sets that were tried.
    pub fn counts(&self) -> Counts {
        let mut all = Counts::default();
        self.sizes.iter().for_each(|size| all.add(size.counts));
        all
    }
}

/// How a search goes.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'t> {
    /// The sets of another size are tried, in so many runs.
    Begins {
        /// How many.
        runs: usize,
    },
    /// A set was tried.
    Made(&'t Tried),
}

/// A search whose run without faults is done.
pub struct Search<'a> {
    setting: Setting<'a>,
    plan: Plan<'a>,
    moments: Vec<Moment>,
    universe: Universe,
    known: Known,
    runs: u64,
    searched: Searched,
}

/// What a run that held leaves behind: for each good outcome, the faults that break its support.
type Supports = Vec<Option<Breaking>>;

struct Breaking {
    /// Those of them that have a number.
    known: Numbers,
    /// Those that have none yet.
    new: Vec<Fault>,
}

impl<'a> Search<'a> {
    /// Runs the procedure without faults.
    ///
    /// # Errors
    /// [`SearchError`] if that cannot be done, or does not end as expected.
    pub fn begin(setting: Setting<'a>, plan: Plan<'a>) -> Result<Search<'a>, SearchError> {
        let keep = Keep { detail: true, ..Keep::default() };
        let trial = trial::run_keeping(plan.scenario, setting.product, setting.seed, keep, setting.interrupted)?;
        if trial.verdict.outcome != Outcome::AsExpected {
            return Err(SearchError::NotSound(trial.verdict.cause.map_or(String::new(), |cause| cause.en)));
        }
        let moments = events::moments(plan.scenario, &trial.record);
        let searched = Searched {
            outcomes: Vec::new(),
            announced: (0, 0),
            messages: (0, 0),
            sizes: Vec::new(),
            found: Vec::new(),
            interrupted: false,
        };
        let (universe, known) = (Universe::default(), Known::default());
        let mut search = Search { setting, plan, moments, universe, known, runs: 0, searched };
        search.take_in_undisturbed(&trial);
        Ok(search)
    }

    /// The announcements of the run without faults.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    fn take_in_undisturbed(&mut self, trial: &Trial) {
        let ground = ground(self.plan, self.setting, self.plan.scenario, trial);
        let supports = supports(self.plan.scenario, &ground, trial);
        let mut announced: BTreeSet<usize> = BTreeSet::new();
        let mut messages: BTreeSet<Passed> = BTreeSet::new();
        let mut breaking: Supports = Vec::new();
        for (name, supported) in outcomes::names(self.plan.scenario).into_iter().zip(&supports) {
            let support = supported.as_ref().map(|(_, support)| support);
            announced.extend(support.iter().flat_map(|support| support.announced()));
            messages.extend(support.iter().flat_map(|support| support.messages()));
            let faults = support.map(|support| support.faults(&ground, self.plan.kinds));
            self.searched.outcomes.push(Supported {
                name,
                at: supported.as_ref().map(|(at, _)| *at),
                announced: support.map_or(0, |support| support.announced().len()),
                messages: support.map_or(0, |support| support.messages().len()),
                faults: faults.as_ref().map_or(0, Vec::len),
            });
            breaking.push(faults.map(|new| Breaking { known: Numbers::default(), new }));
        }
        self.searched.announced = (announced.len(), ground.moments().len());
        self.searched.messages = (messages.len(), ground.messages());
        self.take_in(FaultSet::new(), breaking, 0);
    }

    /// Remembers what breaks the supports of a set that held. So many faults had a number when that was asked.
    fn take_in(&mut self, set: FaultSet, supports: Supports, asked: usize) {
        let mut clause = |breaking: Breaking| {
            let mut faults = breaking.known;
            breaking.new.into_iter().for_each(|fault| faults.insert(self.universe.number(fault)));
            Clause { faults, asked }
        };
        let clauses = supports.into_iter().map(|breaking| breaking.map(&mut clause)).collect();
        self.known.held(set, clauses);
    }

    /// Tries size after size until something breaks, no set is left, or there would be too many faults at once. `hear`
    /// is told how it goes.
    pub fn run(mut self, mut hear: impl FnMut(Heard<'_>)) -> Searched {
        for faults in 1..=self.plan.most {
            let (sets, ruled_out) = self.count(faults);
            if sets == 0 && ruled_out == 0 {
                break;
            }
            let size = self.try_size(Size { faults, sets, ruled_out, counts: Counts::default() }, &mut hear);
            let broke = size.counts.broke > 0;
            self.searched.sizes.push(size);
            self.searched.interrupted = (self.setting.interrupted)();
            if broke || self.searched.interrupted {
                break;
            }
        }
        self.searched
    }

    /// How many sets of so many faults are to be tried, and how many need not be.
    fn count(&self, faults: usize) -> (usize, usize) {
        let grown = self.known.grown(faults);
        grown.fold((0, 0), |(open, closed), set| if set.is_open { (open + 1, closed) } else { (open, closed + 1) })
    }

    fn try_size(&mut self, mut size: Size, hear: &mut impl FnMut(Heard<'_>)) -> Size {
        let open = self.known.grown(size.faults).filter(|grown| grown.is_open).map(|grown| grown.faults);
        let limit = if size.faults == 1 { self.plan.singles } else { self.plan.sets };
        let sets = thinned(open, size.sets, limit);
        hear(Heard::Begins { runs: size.sets.min(limit) });
        // The supports under the most faults lead nowhere.
        let keep = Keep { detail: size.faults < self.plan.most, ..Keep::default() };
        let (setting, plan, universe) = (self.setting, self.plan, &self.universe);
        let one = |set: FaultSet| {
            let attempt = attempt(plan.undisturbed, universe, &set);
            let look = |scenario: &Scenario, trial: &Trial| {
                if keep.detail { breaking(plan, setting, universe, scenario, trial) } else { Supports::new() }
            };
            let (tried, supports) = make_and_look(setting, attempt, keep, look);
            (!(setting.interrupted)()).then_some((set, tried, supports))
        };
        let (mut held, mut broken) = (Vec::new(), Vec::new());
        let (found, runs) = (&mut self.searched.found, &mut self.runs);
        workers::in_order(sets, setting.jobs, setting.interrupted, one, |(set, tried, supports)| {
            *runs += 1;
            hear(Heard::Made(&tried));
            size.counts.count(tried.answer);
            match tried.answer {
                Answer::Held => held.push((set, supports.unwrap_or_default())),
                Answer::Broke => {
                    broken.push(set);
                    note(found, tried, *runs);
                }
                Answer::CouldNotTell | Answer::DidNotBite | Answer::Refused => {}
            }
            ControlFlow::Continue(())
        });
        let asked = self.universe.count();
        held.into_iter().for_each(|(set, supports)| self.take_in(set, supports, asked));
        broken.into_iter().for_each(|set| self.known.broke(set));
        size
    }
}

fn ground<'t>(plan: Plan<'_>, setting: Setting<'_>, scenario: &Scenario, trial: &'t Trial) -> Ground<'t> {
    Ground::of(scenario, setting.product, &trial.record, |moments| plan.wanted(moments))
}

/// The good outcomes of a run: when each was there, and what it rests on.
fn supports(
    scenario: &Scenario,
    ground: &Ground<'_>,
    trial: &Trial,
) -> Vec<Option<(nodes::world::time::Instant, Support)>> {
    let outcomes = outcomes::outcomes(scenario, &trial.record, &trial.verdict, ground.lives());
    let supported = |outcome: outcomes::Outcome| (outcome.at, Support::of(ground, &outcome.goal));
    outcomes.into_iter().map(|outcome| outcome.map(supported)).collect()
}

/// Which faults break the supports of what was good in a run.
fn breaking(plan: Plan<'_>, setting: Setting<'_>, universe: &Universe, scenario: &Scenario, trial: &Trial) -> Supports {
    let ground = ground(plan, setting, scenario, trial);
    let one = |support: Support| {
        let known = universe.iter().filter(|(_, fault)| support.is_broken_by(&ground, fault));
        let mut new = support.faults(&ground, plan.kinds);
        new.retain(|fault| !universe.knows(fault));
        Breaking { known: known.map(|(number, _)| number).collect(), new }
    };
    let supports = supports(scenario, &ground, trial);
    supports.into_iter().map(|support| support.map(|(_, support)| one(support))).collect()
}

/// The procedure with these faults.
fn attempt(undisturbed: &Document, universe: &Universe, set: &FaultSet) -> Attempt {
    let mut document = undisturbed.clone();
    let mut faults: Vec<&Fault> = universe.faults(set).collect();
    faults.sort_by_key(|fault| fault.moment.at);
    for (number, fault) in faults.iter().enumerate() {
        document.push("fault", fault.aim.entry(&format!("lineage-{}", number + 1), &fault.moment));
    }
    let what: Vec<String> = faults.iter().map(|fault| fault.aim.told()).collect();
    let mut at: Vec<String> = faults.iter().map(|fault| fault.moment.told()).collect();
    if at.iter().all(|moment| *moment == at[0]) {
        at.truncate(1);
    }
    Attempt { what: what.join(" and ").into(), at: at.join(" and "), document }
}

/// Of so many sets at most `limit`, spread evenly over all.
fn thinned<T>(sets: impl Iterator<Item = T> + Send, all: usize, limit: usize) -> impl Iterator<Item = T> + Send {
    let count = all.min(limit);
    // The places are ascending and different, because there are at least as many as are kept.
    let mut places = (0..count).map(move |kept| kept * all / count).peekable();
    sets.enumerate().filter(move |(number, _)| places.next_if_eq(number).is_some()).map(|(_, set)| set)
}

fn note(found: &mut Vec<Found>, tried: Tried, runs: u64) {
    let signature = tried.signature().to_owned();
    match found.iter_mut().find(|known| known.signature == signature) {
        Some(known) => known.times += 1,
        None => found.push(Found { signature, times: 1, runs, first: tried }),
    }
}
