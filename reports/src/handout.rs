//! A handout: headings, sentences, lists and tables in both languages, as data.
//!
//! A plan and a rehearsal are papers to hand in, of which every part is words; what is in them is decided by whoever
//! fills one in, and each format has one renderer.

use serde::{Deserialize, Serialize};

use crate::report::Sentence;

/// A paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handout {
    /// Which drill it is about: `GD-001 switchover_fail`.
    pub number: String,
    /// What it is.
    pub title: Sentence,
    /// What the reader must know first.
    pub notes: Vec<Sentence>,
    /// Its sections.
    pub sections: Vec<Section>,
}

/// A section of a paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its name in links, once in a paper.
    pub name: String,
    /// Its heading.
    pub heading: Sentence,
    /// What is in it.
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Block {
    /// A sentence or some.
    Words(Sentence),
    /// Points, each with a box to tick where `boxes` says so.
    Points {
        /// The points.
        points: Vec<Sentence>,
        /// Whether each is to be ticked.
        boxes: bool,
    },
    /// A table.
    Table {
        /// Heads of its columns.
        columns: Vec<Sentence>,
        /// Its rows, as long as the columns are many.
        rows: Vec<Vec<Cell>>,
    },
    /// What a machine said or is told.
    Code(Vec<String>),
    /// How often each of some ranges was met.
    Distribution {
        /// Of what.
        of: Sentence,
        /// The ranges in order, empty ones between others too.
        ranges: Vec<Range>,
    },
}

/// A range of values, and how often it was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Where it begins and ends: `12s – 12.5s`.
    pub label: String,
    /// How many values are in it.
    pub count: u64,
    /// True if its values miss the objective; those that contain the objective itself do not count.
    pub misses: bool,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// Words.
    Words(Sentence),
    /// A number, a name, a time: the same in every language.
    Value(String),
    /// A command.
    Command(String),
    /// What a command printed.
    Printed(Vec<String>),
    /// To be filled in by hand.
    Blank,
}
