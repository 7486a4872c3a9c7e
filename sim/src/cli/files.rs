//! Scenario files: which are meant, and what is wrong with them.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use nodes::product::Product;

use super::CliError;
use super::arguments::{Arguments, MistakeFormat};
use crate::scenario::render::{Style, carets, github, json_lines};
use crate::scenario::vocabulary::Vocabulary;
use crate::scenario::{self, Accepted, Rejected, Scenario};

/// The files that are meant: a folder means every scenario below it, in the order of their names.
pub fn scenarios(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            below(path, &mut files)?;
            if files.len() == before {
                return Err(CliError::NoScenarios(path.clone()));
            }
        } else {
            refuse_command(path)?;
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// `simrun --seed 3 check x` takes `check` for a file: say so.
fn refuse_command(path: &Path) -> Result<(), CliError> {
    let name = path.to_string_lossy();
    let is_command = Arguments::command().get_subcommands().any(|command| command.get_name() == name);
    if is_command && !path.exists() { Err(CliError::CommandAsFile(name.into_owned())) } else { Ok(()) }
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let unreadable = |source| CliError::Unreadable { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unreadable)?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            below(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

/// Reads and checks a file.
pub fn load(file: &Path, vocabulary: &Vocabulary) -> Result<Accepted, Box<Rejected>> {
    scenario::load(file, vocabulary).map_err(Box::new)
}

/// Reads and checks everything that is meant. Nothing runs while a file has mistakes: half a campaign is worth less than
/// none.
pub fn accepted(paths: &[PathBuf]) -> Result<Vec<Accepted>, CliError> {
    let vocabulary = crate::vocabulary::known();
    let mut accepted = Vec::new();
    let mut rejected = None;
    for file in scenarios(paths)? {
        match load(&file, &vocabulary) {
            Ok(scenario) => {
                show_warnings(&scenario, MistakeFormat::Carets);
                accepted.push(scenario);
            }
            Err(mistakes) => {
                show_mistakes(&mistakes, MistakeFormat::Carets);
                rejected = Some(mistakes);
            }
        }
    }
    match rejected {
        Some(rejected) => Err(CliError::Rejected(rejected)),
        None => Ok(accepted),
    }
}

/// The product that a scenario is about.
pub fn product(scenario: &Scenario) -> Result<&'static Product, CliError> {
    let model = &scenario.product.model;
    nodes::catalogue::find(model).ok_or_else(|| CliError::Unknown { name: model.clone(), hint: None })
}

/// Shows why a file cannot be run.
pub fn show_mistakes(rejected: &Rejected, format: MistakeFormat) {
    match format {
        MistakeFormat::Carets => {
            anstream::eprintln!("{}", carets(&rejected.diagnostics, &rejected.source, style()));
            anstream::eprintln!("{rejected}");
        }
        MistakeFormat::Jsonl => anstream::print!("{}", json_lines(&rejected.diagnostics, &rejected.source)),
        MistakeFormat::Github => anstream::print!("{}", github(&rejected.diagnostics, &rejected.source)),
    }
}

/// Shows what is probably not meant in a file that can be run.
pub fn show_warnings(accepted: &Accepted, format: MistakeFormat) {
    if accepted.warnings.is_empty() {
        return;
    }
    match format {
        MistakeFormat::Carets => anstream::eprintln!("{}", carets(&accepted.warnings, &accepted.source, style())),
        MistakeFormat::Jsonl => anstream::print!("{}", json_lines(&accepted.warnings, &accepted.source)),
        MistakeFormat::Github => anstream::print!("{}", github(&accepted.warnings, &accepted.source)),
    }
}

fn style() -> Style {
    if std::io::stderr().is_terminal() { Style::Coloured } else { Style::Plain }
}
