//! `simrun conform`: logs of a real cluster, held against a product's model.

use std::io::Write;
use std::path::Path;

use nodes::grammar::LogKind;
use rayon::prelude::*;

use super::arguments::{ConformArguments, TextFormat};
use super::interrupt::interrupted;
use super::language::language;
use super::results::native_logs;
use super::{CliError, Exit, files};
use crate::conform::{
    Bands, Clock, Compared, ComparedLog, Judged, against_as_json, as_json, judge, told, told_against,
};
use crate::draws::Draws;
use crate::run::{Record, RunError, RunOptions, run_scenario};

/// Judges log files.
pub fn conform(arguments: &ConformArguments) -> Result<Exit, CliError> {
    let product = arguments.product.as_str();
    let clock = if arguments.clock_jumps { Clock::MayJump } else { Clock::Forward };
    let kinds = nodes::catalogue::logs(product);
    if kinds.is_empty() {
        return Err(unknown(product));
    }
    let (mut verdicts, mut unread) = (Vec::new(), Vec::new());
    for path in &arguments.logs {
        let bytes = std::fs::read(path).map_err(|source| CliError::Unreadable { path: path.clone(), source })?;
        let name = path.to_string_lossy();
        let judged = judge(kinds, &name, &String::from_utf8_lossy(&bytes), clock);
        if judged.is_empty() {
            unread.push(name.into_owned());
        }
        verdicts.extend(judged);
    }
    let beside = match &arguments.against {
        Some(file) => Some(rehearsed(arguments, file, kinds, &verdicts)?),
        None => None,
    };
    let mut out = anstream::stdout().lock();
    if arguments.format == TextFormat::Json {
        let mut told = as_json(product, &verdicts);
        if let Some(beside) = &beside {
            told["against"] = against_as_json(&beside.compared);
        }
        writeln!(out, "{told}")?;
    } else {
        for judged in &verdicts {
            write!(out, "{}", told(judged, language(arguments.lang)))?;
        }
    }
    if let Some(beside) = beside.as_ref().filter(|_| arguments.format == TextFormat::Plain) {
        write!(out, "{}", told_against(&beside.compared, beside.seeds, language(arguments.lang)))?;
    }
    for name in unread {
        let known: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
        anstream::eprintln!("note: {name}: no line that the model of {product} writes; it knows {}", known.join(", "));
    }
    let mut phases = beside.iter().flat_map(|beside| &beside.compared).flat_map(|log| &log.phases);
    if phases.any(Compared::is_outside) {
        return Ok(Exit::NotAsExpected);
    }
    Ok(match verdicts.iter().all(|judged| judged.is_consistent()) {
        _ if verdicts.is_empty() => Exit::Inconclusive,
        true => Exit::AsExpected,
        false => Exit::NotAsExpected,
    })
}

/// Real phases beside the seeds of a scenario.
struct Beside {
    compared: Vec<ComparedLog>,
    seeds: (u64, u64),
}

/// Runs the seeds, reads what they logged as the real logs were read, and compares.
fn rehearsed(
    arguments: &ConformArguments,
    file: &Path,
    kinds: &[LogKind],
    verdicts: &[Judged],
) -> Result<Beside, CliError> {
    let accepted = files::accepted(&[file.to_owned()])?;
    let [accepted] = accepted.as_slice() else { return Err(CliError::OneScenario(file.to_owned())) };
    let scenario = &accepted.scenario;
    if scenario.product.model != arguments.product {
        let hint = Some(format!("{} is a drill of {}", file.display(), scenario.product.model));
        return Err(CliError::Unknown { name: arguments.product.clone(), hint });
    }
    let product = files::product(scenario)?;
    let meant = scenario.run.seeds;
    let (first, last) = arguments.seeds.map_or((meant.first, meant.last), |seeds| (seeds.first, seeds.last));
    let seeds: Vec<u64> = (first..=last).collect();
    let logs: Vec<Vec<Judged>> = seeds
        .par_iter()
        .map(|seed| {
            let options = RunOptions { interrupted, ..RunOptions::default() };
            let record = run_scenario(scenario, product, &Draws::of(scenario, *seed), &options)?;
            let logs = native_logs(&record);
            let written = logs.iter().map(|(name, text)| (name.to_string_lossy().into_owned(), text.clone()));
            let written = written.chain(printed(&record));
            Ok(written.flat_map(|(name, text)| judge(kinds, &name, &text, Clock::MayJump)).collect())
        })
        .collect::<Result<_, RunError>>()?;
    let mut bands = Bands::default();
    logs.iter().flatten().for_each(|judged| bands.add(judged));
    let compared = verdicts.iter().map(|judged| bands.compare(judged)).collect();
    Ok(Beside { compared, seeds: (first, last) })
}

/// What each command printed, by its line.
fn printed(record: &Record) -> impl Iterator<Item = (String, String)> {
    record.steps.iter().flat_map(|step| &step.commands).map(|command| {
        let lines: Vec<&str> = command.lines.iter().map(|(_, line)| line.as_str()).collect();
        (command.line(), lines.join("\n"))
    })
}

fn unknown(product: &str) -> CliError {
    let models = nodes::catalogue::products().iter().map(|product| product.model);
    let with_logs: Vec<&str> = models.filter(|model| !nodes::catalogue::logs(model).is_empty()).collect();
    let hint = format!("logs can be judged of {}", with_logs.join(", "));
    CliError::Unknown { name: product.to_owned(), hint: Some(hint) }
}
