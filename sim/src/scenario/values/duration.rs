//! Lengths of time (`20s`, `1m30s`), ranges of them (`0s..50ms`) and signed offsets (`-300s`).

use std::fmt;
use std::time::Duration;

use super::{Value, ValueError};
use crate::scenario::codes::Code;

/// The longest length of time a scenario may say: a year. Arithmetic on model time stays far from its limits.
pub const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A length of time that one seed draws: even between both ends, which are included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurationRange {
    /// The shortest.
    pub low: Duration,
    /// The longest.
    pub high: Duration,
}

impl DurationRange {
    /// No time at all.
    pub const ZERO: DurationRange = DurationRange::fixed(Duration::ZERO);

    /// Always the same length.
    pub const fn fixed(length: Duration) -> Self {
        DurationRange { low: length, high: length }
    }

    /// True if there is nothing to draw.
    pub fn is_fixed(&self) -> bool {
        self.low == self.high
    }
}

impl fmt::Display for DurationRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print_duration(self.low))?;
        if !self.is_fixed() {
            write!(f, "..{}", print_duration(self.high))?;
        }
        Ok(())
    }
}

impl Value for DurationRange {
    const KIND: &'static str = "a length of time or a range of them";

    fn parse(text: &str) -> Result<Self, ValueError> {
        let (low, high) = ends(text, parse_duration)?;
        if low > high {
            return Err(upside_down(print_duration(low), print_duration(high)));
        }
        Ok(DurationRange { low, high })
    }
}

impl Value for Duration {
    const KIND: &'static str = "a length of time";

    fn parse(text: &str) -> Result<Self, ValueError> {
        if text.contains("..") {
            return Err(ValueError::new(
                Code::NotAValue,
                "a single length of time is wanted here, this is a range",
                "write one length, such as \"30s\"",
            ));
        }
        parse_duration(text)
    }
}

/// A move of a clock, in nanoseconds: negative is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offset(pub i64);

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}", print_duration(Duration::from_nanos(self.0.unsigned_abs())))
    }
}

/// A value that a seed may have to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<T> {
    /// The file, or the seed, has decided.
    Fixed(T),
    /// Even between both ends, which are included.
    Between(T, T),
}

impl<T: Copy> Choice<T> {
    /// The decided value; the lower end while nothing is decided (which no value of `Draws` is).
    pub fn value(self) -> T {
        match self {
            Choice::Fixed(value) | Choice::Between(value, _) => value,
        }
    }
}

impl<T: fmt::Display> fmt::Display for Choice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Choice::Fixed(value) => value.fmt(f),
            Choice::Between(low, high) => write!(f, "{low}..{high}"),
        }
    }
}

impl Value for Choice<Offset> {
    const KIND: &'static str = "a length of time with a sign, or a range of them";

    fn parse(text: &str) -> Result<Self, ValueError> {
        let (low, high) = ends(text, parse_offset)?;
        match low.cmp(&high) {
            std::cmp::Ordering::Less => Ok(Choice::Between(low, high)),
            std::cmp::Ordering::Equal => Ok(Choice::Fixed(low)),
            std::cmp::Ordering::Greater => Err(upside_down(low.to_string(), high.to_string())),
        }
    }
}

fn parse_offset(text: &str) -> Result<Offset, ValueError> {
    let text = text.trim();
    let (back, length) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let nanos = i64::try_from(parse_duration(length)?.as_nanos()).unwrap_or(i64::MAX);
    Ok(Offset(if back { -nanos } else { nanos }))
}

/// Both ends of `low..high`, or the same value twice.
fn ends<T: Copy>(text: &str, parse: impl Fn(&str) -> Result<T, ValueError>) -> Result<(T, T), ValueError> {
    let Some((low, high)) = text.split_once("..") else { return parse(text).map(|value| (value, value)) };
    match (parse(low), parse(high)) {
        (Ok(low), Ok(high)) => Ok((low, high)),
        (Err(error), _) | (_, Err(error)) if error.code == Code::NoUnit => Err(ValueError::new(
            Code::NoUnit,
            "both ends of a range need a unit",
            "write the unit at both ends, such as \"0s..50ms\"",
        )),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

fn upside_down(low: String, high: String) -> ValueError {
    ValueError::new(
        Code::RangeUpsideDown,
        "the larger end comes first",
        format!("write the smaller end first: \"{high}..{low}\""),
    )
}

/// Reads a length of time: numbers, each with a unit.
pub fn parse_duration(text: &str) -> Result<Duration, ValueError> {
    let text = text.trim();
    if super::whole_number(text).is_some() {
        return Err(ValueError::new(
            Code::NoUnit,
            "this length of time has no unit",
            format!("write \"{text}s\" for seconds or \"{text}ms\" for milliseconds"),
        ));
    }
    if text.starts_with('-') {
        return Err(ValueError::new(Code::NotAValue, "a length of time cannot be negative here", EXAMPLE));
    }
    if is_too_long_to_read(text) {
        return Err(too_long());
    }
    let length = humantime::parse_duration(text)
        .map_err(|error| ValueError::new(Code::NotAValue, format!("not a length of time: {error}"), EXAMPLE))?;
    if length > LONGEST { Err(too_long()) } else { Ok(length) }
}

const EXAMPLE: &str = "write a number with a unit (ns, us, ms, s, m, h, d), such as \"250ms\" or \"1m30s\"";

/// `humantime` panics where a sum of terms reaches the last second of its range; so long a text is none of ours.
fn is_too_long_to_read(text: &str) -> bool {
    text.len() > 40 || text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 10)
}

fn too_long() -> ValueError {
    ValueError::new(Code::NotAValue, "this length of time is longer than a year", "a drill lasts minutes or hours")
}

/// A length of time as a scenario writes it: `1m30s`, `50ms`, `2.994942ms`. It reads back as the same length.
pub fn print_duration(length: Duration) -> String {
    let seconds = length.as_secs();
    let mut text = String::new();
    for (number, unit) in [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m")] {
        if number != 0 {
            text.push_str(&format!("{number}{unit}"));
        }
    }
    let rest = Duration::new(seconds % 60, length.subsec_nanos());
    if text.is_empty() || !rest.is_zero() {
        text.push_str(&print_below_a_minute(rest));
    }
    text
}

/// The largest unit that the length reaches, with as many decimals as it needs.
fn print_below_a_minute(length: Duration) -> String {
    let nanos = length.as_nanos();
    let units = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1)];
    let (unit, size) = units.into_iter().find(|(_, size)| nanos >= *size).unwrap_or(units[0]);
    let digits = size.ilog10() as usize;
    let decimals = format!("{:0digits$}", nanos % size);
    match decimals.trim_end_matches('0') {
        "" => format!("{}{unit}", nanos / size),
        decimals => format!("{}.{decimals}{unit}", nanos / size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<DurationRange, ValueError>) -> Code {
        result.expect_err("a mistake").code
    }

    #[test]
    fn a_range_is_read_and_printed_alike() {
        for text in ["20s", "0s..50ms", "1m30s", "100us..1ms", "1h..2h"] {
            assert_eq!(DurationRange::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn lengths_are_printed_in_few_words() {
        let printed = |nanos| print_duration(Duration::from_nanos(nanos));
        assert_eq!(printed(0), "0s");
        assert_eq!(printed(2_994_942), "2.994942ms");
        assert_eq!(printed(182_663_242_851), "3m2.663242851s");
        assert_eq!(printed(90_000_050_000_000), "1d1h50ms");
        assert_eq!(printed(7), "7ns");
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_reads_back(nanos in 0..LONGEST.as_nanos() as u64) {
            let length = Duration::from_nanos(nanos);
            proptest::prop_assert_eq!(parse_duration(&print_duration(length)), Ok(length));
        }
    }

    #[test]
    fn mistakes_are_told_apart() {
        assert_eq!(code(DurationRange::parse("20")), Code::NoUnit);
        assert_eq!(code(DurationRange::parse("1s..20")), Code::NoUnit);
        assert_eq!(code(DurationRange::parse("2s..1s")), Code::RangeUpsideDown);
        for text in ["", "soon", "-3s", "..", "1s..", "400d", "18446744073709551615s1000000000ns", "1.s"] {
            assert_eq!(code(DurationRange::parse(text)), Code::NotAValue, "{text}");
        }
    }

    #[test]
    fn an_offset_has_a_sign() {
        assert_eq!(Choice::<Offset>::parse("-300s").unwrap(), Choice::Fixed(Offset(-300_000_000_000)));
        assert_eq!(Choice::<Offset>::parse("+1s").unwrap(), Choice::Fixed(Offset(1_000_000_000)));
        assert_eq!(Choice::<Offset>::parse("-5m..5m").unwrap().to_string(), "-5m..5m");
        assert!(Choice::<Offset>::parse("5m..-5m").is_err());
    }
}
