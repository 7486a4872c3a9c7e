//! A mistake in a scenario file, as data.
//!
//! What is wrong is decided here and in `lower`; how it looks is decided by the renderers in [`render`], which are
//! interchangeable. Nothing here knows of terminals, colours or JSON.
//!
//! [`render`]: super::render

use std::fmt;

use super::codes::Code;
use super::located::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The scenario can be run, but it probably does not do what was meant.
    Warning,
    /// The scenario cannot be run.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// Underlined words and what to say below them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Which bytes of the file are underlined.
    pub span: Span,
    /// What is said below them.
    pub text: String,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which mistake of the list.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without full stop.
    pub message: String,
    /// The words concerned, the most important first. Empty when the file as a whole is at fault.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A mistake that keeps the scenario from running.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Diagnostic { code, severity: Severity::Error, message: message.into(), labels: Vec::new(), help: None }
    }

    /// Something that is probably not meant.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message) }
    }

    /// Underlines `span` and says `text` below it.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to do, if there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Where the mistake begins; the beginning of the file if it has no place.
    pub fn start(&self) -> usize {
        self.labels.first().map_or(0, |label| label.span.start)
    }
}
