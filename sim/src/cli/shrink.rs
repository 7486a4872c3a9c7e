//! `simrun shrink`: the smallest scenario that still fails in the same way, as a file.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::arguments::ShrinkArguments;
use super::interrupt::interrupted;
use super::results::write;
use super::seed_folder::SeedFolder;
use super::{CliError, Exit, explore, files};
use crate::scenario::Accepted;
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

    fn of_folder(folder: &Path, seed: Option<u64>) -> Result<Target, CliError> {
        let kept = SeedFolder::open(folder)?;
        Ok(Target { accepted: kept.accepted()?, seed: seed.unwrap_or(kept.report.run.seed), folder: folder.to_owned() })
    }
}
