//! Moments and spans of simulated time, in nanoseconds.
//!
//! A report prints two kinds of time: when something happened since the run began, and how long it took.
//! Two types keep them apart, so that a renderer cannot print one as the other. Neither knows a calendar.
//!
//! ```
//! use reports::Moment;
//!
//! let failed = Moment::from_millis(20_655);
//! let served = Moment::from_millis(39_044);
//! assert_eq!(failed.to_string(), "20.655s");
//! assert_eq!(served.since(failed).to_string(), "18.389s");
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;
const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;

/// An instant of the run: nanoseconds of simulated time since the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub u64);

impl Moment {
    /// The instant `milliseconds` after the run began.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds * NANOSECONDS_PER_MILLISECOND)
    }

    /// Whole milliseconds since the run began, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / NANOSECONDS_PER_MILLISECOND
    }

    /// The time from `earlier` to this moment; zero when `earlier` is in fact later.
    pub const fn since(self, earlier: Moment) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

/// Seconds with exactly three decimals, rounded down, so that moments of one column align: `21.204s`.
impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!(
            "{}.{:03}s",
            self.0 / NANOSECONDS_PER_SECOND,
            self.0 % NANOSECONDS_PER_SECOND / NANOSECONDS_PER_MILLISECOND
        );
        formatter.pad(&text)
    }
}

/// A length of simulated time in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub u64);

impl Span {
    /// A span of `milliseconds`.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds * NANOSECONDS_PER_MILLISECOND)
    }

    /// A span of `seconds`.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * NANOSECONDS_PER_SECOND)
    }

    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / NANOSECONDS_PER_MILLISECOND
    }
}

/// The shortest spelling people use: `0s`, `350us`, `412ms`, `60s`, `22.409s`; never more than three decimals.
impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            0 => "0s".to_owned(),
            nanoseconds @ 1..1_000 => format!("{nanoseconds}ns"),
            nanoseconds @ 1_000..1_000_000 => with_decimals(nanoseconds, 1_000, "us"),
            nanoseconds @ 1_000_000..1_000_000_000 => with_decimals(nanoseconds, NANOSECONDS_PER_MILLISECOND, "ms"),
            nanoseconds => with_decimals(nanoseconds, NANOSECONDS_PER_SECOND, "s"),
        };
        formatter.pad(&text)
    }
}

/// `amount / unit` with up to three decimals, trailing zeros dropped. Milliseconds and below keep one decimal
/// at most: nobody compares hundredths of a millisecond by eye.
fn with_decimals(amount: u64, unit: u64, suffix: &str) -> String {
    let whole = amount / unit;
    let thousandths = amount % unit * 1_000 / unit;
    let shown = if unit < NANOSECONDS_PER_SECOND { thousandths / 100 * 100 } else { thousandths };
    if shown == 0 {
        return format!("{whole}{suffix}");
    }
    let decimals = format!("{shown:03}");
    format!("{whole}.{}{suffix}", decimals.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_always_show_milliseconds() {
        assert_eq!(Moment(0).to_string(), "0.000s");
        assert_eq!(Moment(21_204_999_999).to_string(), "21.204s");
        assert_eq!(format!("{:>10}", Moment::from_millis(5)), "    0.005s");
    }

    #[test]
    fn spans_take_the_shortest_spelling() {
        let spelled: Vec<String> =
            [0, 17, 350_000, 12_340_000, 412_000_000, 60_000_000_000, 22_409_000_000, 1_500_000_000]
                .map(|nanoseconds| Span(nanoseconds).to_string())
                .into();
        assert_eq!(spelled, ["0s", "17ns", "350us", "12.3ms", "412ms", "60s", "22.409s", "1.5s"]);
    }

    #[test]
    fn a_span_is_never_negative() {
        assert_eq!(Moment::from_millis(3).since(Moment::from_millis(5)), Span(0));
    }
}
