//! Reads single values and names of a file, looks them up, and collects what is wrong with them.
//!
//! Verbs and `lower` both need this, and neither may know the other's parts, so it stands apart from both. Each method
//! returns `None` only after it has reported why; callers let `None` pass through. It does not know how a scenario is
//! put together: that is `lower`.

mod links;
mod targets;
mod things;

use std::collections::BTreeMap;

use crate::scenario::codes::Code;
use crate::scenario::defaults::DefaultUsed;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::located::{Located, Span};
use crate::scenario::source::Source;
use crate::scenario::suggest::did_you_mean;
use crate::scenario::values::{Ratio, Value, ValueError};
use crate::scenario::vocabulary::{Product, Role, Vocabulary};

/// The state of reading one file.
pub(crate) struct Reader<'a> {
    source: &'a Source,
    pub(in crate::scenario) vocabulary: &'a Vocabulary,
    /// The product, once it is known; `None` also while its name is a mistake, and then nothing of it is checked.
    pub(in crate::scenario) product: Option<&'a Product>,
    /// Every host by name, with its role unless that is a mistake.
    pub(in crate::scenario) hosts: BTreeMap<String, Option<&'a Role>>,
    /// Every step and fault by name.
    pub(in crate::scenario) entries: BTreeMap<String, Entry>,
    /// Tables from which a key was taken away because it was reported; what is missing there is no news.
    bruised: Vec<Span>,
    diagnostics: Vec<Diagnostic>,
    defaults: Vec<DefaultUsed>,
}

/// A step or a fault, as far as others can name it.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Entry {
    pub(in crate::scenario) kind: EntryKind,
    /// Where its name is said.
    pub(in crate::scenario) span: Span,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum EntryKind {
    Step,
    Fault,
}

impl EntryKind {
    pub(in crate::scenario) fn word(self) -> &'static str {
        match self {
            EntryKind::Step => "step",
            EntryKind::Fault => "fault",
        }
    }
}

impl<'a> Reader<'a> {
    pub(in crate::scenario) fn new(source: &'a Source, vocabulary: &'a Vocabulary, bruised: Vec<Span>) -> Self {
        Reader {
            source,
            vocabulary,
            product: None,
            hosts: BTreeMap::new(),
            entries: BTreeMap::new(),
            bruised,
            diagnostics: Vec::new(),
            defaults: Vec::new(),
        }
    }

    pub(in crate::scenario) fn source(&self) -> &'a Source {
        self.source
    }

    pub(in crate::scenario) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    pub(in crate::scenario) fn take_defaults(&mut self) -> Vec<DefaultUsed> {
        std::mem::take(&mut self.defaults)
    }

    pub(in crate::scenario) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// True if something of this table has been reported already.
    pub(in crate::scenario) fn is_bruised(&self, table: &Span) -> bool {
        self.bruised.contains(table)
    }

    /// Remembers that a key was omitted and what it means.
    pub(in crate::scenario) fn default_used(&mut self, key: &str, value: impl ToString) {
        self.defaults.push(DefaultUsed { key: key.to_owned(), value: value.to_string() });
    }

    /// Reports that something is missing from a table.
    pub(crate) fn missing(&mut self, table: Span, what: &str) {
        self.missing_because(table, what, None);
    }

    /// Reports that something is missing from a table, and says what it is good for.
    pub(crate) fn missing_because(&mut self, table: Span, what: &str, why: Option<&str>) {
        if !self.is_bruised(&table) {
            let diagnostic = Diagnostic::error(Code::MissingKey, format!("{what} is missing"))
                .label(table, format!("add {what} here"))
                .maybe_help(why.map(str::to_owned));
            self.report(diagnostic);
        }
    }

    /// Reports keys that exclude or need each other.
    pub(crate) fn not_together(&mut self, span: Span, problem: &str, help: &str) {
        self.report(Diagnostic::error(Code::NotTogether, problem).label(span, "not here").help(help));
    }

    /// Reports a value that is well formed but makes no sense.
    pub(crate) fn out_of_bounds(&mut self, span: Span, problem: &str, help: &str) {
        self.report(Diagnostic::error(Code::OutOfBounds, problem).label(span, "out of bounds").help(help));
    }

    /// Reports a name that means nothing, and offers the closest one that does.
    pub(in crate::scenario) fn unknown<'k>(
        &mut self,
        code: Code,
        name: &Located<String>,
        what: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        // While the product itself is a mistake, this is asked about products only.
        let owner = self.product.map_or(String::new(), |product| format!(" in {}", product.model));
        let message = format!("there is no {what} `{}`{owner}", shown(name.text()));
        let diagnostic = Diagnostic::error(code, message)
            .label(name.span(), format!("no such {what}"))
            .maybe_help(did_you_mean(name.text(), known));
        self.report(diagnostic);
    }

    /// A key that must be there.
    pub(crate) fn required<'r, T>(
        &mut self,
        value: &'r Option<Located<T>>,
        key: &str,
        table: Span,
    ) -> Option<&'r Located<T>> {
        if value.is_none() {
            self.missing(table, &format!("`{}`", key.replace('_', "-")));
        }
        value.as_ref()
    }

    /// A key that may be missing: the outer `None` is a mistake, the inner one an omission.
    pub(crate) fn optional<T, U>(
        &mut self,
        value: &Option<Located<T>>,
        read: impl FnOnce(&mut Self, &Located<T>) -> Option<U>,
    ) -> Option<Option<U>> {
        match value {
            Some(value) => read(self, value).map(Some),
            None => Some(None),
        }
    }

    /// A key that may be missing and then has a value all the same, which is remembered if `key` names it.
    pub(in crate::scenario) fn or<T, U: Clone>(
        &mut self,
        value: &Option<Located<T>>,
        omitted: &U,
        key: Option<&str>,
        shown: impl FnOnce(&U) -> String,
        read: impl FnOnce(&mut Self, &Located<T>) -> Option<U>,
    ) -> Option<U> {
        if let Some(value) = value {
            return read(self, value);
        }
        if let Some(key) = key {
            self.default_used(key, shown(omitted));
        }
        Some(omitted.clone())
    }

    /// A value written as text.
    pub(crate) fn value<T: Value>(&mut self, text: &Located<String>) -> Option<T> {
        T::parse(text.text()).map_err(|error| self.malformed::<T>(text, error)).ok()
    }

    fn malformed<T: Value>(&mut self, text: &Located<String>, error: ValueError) {
        let said = shown(text.text());
        let message = match error.code {
            Code::NoUnit => format!("`{said}` has no unit"),
            Code::RangeUpsideDown => format!("the range `{said}` begins after it ends"),
            _ => format!("`{said}` is not {}", T::KIND),
        };
        self.report(Diagnostic::error(error.code, message).label(text.span(), error.problem).help(error.help));
    }

    /// A ratio that is a probability.
    pub(crate) fn probability(&mut self, text: &Located<String>) -> Option<Ratio> {
        let ratio: Ratio = self.value(text)?;
        if !ratio.is_at_most_one() {
            self.out_of_bounds(text.span(), "a probability is at most 1", "write a fraction such as \"1/100\"");
            return None;
        }
        Some(ratio)
    }

    /// A probability that is not nought.
    pub(crate) fn positive_ratio(&mut self, text: &Located<String>) -> Option<Ratio> {
        let ratio = self.probability(text)?;
        if ratio.numerator == 0 {
            self.out_of_bounds(text.span(), "a process of no speed is a paused one", "use `pause`");
            return None;
        }
        Some(ratio)
    }

    /// The speed of a clock against true time: within a factor of two, as no real clock is further off.
    pub(crate) fn clock_rate(&mut self, text: &Located<String>) -> Option<Ratio> {
        let ratio: Ratio = self.value(text)?;
        let (numerator, denominator) = (u128::from(ratio.numerator), u128::from(ratio.denominator));
        if numerator * 2 < denominator || numerator > denominator * 2 {
            let help = "write how far the clock moves in one true second, such as \"1001/1000\"";
            self.out_of_bounds(text.span(), "no clock is wrong by more than a factor of two", help);
            return None;
        }
        Some(ratio)
    }

    /// One of a few words.
    pub(crate) fn word<T: Clone>(&mut self, text: &Located<String>, words: &[(&str, T)]) -> Option<T> {
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text.text()) {
            return Some(meaning.clone());
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.not_a_word(text, &known);
        None
    }

    /// Reports a text that is none of the words possible here.
    pub(in crate::scenario) fn not_a_word(&mut self, text: &Located<String>, known: &[&str]) {
        let diagnostic = Diagnostic::error(Code::UnknownWord, format!("`{}` is not possible here", shown(text.text())))
            .label(text.span(), "unknown word")
            .maybe_help(did_you_mean(text.text(), known.iter().copied()));
        self.report(diagnostic);
    }

    /// One of a few words, or what is meant without one.
    pub(crate) fn word_or<T: Clone>(
        &mut self,
        text: &Option<Located<String>>,
        words: &[(&str, T)],
        omitted: T,
    ) -> Option<T> {
        match text {
            Some(text) => self.word(text, words),
            None => Some(omitted),
        }
    }

    /// A whole number within bounds, which are included.
    pub(in crate::scenario) fn number(&mut self, number: &Located<i64>, low: i64, high: i64) -> Option<i64> {
        if (low..=high).contains(number.value()) {
            return Some(*number.value());
        }
        let problem = format!("{} is out of bounds", number.value());
        self.out_of_bounds(number.span(), &problem, &format!("write a number from {low} to {high}"));
        None
    }

    /// A count of one or more, if it is given.
    pub(crate) fn count(&mut self, number: &Option<Located<i64>>) -> Option<Option<u64>> {
        self.optional(number, |reader, number| reader.number(number, 1, i64::MAX).map(i64::unsigned_abs))
    }

    /// The bytes of the file that say `part` of a text: exact where the text has no escapes, else all of it.
    pub(in crate::scenario) fn part(&self, text: &Located<String>, part: &std::ops::Range<usize>) -> Span {
        let span = text.span();
        let written = self.source.text().get(span.clone()).unwrap_or_default();
        for quotes in [3, 1] {
            let inside = written.len().checked_sub(quotes).and_then(|end| written.get(quotes..end));
            if inside == Some(text.text()) {
                return span.start + quotes + part.start..span.start + quotes + part.end;
            }
        }
        span
    }
}

/// A text of the file inside a sentence: one line, not endless.
pub(in crate::scenario) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut line: String = text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().count() > LONGEST {
        line.push('…');
    }
    line
}
