//! Mistakes for tools: one JSON object a line, of a shape that only ever grows.

use serde::Serialize;

use super::ends;
use crate::scenario::codes::Code;
use crate::scenario::diagnostic::{Diagnostic, Label};
use crate::scenario::source::Source;

/// The version of the shape.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Line<'a> {
    format: u32,
    file: &'a str,
    severity: String,
    code: Code,
    message: &'a str,
    labels: Vec<LabelLine<'a>>,
    help: Option<&'a str>,
}

#[derive(Serialize)]
struct LabelLine<'a> {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

/// One line for each diagnostic.
pub fn json_lines(diagnostics: &[Diagnostic], source: &Source) -> String {
    diagnostics.iter().map(|diagnostic| line(diagnostic, source) + "\n").collect()
}

fn line(diagnostic: &Diagnostic, source: &Source) -> String {
    let line = Line {
        format: FORMAT,
        file: source.path(),
        severity: diagnostic.severity.to_string(),
        code: diagnostic.code,
        message: &diagnostic.message,
        labels: diagnostic.labels.iter().map(|label| label_line(label, source)).collect(),
        help: diagnostic.help.as_deref(),
    };
    // Plain strings and numbers: there is nothing in it that JSON cannot say.
    serde_json::to_string(&line).unwrap_or_default()
}

fn label_line<'a>(label: &'a Label, source: &Source) -> LabelLine<'a> {
    let (start, end) = ends(&label.span, source);
    LabelLine { line: start.line, column: start.column, end_line: end.line, end_column: end.column, text: &label.text }
}
