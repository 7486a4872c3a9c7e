//! `simrun rehearse`: many seeds of one scenario as a distribution.

use std::io::Write;

use rayon::prelude::*;

use super::arguments::{MistakeFormat, RehearseArguments, TextFormat};
use super::interrupt::interrupted;
use super::rehearse_papers::{Numbers, write_papers};
use super::run::language;
use super::{CliError, Exit, files};
use crate::draws::Draws;
use crate::rehearse::{Ending, Phases, Rehearsal, Sample, rehearsal, stays, step_times, together, told};
use crate::run::{RunError, RunOptions, run_scenario};
use crate::scenario::Accepted;
use crate::tell::{Tale, lanes, measured};
use crate::{verdict, vocabulary};

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
    let rehearsal = rehearsal(&accepted.scenario.path, &samples);
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
    Ok(Sample::of(&record, ending, Phases::of(&record, &service.outages), &objectives, stays))
}

fn worst_ending(rehearsal: &Rehearsal) -> Exit {
    let exits = rehearsal.endings.iter().map(|share| match share.ending.verdict {
        "as-expected" => Exit::AsExpected,
        "inconclusive" => Exit::Inconclusive,
        _ => Exit::NotAsExpected,
    });
    exits.fold(Exit::AsExpected, Exit::worst)
}
