//! `simrun shrink`: the smallest scenario that still fails in the same way, as a file.

use std::io::Write;
use std::path::{Path, PathBuf};

use reports::Report;

use super::arguments::{MistakeFormat, ShrinkArguments};
use super::interrupt::interrupted;
use super::{CliError, Exit, explore, files};
use crate::scenario::source::Source;
use crate::scenario::{Accepted, check};
use crate::shrink::{Options, Story, shrink};
use crate::vocabulary;

/// What is to be shrunk, and where the result goes unless something else was said.
struct Target {
    accepted: Accepted,
    seed: u64,
    folder: PathBuf,
}

/// Shrinks what the arguments name.
pub fn run(arguments: &ShrinkArguments) -> Result<Exit, CliError> {
    let target = Target::of(arguments)?;
    let product = files::product(&target.accepted.scenario)?;
    let options = Options {
        runs: arguments.runs,
        other_seeds: arguments.other_seeds,
        jobs: explore::threads(arguments.jobs),
        interrupted,
    };
    let shrunk = shrink(&target.accepted, product, &vocabulary::known(), target.seed, options)?;
    let story = Story::of(&target.accepted, target.seed, &shrunk);
    let path = arguments.out.clone().unwrap_or_else(|| target.folder.join("shrunk.toml"));
    write(&path, &story.file(&shrunk))?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "SHRUNK  {}", shrunk.signature)?;
    for paragraph in story.paragraphs() {
        writeln!(out, "  {paragraph}")?;
    }
    writeln!(out, "  file     {}", path.display())?;
    writeln!(out, "  again    simrun {}", path.display())?;
    if let Some(twin) = &shrunk.twin {
        let path = path.with_extension("passing.toml");
        write(&path, &crate::document::print::plain(&twin.document))?;
        writeln!(out, "  passes   simrun {}", path.display())?;
    }
    Ok(if interrupted() { Exit::Interrupted } else { Exit::AsExpected })
}

impl Target {
    fn of(arguments: &ShrinkArguments) -> Result<Target, CliError> {
        if arguments.target.is_dir() {
            return Target::of_folder(&arguments.target, arguments.seed);
        }
        let accepted = files::accepted(std::slice::from_ref(&arguments.target))?;
        // One path that is no folder gives one scenario.
        let Some(accepted) = accepted.into_iter().next() else {
            return Err(CliError::NoScenarios(arguments.target.clone()));
        };
        let seed = arguments.seed.unwrap_or(accepted.scenario.run.seeds.first);
        let folder = Path::new("simrun-out").join(&accepted.scenario.name).join(format!("seed-{seed}"));
        Ok(Target { accepted, seed, folder })
    }

    /// The folder of a seed holds a report, and that the text of the scenario as it was then.
    fn of_folder(folder: &Path, seed: Option<u64>) -> Result<Target, CliError> {
        let path = folder.join("report.json");
        let text =
            std::fs::read_to_string(&path).map_err(|source| CliError::Unreadable { path: path.clone(), source })?;
        let report = Report::from_json(&text).map_err(|source| CliError::NoReport { path, source })?;
        let source = Source::new(report.run.scenario.clone(), report.run.scenario_text.unwrap_or_default());
        let accepted = check(source, &vocabulary::known()).map_err(|rejected| {
            let rejected = Box::new(rejected);
            files::show_mistakes(&rejected, MistakeFormat::Carets);
            CliError::Rejected(rejected)
        })?;
        Ok(Target { accepted, seed: seed.unwrap_or(report.run.seed), folder: folder.to_owned() })
    }
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let unwritable = |source| CliError::Unwritable { path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(unwritable)?;
    }
    std::fs::write(path, text).map_err(unwritable)
}
