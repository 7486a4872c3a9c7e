//! `simrun replay`: a seed is run once more from its folder, and everything that comes of it is held against what is there.
//!
//! It answers whether a result from elsewhere, such as a failed job of CI, is the same here: the hash of the run first,
//! then the bytes of every file.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::arguments::ReplayArguments;
use super::interrupt::interrupted;
use super::results::{RECORD, files_of};
use super::seed_folder::{SeedFolder, below};
use super::{CliError, Exit, files};
use crate::explore::trial;
use crate::tell::{self, Tale};

/// So much of a line is shown around the place where two part.
const SHOWN: usize = 120;

/// Runs each folder's seed once more.
pub(super) fn run(arguments: &ReplayArguments) -> Result<Exit, CliError> {
    let mut exit = Exit::AsExpected;
    let mut out = anstream::stdout().lock();
    for folder in below(&arguments.folders)? {
        let replayed = replay(&SeedFolder::open(&folder)?)?;
        if interrupted() {
            return Ok(Exit::Interrupted);
        }
        write!(out, "{}", replayed.told)?;
        exit = exit.worst(replayed.exit);
    }
    Ok(exit)
}

/// What came of a replay.
struct Replayed {
    exit: Exit,
    told: String,
}

fn replay(kept: &SeedFolder) -> Result<Replayed, CliError> {
    let accepted = kept.accepted()?;
    let scenario = &accepted.scenario;
    let product = files::product(scenario)?;
    let trial = trial::run(scenario, product, kept.report.run.seed, interrupted)?;
    let (draws, record, verdict) = (&trial.draws, &trial.record, &trial.verdict);
    let tale = Tale { scenario, text: accepted.source.text(), product, draws, record, verdict };
    let now = tell::report(&tale);
    let differences = differences(&kept.path, &files_of(&now, &tale)?)?;
    let run = &kept.report.run;
    let (name, seed) = (&run.name, run.seed);
    if differences.is_empty() && now.run.hash == run.hash {
        let told = format!(
            "SAME  {name}  seed {seed}\n  {} events, trace {}; every file is the same bytes\n",
            run.events, run.hash
        );
        return Ok(Replayed { exit: Exit::AsExpected, told });
    }
    let mut told = format!("NOT THE SAME  {name}  seed {seed}\n");
    if now.run.hash != run.hash {
        told.push_str(&format!("  trace {} then, {} now\n", run.hash, now.run.hash));
    }
    if now.run.version != run.version {
        told.push_str(&format!("  written by simrun {}, this is {}\n", run.version, now.run.version));
    }
    told.extend(differences);
    Ok(Replayed { exit: Exit::NotDeterministic, told })
}

/// Each file that is not as it was, with the first line that differs; the record first, for it names the event.
fn differences(folder: &Path, files: &BTreeMap<PathBuf, String>) -> Result<Vec<String>, CliError> {
    let record = Path::new(RECORD);
    let (first, others): (Vec<_>, Vec<_>) = files.iter().partition(|(file, _)| *file == record);
    let mut told = Vec::new();
    for (file, now) in first.into_iter().chain(others) {
        let path = folder.join(file);
        match std::fs::read_to_string(&path) {
            Ok(then) if then == *now => {}
            Ok(then) => told.push(first_difference(file, &then, now)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                told.push(format!("  {} is missing\n", file.display()));
            }
            Err(source) => return Err(CliError::Unreadable { path, source }),
        }
    }
    Ok(told)
}

fn first_difference(file: &Path, then: &str, now: &str) -> String {
    let mut lines = (then.lines(), now.lines());
    let mut number = 1;
    loop {
        let (one, other) = (lines.0.next(), lines.1.next());
        match (one, other) {
            (Some(one), Some(other)) if one == other => number += 1,
            (None, None) => return format!("  {} differs at the end of its last line\n", file.display()),
            _ => {
                let (one, other) = (one.unwrap_or("nothing more"), other.unwrap_or("nothing more"));
                let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
                let shown = |line: &str| around(line, same);
                let (one, other) = (shown(one), shown(other));
                return format!("  {} line {number}\n    then  {one}\n    now   {other}\n", file.display());
            }
        }
    }
}

/// A part of a line around a place in it.
fn around(line: &str, place: usize) -> String {
    let from = place.saturating_sub(SHOWN / 2);
    let part: String = line.chars().skip(from).take(SHOWN).collect();
    let before = if from > 0 { "…" } else { "" };
    let behind = if line.chars().count() > from + SHOWN { "…" } else { "" };
    format!("{before}{part}{behind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_shown_around_the_place() {
        let file = Path::new("record.jsonl");
        let told = first_difference(file, "a\nb\nc", "a\nx\nc");
        assert_eq!(told, "  record.jsonl line 2\n    then  b\n    now   x\n");
        let told = first_difference(file, "a", "a\nb");
        assert!(told.contains("then  nothing more") && told.contains("now   b"), "{told}");
        assert!(first_difference(file, "a\n", "a").contains("end of its last line"));
        let long = "y".repeat(400);
        let told = first_difference(file, &format!("{long}1{long}"), &format!("{long}2{long}"));
        assert!(told.lines().all(|line| line.chars().count() < 140) && told.contains("y1y"), "{told}");
    }
}
