//! Time as a place on a picture, in parts of its width.
//!
//! The stretch in which something changed gets most of the width, what lies before and after is squeezed; the order
//! of moments is never changed. Places are percentages, so that a picture can be made wider without its letters:
//! that is all the zoom does, and a picture printed or shown on a telephone is the same picture.
//! Everything is integer arithmetic, so that two machines write the same digits.

use std::fmt;

use maud::{Markup, html};
use serde::Serialize;

use crate::render::interest::stretch_of_interest;
use crate::report::{Moment, Report};

/// A millionth of a picture's width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(super) struct Place(pub(super) u64);

/// The whole width.
pub(super) const WHOLE: Place = Place(1_000_000);

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{:04}%", self.0 / 10_000, self.0 % 10_000)
    }
}

impl Place {
    /// The label of a moment at this place. At an edge of the picture it stays inside.
    pub(super) fn label(self, baseline: u64, at: Moment) -> Markup {
        let anchor = match self.0 {
            0..20_000 => "start",
            980_000.. => "end",
            _ => "middle",
        };
        html! { text class="tick" x=(self) y=(baseline) text-anchor=(anchor) { (at) } }
    }
}

/// What a squeezed side may take.
const SIDE: u64 = 60_000;

/// A cluster that starts is of no interest: what is drawn large begins a little before the first step or fault.
fn before_the_first_deed(report: &Report, until: Moment) -> Moment {
    let steps = report.runbook.iter().filter_map(|step| step.started);
    let faults = report.faults.iter().filter_map(|fault| fault.fired);
    let first = steps.chain(faults).filter(|at| at.0 > 0).min().unwrap_or_default();
    Moment(first.0.saturating_sub(until.since(first).0 / 6))
}

/// The map from moments to places: straight between its knots.
pub(super) struct Scale {
    knots: Vec<(Moment, Place)>,
    large: (Moment, Moment),
}

impl Scale {
    pub(super) fn of(report: &Report) -> Self {
        let end = Moment(report.end().0.max(1));
        let (from, until) = stretch_of_interest(report);
        let from = from.max(before_the_first_deed(report, until));
        let (from, until) = (from.min(end), until.min(end));
        let width = until.since(from).0.max(1);
        // A side that is short anyway is drawn at the same scale as the middle.
        let side = |length: u64| {
            let straight = (u128::from(length) * u128::from(WHOLE.0) / u128::from(width)) as u64;
            straight.min(SIDE)
        };
        let left = Place(side(from.0));
        let right = Place(WHOLE.0 - side(end.since(until).0));
        let mut knots = vec![(Moment(0), Place(0)), (from, left), (until, right), (end, WHOLE)];
        knots.dedup_by_key(|(moment, _)| *moment);
        knots.last_mut().expect("a scale has knots").1 = WHOLE;
        Self { knots, large: (from, until) }
    }

    /// Where a moment is drawn.
    pub(super) fn place(&self, at: Moment) -> Place {
        let after = self.knots.iter().position(|(moment, _)| *moment >= at).unwrap_or(self.knots.len() - 1).max(1);
        let (before, after) = (self.knots[after - 1], self.knots[after]);
        let into = u128::from(at.since(before.0).0);
        let length = u128::from(after.0.since(before.0).0.max(1));
        let width = u128::from(after.1.0.saturating_sub(before.1.0));
        Place((before.1.0 + (into * width / length) as u64).min(WHOLE.0))
    }

    /// Where a stretch begins and how wide it is drawn; never too thin to be seen.
    pub(super) fn stretch(&self, from: Moment, until: Moment) -> (Place, Place) {
        let (start, end) = (self.place(from), self.place(until));
        (start, Place(end.0.saturating_sub(start.0).max(300)))
    }

    /// The stretch that is drawn large.
    pub(super) fn large(&self) -> (Moment, Moment) {
        self.large
    }

    /// The knots, for the page's script.
    pub(super) fn knots(&self) -> &[(Moment, Place)] {
        &self.knots
    }

    /// Round moments within the large stretch to put ticks at: about ten.
    pub(super) fn ticks(&self) -> Vec<Moment> {
        let (from, until) = self.large;
        let rough = until.since(from).0 / 10;
        let step = (0..20)
            .flat_map(|power| [1, 2, 5].map(|digit: u64| digit.saturating_mul(10_u64.saturating_pow(power))))
            .find(|step| *step >= rough.max(1))
            .unwrap_or(u64::MAX);
        let first = from.0.div_ceil(step);
        (first..=until.0 / step).map(|count| Moment(count * step)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale() -> Scale {
        Scale {
            knots: vec![
                (Moment(0), Place(0)),
                (Moment(100), Place(60_000)),
                (Moment(200), Place(940_000)),
                (Moment(1_000), WHOLE),
            ],
            large: (Moment(100), Moment(200)),
        }
    }

    #[test]
    fn order_is_kept_and_both_ends_are_reached() {
        let scale = scale();
        let places: Vec<Place> = (0..=1_000).map(|at| scale.place(Moment(at))).collect();
        assert!(places.is_sorted());
        assert_eq!((places[0], places[100], places[1_000]), (Place(0), Place(60_000), WHOLE));
        assert_eq!(places[150], Place(500_000));
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(scale().ticks(), (10..=20).map(|count| Moment(count * 10)).collect::<Vec<_>>());
    }

    #[test]
    fn places_have_a_fixed_spelling() {
        assert_eq!(Place(125_034).to_string(), "12.5034%");
        assert_eq!(WHOLE.to_string(), "100.0000%");
    }
}
