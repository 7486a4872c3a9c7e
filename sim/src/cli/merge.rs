//! `simrun merge`: the results of a campaign's shares, put together.

use std::io::Write;
use std::path::PathBuf;

use reports::render::jsonl;

use super::arguments::{CampaignFormat, MergeArguments};
use super::{CliError, Exit, campaign};
use crate::explore::file::{FileError, NAME, merge};
use crate::explore::tally::Tally;

/// Merges the files that the arguments name.
pub fn run(arguments: &MergeArguments) -> Result<Exit, CliError> {
    let paths: Vec<PathBuf> =
        arguments.results.iter().map(|path| if path.is_dir() { path.join(NAME) } else { path.clone() }).collect();
    let mut tally = Tally::default();
    let mut file = match &arguments.out {
        Some(path) => Some(std::io::BufWriter::new(
            std::fs::File::create_new(path).map_err(|source| CliError::Unwritable { path: path.clone(), source })?,
        )),
        None => None,
    };
    let mut out = anstream::stdout().lock();
    let merged = merge(&paths, |text, line| {
        if let Some(line) = line {
            tally.add(line);
        }
        let failed = |path: &PathBuf, source| FileError::Io { path: path.clone(), source };
        if let (Some(file), Some(path)) = (&mut file, &arguments.out) {
            writeln!(file, "{text}").map_err(|source| failed(path, source))?;
        }
        if arguments.format == CampaignFormat::Jsonl && line.is_some() {
            writeln!(out, "{text}").map_err(|source| failed(&PathBuf::from("standard output"), source))?;
        }
        Ok(())
    })?;
    if let (Some(file), Some(path)) = (&mut file, &arguments.out) {
        file.flush().map_err(|source| CliError::Unwritable { path: path.clone(), source })?;
    }
    match arguments.format {
        CampaignFormat::Jsonl => writeln!(out, "{}", jsonl::summary_line(&tally.summary))?,
        CampaignFormat::Plain => write!(out, "{}", campaign::table(&tally, &campaign::Again::OwnFile))?,
    }
    let mut exit = campaign::exit(&tally);
    if let Some(missing) = merged.missing.filter(|missing| *missing > 0) {
        anstream::eprintln!("merge: {missing} seeds of the campaign are in none of these files");
        exit = exit.worst(Exit::Inconclusive);
    }
    Ok(exit)
}
