//! Quantiles as ranks, with the ranks between which the true one lies with 95 % confidence.
//!
//! The number of samples below the true quantile is binomial; its interval is taken from the normal approximation with
//! integers alone. A bound outside the samples is not known, and says so.

use serde::Serialize;

/// The quantiles that are told, in thousandths.
const TOLD: [u64; 3] = [500, 950, 990];

/// One quantile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Quantile {
    /// Which, in thousandths.
    pub per_thousand: u64,
    /// Its value among the samples.
    pub value: u64,
    /// The lower bound; none if there are too few samples to know one.
    pub low: Option<u64>,
    /// The upper bound; none if there are too few samples to know one.
    pub high: Option<u64>,
}

/// Quantiles of a set of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    /// How many there are.
    pub count: u64,
    /// Half, nineteen in twenty, ninety-nine in a hundred.
    pub quantiles: Vec<Quantile>,
    /// The largest.
    pub worst: u64,
    /// The smallest seed that has it.
    pub worst_seed: u64,
}

impl Quantiles {
    /// The quantiles of these values and the seeds they come from; none of nothing.
    pub fn of(mut samples: Vec<(u64, u64)>) -> Option<Self> {
        samples.sort_unstable();
        let worst = samples.last()?.0;
        let worst_seed = samples.iter().filter(|(value, _)| *value == worst).map(|(_, seed)| *seed).min()?;
        let values: Vec<u64> = samples.iter().map(|(value, _)| *value).collect();
        let quantiles = TOLD.iter().map(|per_thousand| quantile(&values, *per_thousand)).collect();
        Some(Quantiles { count: values.len() as u64, quantiles, worst, worst_seed })
    }
}

/// The quantile of sorted values, of which there is at least one.
fn quantile(values: &[u64], per_thousand: u64) -> Quantile {
    let count = values.len() as u64;
    let rank = (count * per_thousand).div_ceil(1_000).max(1);
    // 1.96 √(n q (1 − q)), rounded up: 196² n q(1000 − q) is in units of (100 · 1000)².
    let spread = (196 * 196 * count * per_thousand * (1_000 - per_thousand)).isqrt().div_ceil(100_000);
    let at = |rank: u64| values.get(usize::try_from(rank.checked_sub(1)?).ok()?).copied();
    Quantile {
        per_thousand,
        value: values[(rank - 1) as usize],
        low: rank.checked_sub(spread).and_then(at),
        high: at(rank + spread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hundred() -> Quantiles {
        Quantiles::of((1..=100).map(|number| (number, 1_000 + number)).collect()).expect("samples")
    }

    #[test]
    fn quantiles_are_ranks() {
        let all = hundred();
        let values: Vec<u64> = all.quantiles.iter().map(|quantile| quantile.value).collect();
        assert_eq!(values, [50, 95, 99]);
        assert_eq!((all.worst, all.worst_seed, all.count), (100, 1_100, 100));
    }

    #[test]
    fn the_interval_is_that_of_the_binomial_and_open_where_samples_are_too_few() {
        let [half, most, nearly_all] = hundred().quantiles[..] else { panic!("three") };
        // 1.96 · √25 = 9.8; 1.96 · √4.75 = 4.3; 1.96 · √0.99 = 1.95.
        assert_eq!((half.low, half.high), (Some(40), Some(60)));
        assert_eq!((most.low, most.high), (Some(90), Some(100)));
        assert_eq!((nearly_all.low, nearly_all.high), (Some(97), None));
    }

    #[test]
    fn one_sample_is_its_own_quantiles_and_knows_no_bounds() {
        let alone = Quantiles::of(vec![(7, 3)]).expect("a sample");
        assert!(alone.quantiles.iter().all(|quantile| quantile.value == 7 && quantile.high.is_none()));
        assert_eq!(Quantiles::of(Vec::new()), None);
    }
}
