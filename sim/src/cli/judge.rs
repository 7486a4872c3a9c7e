//! `simrun judge`: the checkers on histories that were recorded elsewhere.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::arguments::{JudgeArguments, JudgeFormat};
use super::{CliError, Exit};
use crate::check::isolation::{LEVELS, Level};
use crate::check::{Answer, Budget, Finding};
use crate::judge::{Options, judge};

/// The version of the JSON shape.
const FORMAT: u32 = 1;

/// Judges every file; the gravest answer decides the exit code.
pub fn run(arguments: &JudgeArguments) -> Result<Exit, CliError> {
    let budget = Budget::default();
    let options = Options {
        model: arguments.model.into(),
        level: level(arguments.level.as_deref())?,
        total: arguments.total,
        budget: Budget { steps: arguments.steps.unwrap_or(budget.steps), ..budget },
    };
    let mut exit = Exit::AsExpected;
    for path in &arguments.histories {
        exit = exit.worst(judge_file(path, options, arguments.format)?);
    }
    Ok(exit)
}

fn level(name: Option<&str>) -> Result<Level, CliError> {
    let Some(name) = name else { return Ok(Level::default()) };
    Level::of_name(name).ok_or_else(|| {
        let names: Vec<&str> = LEVELS.iter().map(|level| level.name()).collect();
        CliError::Unknown { name: name.to_owned(), hint: Some(format!("isolation levels: {}", names.join(", "))) }
    })
}

/// An unreadable history stops nothing but its own file: the others are still judged.
fn judge_file(path: &Path, options: Options, format: JudgeFormat) -> Result<Exit, CliError> {
    let text = read(path)?;
    let mut out = anstream::stdout().lock();
    match judge(&text, options) {
        Ok(findings) => {
            for finding in &findings {
                tell(&mut out, path, finding, format)?;
            }
            Ok(findings.iter().map(exit_of).fold(Exit::AsExpected, Exit::worst))
        }
        Err(error) => {
            for line in error.to_string().lines() {
                anstream::eprintln!("error: {}: {line}", path.display());
            }
            Ok(Exit::Usage)
        }
    }
}

fn read(path: &Path) -> Result<String, CliError> {
    let unreadable = |source| CliError::Unreadable { path: PathBuf::from(path), source };
    if path == Path::new("-") {
        return std::io::read_to_string(std::io::stdin()).map_err(unreadable);
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

fn exit_of(finding: &Finding) -> Exit {
    match finding.answer {
        Answer::Holds => Exit::AsExpected,
        Answer::Violated => Exit::NotAsExpected,
        Answer::CouldNotTell => Exit::Inconclusive,
    }
}

fn tell(out: &mut dyn Write, path: &Path, finding: &Finding, format: JudgeFormat) -> Result<(), CliError> {
    match format {
        JudgeFormat::Plain => {
            let word = match finding.answer {
                Answer::Holds => "HOLDS",
                Answer::Violated => "VIOLATED",
                Answer::CouldNotTell => "COULD NOT TELL",
            };
            writeln!(out, "{word}  {}  {}", finding.check, path.display())?;
            for sentence in &finding.explanation {
                writeln!(out, "  {}", sentence.en)?;
            }
        }
        JudgeFormat::Jsonl => {
            let line = json!({
                "format": FORMAT,
                "history": path.display().to_string(),
                "check": finding.check,
                "answer": finding.answer,
                "event": finding.event,
                "at_ms": finding.at.map(|at| at.as_nanos() / 1_000_000),
                "explanation": finding.explanation.iter().map(|line| &line.en).collect::<Vec<_>>(),
            });
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
