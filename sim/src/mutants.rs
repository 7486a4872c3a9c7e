//! The mutation score: how many seeds it takes to find a real bug that is switched back on, and which check does.
//!
//! A simulator that finds nothing may be looking at nothing. A defect is looked for in the scenarios of its product that
//! name it. One that no scenario names is looked for in all drills of the product that have no defect and pass, as they
//! are and with drawn configurations in turn. It is found in a seed if a check is broken that holds in the same seed
//! without it, whatever the scenario says it expects: expectations are for people.

use std::collections::BTreeSet;

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
pub enum Ground<'a> {
    /// In a scenario, as it is.
    Drill {
        /// With the defect.
        defective: Box<Accepted>,
        /// Without it.
        sound: Box<Accepted>,
    },
    /// In configurations drawn over a scenario.
    Drawn {
        /// What draws them.
        swarm: Box<Swarm<'a>>,
        /// The path of the scenario.
        path: String,
    },
}

/// A defect of a product, and where it is looked for.
pub struct Hunt<'a> {
    /// The product.
    pub product: &'static Product,
    /// The defect.
    pub defect: &'static str,
    /// Whether a scenario names it.
    pub is_named: bool,
    grounds: Vec<Ground<'a>>,
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
    /// The ground, by its number in the hunt.
    ground: usize,
}

impl<'a> Hunt<'a> {
    /// The hunts for every defect of a product, in the order of its catalogue.
    ///
    /// # Errors
    /// [`RunError`] if a drill cannot be run.
    pub fn all(
        product: &'static Product,
        scenarios: &[Accepted],
        vocabulary: &'a Vocabulary,
    ) -> Result<Vec<Hunt<'a>>, RunError> {
        product.defects.iter().map(|defect| Hunt::of(product, defect.name, scenarios, vocabulary)).collect()
    }

    /// The hunt for one defect among these scenarios.
    ///
    /// # Errors
    /// [`RunError`] if a drill cannot be run.
    pub fn of(
        product: &'static Product,
        defect: &'static str,
        scenarios: &[Accepted],
        vocabulary: &'a Vocabulary,
    ) -> Result<Hunt<'a>, RunError> {
        let ours = || scenarios.iter().filter(|it| it.scenario.product.model == product.model);
        let naming = ours().filter(|it| it.scenario.product.defects.iter().any(|known| known == defect));
        let mut grounds: Vec<Ground<'a>> = naming.filter_map(|it| Ground::without(it, vocabulary)).collect();
        let is_named = !grounds.is_empty();
        if !is_named {
            for drill in ours().filter(|it| is_sound(it)) {
                grounds.extend(Ground::with(drill, defect, vocabulary));
                let swarm = Box::new(Swarm::new(drill, product, vocabulary, || false)?);
                grounds.push(Ground::Drawn { swarm, path: drill.scenario.path.clone() });
            }
        }
        Ok(Hunt { product, defect, is_named, grounds, vocabulary })
    }

    /// `kingbase/minority-may-promote`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.product.model, self.defect)
    }

    /// Seed after seed from `first` on, each on the next ground, at most `within` of them.
    pub fn search(&self, first: u64, within: u64) -> Option<Found> {
        (0..within).find_map(|number| {
            let index = usize::try_from(number).ok()?.checked_rem(self.grounds.len())?;
            let (seed, ground) = (first + number, index);
            let (check, scenario) = self.look(&self.grounds[ground], seed)?;
            Some(Found { seeds: number + 1, check, scenario, seed, ground })
        })
    }

    /// The scenario, with the defect, in which it was found; what is found there can be shrunk.
    pub fn scenario(&self, found: &Found) -> Option<Accepted> {
        match self.grounds.get(found.ground)? {
            Ground::Drill { defective, .. } => Some((**defective).clone()),
            Ground::Drawn { swarm, path } => {
                with_defect(&swarm.draw(found.seed).document, self.defect).accept(path, self.vocabulary).ok()
            }
        }
    }

    fn look(&self, ground: &Ground<'a>, seed: u64) -> Option<(String, String)> {
        let run = |accepted: &Accepted| ExploredSeed::of(accepted, self.product, seed, || false);
        match ground {
            Ground::Drill { defective, sound } => {
                let broken = broken(&run(defective));
                let check = first_beyond(broken, || broken_or_all(&run(sound)))?;
                Some((check, defective.scenario.path.clone()))
            }
            Ground::Drawn { swarm, path } => {
                let document = swarm.draw(seed).document;
                let defective = with_defect(&document, self.defect).accept(path, self.vocabulary).ok()?;
                let broken = broken(&run(&defective));
                let sound = || match document.accept(path, self.vocabulary) {
                    Ok(sound) => broken_or_all(&run(&sound)),
                    Err(_) => None,
                };
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    const CUT: &str = r#"
[[fault]]
name = "cut"
at = "9s..11s"
power-cut = { device = "shared" }
[[check]]
always = "linearizable"
"#;

    static TEST_PRODUCT: Product = PAIR;

    #[test]
    fn a_defect_is_found_where_a_check_breaks_that_holds_without_it() {
        let vocabulary = vocabulary();
        let hunt = Hunt::of(&TEST_PRODUCT, "answers-early", &[accepted(CUT)], &vocabulary).expect("it runs");
        assert!(!hunt.is_named);
        let found = hunt.search(1, 40).expect("what was acknowledged early is lost");
        assert_eq!(found.check, "linearizable");
        // One that no check can see is not found, however long one looks.
        let hunt = Hunt::of(&TEST_PRODUCT, "forces-elections", &[accepted(CUT)], &vocabulary).expect("it runs");
        assert_eq!(hunt.search(1, 6), None);
    }

    #[test]
    fn a_model_that_panics_is_found_too() {
        let vocabulary = vocabulary();
        let hunt = Hunt::of(&TEST_PRODUCT, "panics", &[accepted(CUT)], &vocabulary).expect("it runs");
        assert_eq!(hunt.search(1, 2).map(|found| (found.seeds, found.check)), Some((1, "model".to_owned())));
    }

    #[test]
    fn the_median_counts_what_was_in_vain() {
        let found = |seeds| Some(Found { seeds, check: String::new(), scenario: String::new(), seed: 0, ground: 0 });
        assert_eq!(median(vec![found(9), None, found(2)]).map(|it| it.seeds), Some(9));
        assert_eq!(median(vec![None, None, found(2)]), None);
        assert_eq!(median(vec![found(4), found(3), None, None]).map(|it| it.seeds), Some(4));
    }
}
