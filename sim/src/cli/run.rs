//! `simrun run`: seeds of scenarios, several at once, told in order.

use std::io::Write;
use std::path::PathBuf;

use rayon::prelude::*;
use reports::render::pretty::{Options, pretty, summary};
use reports::render::{json, jsonl};
use reports::{Language, Report, SeedLine, Summary};

use super::arguments::{Format, Lang, RunArguments};
use super::interrupt::interrupted;
use super::results::Results;
use super::{CliError, Exit, determinism, files};
use crate::draws::Draws;
use crate::run::{Record, RunError, RunOptions, run_scenario};
use crate::scenario::Accepted;
use crate::tell::{Tale, report};
use crate::verdict::{self, Outcome};
use crate::vocabulary;

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
    let vocabulary = vocabulary::known();
    let mut accepted = Vec::new();
    let mut rejected = None;
    for file in files::scenarios(&arguments.scenarios)? {
        match files::load(&file, &vocabulary) {
            Ok(scenario) => {
                files::show_warnings(&scenario, super::arguments::MistakeFormat::Carets);
                accepted.push(scenario);
            }
            Err(mistakes) => {
                files::show_mistakes(&mistakes, super::arguments::MistakeFormat::Carets);
                rejected = Some(mistakes);
            }
        }
    }
    // Nothing runs while a file has mistakes: half a campaign is worth less than none.
    if let Some(rejected) = rejected {
        return Err(CliError::Rejected(rejected));
    }
    let work = accepted.iter().flat_map(|accepted| seeds(arguments, accepted).map(move |seed| Work { accepted, seed }));
    let single = accepted.len() == 1 && seeds(arguments, &accepted[0]).count() == 1;
    let jobs = arguments.jobs.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    let pool = pool.map_err(|error| CliError::Output(std::io::Error::other(error)))?;
    let batch = pool.current_num_threads() * 2;
    let mut teller = Teller::new(arguments, single);
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
    let scenario = &work.accepted.scenario;
    let seed = work.seed;
    let failed = |error: RunError| {
        let exit = if error.is_our_bug() { Exit::OurBug } else { Exit::Usage };
        Done { exit, told: Told::Failed { scenario: scenario.path.clone(), seed, error } }
    };
    let Some(product) = nodes::catalogue::find(&scenario.product.model) else {
        return Err(CliError::Unknown { name: scenario.product.model.clone(), hint: None });
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
    let report = report(&Tale { scenario, text, product, draws: &draws, record: &record, verdict: &verdict });
    let exit = match verdict.outcome {
        _ if interrupted() => Exit::Interrupted,
        Outcome::AsExpected => Exit::AsExpected,
        Outcome::Inconclusive => Exit::Inconclusive,
        Outcome::NotAsExpected => Exit::NotAsExpected,
    };
    if results.wants(exit) {
        results.write(&report, &record, &draws)?;
    }
    Ok(Done { exit, told: Told::Report(Box::new(report)) })
}

/// Tells results in order.
struct Teller<'a> {
    arguments: &'a RunArguments,
    results: Results,
    single: bool,
    language: Language,
    colour: bool,
    summary: Summary,
    exit: Exit,
}

impl<'a> Teller<'a> {
    fn new(arguments: &'a RunArguments, single: bool) -> Self {
        let colour = arguments.format == Format::Pretty
            && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
        Teller {
            arguments,
            results: Results::new(arguments.out.clone()),
            single,
            language: language(arguments.lang),
            colour,
            summary: Summary::default(),
            exit: Exit::AsExpected,
        }
    }

    fn tell(&mut self, done: Done) -> Result<(), CliError> {
        self.exit = self.exit.worst(done.exit);
        let mut out = anstream::stdout().lock();
        match done.told {
            Told::Report(report) => {
                let line = SeedLine::from(&*report);
                self.summary.add(&line);
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
                    Format::Pretty | Format::Plain => {}
                }
            }
            Told::Failed { scenario, seed, error } => {
                anstream::eprintln!("error: {scenario} seed {seed}: {error}");
                anstream::eprintln!(
                    "  again    simrun {scenario} --seed {seed}   (simrun {})",
                    env!("CARGO_PKG_VERSION")
                );
            }
            Told::Different { scenario, seed, difference } => {
                writeln!(out, "NOT DETERMINISTIC  {scenario}  seed {seed}")?;
                writeln!(out, "  {difference}")?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Exit, CliError> {
        let mut out = anstream::stdout().lock();
        match self.arguments.format {
            Format::Jsonl => writeln!(out, "{}", jsonl::summary_line(&self.summary))?,
            Format::Pretty | Format::Plain if !self.single => {
                let options = Options { language: self.language, colour: self.colour, columns: 100, page: None };
                write!(out, "{}", summary(&self.summary, &options))?;
            }
            Format::Pretty | Format::Plain => {}
        }
        if self.arguments.check_determinism && !matches!(self.exit, Exit::NotDeterministic | Exit::OurBug) {
            anstream::eprintln!("deterministic: each seed ran twice with the same events");
        }
        if interrupted() {
            anstream::eprintln!(
                "interrupted: the seeds above are complete up to the last one shown; the rest did not run"
            );
            return Ok(Exit::Interrupted);
        }
        Ok(self.exit)
    }
}

fn language(lang: Lang) -> Language {
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
