//! `simrun run`: seeds of scenarios, several at once, told in order.

use nodes::product::Product;
use nodes::world::executor::Ending;
use rayon::prelude::*;

use super::arguments::RunArguments;
use super::interrupt::interrupted;
use super::language::language;
use super::results::Results;
use super::teller::{Done, Teller, Telling, Told};
use super::{CliError, Exit, determinism, files};
use crate::draws::Draws;
use crate::run::{Record, RunError, RunOptions, run_scenario};
use crate::scenario::Accepted;
use crate::tell::{Tale, report};
use crate::verdict::{self, Outcome};

/// One seed of one scenario.
struct Work<'a> {
    accepted: &'a Accepted,
    seed: u64,
}

/// Runs what the arguments say.
pub fn run(arguments: &RunArguments) -> Result<Exit, CliError> {
    let accepted = files::accepted(&arguments.scenarios)?;
    let work = accepted.iter().flat_map(|accepted| seeds(arguments, accepted).map(move |seed| Work { accepted, seed }));
    let single = accepted.len() == 1 && seeds(arguments, &accepted[0]).count() == 1;
    let jobs = arguments.jobs.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    let pool = pool.map_err(|error| CliError::Output(std::io::Error::other(error)))?;
    let batch = pool.current_num_threads() * 2;
    let planned =
        accepted.iter().map(|accepted| seeds(arguments, accepted)).map(|seeds| seeds.end() - seeds.start() + 1);
    let results = Results::new(arguments.out.clone());
    let telling = Telling {
        format: arguments.format,
        language: language(arguments.lang),
        ci: &arguments.ci,
        results: Some(&results),
        ran_twice: arguments.check_determinism,
    };
    let mut teller = Teller::new(telling, single, planned.sum());
    let mut work = work.peekable();
    while work.peek().is_some() && !interrupted() {
        let next: Vec<Work<'_>> = work.by_ref().take(batch).collect();
        let done: Vec<Done> = pool
            .install(|| next.par_iter().map(|work| carry_out(work, arguments, &results)).collect::<Result<_, _>>())?;
        for done in done {
            teller.tell(done)?;
        }
        if arguments.fail_fast && teller.exit() != Exit::AsExpected {
            break;
        }
    }
    teller.finish()
}

fn seeds(arguments: &RunArguments, accepted: &Accepted) -> std::ops::RangeInclusive<u64> {
    match (arguments.seeds, arguments.seed) {
        (Some(seeds), _) => seeds.first..=seeds.last,
        (None, Some(seed)) => seed..=seed,
        (None, None) => accepted.scenario.run.seeds.first..=accepted.scenario.run.seeds.first,
    }
}

/// Runs one seed, judges it, writes what is to be written.
fn carry_out(work: &Work<'_>, arguments: &RunArguments, results: &Results) -> Result<Done, CliError> {
    carry_out_on(files::product(&work.accepted.scenario)?, work, arguments, results)
}

fn carry_out_on(
    product: &Product,
    work: &Work<'_>,
    arguments: &RunArguments,
    results: &Results,
) -> Result<Done, CliError> {
    let scenario = &work.accepted.scenario;
    let seed = work.seed;
    let failed = |error: RunError| {
        let exit = if error.is_our_bug() { Exit::OurBug } else { Exit::Usage };
        Done { exit, told: Told::Failed { scenario: scenario.path.clone(), seed, error } }
    };
    let draws = Draws::of(scenario, seed);
    let options = RunOptions { interrupted, ..RunOptions::default() };
    if arguments.check_determinism {
        match determinism::difference(scenario, product, &draws) {
            Ok(None) => {}
            Ok(Some(difference)) => {
                let told = Told::Different { scenario: scenario.path.clone(), seed, difference };
                return Ok(Done { exit: Exit::NotDeterministic, told });
            }
            Err(error) => return Ok(failed(error)),
        }
    }
    let record: Record = match run_scenario(scenario, product, &draws, &options) {
        Ok(record) => record,
        Err(error) => return Ok(failed(error)),
    };
    let verdict = verdict::judge(scenario, &record);
    let text = work.accepted.source.text();
    let tale = Tale { scenario, text, product, draws: &draws, record: &record, verdict: &verdict };
    let report = report(&tale);
    let exit = match verdict.outcome {
        _ if record.ending == Ending::Interrupted => Exit::Interrupted,
        Outcome::AsExpected => Exit::AsExpected,
        Outcome::Inconclusive => Exit::Inconclusive,
        Outcome::NotAsExpected => Exit::NotAsExpected,
    };
    if results.wants(exit) {
        results.write(&report, &tale)?;
    }
    Ok(Done { exit, told: Told::Report(Box::new(report)) })
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use nodes::product::{BuildError, Cluster, ClusterPlan};
    use nodes::world::World;
    use nodes::world::time::Instant;
    use nodes::world::trace::Place;
    use std::rc::Rc;
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::cli::arguments::Arguments;
    use crate::run::testing::{PAIR, accepted};

    /// The test product with a mistake in it: after three seconds it announces a number that no seed decides.
    const LOOSE: Product = Product { build: build_loosely, ..PAIR };

    fn build_loosely(world: &World, plan: &ClusterPlan) -> Result<Rc<dyn Cluster>, BuildError> {
        static BUILT: AtomicI64 = AtomicI64::new(0);
        let number = BUILT.fetch_add(1, Ordering::SeqCst);
        let outside = world.clone();
        world.spawn_outside(async move {
            outside.sleep_until(Instant::START + Duration::from_secs(3)).await;
            outside.announce(Place::Outside, "copied", vec![("number", number.into())]);
        });
        (PAIR.build)(world, plan)
    }

    fn done(product: &Product, body: &str, options: &[&str]) -> Done {
        let typed = ["simrun", "test.toml"].iter().chain(options);
        let arguments = Arguments::parse_from(typed).run;
        let work = Work { accepted: &accepted(body), seed: 1 };
        carry_out_on(product, &work, &arguments, &Results::new(None)).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_model_that_does_not_repeat_itself_ends_with_code_4_and_the_event_at_which_the_runs_part() {
        let sound = done(&PAIR, "", &["--check-determinism"]);
        assert!(matches!((sound.exit, sound.told), (Exit::AsExpected, Told::Report(_))));
        let loose = done(&LOOSE, "", &["--check-determinism"]);
        assert_eq!(loose.exit.code(), 4);
        let Told::Different { difference, .. } = loose.told else { panic!("nothing differed") };
        let number = |told: &str| difference.contains(told);
        // Everything before it is the same in both runs.
        assert!(difference.starts_with("event ") && !difference.starts_with("event 0 "), "{difference}");
        assert!(number(" differs"), "{difference}");
        assert!(number("Number(0)") && number("Number(1)"), "{difference}");
    }

    #[test]
    fn a_model_that_panics_ends_with_code_70_and_its_seed() {
        let broken = done(&PAIR, "", &[]);
        assert_eq!(broken.exit, Exit::AsExpected);
        let mut scenario = accepted("");
        scenario.scenario.product.defects = vec!["panics".into()];
        let arguments = Arguments::parse_from(["simrun", "test.toml"]).run;
        let work = Work { accepted: &scenario, seed: 9 };
        let told =
            carry_out_on(&PAIR, &work, &arguments, &Results::new(None)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(told.exit.code(), 70);
        assert!(matches!(told.told, Told::Failed { seed: 9, .. }));
    }
}
