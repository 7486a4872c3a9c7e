//! Whether drawing configurations, and going on from what was new, find planted defects in fewer seeds than running a
//! drill as it is: the median over several first seeds for each way, and what they come to beside each other.
//!
//! The drills are short on purpose: a defect that a drill was written for shows in its first seed whatever one does, so
//! each is looked for in a drill that knows nothing of it.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use simrun::explore::workers;
use simrun::mutants::{Way, seeds_until_found};
use simrun::scenario::load;
use simrun::vocabulary;

use crate::error::Error;

/// How far to look.
#[derive(Args)]
pub struct Options {
    /// From how many first seeds each way looks.
    #[arg(long, default_value_t = 9)]
    bases: u64,
    /// Within how many seeds.
    #[arg(long, default_value_t = 400)]
    within: u64,
    /// Only these defects (default: the chosen ones).
    #[arg(long)]
    defect: Vec<String>,
    /// Only this way (default: all, beside each other).
    #[arg(long)]
    way: Option<Way>,
    /// Another drill than the chosen one, for the defects that are named.
    #[arg(long, requires = "defect")]
    drill: Option<PathBuf>,
    /// How many searches run at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

/// A drill that knows nothing of a defect, and the defect.
const CHOSEN: &[(&str, &str)] = &[
    ("scenarios/opengauss_dms/switchover_and_back.toml", "fence-skipped"),
    ("scenarios/dm_dsc/overlapping_stops.toml", "counter-lost-with-the-control-css"),
    ("scenarios/opengauss_ha/switchover_and_back.toml", "timeout-reported-as-success"),
    ("scenarios/opengauss_ha/switchover_and_back.toml", "heartbeat-stops-at-demote"),
];

/// How the search for a defect in one way went.
#[derive(Clone, Copy)]
enum Looked {
    /// The way was not asked for.
    Not,
    /// Nothing was found in the middle search.
    InVain,
    /// So many seeds it took in the middle search.
    Found(u64),
}

/// Looks for the defects in every way.
pub fn run(options: &Options) -> Result<String, Error> {
    let chosen: Vec<(String, String)> = match options.defect.as_slice() {
        [] => CHOSEN.iter().map(|(drill, defect)| ((*drill).to_owned(), (*defect).to_owned())).collect(),
        named => named.iter().map(|defect| (drill_for(options, defect), defect.clone())).collect(),
    };
    let mut table = format!(
        "{:30} {:>8} {:>8} {:>8}  {:>12} {:>13}\n",
        "defect", "plain", "swarm", "guided", "plain/swarm", "plain/guided"
    );
    for (drill, defect) in &chosen {
        let look = |way: Way| match options.way {
            Some(wanted) if wanted != way => Ok(Looked::Not),
            _ => median(options, drill, defect, way),
        };
        let (plain, swarm, guided) = (look(Way::Plain)?, look(Way::Swarm)?, look(Way::Guided)?);
        let within = options.within;
        let row = format!(
            "{defect:30} {:>8} {:>8} {:>8}  {:>12} {:>13}\n",
            plain.shown(within),
            swarm.shown(within),
            guided.shown(within),
            ratio(plain, swarm, within),
            ratio(plain, guided, within)
        );
        // It takes long: whoever waits sees it grow.
        eprint!("{row}");
        table.push_str(&row);
    }
    let _ = writeln!(table, "median seeds until found, over {} first seeds, within {}", options.bases, options.within);
    Ok(table)
}

fn drill_for(options: &Options, defect: &str) -> String {
    let own = options.drill.as_ref().map(|drill| drill.to_string_lossy().into_owned());
    let chosen = || CHOSEN.iter().find(|(_, known)| *known == defect).map(|(drill, _)| (*drill).to_owned());
    own.or_else(chosen).unwrap_or_else(|| CHOSEN[0].0.to_owned())
}

impl Looked {
    fn shown(self, within: u64) -> String {
        match self {
            Looked::Not => "-".to_owned(),
            Looked::InVain => format!("> {within}"),
            Looked::Found(seeds) => seeds.to_string(),
        }
    }
}

/// How many times more seeds one way needs than another.
fn ratio(slow: Looked, fast: Looked, within: u64) -> String {
    match (slow, fast) {
        (Looked::Found(slow), Looked::Found(fast)) => format!("{:.1}", slow as f64 / fast.max(1) as f64),
        (Looked::InVain, Looked::Found(fast)) => format!("> {:.1}", within as f64 / fast.max(1) as f64),
        (Looked::Found(slow), Looked::InVain) => format!("< {:.1}", slow as f64 / within as f64),
        _ => "-".to_owned(),
    }
}

fn median(options: &Options, drill: &str, defect: &str, way: Way) -> Result<Looked, Error> {
    let vocabulary = vocabulary::known();
    let accepted = load(drill.as_ref(), &vocabulary).map_err(|error| Error::Scenario(error.to_string()))?;
    let model = &accepted.scenario.product.model;
    let product = nodes::catalogue::find(model).ok_or_else(|| Error::Scenario(model.clone()))?;
    let one = |base: u64| {
        let first = base * options.within + 1;
        Some(seeds_until_found((&accepted, product, defect), &vocabulary, way, first, options.within))
    };
    let mut searches = Vec::new();
    workers::in_order(
        0..options.bases,
        options.jobs,
        || false,
        one,
        |found| {
            searches.push(found);
            ControlFlow::Continue(())
        },
    );
    let mut seeds: Vec<Option<u64>> = searches.into_iter().collect::<Result<_, _>>()?;
    seeds.sort_by_key(|seeds| seeds.unwrap_or(u64::MAX));
    let middle = seeds.get(seeds.len().saturating_sub(1) / 2).copied().flatten();
    Ok(middle.map_or(Looked::InVain, Looked::Found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_drills_are_there_and_their_products_have_the_defects() {
        let vocabulary = vocabulary::known();
        for (drill, defect) in CHOSEN {
            let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(drill);
            let accepted = load(&path, &vocabulary).unwrap_or_else(|error| panic!("{drill}: {error}"));
            let product = nodes::catalogue::find(&accepted.scenario.product.model).expect("a product");
            assert!(product.defects.iter().any(|known| known.name == *defect), "{drill} has no {defect}");
            assert!(accepted.scenario.product.defects.is_empty(), "{drill} knows of defects");
        }
    }

    #[test]
    fn ratios_say_when_one_side_found_nothing() {
        use Looked::{Found, InVain, Not};
        assert_eq!(ratio(Found(30), Found(10), 400), "3.0");
        assert_eq!(ratio(InVain, Found(10), 400), "> 40.0");
        assert_eq!(ratio(Found(40), InVain, 400), "< 0.1");
        assert_eq!(ratio(InVain, InVain, 400), "-");
        assert_eq!(ratio(Not, Found(10), 400), "-");
    }
}
