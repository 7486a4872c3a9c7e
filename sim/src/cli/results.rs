//! What a run leaves on disk: reports, the record, the draws, and the nodes' own logs.
//!
//! Nothing is written unless a folder was named or a run did not end as expected. The files of one seed are the same
//! bytes each time: no wall clock, no name of this machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use nodes::world::executor::Ending;
use nodes::world::trace::What;
use reports::render::{html, json, shiviz, trace};
use reports::{Language, Report};

use super::{CliError, Exit};
use crate::closeup;
use crate::history::json_lines;
use crate::run::Record;
use crate::tell::Tale;

/// Where results go.
pub struct Results {
    folder: PathBuf,
    asked: bool,
}

impl Results {
    /// Results below `out`; below `simrun-out` if none was named.
    pub fn new(out: Option<PathBuf>) -> Self {
        Results { asked: out.is_some(), folder: out.unwrap_or_else(|| PathBuf::from("simrun-out")) }
    }

    /// Whether a run that ended so is written.
    pub fn wants(&self, exit: Exit) -> bool {
        self.asked || matches!(exit, Exit::NotAsExpected | Exit::Inconclusive)
    }

    fn folder_of(&self, report: &Report) -> PathBuf {
        self.folder_of_seed(&report.run.name, report.run.seed)
    }

    /// The folder of a seed of the scenario of this name.
    pub fn folder_of_seed(&self, name: &str, seed: u64) -> PathBuf {
        self.folder.join(name).join(format!("seed-{seed}"))
    }

    /// Where the page of a run is, if it was written.
    pub fn page(&self, report: &Report, exit: Exit) -> Option<PathBuf> {
        self.wants(exit).then(|| self.folder_of(report).join("report.html"))
    }

    /// Writes everything about one run, with what a closer look shows.
    pub fn write(&self, report: &Report, tale: &Tale<'_>) -> Result<(), CliError> {
        self.write_to(&self.folder_of(report), report, tale)
    }

    /// Writes everything about one run into this folder.
    pub fn write_to(&self, folder: &Path, report: &Report, tale: &Tale<'_>) -> Result<(), CliError> {
        for (file, text) in files_of(report, tale)? {
            write(&folder.join(file), &text)?;
        }
        Ok(())
    }
}

/// Everything about one run: its files, by their path in the folder of the seed.
pub(super) fn files_of(report: &Report, tale: &Tale<'_>) -> Result<BTreeMap<PathBuf, String>, CliError> {
    let (record, draws) = (tale.record, tale.draws);
    let mut report = report.clone();
    if record.ending != Ending::Interrupted {
        closeup::complete(tale, &mut report)?;
    }
    let mut files = rendered(&report);
    files.insert(PathBuf::from(REPORT), json::json(&report));
    files.insert(PathBuf::from(RECORD), record_lines(record));
    files.insert(PathBuf::from("history.jsonl"), json_lines::write(&record.history));
    let draws = draws.to_toml().map_err(|error| CliError::Unwritable {
        path: PathBuf::from("draws.toml"),
        source: std::io::Error::other(error),
    })?;
    files.insert(PathBuf::from("draws.toml"), draws);
    files.extend(native_logs(record).into_iter().map(|(file, text)| (Path::new("logs").join(file), text)));
    Ok(files)
}

/// The report, as data.
pub(super) const REPORT: &str = "report.json";
/// The kept events.
pub(super) const RECORD: &str = "record.jsonl";

/// What is made from the report alone.
pub(super) fn rendered(report: &Report) -> BTreeMap<PathBuf, String> {
    BTreeMap::from([
        (PathBuf::from("report.html"), html::html(report, None, Language::English)),
        (PathBuf::from("trace.json"), trace::trace(report)),
        (PathBuf::from("events.shiviz.log"), shiviz::shiviz(report)),
    ])
}

/// Writes a file and the folders it is in.
pub(super) fn write(path: &Path, text: &str) -> Result<(), CliError> {
    make_room(path)?;
    std::fs::write(path, text).map_err(|source| CliError::Unwritable { path: path.to_owned(), source })
}

/// Makes the folders a file is to be in.
pub(super) fn make_room(path: &Path) -> Result<(), CliError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|source| CliError::Unwritable { path: path.to_owned(), source })
}

/// The kept events, one JSON object a line, with the names of places.
fn record_lines(record: &Record) -> String {
    let mut lines = String::new();
    for event in record.trace.events() {
        let line = serde_json::json!({
            "number": event.number,
            "at_ns": event.at.as_nanos(),
            "place": record.trace.place_name(event.place),
            "what": event.what,
        });
        let _ = writeln!(lines, "{line}");
    }
    lines
}

/// The files a DBA would find, by host and path.
pub(super) fn native_logs(record: &Record) -> BTreeMap<PathBuf, String> {
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    for event in record.trace.events() {
        let What::Log { file, line } = &event.what else { continue };
        let host = record.trace.host_of(event.place).map_or("outside", |host| record.trace.host_name(host));
        // A path of the host, absolute there, and never one of this machine.
        let text = files.entry(Path::new(host).join(file.trim_start_matches('/'))).or_default();
        text.push_str(line);
        text.push('\n');
    }
    files
}
