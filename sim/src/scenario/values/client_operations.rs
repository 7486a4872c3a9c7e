//! Some of the operations of one client, by number: `3: 1, 7..12`.

use std::fmt;
use std::ops::RangeInclusive;

use super::{Value, ValueError, whole_number};
use crate::scenario::codes::Code;

/// The operations of one client that it sends; it draws the others too, and keeps them to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientOperations {
    /// The client's number, from 1.
    pub client: u32,
    /// Numbers of operations, from 1: ranges that neither touch nor overlap, the first first.
    ranges: Vec<RangeInclusive<u32>>,
}

impl ClientOperations {
    /// The operations of these numbers, in any order.
    pub fn new(client: u32, numbers: impl IntoIterator<Item = u32>) -> Self {
        let ranges = joined(numbers.into_iter().map(|number| number..=number).collect());
        ClientOperations { client, ranges }
    }

    /// Whether the operation of this number, from 1, is one of them.
    pub fn contains(&self, number: u32) -> bool {
        self.ranges.iter().any(|range| range.contains(&number))
    }

    /// Their numbers in order.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.ranges.iter().cloned().flatten()
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|range| u64::from(range.end() - range.start()) + 1).sum()
    }
}

impl fmt::Display for ClientOperations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.client)?;
        for (place, range) in self.ranges.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            match range.start() == range.end() {
                true => write!(f, "{comma}{}", range.start())?,
                false => write!(f, "{comma}{}..{}", range.start(), range.end())?,
            }
        }
        Ok(())
    }
}

impl Value for ClientOperations {
    const KIND: &'static str = "some of the operations of a client";

    fn parse(text: &str) -> Result<Self, ValueError> {
        let malformed = || {
            let help = "write the client's number and those of its operations, from 1, such as \"3: 1, 7..12\"";
            ValueError::new(Code::NotAValue, "not some of the operations of a client", help)
        };
        let (client, numbers) = text.split_once(':').ok_or_else(malformed)?;
        let client = positive(client).ok_or_else(malformed)?;
        let mut ranges: Vec<RangeInclusive<u32>> = Vec::new();
        for part in numbers.split(',') {
            let (first, last) = part.split_once("..").unwrap_or((part, part));
            let (first, last) = positive(first).zip(positive(last)).ok_or_else(malformed)?;
            if last < first {
                let help = format!("write the smaller end first: \"{last}..{first}\"");
                return Err(ValueError::new(Code::RangeUpsideDown, "the larger end comes first", help));
            }
            ranges.push(first..=last);
        }
        Ok(ClientOperations { client, ranges: joined(ranges) })
    }
}

/// Ranges in order, those that touch made one.
fn joined(mut ranges: Vec<RangeInclusive<u32>>) -> Vec<RangeInclusive<u32>> {
    ranges.sort_by_key(|range| *range.start());
    let mut joined: Vec<RangeInclusive<u32>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if *range.start() <= last.end().saturating_add(1) => {
                *last = *last.start()..=*last.end().max(range.end());
            }
            _ => joined.push(range),
        }
    }
    joined
}

fn positive(text: &str) -> Option<u32> {
    u32::try_from(whole_number(text.trim())?).ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_again() {
        let operations = ClientOperations::new(3, [12, 1, 7, 8, 9, 12, 11]);
        assert_eq!(operations.to_string(), "3: 1, 7..9, 11..12");
        assert_eq!(ClientOperations::parse("3: 1, 7..9, 11..12"), Ok(operations.clone()));
        assert_eq!(operations.count(), 6);
        let numbers: Vec<u32> = (0..20).filter(|number| operations.contains(*number)).collect();
        assert_eq!(numbers, [1, 7, 8, 9, 11, 12]);
    }

    #[test]
    fn a_large_range_is_no_work_and_ranges_that_touch_are_one() {
        let operations = ClientOperations::parse("1: 5..4000000000, 1..4").unwrap();
        assert_eq!(operations.to_string(), "1: 1..4000000000");
        assert_eq!(operations.count(), 4_000_000_000);
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(ClientOperations::parse("1: 9..3").unwrap_err().code, Code::RangeUpsideDown);
        for text in ["", "1", "1:", "0: 1", "1: 0", "a: 1", "1: 1,", "1: 1 2", "1: -1"] {
            assert_eq!(ClientOperations::parse(text).unwrap_err().code, Code::NotAValue, "{text}");
        }
    }
}
