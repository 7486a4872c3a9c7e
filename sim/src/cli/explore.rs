//! `simrun explore`: a campaign of many seeds.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use nodes::product::Product;
use reports::render::jsonl;
use reports::{Language, Outcome, Report};

use super::arguments::{CampaignFormat, ExploreArguments, Format, Lang};
use super::ci::Gathered;
use super::interrupt::interrupted;
use super::progress::Progress;
use super::results::Results;
use super::stopwatch::Stopwatch;
use super::{CliError, Exit, campaign, files, run};
use crate::explore::file::{Appending, Campaign, FileError, NAME};
use crate::explore::line::ExploredSeed;
use crate::explore::plan::{Plan, Range, Shard, Work};
use crate::explore::tally::Tally;
use crate::explore::{trial, workers};
use crate::scenario::Accepted;
use crate::scenario::vocabulary::Vocabulary;
use crate::swarm::Swarm;
use crate::tell::{self, Tale};
use crate::vocabulary;

/// How often results are made to outlive a power cut.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// For how many distinct failures a report is written.
const REPORTS: usize = 20;

/// Explores what the arguments say.
pub fn run(arguments: &ExploreArguments) -> Result<Exit, CliError> {
    let accepted = files::accepted(&arguments.scenarios)?;
    let products: Vec<&'static Product> =
        accepted.iter().map(|accepted| files::product(&accepted.scenario)).collect::<Result<_, _>>()?;
    let ranges: Vec<Range> = accepted.iter().map(|accepted| range(arguments, accepted)).collect();
    let shard = match arguments.shard {
        Some(asked) => asked.resolve(|name| std::env::var(name).ok())?,
        None => Shard::ALL,
    };
    let mut plan = Plan::new(ranges.clone(), shard);
    let all = plan.len();
    let mut books = Books::open(arguments, &Campaign::of(&accepted, &ranges, shard, arguments.swarm), &mut plan)?;
    if shard != Shard::ALL {
        anstream::eprintln!("explore: share {shard}");
    }
    let vocabulary = vocabulary::known();
    let swarms = swarms(arguments, &accepted, &products, &vocabulary)?;
    let begun = Stopwatch::start();
    let mut progress = Progress::begin("explore", all, books.resumed);
    let jobs = threads(arguments.jobs);
    let over = || interrupted() || arguments.time.is_some_and(|time| begun.elapsed() >= time);
    let mut failed = Ok(());
    if !(arguments.fail_fast && books.has_failed()) {
        let one = |work: Work| {
            let line = match swarms.get(work.scenario) {
                Some(swarm) => swarm.run(work.seed, interrupted),
                None => ExploredSeed::of(&accepted[work.scenario], products[work.scenario], work.seed, interrupted),
            };
            (!interrupted()).then_some(line)
        };
        workers::in_order(plan, jobs, over, one, |line| {
            progress.step(line.line.verdict == Outcome::AsExpected);
            failed = books.add(&line);
            if failed.is_err() || (arguments.fail_fast && books.has_failed()) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
    }
    progress.finish();
    failed?;
    books.close()?;
    finish(arguments, &accepted, &swarms, &books, begun.elapsed())
}

/// One swarm for each scenario, if configurations are to be drawn.
fn swarms<'a>(
    arguments: &ExploreArguments,
    accepted: &[Accepted],
    products: &[&'static Product],
    vocabulary: &'a Vocabulary,
) -> Result<Vec<Swarm<'a>>, CliError> {
    if !arguments.swarm {
        return Ok(Vec::new());
    }
    let swarm = |(accepted, product): (&Accepted, &&'static Product)| {
        Swarm::new(accepted, product, vocabulary, interrupted).map_err(CliError::Run)
    };
    accepted.iter().zip(products).map(swarm).collect()
}

/// How many seeds run at once: as many as were asked for, or one for each core.
pub(super) fn threads(asked: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.filter(|threads| *threads > 0).unwrap_or_else(cores)
}

fn range(arguments: &ExploreArguments, accepted: &Accepted) -> Range {
    let own = accepted.scenario.run.seeds;
    match (arguments.seeds, arguments.time) {
        (Some(seeds), _) => Range { first: seeds.first, last: Some(seeds.last) },
        (None, Some(_)) => Range { first: own.first, last: None },
        (None, None) => Range { first: own.first, last: Some(own.last) },
    }
}

/// Where results go: the sums, the file, the screen.
struct Books {
    tally: Tally,
    file: Option<Appending>,
    synced: Stopwatch,
    on_screen: bool,
    resumed: u64,
    resumed_ms: u64,
}

impl Books {
    fn open(arguments: &ExploreArguments, campaign: &Campaign, plan: &mut Plan) -> Result<Books, CliError> {
        let mut tally = Tally::default();
        let path: Option<PathBuf> = arguments.out.as_ref().map(|folder| folder.join(NAME));
        let file = match &path {
            Some(path) if arguments.resume => Some(Appending::resume(path, campaign, plan, |line| tally.add(line))?),
            Some(path) => Some(Appending::begin(path, campaign)?),
            None => None,
        };
        let (resumed, resumed_ms) = (tally.summary.seeds, tally.summary.simulated_ms);
        let on_screen = arguments.format == CampaignFormat::Jsonl;
        Ok(Books { tally, file, synced: Stopwatch::start(), on_screen, resumed, resumed_ms })
    }

    fn has_failed(&self) -> bool {
        self.tally.summary.verdict().is_some_and(|verdict| verdict != Outcome::AsExpected)
    }

    fn add(&mut self, line: &ExploredSeed) -> Result<(), CliError> {
        self.tally.add(line);
        let text = line.to_json();
        if let Some(file) = &mut self.file {
            file.append(&text)?;
            if self.synced.elapsed() >= SYNC_EVERY {
                file.sync()?;
                self.synced = Stopwatch::start();
            }
        }
        if self.on_screen {
            writeln!(anstream::stdout().lock(), "{text}")?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), FileError> {
        self.file.as_mut().map_or(Ok(()), Appending::sync)
    }
}

fn finish(
    arguments: &ExploreArguments,
    accepted: &[Accepted],
    swarms: &[Swarm<'_>],
    books: &Books,
    took: Duration,
) -> Result<Exit, CliError> {
    let tally = &books.tally;
    let mut gathered = Gathered::new(&arguments.ci, Format::Plain);
    let examples = Examples::of(tally);
    let results = Results::new(arguments.out.clone());
    for (path, seed, write) in examples.seeds {
        let Some(number) = accepted.iter().position(|accepted| accepted.scenario.path == path) else { continue };
        if interrupted() || !(write || gathered.is_wanted()) {
            continue;
        }
        let results = write.then_some(&results);
        let told = match swarms.get(number) {
            Some(swarm) => retell_drawn(swarm, &accepted[number], seed, results)?,
            None => retell(&accepted[number], seed, results)?,
        };
        match told {
            Some(report) => gathered.add(&report),
            None => gathered.add_broken(&path, seed, "the seed has no result".to_owned()),
        }
    }
    let language: Language = run::language(Lang::Auto);
    gathered.finish(&tally.summary, Format::Plain, language)?;
    let mut out = anstream::stdout().lock();
    match arguments.format {
        CampaignFormat::Jsonl => writeln!(out, "{}", jsonl::summary_line(&tally.summary))?,
        CampaignFormat::Plain => {
            write!(out, "{}", campaign::table(tally, arguments.swarm))?;
            let seeds = tally.summary.seeds - books.resumed;
            write!(out, "{}", campaign::speed(seeds, tally.summary.simulated_ms - books.resumed_ms, took))?;
        }
    }
    if interrupted() {
        anstream::eprintln!("interrupted: what is shown is complete up to its last seed; --resume goes on from there");
        return Ok(Exit::Interrupted);
    }
    Ok(campaign::exit(tally))
}

/// The seeds worth telling in full: the first of each distinct failure, and one of each scenario.
struct Examples {
    /// The scenario, the seed, and whether its report is written.
    seeds: Vec<(String, u64, bool)>,
}

impl Examples {
    fn of(tally: &Tally) -> Examples {
        let mut failures: Vec<(&(String, String), u64)> =
            tally.failures.iter().map(|(key, failure)| (key, failure.first_seed)).collect();
        failures.sort_by_key(|(_, seed)| *seed);
        let mut seeds: BTreeMap<(String, u64), bool> = BTreeMap::new();
        for ((scenario, _), seed) in failures.into_iter().take(REPORTS) {
            seeds.insert((scenario.clone(), seed), true);
        }
        for scenario in tally.summary.scenarios.values() {
            let seed = scenario.worst_seed.unwrap_or(scenario.first_seed);
            seeds.entry((scenario.scenario.clone(), seed)).or_insert(false);
        }
        Examples { seeds: seeds.into_iter().map(|((scenario, seed), write)| (scenario, seed, write)).collect() }
    }
}

/// Runs the configuration of a seed once more. Its file lies beside its report, where its report says it does.
fn retell_drawn(
    swarm: &Swarm<'_>,
    original: &Accepted,
    seed: u64,
    results: Option<&Results>,
) -> Result<Option<Report>, CliError> {
    let path = results.map(|results| results.folder_of_seed(&original.scenario.name, seed).join("swarm.toml"));
    let written = path.as_ref().map(|path| path.to_string_lossy().into_owned());
    let Ok(mut configuration) = swarm.configure(seed, written.as_deref()) else { return Ok(None) };
    configuration.accepted.scenario.name = original.scenario.name.clone();
    if let Some(path) = path {
        let unwritable = |source| CliError::Unwritable { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(unwritable)?;
        }
        std::fs::write(&path, configuration.accepted.source.text()).map_err(unwritable)?;
    }
    let mut told = retell(&configuration.accepted, seed, results)?;
    if let Some(report) = &mut told {
        // To CI it is a seed of the scenario that was explored.
        report.run.scenario = original.scenario.path.clone();
    }
    Ok(told)
}

/// Runs a seed once more for its report; `None` if it has none.
fn retell(accepted: &Accepted, seed: u64, results: Option<&Results>) -> Result<Option<Report>, CliError> {
    let scenario = &accepted.scenario;
    let product = files::product(scenario)?;
    let Ok(trial) = trial::run(scenario, product, seed, interrupted) else { return Ok(None) };
    let text = accepted.source.text();
    let (draws, record, verdict) = (&trial.draws, &trial.record, &trial.verdict);
    let tale = Tale { scenario, text, product, draws, record, verdict };
    let report = tell::report(&tale);
    if let Some(results) = results {
        results.write(&report, &tale)?;
    }
    Ok(Some(report))
}
