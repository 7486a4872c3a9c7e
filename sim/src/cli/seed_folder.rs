//! The folder of a seed, as `run`, `rehearse` or `explore` wrote it: what ran, and what was told of it.

use std::path::{Path, PathBuf};

use reports::Report;

use super::arguments::MistakeFormat;
use super::results::REPORT;
use super::{CliError, files};
use crate::scenario::source::Source;
use crate::scenario::{Accepted, check};
use crate::vocabulary;

/// The folder of a seed.
pub(super) struct SeedFolder {
    /// Where it is.
    pub(super) path: PathBuf,
    /// The report in it.
    pub(super) report: Report,
}

impl SeedFolder {
    /// Reads the report in a folder.
    pub(super) fn open(folder: &Path) -> Result<SeedFolder, CliError> {
        let path = folder.join(REPORT);
        let text =
            std::fs::read_to_string(&path).map_err(|source| CliError::Unreadable { path: path.clone(), source })?;
        let report = Report::from_json(&text).map_err(|source| CliError::NoReport { path, source })?;
        Ok(SeedFolder { path: folder.to_owned(), report })
    }

    /// The scenario as it was then: the report holds its text.
    pub(super) fn accepted(&self) -> Result<Accepted, CliError> {
        let run = &self.report.run;
        let source = Source::new(run.scenario.clone(), run.scenario_text.clone().unwrap_or_default());
        let mut accepted = check(source, &vocabulary::known()).map_err(|rejected| {
            let rejected = Box::new(rejected);
            files::show_mistakes(&rejected, MistakeFormat::Carets);
            CliError::Rejected(rejected)
        })?;
        accepted.scenario.name.clone_from(&run.name);
        Ok(accepted)
    }
}

/// The folders of seeds that are meant: each of these, or all below it, in the order of their names.
pub(super) fn below(folders: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut found = Vec::new();
    for folder in folders {
        let before = found.len();
        gather(folder, &mut found)?;
        if found.len() == before {
            return Err(CliError::NoSeeds(folder.clone()));
        }
    }
    Ok(found)
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), CliError> {
    if folder.join(REPORT).is_file() {
        found.push(folder.to_owned());
        return Ok(());
    }
    let unreadable = |source| CliError::Unreadable { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unreadable)?;
    let mut folders: Vec<PathBuf> = paths.into_iter().filter(|path| path.is_dir()).collect();
    folders.sort_by_key(|path| in_order_of_seeds(path));
    folders.iter().try_for_each(|path| gather(path, found))
}

/// `seed-9` before `seed-10`.
fn in_order_of_seeds(path: &Path) -> (Option<u64>, PathBuf) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    (name.strip_prefix("seed-").and_then(|seed| seed.parse().ok()), path.to_owned())
}
