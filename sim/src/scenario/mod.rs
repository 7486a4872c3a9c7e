//! Scenario files: reading them, checking them, and saying what they mean.
//!
//! A scenario is the one thing a user writes, so its mistakes must be found before anything runs, all at once, each
//! with the words underlined. The way through:
//!
//! [`source`] (the text) → `shape` (every key known) → `raw` (plain tables with places) → `lower` (names looked up in
//! the [`vocabulary`], values read, defaults filled in) → [`model`] (the [`Scenario`]).
//!
//! [`verbs`] holds what steps and faults can do, [`command`] the products' command lines, [`values`] lengths of time
//! and the like. Mistakes are [`diagnostic`]s with [`codes`]; [`render`] prints them. Nothing here runs anything,
//! draws anything (that is `draws`) or knows a product.

pub mod codes;
pub mod command;
pub mod defaults;
pub mod diagnostic;
pub mod explain;
mod located;
mod lower;
pub mod model;
mod raw;
mod reader;
pub mod render;
pub mod schema;
mod shape;
pub mod source;
mod suggest;
mod target;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod values;
pub mod verbs;
pub mod vocabulary;

pub use explain::explain;
pub use located::Span;
pub use model::Scenario;
pub use schema::schema_json;

use std::path::Path;

use serde::Deserialize;
use toml::de::DeTable;

use codes::Code;
use diagnostic::Diagnostic;
use located::Located;
use raw::RawScenario;
use source::Source;
use vocabulary::Vocabulary;

/// The version of the file's language that this program reads.
pub const FORMAT: i64 = 1;

/// A file that can be run.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// What it means.
    pub scenario: Scenario,
    /// Its text.
    pub source: Source,
    /// What is probably not meant.
    pub warnings: Vec<Diagnostic>,
}

/// A file that cannot be run, and every reason why.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// Its text, empty if it could not be read.
    pub source: Source,
    /// The mistakes and warnings, in the order of the file; at least one is an error.
    pub diagnostics: Vec<Diagnostic>,
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} cannot be run: {}", self.source.path(), render::count(&self.diagnostics))
    }
}

impl std::error::Error for Rejected {}

/// Reads and checks the file at `path`.
pub fn load(path: &Path, vocabulary: &Vocabulary) -> Result<Accepted, Rejected> {
    match Source::read(path) {
        Ok(source) => check(source, vocabulary),
        Err(diagnostic) => {
            let source = Source::new(path.display().to_string(), "");
            Err(Rejected { source, diagnostics: vec![diagnostic] })
        }
    }
}

/// Checks a text.
pub fn check(source: Source, vocabulary: &Vocabulary) -> Result<Accepted, Rejected> {
    let (scenario, diagnostics) = match parse(&source) {
        Ok((raw, mut findings)) => {
            let (scenario, lowered) = lower::lower(&raw, &source, vocabulary, findings.bruised);
            findings.diagnostics.extend(lowered);
            (scenario.filter(|_| !has_errors(&findings.diagnostics)), findings.diagnostics)
        }
        Err(diagnostics) => (None, diagnostics),
    };
    match scenario {
        Some(scenario) => Ok(Accepted { scenario, source, warnings: diagnostics }),
        None => {
            let mut diagnostics = diagnostics;
            diagnostics.sort_by_key(Diagnostic::start);
            Err(Rejected { source, diagnostics })
        }
    }
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == diagnostic::Severity::Error)
}

/// From text to plain tables. Beyond broken syntax or another version of the language nothing can be said.
fn parse(source: &Source) -> Result<(Located<RawScenario>, shape::Findings), Vec<Diagnostic>> {
    let (mut file, syntax_errors) = DeTable::parse_recoverable(source.text());
    if !syntax_errors.is_empty() {
        return Err(syntax_errors.iter().map(syntax_error).collect());
    }
    if let Some(diagnostic) = other_format(file.get_ref()) {
        return Err(vec![diagnostic]);
    }
    let mut findings = shape::Findings::default();
    let span = file.span();
    shape::check_table(file.get_mut(), &span, schema::schema(), &mut findings);
    let raw = RawScenario::deserialize(toml::Deserializer::from(file)).map_err(|error| {
        let mut all = std::mem::take(&mut findings.diagnostics);
        all.push(labelled(Diagnostic::error(Code::WrongType, error.message()), &error));
        all
    })?;
    Ok((Located::new(raw, span), findings))
}

fn syntax_error(error: &toml::de::Error) -> Diagnostic {
    labelled(Diagnostic::error(Code::Syntax, format!("not valid TOML: {}", error.message())), error)
}

fn labelled(diagnostic: Diagnostic, error: &toml::de::Error) -> Diagnostic {
    match error.span() {
        Some(span) => diagnostic.label(span, "here"),
        None => diagnostic,
    }
}

/// A file of another version may mean anything by its keys, so its version is looked at before them.
fn other_format(file: &DeTable<'_>) -> Option<Diagnostic> {
    let format = file.get("format")?;
    let number = format.get_ref().as_integer()?;
    let version = i64::from_str_radix(number.as_str(), number.radix()).ok();
    if version == Some(FORMAT) {
        return None;
    }
    let help = match version {
        Some(version) if version < FORMAT => "write `format = 1`".to_owned(),
        _ => format!("this program reads format {FORMAT}: use a newer simrun"),
    };
    let message = format!("this file is written in format {}", number.as_str());
    Some(Diagnostic::error(Code::NewerFormat, message).label(format.span(), "not a format known here").help(help))
}
