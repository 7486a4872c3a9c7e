//! Ratios (`1/1000`) and rates (`200/s`).

use std::fmt;
use std::time::Duration;

use super::duration::parse_duration;
use super::{Value, ValueError, whole_number};
use crate::scenario::codes::Code;

/// A fraction of two whole numbers, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// The number above the line.
    pub numerator: u64,
    /// The number below the line; never 0.
    pub denominator: u64,
}

impl Ratio {
    /// Never.
    pub const ZERO: Ratio = Ratio { numerator: 0, denominator: 1 };
    /// Always.
    pub const ONE: Ratio = Ratio { numerator: 1, denominator: 1 };

    /// True if it can be a probability.
    pub fn is_at_most_one(&self) -> bool {
        self.numerator <= self.denominator
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.numerator, self.denominator) {
            (whole, 1) => whole.fmt(f),
            (numerator, denominator) => write!(f, "{numerator}/{denominator}"),
        }
    }
}

impl Value for Ratio {
    const KIND: &'static str = "a ratio";

    /// Reads `n/d`, or `0` and `1` alone.
    fn parse(text: &str) -> Result<Self, ValueError> {
        let text = text.trim();
        let malformed = |problem: &str, help: String| ValueError::new(Code::RatioMalformed, problem, help);
        let example = || "write a fraction, such as \"1/1000\"".to_owned();
        if let Some(percent) = text.strip_suffix('%').and_then(|number| whole_number(number.trim())) {
            return Err(malformed("ratios are fractions, not percentages", format!("write \"{percent}/100\"")));
        }
        let (above, below) = text.split_once('/').unwrap_or((text, "1"));
        let (Some(numerator), Some(denominator)) = (whole_number(above.trim()), whole_number(below.trim())) else {
            return Err(malformed("not a fraction of two whole numbers", example()));
        };
        match denominator {
            0 => Err(malformed("a ratio cannot be divided by nought", example())),
            _ => Ok(Ratio { numerator, denominator }),
        }
    }
}

/// So many of something in a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many; never 0.
    pub count: u64,
    /// In how long; never zero.
    pub per: Duration,
}

impl Rate {
    /// The time between two of them, if they were evenly spaced.
    pub fn interval(&self) -> Duration {
        Duration::from_nanos(nodes::world::time::nanos(self.per) / self.count.max(1))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = super::print_duration(self.per);
        write!(f, "{}/{}", self.count, per.strip_prefix('1').filter(|unit| !starts_with_digit(unit)).unwrap_or(&per))
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

impl Value for Rate {
    const KIND: &'static str = "a rate";

    /// Reads `200/s`, `3/10s`, `60/m`.
    fn parse(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write how many in how long, such as \"200/s\" or \"3/10s\"";
        let malformed = |problem: &str| ValueError::new(Code::NotAValue, problem, HELP);
        let (count, per) = text.split_once('/').ok_or_else(|| malformed("a rate needs `/` and a unit of time"))?;
        let count = whole_number(count.trim()).ok_or_else(|| malformed("a rate begins with a whole number"))?;
        let per = per.trim();
        let per = if starts_with_digit(per) { parse_duration(per) } else { parse_duration(&format!("1{per}")) };
        let per = per.map_err(|_| malformed("a rate ends with a unit of time"))?;
        if count == 0 || per.is_zero() {
            return Err(malformed("a rate of nought never begins"));
        }
        if count > 1_000_000_000 {
            return Err(malformed("this rate is higher than a thousand million"));
        }
        Ok(Rate { count, per })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_a_fraction() {
        assert_eq!(Ratio::parse("1/1000").unwrap(), Ratio { numerator: 1, denominator: 1000 });
        assert_eq!(Ratio::parse("0").unwrap(), Ratio::ZERO);
        assert_eq!(Ratio::parse("1").unwrap().to_string(), "1");
        for text in ["5%", "0.1", "1/0", "-1/2", "", "/", "1/2/3", "a/b"] {
            assert_eq!(Ratio::parse(text).unwrap_err().code, Code::RatioMalformed, "{text}");
        }
        assert_eq!(Ratio::parse("5%").unwrap_err().help, "write \"5/100\"");
    }

    #[test]
    fn a_rate_counts_in_a_length_of_time() {
        let rate = Rate::parse("200/s").unwrap();
        assert_eq!((rate.to_string().as_str(), rate.interval()), ("200/s", Duration::from_millis(5)));
        for text in ["3/10s", "60/m"] {
            assert_eq!(Rate::parse(text).unwrap().to_string(), text);
        }
        for text in ["200", "0/s", "1/0s", "/s", "1/", "1/week or so", "99999999999999/s"] {
            assert!(Rate::parse(text).is_err(), "{text}");
        }
    }
}
