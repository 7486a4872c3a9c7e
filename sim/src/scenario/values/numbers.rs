//! Ranges of whole numbers: seeds (`1..500`) and sectors (`100..200`).

use std::fmt;

use super::{Value, ValueError, whole_number};
use crate::scenario::codes::Code;

/// Ranges of numbers that differ in what they count only.
macro_rules! ranges {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $help:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            /// The first.
            pub first: u64,
            /// The last.
            pub last: u64,
        }

        impl $name {
            /// All of them in order.
            pub fn iter(&self) -> impl Iterator<Item = u64> + use<> {
                self.first..=self.last
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}..{}", self.first, self.last)
            }
        }

        impl Value for $name {
            const KIND: &'static str = $kind;

            fn parse(text: &str) -> Result<Self, ValueError> {
                let (first, last) = ends(text).ok_or_else(|| {
                    ValueError::new(Code::NotAValue, concat!("not ", $kind), $help)
                })?;
                match first <= last {
                    true => Ok($name { first, last }),
                    false => Err(ValueError::new(
                        Code::RangeUpsideDown,
                        "the larger end comes first",
                        format!("write the smaller end first: \"{last}..{first}\""),
                    )),
                }
            }
        }
    )+};
}

ranges! {
    /// Seeds from `first` to `last`, both included.
    SeedRange, "a range of seeds", "write the first and the last seed, such as \"1..500\" (both are run)";
    /// Sectors from `first` to `last`, both included.
    SectorRange, "a range of sectors", "write the first and the last sector, such as \"100..200\"";
}

/// Both ends; one number is a range of its own.
fn ends(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    Some((whole_number(first.trim())?, whole_number(last.trim())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_run() {
        assert_eq!(SeedRange::parse("1..3").unwrap().iter().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(SeedRange::parse("7").unwrap(), SeedRange { first: 7, last: 7 });
        assert_eq!(SeedRange::parse("3..1").unwrap_err().code, Code::RangeUpsideDown);
        for text in ["", "..", "1..", "a..b", "1..99999999999999999999"] {
            assert_eq!(SeedRange::parse(text).unwrap_err().code, Code::NotAValue, "{text}");
        }
    }
}
