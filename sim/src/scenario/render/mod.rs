//! How mistakes look: underlined for people, one JSON object a line for tools, annotations for GitHub.
//!
//! Each renderer is an adapter from the same data; none of them adds or hides anything.

mod carets;
mod github;
mod json_lines;

pub use carets::{Style, carets};
pub use github::github;
pub use json_lines::json_lines;

use super::diagnostic::{Diagnostic, Severity};
use super::source::{Place, Source};

/// `2 errors and 1 warning`.
pub fn count(diagnostics: &[Diagnostic]) -> String {
    let of = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let spoken = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    };
    match (of(Severity::Error), of(Severity::Warning)) {
        (errors, 0) => spoken(errors, "error"),
        (0, warnings) => spoken(warnings, "warning"),
        (errors, warnings) => format!("{} and {}", spoken(errors, "error"), spoken(warnings, "warning")),
    }
}

/// Where the underlined words begin and end.
fn ends(span: &std::ops::Range<usize>, source: &Source) -> (Place, Place) {
    (source.place(span.start), source.place(span.end.max(span.start)))
}
