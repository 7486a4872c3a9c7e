//! `simrun sweep`: every single fault at every step of a procedure, sets of them along its lineage, or every slip of
//! its operator.

use std::collections::BTreeSet;
use std::io::Write;

use nodes::product::Product;

use super::arguments::SweepArguments;
use super::interrupt::interrupted;
use super::progress::Progress;
use super::results::write;
use super::{CliError, Exit, explore, files};
use crate::document::Document;
use crate::document::explicit::explicit;
use crate::document::print::plain;
use crate::draws::Draws;
use crate::explore::line::ExploredSeed;
use crate::explore::trial;
use crate::scenario::Accepted;
use crate::scenario::vocabulary::Vocabulary;
use crate::sweep::lineage::search::{Heard, Plan, Search, SearchError, Searched};
use crate::sweep::{Answer, Attempt, Setting, Tried, events, faults, lineage, make, operator, report};
use crate::verdict::Outcome;
use crate::vocabulary;

/// Sweeps what the arguments say.
pub fn run(arguments: &SweepArguments) -> Result<Exit, CliError> {
    let accepted = files::accepted(std::slice::from_ref(&arguments.scenario))?;
    // One path gives one scenario, unless it is a folder.
    let [accepted] = accepted.as_slice() else { return Err(CliError::OneScenario(arguments.scenario.clone())) };
    let vocabulary = vocabulary::known();
    let sweep = Sweep {
        arguments,
        accepted,
        product: files::product(&accepted.scenario)?,
        vocabulary: &vocabulary,
        seed: arguments.seed.unwrap_or(accepted.scenario.run.seeds.first),
    };
    match (arguments.operator, arguments.lineage) {
        (true, _) => sweep.operator(),
        (false, true) => sweep.lineage(),
        (false, false) => sweep.faults(),
    }
}

struct Sweep<'a> {
    arguments: &'a SweepArguments,
    accepted: &'a Accepted,
    product: &'static Product,
    vocabulary: &'a Vocabulary,
    seed: u64,
}

impl Sweep<'_> {
    fn faults(&self) -> Result<Exit, CliError> {
        let kinds = self.kinds(&faults::KINDS)?;
        let kinds = if kinds.is_empty() { faults::KINDS.to_vec() } else { kinds };
        let alone = faults::undisturbed(&self.explicit());
        let undisturbed = alone.accept(self.path(), self.vocabulary).map_err(CliError::Rejected)?;
        let trial = trial::run(&undisturbed.scenario, self.product, self.seed, interrupted)?;
        if trial.verdict.outcome != Outcome::AsExpected {
            let cause = trial.verdict.cause.map_or(String::new(), |cause| cause.en);
            return Err(CliError::NotSound { scenario: self.path().to_owned(), cause });
        }
        let all_moments = events::moments(&undisturbed.scenario, &trial.record);
        let mut moments = self.wanted(&all_moments)?;
        let wanted = moments.len();
        if let Some(occurrences) = self.arguments.occurrences {
            moments = events::thinned(&moments, occurrences);
        }
        let alone = faults::with_room(&alone, &undisturbed.scenario, 1);
        let aims = faults::aims(&undisturbed.scenario, self.product, &kinds);
        let limit = self.arguments.limit.unwrap_or(usize::MAX);
        let singles = faults::singles(&alone, &aims, &moments, limit);
        let all = moments.len() * aims.len();
        let named = match self.arguments.events.as_slice() {
            [] => String::new(),
            words => format!(", {wanted} with {} in their name", words.join(" or ")),
        };
        let thinned = match self.arguments.occurrences {
            Some(occurrences) if moments.len() < wanted => {
                format!(", {} with at most {occurrences} of one kind on one host", moments.len())
            }
            _ => String::new(),
        };
        let every =
            if singles.len() < all && singles.len() >= moments.len() { ", one at least at each event" } else { "" };
        let mut out = anstream::stdout().lock();
        writeln!(
            out,
            "SWEPT  {}  seed {}: {} events without faults{named}{thinned}; {} faults; {} of {all} tried{every}",
            self.path(),
            self.seed,
            all_moments.len(),
            aims.len(),
            singles.len()
        )?;
        let tried = self.make(singles);
        write!(out, "{}", report::faults(&tried))?;
        writeln!(out, "  {}", report::sentence(&tried, "single fault at any event"))?;
        self.keep(&tried)?;
        let mut exit = exit(&tried);
        if let Some(window) = self.arguments.pairs {
            let limit = self.arguments.limit.unwrap_or(PAIRS);
            let (all, pairs) = faults::pairs(&alone, &aims, &moments, window, limit);
            writeln!(out, "PAIRS  {} of {all} tried", pairs.len())?;
            let tried = self.make(pairs);
            write!(out, "{}", report::faults(&tried))?;
            writeln!(out, "  {}", report::sentence(&tried, "pair of faults that was tried"))?;
            self.keep(&tried)?;
            exit = exit.worst(self::exit(&tried));
        }
        Ok(if interrupted() { Exit::Interrupted } else { exit })
    }

    fn lineage(&self) -> Result<Exit, CliError> {
        let kinds = self.kinds(&lineage::kinds())?;
        let kinds = if kinds.is_empty() { lineage::usual_kinds() } else { kinds };
        let most = self.arguments.max_faults;
        let alone = faults::undisturbed(&self.explicit());
        let undisturbed = alone.accept(self.path(), self.vocabulary).map_err(CliError::Rejected)?;
        let alone = faults::with_room(&alone, &undisturbed.scenario, most);
        let undisturbed = alone.accept(self.path(), self.vocabulary).map_err(CliError::Rejected)?;
        let plan = Plan {
            undisturbed: &alone,
            scenario: &undisturbed.scenario,
            kinds: &kinds,
            words: &self.arguments.events,
            occurrences: self.arguments.occurrences,
            most: most as usize,
            singles: self.arguments.limit.unwrap_or(usize::MAX),
            sets: self.arguments.limit.unwrap_or(PAIRS),
        };
        let search = match Search::begin(self.setting(), plan) {
            Ok(search) => search,
            Err(_) if interrupted() => return Ok(Exit::Interrupted),
            Err(SearchError::Run(error)) => return Err(error.into()),
            Err(SearchError::NotSound(cause)) => {
                return Err(CliError::NotSound { scenario: self.path().to_owned(), cause });
            }
        };
        self.wanted(search.moments())?;
        let searched = self.search(search);
        let singles = faults::aims(&undisturbed.scenario, self.product, &kinds).len() * searched.announced.1;
        let mut out = anstream::stdout().lock();
        writeln!(out, "LINEAGE  {}  seed {}: {}", self.path(), self.seed, lineage::report::lineage(&searched))?;
        write!(out, "{}", lineage::report::outcomes(&searched.outcomes))?;
        write!(out, "{}", lineage::report::sizes(&searched, singles as u64))?;
        writeln!(out, "  {}", lineage::report::bound(&searched, most as usize))?;
        let found: Vec<Tried> = searched.found.iter().map(|found| found.first.clone()).collect();
        self.keep(&found)?;
        Ok(if interrupted() { Exit::Interrupted } else { exit_of(searched.counts()) })
    }

    fn search(&self, search: Search<'_>) -> Searched {
        let mut progress: Option<Progress> = None;
        let searched = search.run(|heard| match heard {
            Heard::Begins { runs } => {
                progress.iter_mut().for_each(Progress::finish);
                progress = Some(Progress::begin("sweep", Some(runs as u64), 0));
            }
            Heard::Made(made) => {
                progress.iter_mut().for_each(|progress| progress.step(made.answer.breaks_nothing()));
            }
        });
        progress.iter_mut().for_each(Progress::finish);
        searched
    }

    fn operator(&self) -> Result<Exit, CliError> {
        let mut slips = operator::slips(&self.explicit(), self.seed);
        thin(&mut slips, self.arguments.limit);
        let well_done = ExploredSeed::of(self.accepted, self.product, self.seed, interrupted);
        let mut out = anstream::stdout().lock();
        writeln!(out, "SWEPT  {}  seed {}: {} slips of the operator", self.path(), self.seed, slips.len())?;
        let tried = self.make(slips);
        write!(out, "{}", report::slips(&well_done, &tried))?;
        self.keep(&tried)?;
        Ok(if interrupted() { Exit::Interrupted } else { exit(&tried) })
    }

    /// The moments at which faults are wanted.
    fn wanted(&self, all: &[events::Moment]) -> Result<Vec<events::Moment>, CliError> {
        let words = &self.arguments.events;
        let is_wanted =
            |moment: &&events::Moment| words.is_empty() || words.iter().any(|word| moment.event.contains(word));
        let wanted: Vec<events::Moment> = all.iter().filter(is_wanted).cloned().collect();
        if wanted.is_empty() && !all.is_empty() {
            let known: BTreeSet<&str> = all.iter().map(|moment| moment.event.as_str()).collect();
            let known: Vec<&str> = known.into_iter().collect();
            return Err(CliError::Unknown {
                name: words.join(","),
                hint: Some(format!("events: {}", known.join(", "))),
            });
        }
        Ok(wanted)
    }

    fn path(&self) -> &str {
        &self.accepted.scenario.path
    }

    fn explicit(&self) -> Document {
        explicit(self.accepted, &Draws::of(&self.accepted.scenario, self.seed))
    }

    /// The kinds of faults that are asked for, of those that there are.
    fn kinds(&self, known: &[faults::FaultKind]) -> Result<Vec<faults::FaultKind>, CliError> {
        let names = || known.iter().map(|kind| kind.verb).collect::<Vec<_>>().join(", ");
        let find = |verb: &String| {
            let kind = known.iter().find(|kind| kind.verb == verb).copied();
            kind.ok_or_else(|| CliError::Unknown { name: verb.clone(), hint: Some(format!("faults: {}", names())) })
        };
        self.arguments.faults.iter().map(find).collect()
    }

    fn setting(&self) -> Setting<'_> {
        Setting {
            path: self.path(),
            vocabulary: self.vocabulary,
            product: self.product,
            seed: self.seed,
            jobs: explore::threads(self.arguments.jobs),
            interrupted,
        }
    }

    fn make(&self, attempts: Vec<Attempt>) -> Vec<Tried> {
        let mut progress = Progress::begin("sweep", Some(attempts.len() as u64), 0);
        let tried = make(self.setting(), attempts, |made| progress.step(made.answer.breaks_nothing()));
        progress.finish();
        tried
    }

    /// Writes out what broke, each finding once, as scenarios that can be run.
    fn keep(&self, tried: &[Tried]) -> Result<(), CliError> {
        let Some(folder) = &self.arguments.out else { return Ok(()) };
        let mut kept: Vec<&str> = Vec::new();
        for attempt in tried.iter().filter(|attempt| attempt.answer == Answer::Broke) {
            let signature = attempt.signature();
            if kept.contains(&signature) {
                continue;
            }
            kept.push(signature);
            let name: String = format!("{} at {}", attempt.attempt.what.en, attempt.attempt.at)
                .chars()
                .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
                .collect();
            let path = folder.join(format!("{name}.toml"));
            write(&path, &plain(&attempt.attempt.document))?;
            anstream::eprintln!("sweep: {signature}: {}", path.display());
        }
        Ok(())
    }
}

/// How many pairs, or larger sets, are tried if no limit is given: there are soon a million.
const PAIRS: usize = 500;

/// Keeps every so-many-th, so that what is left is spread over all.
fn thin(attempts: &mut Vec<Attempt>, limit: Option<usize>) {
    let step = attempts.len().div_ceil(limit.unwrap_or(usize::MAX).max(1)).max(1);
    let mut number = 0;
    attempts.retain(|_| {
        number += 1;
        (number - 1) % step == 0
    });
}

/// What did not bite proves nothing and breaks nothing.
fn exit(tried: &[Tried]) -> Exit {
    exit_of(report::Counts::of(tried))
}

fn exit_of(counts: report::Counts) -> Exit {
    match (counts.broke, counts.could_not_tell, counts.held) {
        (0, 0, 1..) => Exit::AsExpected,
        (0, _, _) => Exit::Inconclusive,
        _ => Exit::NotAsExpected,
    }
}
