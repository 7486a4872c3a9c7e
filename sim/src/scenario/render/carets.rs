//! Mistakes for people: the line of the file with the words underlined, as rustc prints them.
//!
//! The only file that knows the crate which draws this (tabs, wide characters and overlapping labels are its trade),
//! because that crate is young and may change.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::scenario::diagnostic::{Diagnostic, Severity};
use crate::scenario::source::Source;

/// Whether the text may carry terminal colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// No colours.
    Plain,
    /// ANSI colours; print it through `anstream`, which removes them where nobody sees them.
    Coloured,
}

/// The most diagnostics that are drawn: nobody reads more, and drawing takes time.
const MOST_SHOWN: usize = 100;

/// The diagnostics, with an empty line after each. Of very many only the first are shown, and that is said.
pub fn carets(diagnostics: &[Diagnostic], source: &Source, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let shown = diagnostics.iter().take(MOST_SHOWN);
    let mut text: String = shown.map(|diagnostic| renderer.render(&[group(diagnostic, source)]) + "\n\n").collect();
    if let Some(rest @ 1..) = diagnostics.len().checked_sub(MOST_SHOWN) {
        text.push_str(&format!("... and {rest} more\n\n"));
    }
    text
}

fn group<'a>(diagnostic: &'a Diagnostic, source: &'a Source) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&*diagnostic.message).id(diagnostic.code.entry().number);
    let mut group = Group::with_title(title);
    if !diagnostic.labels.is_empty() {
        group = group.element(snippet(diagnostic, source));
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(&**help)),
        None => group,
    }
}

fn snippet<'a>(diagnostic: &'a Diagnostic, source: &'a Source) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let annotations = diagnostic.labels.iter().enumerate().map(|(index, label)| {
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        kind.span(inside(&label.span, source.text())).label(&*label.text)
    });
    Snippet::source(source.text()).path(source.path()).annotations(annotations)
}

/// The span cut to what the text has, at the edges of characters.
fn inside(span: &Range<usize>, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    start..text.ceil_char_boundary(span.end.clamp(start, text.len()))
}
