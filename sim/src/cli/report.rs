//! `simrun report`: what was told of runs, told again from their folders, without running anything.

use super::arguments::ReportArguments;
use super::interrupt::interrupted;
use super::language::language;
use super::results::{rendered, write};
use super::seed_folder::{SeedFolder, below};
use super::teller::{Done, Teller, Telling, Told};
use super::{CliError, Exit};
use reports::Outcome;

/// Tells what the folders hold.
pub(super) fn run(arguments: &ReportArguments) -> Result<Exit, CliError> {
    let folders = below(&arguments.folders)?;
    let telling = Telling {
        format: arguments.format,
        language: language(arguments.lang),
        ci: &arguments.ci,
        results: None,
        ran_twice: false,
    };
    let mut teller = Teller::new(telling, folders.len() == 1, folders.len() as u64);
    for folder in folders {
        if interrupted() {
            break;
        }
        let SeedFolder { path, report } = SeedFolder::open(&folder)?;
        if arguments.pages {
            for (file, text) in rendered(&report) {
                write(&path.join(file), &text)?;
            }
        }
        let exit = match report.verdict.outcome {
            Outcome::AsExpected => Exit::AsExpected,
            Outcome::Inconclusive => Exit::Inconclusive,
            Outcome::NotAsExpected => Exit::NotAsExpected,
        };
        teller.tell(Done { exit, told: Told::Report(Box::new(report)) })?;
    }
    teller.finish()
}
