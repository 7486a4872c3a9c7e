//! The small values a scenario is written in: lengths of time, ranges, ratios, rates, sizes, seeds.
//!
//! Each has one way to be written, one parser that says in words what is wrong and what to write instead, and a
//! `Display` that prints what the parser reads. There are no floats and no bare numbers with an implied unit.

mod bytes;
mod client_operations;
mod duration;
mod numbers;
mod ratio;

pub use bytes::{Bandwidth, Size};
pub use client_operations::ClientOperations;
pub use duration::{Choice, DurationRange, LONGEST, Offset, parse_duration, print_duration};
pub use numbers::{SectorRange, SeedRange};
pub use ratio::{Rate, Ratio};

use super::codes::Code;

/// Why a text is not a value of the wanted kind, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ValueError {
    /// Which mistake of the catalogue this is.
    pub code: Code,
    /// What is wrong, for the line under the caret.
    pub problem: String,
    /// What to write instead.
    pub help: String,
}

impl ValueError {
    fn new(code: Code, problem: impl Into<String>, help: impl Into<String>) -> Self {
        ValueError { code, problem: problem.into(), help: help.into() }
    }
}

/// A value that a scenario writes as text.
pub trait Value: Sized {
    /// What it is called in a message: `a length of time`.
    const KIND: &'static str;

    /// Reads it.
    fn parse(text: &str) -> Result<Self, ValueError>;
}

/// Serialises a value as the text a scenario would say it with.
macro_rules! serialize_as_text {
    ($($type:ty),+) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )+};
}
serialize_as_text!(DurationRange, Offset, Choice<Offset>, Ratio, Rate, Size, Bandwidth, SeedRange, SectorRange);

/// A whole number in decimal digits, without sign.
fn whole_number(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}
