//! What a CI system shows of a run: JUnit, annotations, the job summary.
//!
//! They need all seeds of a scenario together and one run to tell about, so results are gathered here while the seeds
//! are told. One report is kept for each scenario, however many seeds run: the first of the worst.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use reports::render::{github::github, junit::junit, markdown::markdown};
use reports::{BrokenSeed, Language, Report, Suite, Summary};

use super::CliError;
use super::arguments::{CiArguments, Format};
use super::results::{make_room, write};

/// What is gathered while seeds are told.
pub struct Gathered {
    junit: Option<PathBuf>,
    summary: Option<PathBuf>,
    wanted: bool,
    examples: BTreeMap<String, Report>,
    broken: Vec<BrokenSeed>,
}

impl Gathered {
    /// Gathers for the files that were named, and for the format of the screen.
    pub fn new(arguments: &CiArguments, format: Format) -> Self {
        let on_screen = matches!(format, Format::Junit | Format::Github | Format::Markdown);
        Gathered {
            junit: arguments.junit.clone(),
            summary: arguments.summary.clone(),
            wanted: on_screen || arguments.junit.is_some() || arguments.summary.is_some(),
            examples: BTreeMap::new(),
            broken: Vec::new(),
        }
    }

    /// Whether anybody asked.
    pub fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Keeps a report if it is the worst of its scenario so far; the first of equals.
    pub fn add(&mut self, report: &Report) {
        let worse = |known: Option<&Report>| known.is_none_or(|known| report.verdict.outcome > known.verdict.outcome);
        if self.wanted && worse(self.examples.get(&report.run.scenario)) {
            self.examples.insert(report.run.scenario.clone(), report.clone());
        }
    }

    /// Keeps a seed that has no report.
    pub fn add_broken(&mut self, scenario: &str, seed: u64, what: String) {
        let again = format!("simrun {scenario} --seed {seed}");
        self.broken.push(BrokenSeed { scenario: scenario.to_owned(), seed, what, again });
    }

    /// Writes the files that were named, and gives what the format of the screen shows.
    pub fn finish(&self, summary: &Summary, format: Format, language: Language) -> Result<Option<String>, CliError> {
        let suite = |(name, example)| Some(Suite { summary: summary.scenarios.get::<String>(name)?, example });
        let suites: Vec<Suite<'_>> = self.examples.iter().filter_map(suite).collect();
        if let Some(path) = &self.junit {
            write(path, &junit(&suites, &self.broken))?;
        }
        if let Some(path) = &self.summary {
            append(path, &markdown(&suites, &self.broken, language))?;
        }
        Ok(match format {
            Format::Junit => Some(junit(&suites, &self.broken)),
            Format::Github => Some(github(&suites, &self.broken)),
            Format::Markdown => Some(markdown(&suites, &self.broken, language)),
            Format::Pretty | Format::Plain | Format::Jsonl => None,
        })
    }
}

/// A job summary is added to what other steps of the job have written.
fn append(path: &Path, text: &str) -> Result<(), CliError> {
    let unwritable = |source| CliError::Unwritable { path: path.to_owned(), source };
    make_room(path)?;
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(unwritable)
}
