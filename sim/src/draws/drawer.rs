//! The choices of one step or fault: each from a stream named after the entry and the field.

use std::time::Duration;

use nodes::world::streams::{Seed, Stream};

use crate::scenario::values::{Choice, DurationRange, Offset};

/// Makes the choices of one entry, each from a stream of its own.
pub(crate) struct Drawer {
    seed: Seed,
    entry: String,
}

impl Drawer {
    /// The choices of `entry`.
    pub(crate) fn new(seed: Seed, entry: &str) -> Self {
        Drawer { seed, entry: entry.to_owned() }
    }

    /// The name of the entry.
    pub(crate) fn entry(&self) -> &str {
        &self.entry
    }

    /// The draws about one field of the entry.
    pub(crate) fn stream(&self, field: &str) -> Stream {
        self.seed.stream(&format!("draws/{}/{field}", self.entry))
    }

    /// A length of time from a range.
    pub(crate) fn duration(&self, field: &str, range: DurationRange) -> Duration {
        self.stream(field).duration(range.low, range.high)
    }

    /// An offset from a range.
    pub(crate) fn offset(&self, field: &str, choice: Choice<Offset>) -> Choice<Offset> {
        match choice {
            Choice::Fixed(offset) => Choice::Fixed(offset),
            Choice::Between(Offset(low), Offset(high)) => {
                let width = high.abs_diff(low);
                Choice::Fixed(Offset(low.saturating_add_unsigned(self.stream(field).between(0, width))))
            }
        }
    }
}
