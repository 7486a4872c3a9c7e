//! The mutation score: how many seeds it takes to find a real bug that is switched back on, and which check does.
//!
//! A simulator that finds nothing may be looking at nothing. A defect is looked for in the scenarios of its product that
//! name it, and in all drills of the product that have no defect and pass, as they are and with drawn configurations. It
//! is found in a seed if a promise is broken that is kept in the same seed without it, whatever the scenario says it
//! expects: expectations are for people. Promises are the checks, and the recovery-time objective of a drill as written.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use nodes::product::Product;
use reports::Answer;

use crate::document::Document;
use crate::explore::line::ExploredSeed;
use crate::guided::{BATCH, Candidate, Guided};
use crate::run::RunError;
use crate::scenario::Accepted;
use crate::scenario::model::ExpectedVerdict;
use crate::scenario::vocabulary::Vocabulary;
use crate::swarm::Swarm;

/// Where a defect is looked for.
enum Ground<'a> {
    /// In a scenario, as it is.
    Drill {
        /// With the defect.
        defective: Box<Accepted>,
        /// Without it.
        sound: Box<Accepted>,
    },
    /// In configurations drawn over a scenario.
    Drawn {
        /// The scenario.
        drill: Box<Accepted>,
        /// What draws them, made when it is first wanted, for that takes a run; none if the scenario cannot be run.
        swarm: OnceLock<Option<Box<Swarm<'a>>>>,
    },
}

/// A defect of a product, and where it is looked for.
pub struct Hunt<'a> {
    /// The product.
    pub product: &'static Product,
    /// The defect.
    pub defect: &'static str,
    /// Scenarios that name it, in which it is looked for in every other seed.
    named: Vec<Ground<'a>>,
    /// Drills that know nothing of it: as they are, then drawn over.
    others: Vec<Ground<'a>>,
    vocabulary: &'a Vocabulary,
}

/// Where a search ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How many seeds it took.
    pub seeds: u64,
    /// The check that is broken, the first by name.
    pub check: String,
    /// The scenario.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// Whether the configuration was drawn.
    pub is_drawn: bool,
    /// How many seeds had been looked at before, which says on what ground it was found.
    number: u64,
}

impl<'a> Hunt<'a> {
    /// The hunts for every defect of a product, in the order of its catalogue.
    pub fn all(product: &'static Product, scenarios: &[Accepted], vocabulary: &'a Vocabulary) -> Vec<Hunt<'a>> {
        product.defects.iter().map(|defect| Hunt::of(product, defect.name, scenarios, vocabulary)).collect()
    }

    /// The hunt for one defect among these scenarios.
    pub fn of(
        product: &'static Product,
        defect: &'static str,
        scenarios: &[Accepted],
        vocabulary: &'a Vocabulary,
    ) -> Hunt<'a> {
        let ours = || scenarios.iter().filter(|it| it.scenario.product.model == product.model);
        let naming = ours().filter(|it| it.scenario.product.defects.iter().any(|known| known == defect));
        let named = naming.filter_map(|it| Ground::without(it, vocabulary)).collect();
        let as_they_are = ours().filter(|it| is_sound(it)).filter_map(|it| Ground::with(it, defect, vocabulary));
        let drawn = ours()
            .filter(|it| is_sound(it))
            .map(|it| Ground::Drawn { drill: Box::new(it.clone()), swarm: OnceLock::new() });
        Hunt { product, defect, named, others: as_they_are.chain(drawn).collect(), vocabulary }
    }

    /// Whether a scenario names the defect.
    pub fn is_named(&self) -> bool {
        !self.named.is_empty()
    }

    /// `kingbase/minority-may-promote`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.product.model, self.defect)
    }

    /// Seed after seed from `first` on, each on the next ground, at most `within` of them.
    pub fn search(&self, first: u64, within: u64) -> Option<Found> {
        (0..within).find_map(|number| {
            let seed = first + number;
            let ground = self.ground(number)?;
            let (check, scenario) = self.look(ground, seed)?;
            let is_drawn = matches!(ground, Ground::Drawn { .. });
            Some(Found { seeds: number + 1, check, scenario, seed, is_drawn, number })
        })
    }

    /// Where the seed of this number is looked at: named and other grounds take turns.
    fn ground(&self, number: u64) -> Option<&Ground<'a>> {
        let turn = |grounds: &'_ [Ground<'a>], number: u64| (number % (grounds.len() as u64).max(1)) as usize;
        match (self.named.is_empty(), self.others.is_empty()) {
            (true, _) => self.others.get(turn(&self.others, number)),
            (false, true) => self.named.get(turn(&self.named, number)),
            (false, false) if number.is_multiple_of(2) => self.named.get(turn(&self.named, number / 2)),
            (false, false) => self.others.get(turn(&self.others, number / 2)),
        }
    }

    /// The scenario, with the defect, in which it was found; what is found there can be shrunk.
    pub fn scenario(&self, found: &Found) -> Option<Accepted> {
        match self.ground(found.number)? {
            Ground::Drill { defective, .. } => Some((**defective).clone()),
            Ground::Drawn { drill, swarm } => {
                let drawn = self.swarm(drill, swarm)?.draw(found.seed).document;
                with_defect(&drawn, self.defect).accept(&drill.scenario.path, self.vocabulary).ok()
            }
        }
    }

    fn swarm<'s>(&self, drill: &Accepted, swarm: &'s OnceLock<Option<Box<Swarm<'a>>>>) -> Option<&'s Swarm<'a>> {
        let make = || Swarm::new(drill, self.product, self.vocabulary, || false).ok().map(Box::new);
        swarm.get_or_init(make).as_deref()
    }

    fn look(&self, ground: &Ground<'a>, seed: u64) -> Option<(String, String)> {
        let run = |accepted: &Accepted| ExploredSeed::of(accepted, self.product, seed, || false);
        match ground {
            Ground::Drill { defective, sound } => {
                let objective = |line: &ExploredSeed| misses_objective(line, defective);
                let line = run(defective);
                let mut broken = broken(&line);
                broken.extend(objective(&line));
                let kept = || {
                    let line = run(sound);
                    let mut broken = broken_or_all(&line)?;
                    broken.extend(objective(&line));
                    Some(broken)
                };
                Some((first_beyond(broken, kept)?, defective.scenario.path.clone()))
            }
            Ground::Drawn { drill, swarm } => {
                let path = &drill.scenario.path;
                let document = self.swarm(drill, swarm)?.draw(seed).document;
                let defective = with_defect(&document, self.defect).accept(path, self.vocabulary).ok()?;
                let broken = broken(&run(&defective));
                let sound = || broken_or_all(&run(&document.accept(path, self.vocabulary).ok()?));
                Some((first_beyond(broken, sound)?, path.clone()))
            }
        }
    }
}

impl<'a> Ground<'a> {
    /// A scenario that names its defects, and the same without them.
    fn without(defective: &Accepted, vocabulary: &Vocabulary) -> Option<Ground<'a>> {
        let mut document = Document::of(defective);
        document.remove(&["product", "defects"]);
        document.remove(&["expect"]);
        let sound = document.accept(&defective.scenario.path, vocabulary).ok()?;
        Some(Ground::Drill { defective: Box::new(defective.clone()), sound: Box::new(sound) })
    }

    /// A scenario without defects, and the same with one.
    fn with(sound: &Accepted, defect: &str, vocabulary: &Vocabulary) -> Option<Ground<'a>> {
        let document = with_defect(&Document::of(sound), defect);
        let defective = document.accept(&sound.scenario.path, vocabulary).ok()?;
        Some(Ground::Drill { defective: Box::new(defective), sound: Box::new(sound.clone()) })
    }
}

/// Whether it is a drill of the product as it is, that is to end well.
fn is_sound(accepted: &Accepted) -> bool {
    let scenario = &accepted.scenario;
    scenario.product.defects.is_empty() && scenario.expect.verdict == ExpectedVerdict::Pass
}

fn with_defect(document: &Document, defect: &str) -> Document {
    let mut other = document.clone();
    other.set(&["product", "defects"], vec![defect.to_owned()]);
    other
}

/// The checks that a run has broken; a model that panics counts as one.
fn broken(line: &ExploredSeed) -> BTreeSet<String> {
    let violated = line.line.checks.iter().filter(|check| check.answer == Answer::Violated);
    let mut names: BTreeSet<String> = violated.map(|check| check.name.clone()).collect();
    if line.signature.as_deref().is_some_and(|it| it.starts_with("model panicked")) {
        names.insert("model".to_owned());
    }
    names
}

/// The objective that a drill states and a run misses. Drawn configurations promise nobody that service returns in time.
fn misses_objective(line: &ExploredSeed, drill: &Accepted) -> Option<String> {
    let rto = drill.scenario.objectives.rto?;
    let took = line.line.rto_ms.map(Duration::from_millis);
    let was_served = line.error.is_none() && drill.scenario.workload.is_some();
    (was_served && took.is_none_or(|took| took > rto)).then(|| "objective rto".to_owned())
}

/// The same of the sound run; `None` if that has no result, which proves nothing.
fn broken_or_all(line: &ExploredSeed) -> Option<BTreeSet<String>> {
    line.error.is_none().then(|| broken(line))
}

fn first_beyond(broken: BTreeSet<String>, sound: impl FnOnce() -> Option<BTreeSet<String>>) -> Option<String> {
    if broken.is_empty() {
        return None;
    }
    let sound = sound()?;
    broken.into_iter().find(|check| !sound.contains(check))
}

/// How seeds are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Way {
    /// The seeds of the scenario as it is.
    Plain,
    /// A configuration drawn for each.
    Swarm,
    /// Going on from what was new.
    Guided,
}

/// How many seeds it takes to find a defect over one drill in one way, from `first` on; `None` if more than `within`.
///
/// # Errors
/// [`RunError`] if the drill cannot be run.
pub fn seeds_until_found(
    (drill, product, defect): (&Accepted, &'static Product, &str),
    vocabulary: &Vocabulary,
    way: Way,
    first: u64,
    within: u64,
) -> Result<Option<u64>, RunError> {
    let path = &drill.scenario.path;
    let shows = |document: &Document, line: &ExploredSeed, seed: u64| {
        let mut sound = document.clone();
        sound.remove(&["product", "defects"]);
        let sound = || broken_or_all(&ExploredSeed::of(&sound.accept(path, vocabulary).ok()?, product, seed, || false));
        first_beyond(broken(line), sound).is_some()
    };
    let defective = with_defect(&Document::of(drill), defect);
    let Ok(accepted) = defective.accept(path, vocabulary) else { return Ok(None) };
    if way == Way::Plain {
        let found = (first..first + within).find(|seed| {
            let line = ExploredSeed::of(&accepted, product, *seed, || false);
            shows(&defective, &line, *seed)
        });
        return Ok(found.map(|seed| seed - first + 1));
    }
    let swarm = Swarm::new(&accepted, product, vocabulary, || false)?;
    if way == Way::Swarm {
        let found = (first..first + within).find(|seed| {
            let drawn = swarm.draw(*seed).document;
            swarm
                .accept(&drawn, None)
                .is_ok_and(|accepted| shows(&drawn, &ExploredSeed::of(&accepted, product, *seed, || false), *seed))
        });
        return Ok(found.map(|seed| seed - first + 1));
    }
    let mut guided = Guided::new(swarm);
    let mut number = first;
    while number < first + within {
        let batch: Vec<Candidate> = (number..first + within).take(BATCH).map(|it| guided.candidate(it)).collect();
        for candidate in batch {
            let line = guided.run(&candidate, || false);
            let seed = values_seed(&candidate.document).unwrap_or(number);
            if shows(&candidate.document, &line, seed) {
                return Ok(Some(number - first + 1));
            }
            guided.learn(&candidate, &line);
            number += 1;
        }
    }
    Ok(None)
}

/// The seed of the noise that a plan runs with.
fn values_seed(document: &Document) -> Option<u64> {
    document.get(&["run", "seeds"])?.as_str()?.split("..").next()?.parse().ok()
}

/// The median of searches, those in vain counted as longest; `None` if it was in vain.
pub fn median(mut searches: Vec<Option<Found>>) -> Option<Found> {
    searches.sort_by_key(|found| found.as_ref().map_or(u64::MAX, |found| found.seeds));
    let middle = searches.len().checked_sub(1)? / 2;
    searches.into_iter().nth(middle).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::{PAIR, accepted, vocabulary};

    /// What the cache of the device lost is missed when the log is read again.
    const CUT: &str = r#"
[[fault]]
name = "cut"
at = "5s..7s"
for = "1s"
power-cut = { device = "shared" }
[[fault]]
name = "kill"
at = "10s"
kill = "a"
[[fault]]
name = "start"
at = "11s"
start = "a"
[[check]]
always = "linearizable"
"#;

    static TEST_PRODUCT: Product = PAIR;

    #[test]
    fn a_defect_is_found_where_a_check_breaks_that_holds_without_it() {
        let vocabulary = vocabulary();
        let hunt = Hunt::of(&TEST_PRODUCT, "answers-early", &[accepted(CUT)], &vocabulary);
        assert!(!hunt.is_named());
        let found = hunt.search(1, 40).expect("what was acknowledged early is lost");
        assert_eq!(found.check, "linearizable");
        // One that no check can see is not found, however long one looks.
        let hunt = Hunt::of(&TEST_PRODUCT, "forces-elections", &[accepted(CUT)], &vocabulary);
        assert_eq!(hunt.search(1, 6), None);
    }

    #[test]
    fn a_model_that_panics_is_found_too() {
        let vocabulary = vocabulary();
        let hunt = Hunt::of(&TEST_PRODUCT, "panics", &[accepted(CUT)], &vocabulary);
        assert_eq!(hunt.search(1, 2).map(|found| (found.seeds, found.check)), Some((1, "model".to_owned())));
    }

    #[test]
    fn the_median_counts_what_was_in_vain() {
        let found = |seeds| {
            Some(Found { seeds, check: String::new(), scenario: String::new(), seed: 0, is_drawn: false, number: 0 })
        };
        assert_eq!(median(vec![found(9), None, found(2)]).map(|it| it.seeds), Some(9));
        assert_eq!(median(vec![None, None, found(2)]), None);
        assert_eq!(median(vec![found(4), found(3), None, None]).map(|it| it.seeds), Some(4));
    }
}
