//! The drill, its objectives, the product and its hosts.

use std::collections::BTreeMap;
use std::time::Duration;

use reports::Sentence;
use serde::Serialize;

use crate::scenario::values::{Ratio, Size, print_duration};

/// What the report prints about the drill; nothing of it is interpreted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drill {
    /// The drill's number or short name.
    pub id: String,
    /// What the drill is, in one line.
    pub title: String,
    /// The same in Chinese.
    pub title_zh: Option<String>,
    /// What sort of drill it is.
    pub kind: DrillKind,
    /// A level on the user's own scale.
    pub level: Option<String>,
    /// What should stay true whatever happens.
    pub hypothesis: Option<Sentence>,
    /// What can be affected.
    pub scope: Option<Sentence>,
    /// How to get back.
    pub rollback: Option<Sentence>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
}

/// What sort of drill it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrillKind {
    /// Talked through.
    Tabletop,
    /// Simulated.
    Simulation,
    /// Done on the real cluster.
    Live,
}

impl DrillKind {
    pub(crate) const WORDS: &[(&str, DrillKind)] =
        &[("tabletop", DrillKind::Tabletop), ("simulation", DrillKind::Simulation), ("live", DrillKind::Live)];
}

/// What is measured and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objectives {
    /// How long service may be away.
    pub rto: Option<Duration>,
    /// How much acknowledged work may be lost, as a length of time.
    pub rpo: Option<Duration>,
}

/// Which product, and how it is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductChoice {
    /// Its module name: `opengauss_dms`.
    pub model: String,
    /// Its version, where versions differ; `None` if the product has only one.
    pub profile: Option<String>,
    /// Parameters that differ from the product's defaults, under their real names.
    pub set: BTreeMap<String, ParameterValue>,
    /// Real bugs switched back on, in alphabetical order.
    pub defects: Vec<String>,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterValue {
    /// A length of time.
    Duration(Duration),
    /// A whole number.
    Integer(i64),
    /// A fraction.
    Ratio(Ratio),
    /// A number of bytes.
    Size(Size),
    /// Any text.
    Text(String),
    /// On or off.
    Boolean(bool),
}

impl std::fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ParameterValue::Duration(length) => f.write_str(&print_duration(*length)),
            ParameterValue::Integer(number) => number.fmt(f),
            ParameterValue::Ratio(ratio) => ratio.fmt(f),
            ParameterValue::Size(size) => size.fmt(f),
            ParameterValue::Text(text) => text.fmt(f),
            ParameterValue::Boolean(on) => f.write_str(if *on { "on" } else { "off" }),
        }
    }
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name, the same everywhere.
    pub name: String,
    /// Its role, which says what runs on it.
    pub role: String,
    /// Where it stands.
    pub zone: Option<String>,
}
