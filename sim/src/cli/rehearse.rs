//! `simrun rehearse`: many seeds of one scenario as a distribution.

use std::io::Write;

use rayon::prelude::*;

use super::arguments::{MistakeFormat, RehearseArguments, TextFormat};
use super::interrupt::interrupted;
use super::language::language;
use super::rehearse_papers::{Numbers, write_papers};
use super::{CliError, Exit, explore, files};
use crate::document::explicit::explicit;
use crate::draws::Draws;
use crate::explore::line::ExploredSeed;
use crate::rehearse::{Ending, Phases, Rehearsal, Sample, Slips, rehearsal, stays, step_times, together, told};
use crate::run::{RunError, RunOptions, run_scenario};
use crate::scenario::Accepted;
use crate::sweep::{Setting, make, operator};
use crate::tell::{Tale, lanes, measured};
use crate::{verdict, vocabulary};

/// Slips beyond this many are too many for a plan; every so-many-th is tried.
const MOST_SLIPS: usize = 60;
/// So many are tried for each seed that was rehearsed: a rehearsal in small stays small.
const SLIPS_FOR_A_SEED: usize = 4;

/// Rehearses a scenario.
pub fn rehearse(arguments: &RehearseArguments) -> Result<Exit, CliError> {
    let accepted = match files::load(&arguments.scenario, &vocabulary::known()) {
        Ok(accepted) => accepted,
        Err(mistakes) => {
            files::show_mistakes(&mistakes, MistakeFormat::Carets);
            return Err(CliError::Rejected(mistakes));
        }
    };
    files::show_warnings(&accepted, MistakeFormat::Carets);
    let meant = accepted.scenario.run.seeds;
    let (first, last) = arguments.seeds.map_or((meant.first, meant.last), |seeds| (seeds.first, seeds.last));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.jobs.unwrap_or(0)).build();
    let pool = pool.map_err(|error| CliError::Output(std::io::Error::other(error)))?;
    let seeds: Vec<u64> = (first..=last).collect();
    let run = |seed: &u64| (!interrupted()).then(|| (*seed, sample(&accepted, *seed)));
    let done: Vec<(u64, Result<Sample, RunError>)> = pool.install(|| seeds.par_iter().filter_map(run).collect());
    let mut exit = Exit::AsExpected;
    let mut samples = Vec::new();
    for (seed, sample) in done {
        match sample {
            Ok(sample) => samples.push(sample),
            Err(error) => {
                exit = exit.worst(if error.is_our_bug() { Exit::OurBug } else { Exit::Usage });
                anstream::eprintln!("error: {} seed {seed}: {error}", accepted.scenario.path);
            }
        }
    }
    if interrupted() {
        // A seed that was cut short would be told as one in which service never returned.
        anstream::eprintln!("interrupted: a distribution of some of the seeds would mislead, none is shown");
        return Ok(Exit::Interrupted);
    }
    let mut rehearsal = rehearsal(&accepted.scenario.path, &samples);
    rehearsal.slips = slips(&accepted, &rehearsal, arguments.jobs)?;
    if interrupted() {
        anstream::eprintln!("interrupted while slips of the operator were tried: nothing is shown");
        return Ok(Exit::Interrupted);
    }
    show(&rehearsal, arguments)?;
    if let Some(out) = arguments.out.as_ref().filter(|_| !samples.is_empty()) {
        let product = files::product(&accepted.scenario)?;
        let numbers = Numbers {
            rehearsal: &rehearsal,
            steps: &step_times(&accepted.scenario, &samples),
            stays: &together(samples.iter().map(|sample| &sample.stays)),
        };
        let folder = write_papers(&accepted, product, numbers, (out, language(arguments.lang)))?;
        anstream::eprintln!("papers: {}", folder.join("rehearsal.html").display());
        anstream::eprintln!("        {}", folder.join("plan.html").display());
    }
    Ok(exit.worst(worst_ending(&rehearsal)))
}

/// Tries the slips of the operator with a seed that ends as most do.
fn slips(accepted: &Accepted, rehearsal: &Rehearsal, jobs: Option<usize>) -> Result<Slips, CliError> {
    let (scenario, seed) = (&accepted.scenario, rehearsal.typical());
    let product = files::product(scenario)?;
    let mut attempts = operator::slips(&explicit(accepted, &Draws::of(scenario, seed)), seed);
    let most = MOST_SLIPS.min(SLIPS_FOR_A_SEED * usize::try_from(rehearsal.ran).unwrap_or(MOST_SLIPS)).max(1);
    let spread = attempts.len().div_ceil(most).max(1);
    attempts = attempts.into_iter().step_by(spread).collect();
    if attempts.is_empty() {
        return Ok(Slips::default());
    }
    let vocabulary = vocabulary::known();
    let jobs = explore::threads(jobs);
    let setting = Setting { path: &scenario.path, vocabulary: &vocabulary, product, seed, jobs, interrupted };
    let tried = make(setting, attempts, |_| {});
    Ok(Slips::of(&ExploredSeed::of(accepted, product, seed, interrupted), &tried))
}

fn show(rehearsal: &Rehearsal, arguments: &RehearseArguments) -> Result<(), CliError> {
    let mut out = anstream::stdout().lock();
    match arguments.format {
        TextFormat::Plain => write!(out, "{}", told(rehearsal, language(arguments.lang)))?,
        TextFormat::Json => {
            let json = serde_json::to_string(rehearsal).map_err(std::io::Error::other)?;
            writeln!(out, "{json}")?;
        }
    }
    Ok(())
}

/// Runs a seed and keeps its numbers.
fn sample(accepted: &Accepted, seed: u64) -> Result<Sample, RunError> {
    let scenario = &accepted.scenario;
    let product = nodes::catalogue::find(&scenario.product.model);
    let product = product.unwrap_or_else(|| unreachable!("an accepted scenario names a product that exists"));
    let draws = Draws::of(scenario, seed);
    let options = RunOptions { interrupted, ..RunOptions::default() };
    let record = run_scenario(scenario, product, &draws, &options)?;
    let verdict = verdict::judge(scenario, &record);
    let text = accepted.source.text();
    let tale = Tale { scenario, text, product, draws: &draws, record: &record, verdict: &verdict };
    let (service, objectives) = measured(&tale);
    let ending = Ending::of(&record, &verdict, service.outages.len());
    let stays = stays(&record, &lanes(&tale));
    let phases = Phases::of(&record, &service.outages, product);
    Ok(Sample::of(&record, ending, phases, &objectives, stays))
}

fn worst_ending(rehearsal: &Rehearsal) -> Exit {
    let exits = rehearsal.endings.iter().map(|share| match share.ending.verdict {
        "as-expected" => Exit::AsExpected,
        "inconclusive" => Exit::Inconclusive,
        _ => Exit::NotAsExpected,
    });
    exits.fold(Exit::AsExpected, Exit::worst)
}
