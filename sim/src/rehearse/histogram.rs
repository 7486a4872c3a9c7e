//! How often each length of time was met, in ranges of equal round width.

use serde::Serialize;

/// At most so many ranges: as many rows as a reader takes in at a glance.
const MOST: u64 = 20;

/// Counts of ranges that follow each other; the outermost are not empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Histogram {
    /// Where the first range begins, in nanoseconds.
    pub from_ns: u64,
    /// How wide each is.
    pub width_ns: u64,
    /// How many values each holds.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// The values in ranges; none of nothing.
    pub fn of(values: &[u64]) -> Option<Self> {
        let (least, most) = (*values.iter().min()?, *values.iter().max()?);
        let width = round_widths().find(|width| most / width - least / width < MOST)?;
        let first = least / width;
        let mut counts = vec![0; (most / width - first + 1) as usize];
        for value in values {
            counts[(value / width - first) as usize] += 1;
        }
        Some(Histogram { from_ns: first * width, width_ns: width, counts })
    }

    /// Each range's two ends and its count.
    pub fn ranges(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        let end = |number: usize| self.from_ns + self.width_ns * number as u64;
        self.counts.iter().enumerate().map(move |(number, count)| (end(number), end(number + 1), *count))
    }
}

/// 1, 2 and 5 milliseconds, 10, 20, 50, and so on.
fn round_widths() -> impl Iterator<Item = u64> {
    (6..19).flat_map(|exponent| [1, 2, 5].map(|digit| 10_u64.saturating_pow(exponent).saturating_mul(digit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: u64 = 1_000_000;

    #[test]
    fn ranges_are_round_few_and_hold_every_value() {
        let values: Vec<u64> = (11_840..=14_427).map(|ms| ms * MILLISECOND).collect();
        let histogram = Histogram::of(&values).expect("values");
        assert_eq!((histogram.from_ns, histogram.width_ns), (11_800 * MILLISECOND, 200 * MILLISECOND));
        assert_eq!(histogram.counts.iter().sum::<u64>(), values.len() as u64);
        assert_eq!((histogram.counts[0], histogram.counts[1], histogram.counts.len()), (160, 200, 14));
        let ends: Vec<_> = histogram.ranges().collect();
        assert!(ends.windows(2).all(|pair| pair[0].1 == pair[1].0), "{ends:?}");
    }

    #[test]
    fn one_value_is_one_range_and_nothing_is_none() {
        assert_eq!(Histogram::of(&[7]).expect("a value").counts, [1]);
        assert_eq!(Histogram::of(&[0, 0]).expect("values").counts, [2]);
        assert_eq!(Histogram::of(&[]), None);
        assert_eq!(Histogram::of(&[0, u64::MAX]).expect("values").counts.iter().sum::<u64>(), 2);
    }
}
