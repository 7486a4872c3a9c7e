//! The page under the pen: lines, headings and rows, with or without colour.
//!
//! Sections call this and never touch escape codes. Colour only repeats what a word already says.

use anstyle::{AnsiColor, Style};

use super::Options;
use super::columns::{harmless, padded, width, wrapped};
use crate::render::text::Text;
use crate::report::{Language, Sentence};

/// Blanks in front of everything below a heading.
pub(super) const INDENT: &str = "  ";

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Heading,
    Quiet,
    Good,
    Bad,
    Doubtful,
    Fault,
    Step,
}

impl Ink {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        match self {
            Ink::Plain => Style::new(),
            Ink::Heading => Style::new().bold(),
            Ink::Quiet => Style::new().dimmed(),
            Ink::Good => colour(AnsiColor::Green).bold(),
            Ink::Bad => colour(AnsiColor::Red).bold(),
            Ink::Doubtful => colour(AnsiColor::Yellow).bold(),
            Ink::Fault => colour(AnsiColor::Magenta),
            Ink::Step => colour(AnsiColor::Cyan),
        }
    }
}

/// One cell of a row.
pub(super) struct Cell {
    text: String,
    columns: usize,
    ink: Ink,
    right: bool,
}

/// A cell that fills `columns`, its text at the left.
pub(super) fn left(text: impl AsRef<str>, columns: usize, ink: Ink) -> Cell {
    Cell { text: harmless(text.as_ref()), columns, ink, right: false }
}

/// A cell that fills `columns`, its text at the right.
pub(super) fn right(text: impl AsRef<str>, columns: usize, ink: Ink) -> Cell {
    Cell { right: true, ..left(text, columns, ink) }
}

impl Cell {
    fn aligned(&self) -> String {
        if self.right {
            return format!("{}{}", " ".repeat(self.columns.saturating_sub(width(&self.text))), self.text);
        }
        padded(&self.text, self.columns)
    }
}

pub(super) struct Page<'a> {
    pub(super) text: &'static Text,
    pub(super) options: &'a Options<'a>,
    written: String,
}

impl<'a> Page<'a> {
    pub(super) fn new(options: &'a Options<'a>) -> Self {
        Self { text: Text::of(options.language), options, written: String::new() }
    }

    pub(super) fn finish(self) -> String {
        self.written
    }

    pub(super) fn language(&self) -> Language {
        self.options.language
    }

    pub(super) fn columns(&self) -> usize {
        self.options.columns.clamp(60, 200)
    }

    /// A sentence in the page's language.
    pub(super) fn words<'s>(&self, sentence: &'s Sentence) -> &'s str {
        sentence.words(self.language())
    }

    /// `text` in colour, when colour is wanted.
    pub(super) fn inked(&self, text: &str, ink: Ink) -> String {
        if !self.options.colour || ink == Ink::Plain || text.trim().is_empty() {
            return text.to_owned();
        }
        let style = ink.style();
        format!("{}{text}{}", style.render(), style.render_reset())
    }

    /// A line as it is, without blanks at its end.
    pub(super) fn line(&mut self, line: &str) {
        self.written.push_str(line.trim_end());
        self.written.push('\n');
    }

    /// A heading with a blank line before it, and a quiet note behind it.
    pub(super) fn heading(&mut self, heading: &str, note: &str) {
        self.line("");
        let gap = if note.is_empty() { "" } else { "  " };
        let line = format!("{}{gap}{}", self.inked(heading, Ink::Heading), self.inked(note, Ink::Quiet));
        self.line(&line);
    }

    /// A row: cells at fixed columns, then text that wraps under itself.
    pub(super) fn row(&mut self, cells: &[Cell], text: &str, ink: Ink) {
        let mut front = String::from(INDENT);
        let mut front_columns = INDENT.len();
        for cell in cells {
            front.push_str(&self.cell(cell));
            front.push_str("  ");
            front_columns += cell.columns.max(width(&cell.text)) + 2;
        }
        // Without cells a second line would look like a row of its own.
        let under = if cells.is_empty() { front_columns + INDENT.len() } else { front_columns };
        let room = self.columns().saturating_sub(under).max(20);
        for (index, part) in wrapped(&harmless(text), room).iter().enumerate() {
            let start = if index == 0 { front.clone() } else { " ".repeat(under) };
            let line = start + &self.inked(part, ink);
            self.line(&line);
        }
    }

    /// A cell with its padding and colour.
    pub(super) fn cell(&self, cell: &Cell) -> String {
        let aligned = cell.aligned();
        // Blanks stay outside the colour, so that trimming a line never cuts a colour's end off.
        let start = aligned.len() - aligned.trim_start().len();
        let end = aligned.trim_end().len().max(start);
        format!("{}{}{}", &aligned[..start], self.inked(&aligned[start..end], cell.ink), &aligned[end..])
    }
}

/// The columns the widest of `texts` needs.
pub(super) fn widest<'t>(texts: impl IntoIterator<Item = &'t str>) -> usize {
    texts.into_iter().map(|text| width(&harmless(text))).max().unwrap_or(0)
}
