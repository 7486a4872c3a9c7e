//! `simrun run`: seeds of scenarios, several at once, told in order.

use std::io::Write;
use std::path::PathBuf;

use nodes::product::Product;
use nodes::world::executor::Ending;
use rayon::prelude::*;
use reports::render::pretty::{Options, pretty, summary};
use reports::render::{json, jsonl};
use reports::{Language, Report, SeedLine, Summary};

use super::arguments::{Format, Lang, RunArguments};
use super::ci::Gathered;
use super::interrupt::interrupted;
use super::results::Results;
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

/// What is kept of a seed until it is told.
struct Done {
    exit: Exit,
    told: Told,
}

enum Told {
    Report(Box<Report>),
    Failed { scenario: String, seed: u64, error: RunError },
    Different { scenario: String, seed: u64, difference: String },
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
    let mut teller = Teller::new(arguments, single, planned.sum());
    let mut work = work.peekable();
    while work.peek().is_some() && !interrupted() {
        let next: Vec<Work<'_>> = work.by_ref().take(batch).collect();
        let done: Vec<Done> = pool.install(|| {
            next.par_iter().map(|work| carry_out(work, arguments, &teller.results)).collect::<Result<_, _>>()
        })?;
        for done in done {
            teller.tell(done)?;
        }
        if arguments.fail_fast && teller.exit != Exit::AsExpected {
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

/// Tells results in order.
struct Teller<'a> {
    arguments: &'a RunArguments,
    results: Results,
    single: bool,
    planned: u64,
    language: Language,
    colour: bool,
    summary: Summary,
    gathered: Gathered,
    exit: Exit,
}

impl<'a> Teller<'a> {
    fn new(arguments: &'a RunArguments, single: bool, planned: u64) -> Self {
        let colour = arguments.format == Format::Pretty
            && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
        Teller {
            arguments,
            results: Results::new(arguments.out.clone()),
            single,
            planned,
            language: language(arguments.lang),
            colour,
            summary: Summary::default(),
            gathered: Gathered::new(&arguments.ci, arguments.format),
            exit: Exit::AsExpected,
        }
    }

    fn tell(&mut self, done: Done) -> Result<(), CliError> {
        self.exit = self.exit.worst(done.exit);
        let mut out = anstream::stdout().lock();
        match done.told {
            // Half a run of a batch says nothing; half of the only run is all there is.
            Told::Report(_) if done.exit == Exit::Interrupted && !self.single => {}
            Told::Report(report) => {
                let line = SeedLine::from(&*report);
                self.summary.add(&line);
                self.gathered.add(&report);
                let page = self.results.page(&report, done.exit);
                let page = page.as_ref().map(|page| page.to_string_lossy().into_owned());
                let options =
                    Options { language: self.language, colour: self.colour, columns: 100, page: page.as_deref() };
                match self.arguments.format {
                    Format::Jsonl => writeln!(out, "{}", jsonl::seed_line(&line))?,
                    Format::Pretty | Format::Plain if self.single => write!(out, "{}", pretty(&report, &options))?,
                    Format::Pretty | Format::Plain if done.exit != Exit::AsExpected => {
                        write!(out, "{}", reports::render::pretty::ending(&report, &options))?;
                    }
                    Format::Pretty | Format::Plain | Format::Junit | Format::Github | Format::Markdown => {}
                }
            }
            Told::Failed { scenario, seed, error } => {
                self.gathered.add_broken(&scenario, seed, error.to_string());
                anstream::eprintln!("error: {scenario} seed {seed}: {error}");
                anstream::eprintln!(
                    "  again    simrun {scenario} --seed {seed}   (simrun {})",
                    env!("CARGO_PKG_VERSION")
                );
            }
            Told::Different { scenario, seed, difference } => {
                self.gathered.add_broken(&scenario, seed, format!("not deterministic: {difference}"));
                if matches!(self.arguments.format, Format::Pretty | Format::Plain | Format::Jsonl) {
                    writeln!(out, "NOT DETERMINISTIC  {scenario}  seed {seed}")?;
                    writeln!(out, "  {difference}")?;
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Exit, CliError> {
        let mut out = anstream::stdout().lock();
        if let Some(page) = self.gathered.finish(&self.summary, self.arguments.format, self.language)? {
            write!(out, "{page}")?;
        }
        match self.arguments.format {
            Format::Jsonl => writeln!(out, "{}", jsonl::summary_line(&self.summary))?,
            Format::Pretty | Format::Plain if !self.single => {
                let options = Options { language: self.language, colour: self.colour, columns: 100, page: None };
                write!(out, "{}", summary(&self.summary, &options))?;
            }
            Format::Pretty | Format::Plain | Format::Junit | Format::Github | Format::Markdown => {}
        }
        if self.arguments.check_determinism && !matches!(self.exit, Exit::NotDeterministic | Exit::OurBug) {
            anstream::eprintln!("deterministic: each seed ran twice with the same events");
        }
        if interrupted() {
            let (told, planned) = (self.summary.seeds, self.planned);
            anstream::eprintln!(
                "interrupted: {told} of {planned} seeds are told, the others were cut off or never begun"
            );
            return Ok(Exit::Interrupted);
        }
        Ok(self.exit)
    }
}

/// The language meant by an option.
pub(super) fn language(lang: Lang) -> Language {
    let chinese = || {
        let variables = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let set = variables.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty());
        set.is_some_and(|value| value.starts_with("zh"))
    };
    match lang {
        Lang::Zh => Language::Chinese,
        Lang::Auto if chinese() => Language::Chinese,
        Lang::En | Lang::Auto => Language::English,
    }
}

/// The report as JSON, for [`Results`].
pub(super) fn report_json(report: &Report) -> String {
    json::json(report)
}

/// Where a result may be found, as the screen tells it.
pub(super) type Page = PathBuf;

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
