//! Sizes in bytes (`64MB`) and bandwidths (`100MB/s`, `1Gbit/s`).

use std::fmt;

use super::{Value, ValueError, whole_number};
use crate::scenario::codes::Code;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// Units as the databases count them: 1 kB is 1024 bytes.
const UNITS: [(&str, u32); 13] = [
    ("TiB", 40),
    ("GiB", 30),
    ("MiB", 20),
    ("KiB", 10),
    ("TB", 40),
    ("GB", 30),
    ("MB", 20),
    ("KB", 10),
    ("kB", 10),
    ("G", 30),
    ("M", 20),
    ("K", 10),
    ("B", 0),
];

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, shift) = [("TB", 40), ("GB", 30), ("MB", 20), ("kB", 10)]
            .into_iter()
            .find(|(_, shift)| self.0 != 0 && self.0.trailing_zeros() >= *shift)
            .unwrap_or(("B", 0));
        write!(f, "{}{unit}", self.0 >> shift)
    }
}

impl Value for Size {
    const KIND: &'static str = "a size";

    fn parse(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write a whole number with a unit (B, kB, MB, GB, TB; 1 kB is 1024 B), such as \"64MB\"";
        let text = text.trim();
        if whole_number(text).is_some() {
            return Err(ValueError::new(Code::NoUnit, "this size has no unit", HELP));
        }
        UNITS
            .iter()
            .find_map(|(unit, shift)| text.strip_suffix(unit).map(|number| (number.trim(), *shift)))
            .and_then(|(number, shift)| whole_number(number)?.checked_mul(1 << shift))
            .map(Size)
            .ok_or_else(|| ValueError::new(Code::NotAValue, "not a size", HELP))
    }
}

/// Bytes in a second; never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bandwidth(pub u64);

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", Size(self.0))
    }
}

impl Value for Bandwidth {
    const KIND: &'static str = "a bandwidth";

    fn parse(text: &str) -> Result<Self, ValueError> {
        let malformed = |problem: &str| {
            ValueError::new(Code::NotAValue, problem, "write \"100MB/s\" for bytes or \"1Gbit/s\" for bits")
        };
        let each_second =
            text.trim().strip_suffix("/s").ok_or_else(|| malformed("a bandwidth is so much each second"))?.trim();
        let bytes = match bits(each_second) {
            Some(bits) => bits / 8,
            None => Size::parse(each_second).map_err(|_| malformed("not a bandwidth"))?.0,
        };
        if bytes == 0 { Err(malformed("a bandwidth of nought is a partition")) } else { Ok(Bandwidth(bytes)) }
    }
}

/// Network people count bits in thousands.
fn bits(text: &str) -> Option<u64> {
    [("Gbit", 1_000_000_000), ("Mbit", 1_000_000), ("kbit", 1_000)]
        .into_iter()
        .find_map(|(unit, factor)| whole_number(text.strip_suffix(unit)?.trim())?.checked_mul(factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_printed() {
        assert_eq!(Size::parse("64MB").unwrap(), Size(64 << 20));
        assert_eq!(Size::parse("16 KiB").unwrap().to_string(), "16kB");
        assert_eq!(Size::parse("512B").unwrap().to_string(), "512B");
        assert_eq!(Size::parse("512").unwrap_err().code, Code::NoUnit);
        for text in ["MB", "", "1.5GB", "99999999999TB", "12 parsecs"] {
            assert!(Size::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn bandwidths_count_bytes_or_bits() {
        assert_eq!(Bandwidth::parse("1Gbit/s").unwrap(), Bandwidth(125_000_000));
        assert_eq!(Bandwidth::parse("100MB/s").unwrap().to_string(), "100MB/s");
        for text in ["100MB", "0B/s", "fast/s", ""] {
            assert!(Bandwidth::parse(text).is_err(), "{text}");
        }
    }
}
