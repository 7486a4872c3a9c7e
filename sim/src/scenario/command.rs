//! A product's command line as an operator would type it: split into words and matched to the product's own table.
//!
//! There is no shell: a pipe, a variable or a wildcard is an ordinary character of a word, and a program that the
//! product does not have is a mistake in the scenario.

mod grammar;
mod words;

use serde::Serialize;

pub(super) use grammar::match_command;
pub use words::joined;
pub(super) use words::{Word, split};

/// The words of a line as an operator types it; all of it as one word if a quote is never closed.
pub fn typed(line: &str) -> Vec<String> {
    split(line).map_or_else(|_| vec![line.to_owned()], |words| words.into_iter().map(|word| word.text).collect())
}

/// A command of a product with its options told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The line as it was written.
    pub line: String,
    /// The program: `cm_ctl`.
    pub program: String,
    /// The words that choose what it does: `switchover`.
    pub words: Vec<String>,
    /// Options in the order given, under the spelling the product's table lists first.
    pub options: Vec<GivenOption>,
    /// The other arguments.
    pub positionals: Vec<String>,
}

/// An option that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenOption {
    /// The option: `-n`.
    pub flag: String,
    /// Its value, if it takes one.
    pub value: Option<String>,
}

impl Command {
    /// True if the option is given.
    pub fn has(&self, flag: &str) -> bool {
        self.options.iter().any(|option| option.flag == flag)
    }

    /// The words as an operator typed them.
    pub fn typed(&self) -> Vec<String> {
        split(&self.line).map(|words| words.into_iter().map(|word| word.text).collect()).unwrap_or_default()
    }

    /// The value of the option, the last if it is given more than once.
    pub fn option(&self, flag: &str) -> Option<&str> {
        self.options.iter().rev().find(|option| option.flag == flag)?.value.as_deref()
    }
}

impl Serialize for Command {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.line)
    }
}
