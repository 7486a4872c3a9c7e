//! Reading and writing single values of a file.

use std::time::Duration;

use toml::Value;

use crate::document::Document;
use crate::scenario::values::{parse_duration, print_duration};

/// A length of time as a file writes it.
pub(super) fn length(length: Duration) -> String {
    print_duration(length)
}

/// A length of time that is no range.
pub(super) fn duration(value: Option<&Value>) -> Option<Duration> {
    parse_duration(value?.as_str()?).ok()
}

/// Both ends of a range of lengths of time.
pub(super) fn range(value: Option<&Value>) -> Option<(Duration, Duration)> {
    let (low, high) = value?.as_str()?.split_once("..")?;
    Some((parse_duration(low).ok()?, parse_duration(high).ok()?))
}

/// The seed a file runs.
pub(super) fn seed(document: &Document) -> Option<u64> {
    let seeds = document.get(&["run", "seeds"])?.as_str()?;
    seeds.split("..").next()?.parse().ok()
}

/// Makes a file run this seed.
pub(super) fn set_seed(document: &mut Document, seed: u64) {
    document.set(&["run", "seeds"], format!("{seed}..{seed}"));
}
