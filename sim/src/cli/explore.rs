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
use super::language::language;
use super::progress::Progress;
use super::results::{Results, write};
use super::stopwatch::Stopwatch;
use super::{CliError, Exit, campaign, files};
use crate::document::Document;
use crate::explore::file::{Appending, Campaign, FileError, NAME};
use crate::explore::line::ExploredSeed;
use crate::explore::plan::{Plan, Range, Shard, Work};
use crate::explore::tally::Tally;
use crate::explore::{trial, workers};
use crate::guided::search::Search;
use crate::guided::{Candidate, Guided};
use crate::scenario::Accepted;
use crate::scenario::model::PROGRESS;
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
    let vocabulary = vocabulary::known();
    let mut accepted = files::accepted(&arguments.scenarios)?;
    if arguments.liveness {
        accepted = accepted.iter().map(|it| with_core(it, &vocabulary)).collect::<Result<_, _>>()?;
    }
    let products: Vec<&'static Product> =
        accepted.iter().map(|accepted| files::product(&accepted.scenario)).collect::<Result<_, _>>()?;
    let ranges: Vec<Range> = accepted.iter().map(|accepted| range(arguments, accepted)).collect();
    let shard = match arguments.shard {
        Some(asked) => asked.resolve(|name| std::env::var(name).ok())?,
        None => Shard::ALL,
    };
    let plan = Plan::new(ranges.clone(), shard);
    let all = plan.len();
    let mut way = Way::of(arguments, &accepted, &products, &vocabulary, &plan)?;
    let campaign = Campaign {
        swarm: arguments.swarm,
        guided: arguments.guided,
        liveness: arguments.liveness,
        ..Campaign::of(&accepted, &ranges, shard)
    };
    let mut rest = plan;
    let mut books = Books::open(arguments, &campaign, &mut rest, &mut way)?;
    if shard != Shard::ALL {
        anstream::eprintln!("explore: share {shard}");
    }
    let begun = Stopwatch::start();
    let mut progress = Progress::begin("explore", all, books.resumed);
    let over = || interrupted() || arguments.time.is_some_and(|time| begun.elapsed() >= time);
    let mut failed = Ok(());
    let jobs = threads(arguments.jobs);
    if !(arguments.fail_fast && books.has_failed()) {
        let mut take = |line: &ExploredSeed| {
            progress.step(line.line.verdict == Outcome::AsExpected);
            failed = books.add(line);
            if failed.is_err() || (arguments.fail_fast && books.has_failed()) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        let run_all = RunAll { accepted: &accepted, products: &products, jobs, over: &over };
        match &mut way {
            Way::Guided(search) => run_all.guided(search, &mut take),
            way => run_all.independent(way, rest, &mut take),
        }
    }
    progress.finish();
    failed?;
    books.close()?;
    finish(arguments, &accepted, &way, &books, begun.elapsed())
}

/// How the scenario of a seed comes about.
enum Way<'a> {
    /// It is the file's own.
    Own,
    /// It is drawn for each seed, one swarm for each scenario.
    Swarm(Vec<Swarm<'a>>),
    /// It is made out of what earlier seeds have shown.
    Guided(Box<Search<'a>>),
}

impl<'a> Way<'a> {
    fn of(
        arguments: &ExploreArguments,
        accepted: &[Accepted],
        products: &[&'static Product],
        vocabulary: &'a Vocabulary,
        plan: &Plan,
    ) -> Result<Way<'a>, CliError> {
        if !arguments.swarm && !arguments.guided {
            return Ok(Way::Own);
        }
        let swarm = |(accepted, product): (&Accepted, &&'static Product)| {
            Swarm::new(accepted, product, vocabulary, interrupted).map_err(CliError::Run)
        };
        let swarms: Vec<Swarm<'a>> = accepted.iter().zip(products).map(swarm).collect::<Result<_, _>>()?;
        Ok(if arguments.guided {
            let guided = swarms.into_iter().map(Guided::new).collect();
            Way::Guided(Box::new(Search::new(guided, plan.clone())))
        } else {
            Way::Swarm(swarms)
        })
    }
}

/// What runs the seeds.
struct RunAll<'r, O> {
    accepted: &'r [Accepted],
    products: &'r [&'static Product],
    jobs: usize,
    over: &'r O,
}

impl<O: Fn() -> bool + Sync> RunAll<'_, O> {
    /// Seeds that know nothing of each other.
    fn independent(&self, way: &Way<'_>, plan: Plan, take: &mut dyn FnMut(&ExploredSeed) -> ControlFlow<()>) {
        let one = |work: Work| {
            let line = match way {
                Way::Swarm(swarms) => swarms[work.scenario].run(work.seed, interrupted),
                Way::Own | Way::Guided(_) => {
                    let (accepted, product) = (&self.accepted[work.scenario], self.products[work.scenario]);
                    ExploredSeed::of(accepted, product, work.seed, interrupted)
                }
            };
            (!interrupted()).then_some(line)
        };
        workers::in_order(plan, self.jobs, self.over, one, |line| take(&line));
    }

    /// Batch after batch, each planned when the one before it has run.
    fn guided(&self, search: &mut Search<'_>, take: &mut dyn FnMut(&ExploredSeed) -> ControlFlow<()>) {
        loop {
            let batch = search.batch();
            let due = batch.len();
            let mut lines = Vec::with_capacity(due);
            let mut broken = false;
            let one = |(work, candidate): (Work, Candidate)| {
                let line = search.guided(work.scenario).run(&candidate, interrupted);
                (!interrupted()).then_some(line)
            };
            workers::in_order(batch.into_iter(), self.jobs, self.over, one, |line| {
                let goes_on = take(&line);
                broken = goes_on.is_break();
                lines.push(line);
                goes_on
            });
            lines.iter().for_each(|line| search.learn(line));
            if due == 0 || broken || lines.len() < due {
                return;
            }
        }
    }
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
    fn open(
        arguments: &ExploreArguments,
        campaign: &Campaign,
        plan: &mut Plan,
        way: &mut Way<'_>,
    ) -> Result<Books, CliError> {
        let mut tally = Tally::default();
        let mut take_in = |line: &ExploredSeed| {
            tally.add(line);
            if let Way::Guided(search) = &mut *way {
                search.learn(line);
            }
        };
        let path: Option<PathBuf> = arguments.out.as_ref().map(|folder| folder.join(NAME));
        let file = match &path {
            Some(path) if arguments.resume => Some(Appending::resume(path, campaign, plan, &mut take_in)?),
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
    way: &Way<'_>,
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
        let original = &accepted[number];
        let told = match way {
            Way::Own if arguments.liveness => retell_drawn(original, seed, results, |path| {
                let mut document = Document::of(original);
                document.set(&["run", "seeds"], format!("{seed}..{seed}"));
                document.accept(path.unwrap_or(&original.scenario.path), &vocabulary::known()).ok()
            })?,
            Way::Own => retell(original, seed, seed, results)?,
            Way::Swarm(swarms) => {
                let drawn = |path: Option<&str>| Some(swarms[number].configure(seed, path).ok()?.accepted);
                retell_drawn(original, seed, results, drawn)?
            }
            Way::Guided(search) => {
                let work = Work { seed, scenario: number };
                let planned = |path: Option<&str>| search.guided(number).accept(search.kept(work)?, path).ok();
                retell_drawn(original, seed, results, planned)?
            }
        };
        match told {
            Some(report) => gathered.add(&report),
            None => gathered.add_broken(&path, seed, "the seed has no result".to_owned()),
        }
    }
    let language: Language = language(Lang::Auto);
    gathered.finish(&tally.summary, Format::Plain, language)?;
    let mut out = anstream::stdout().lock();
    match arguments.format {
        CampaignFormat::Jsonl => writeln!(out, "{}", jsonl::summary_line(&tally.summary))?,
        CampaignFormat::Plain => {
            write!(out, "{}", campaign::table(tally, &told_again(arguments)))?;
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

/// How a seed of this campaign is had again.
fn told_again(arguments: &ExploreArguments) -> campaign::Again {
    match (arguments.swarm || arguments.liveness, arguments.guided, &arguments.out) {
        (false, false, _) => campaign::Again::OwnFile,
        (_, _, Some(folder)) => campaign::Again::WrittenPlan(folder.clone()),
        (_, true, None) => campaign::Again::SameSearch,
        (true, false, None) => {
            let swarm = if arguments.swarm { " --swarm" } else { "" };
            let liveness = if arguments.liveness { " --liveness" } else { "" };
            campaign::Again::ExploredAlone(format!("{swarm}{liveness}"))
        }
    }
}

/// The scenario with a core that each seed heals, if it has none yet.
fn with_core(accepted: &Accepted, vocabulary: &Vocabulary) -> Result<Accepted, CliError> {
    let mut document = Document::of(accepted);
    let is_core = |check: &toml::Table| check.get("eventually").and_then(toml::Value::as_str) == Some(PROGRESS);
    if document.tables("check").any(is_core) {
        return document.accept(&accepted.scenario.path, vocabulary).map_err(CliError::Rejected);
    }
    // Where a core is healed and the rest is not, nothing else is promised of the end.
    document.retain("check", |check| check.contains_key("always"));
    document.remove(&["expect"]);
    document.push("check", toml::Table::from_iter([("eventually".to_owned(), PROGRESS.into())]));
    document.accept(&accepted.scenario.path, vocabulary).map_err(CliError::Rejected)
}

/// Runs the drawn scenario of a seed once more. Its file lies beside its report, where its report says it does.
fn retell_drawn(
    original: &Accepted,
    seed: u64,
    results: Option<&Results>,
    drawn: impl Fn(Option<&str>) -> Option<Accepted>,
) -> Result<Option<Report>, CliError> {
    let path = results.map(|results| results.folder_of_seed(&original.scenario.name, seed).join(DRAWN));
    let written = path.as_ref().map(|path| path.to_string_lossy().into_owned());
    let Some(mut accepted) = drawn(written.as_deref()) else { return Ok(None) };
    accepted.scenario.name = original.scenario.name.clone();
    if let Some(path) = path {
        write(&path, accepted.source.text())?;
    }
    let own_seed = accepted.scenario.run.seeds.first;
    let mut told = retell(&accepted, own_seed, seed, results)?;
    if let Some(report) = &mut told {
        // To CI it is a seed of the scenario that was explored.
        report.run.scenario = original.scenario.path.clone();
    }
    Ok(told)
}

/// The file of a drawn scenario, in the folder of its seed.
pub(super) const DRAWN: &str = "swarm.toml";

/// Runs a seed once more for its report; `None` if it has none. `number` is its number in the campaign.
fn retell(accepted: &Accepted, seed: u64, number: u64, results: Option<&Results>) -> Result<Option<Report>, CliError> {
    let scenario = &accepted.scenario;
    let product = files::product(scenario)?;
    let Ok(trial) = trial::run(scenario, product, seed, interrupted) else { return Ok(None) };
    let text = accepted.source.text();
    let (draws, record, verdict) = (&trial.draws, &trial.record, &trial.verdict);
    let tale = Tale { scenario, text, product, draws, record, verdict };
    let report = tell::report(&tale);
    if let Some(results) = results {
        let folder = results.folder_of_seed(&scenario.name, number);
        results.write_to(&folder, &report, &tale)?;
    }
    Ok(Some(report))
}
