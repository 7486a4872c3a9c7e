//! What is told of seeds, one after the other, on the screen and for CI.

use std::io::Write;

use reports::render::jsonl;
use reports::render::pretty::{Options, ending, pretty, summary};
use reports::{Language, Report, SeedLine, Summary};

use super::arguments::{CiArguments, Format};
use super::ci::Gathered;
use super::interrupt::interrupted;
use super::results::Results;
use super::{CliError, Exit};
use crate::run::RunError;

/// What is kept of a seed until it is told.
pub(super) struct Done {
    /// How it ended.
    pub(super) exit: Exit,
    /// What there is to tell.
    pub(super) told: Told,
}

/// What there is to tell of a seed.
pub(super) enum Told {
    /// It ran.
    Report(Box<Report>),
    /// It could not be run.
    Failed { scenario: String, seed: u64, error: RunError },
    /// It ran twice, and not in the same way.
    Different { scenario: String, seed: u64, difference: String },
}

/// How results are told.
pub(super) struct Telling<'a> {
    /// What is printed.
    pub(super) format: Format,
    /// In which language.
    pub(super) language: Language,
    /// Files for CI.
    pub(super) ci: &'a CiArguments,
    /// Where pages are written; `None` if none are.
    pub(super) results: Option<&'a Results>,
    /// True if each seed was run twice.
    pub(super) ran_twice: bool,
}

/// Tells results in order.
pub(super) struct Teller<'a> {
    telling: Telling<'a>,
    single: bool,
    planned: u64,
    colour: bool,
    summary: Summary,
    gathered: Gathered,
    exit: Exit,
}

impl<'a> Teller<'a> {
    /// Tells of so many seeds; of a single one everything.
    pub(super) fn new(telling: Telling<'a>, single: bool, planned: u64) -> Self {
        let colour = telling.format == Format::Pretty
            && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
        Teller {
            gathered: Gathered::new(telling.ci, telling.format),
            telling,
            single,
            planned,
            colour,
            summary: Summary::default(),
            exit: Exit::AsExpected,
        }
    }

    /// The worst so far.
    pub(super) fn exit(&self) -> Exit {
        self.exit
    }

    /// Tells of the next seed.
    pub(super) fn tell(&mut self, done: Done) -> Result<(), CliError> {
        self.exit = self.exit.worst(done.exit);
        let mut out = anstream::stdout().lock();
        match done.told {
            // Half a run of a batch says nothing; half of the only run is all there is.
            Told::Report(_) if done.exit == Exit::Interrupted && !self.single => {}
            Told::Report(report) => {
                let line = SeedLine::from(&*report);
                self.summary.add(&line);
                self.gathered.add(&report);
                let page = self.telling.results.and_then(|results| results.page(&report, done.exit));
                let page = page.as_ref().map(|page| page.to_string_lossy().into_owned());
                let options = Options {
                    language: self.telling.language,
                    colour: self.colour,
                    columns: 100,
                    page: page.as_deref(),
                };
                match self.telling.format {
                    Format::Jsonl => writeln!(out, "{}", jsonl::seed_line(&line))?,
                    Format::Pretty | Format::Plain if self.single => write!(out, "{}", pretty(&report, &options))?,
                    Format::Pretty | Format::Plain if done.exit != Exit::AsExpected => {
                        write!(out, "{}", ending(&report, &options))?;
                    }
                    Format::Pretty | Format::Plain | Format::Junit | Format::Github | Format::Markdown => {}
                }
            }
            Told::Failed { scenario, seed, error } => {
                self.gathered.add_broken(&scenario, seed, error.to_string());
                anstream::eprintln!("error: {scenario} seed {seed}: {error}");
                anstream::eprintln!(
                    "  again    simrun {scenario} --seed {seed}   (simrun {})",
                    env!("CARGO_PKG_VERSION")
                );
            }
            Told::Different { scenario, seed, difference } => {
                self.gathered.add_broken(&scenario, seed, format!("not deterministic: {difference}"));
                if matches!(self.telling.format, Format::Pretty | Format::Plain | Format::Jsonl) {
                    writeln!(out, "NOT DETERMINISTIC  {scenario}  seed {seed}")?;
                    writeln!(out, "  {difference}")?;
                }
            }
        }
        Ok(())
    }

    /// Tells what all came to, and writes the files for CI.
    pub(super) fn finish(self) -> Result<Exit, CliError> {
        let mut out = anstream::stdout().lock();
        if let Some(page) = self.gathered.finish(&self.summary, self.telling.format, self.telling.language)? {
            write!(out, "{page}")?;
        }
        match self.telling.format {
            Format::Jsonl => writeln!(out, "{}", jsonl::summary_line(&self.summary))?,
            Format::Pretty | Format::Plain if !self.single => {
                let options =
                    Options { language: self.telling.language, colour: self.colour, columns: 100, page: None };
                write!(out, "{}", summary(&self.summary, &options))?;
            }
            Format::Pretty | Format::Plain | Format::Junit | Format::Github | Format::Markdown => {}
        }
        if self.telling.ran_twice && !matches!(self.exit, Exit::NotDeterministic | Exit::OurBug) {
            anstream::eprintln!("deterministic: each seed ran twice with the same events");
        }
        if interrupted() {
            let (told, planned) = (self.summary.seeds, self.planned);
            anstream::eprintln!(
                "interrupted: {told} of {planned} seeds are told, the others were cut off or never begun"
            );
            return Ok(Exit::Interrupted);
        }
        Ok(self.exit)
    }
}
