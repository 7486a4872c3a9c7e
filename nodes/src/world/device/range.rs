//! Ranges of sectors, and a map from ranges to values.
//!
//! The device keeps everything it knows about its surface (content, damage, what was displaced) by range, so that an
//! 8 KiB write costs one entry and not sixteen. It knows nothing of what the values mean.

use std::collections::BTreeMap;

/// The sectors from `first` up to, and not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SectorRange {
    /// The first sector.
    pub first: u64,
    /// The sector after the last one.
    pub end: u64,
}

impl SectorRange {
    /// The `count` sectors that begin at `first`.
    pub const fn new(first: u64, count: u64) -> Self {
        SectorRange { first, end: first.saturating_add(count) }
    }

    /// The single sector `sector`.
    pub const fn one(sector: u64) -> Self {
        SectorRange::new(sector, 1)
    }

    /// How many sectors.
    pub const fn count(self) -> u64 {
        self.end.saturating_sub(self.first)
    }

    /// True if there is no sector in it.
    pub const fn is_empty(self) -> bool {
        self.first >= self.end
    }

    /// True if `sector` is one of them.
    pub const fn contains(self, sector: u64) -> bool {
        self.first <= sector && sector < self.end
    }

    /// True if both have a sector in common.
    pub fn overlaps(self, other: SectorRange) -> bool {
        !self.intersection(other).is_empty()
    }

    /// The sectors in both (empty if there are none).
    pub fn intersection(self, other: SectorRange) -> SectorRange {
        SectorRange { first: self.first.max(other.first), end: self.end.min(other.end) }
    }

    /// Each sector.
    pub fn sectors(self) -> std::ops::Range<u64> {
        self.first..self.end
    }

    /// What is left of these sectors without `other`: before it and after it.
    pub(super) fn without(self, other: SectorRange) -> impl Iterator<Item = SectorRange> {
        let before = SectorRange { first: self.first, end: self.end.min(other.first) };
        let after = SectorRange { first: self.first.max(other.end), end: self.end };
        let apart = !self.overlaps(other);
        [if apart { self } else { before }, if apart { SectorRange::new(0, 0) } else { after }]
            .into_iter()
            .filter(|range| !range.is_empty())
    }
}

/// Values by range of sectors. Ranges never overlap; a new value replaces whatever it covers.
#[derive(Clone, Debug)]
pub(super) struct RangeMap<V> {
    by_first: BTreeMap<u64, (u64, V)>,
}

impl<V> Default for RangeMap<V> {
    fn default() -> Self {
        RangeMap { by_first: BTreeMap::new() }
    }
}

impl<V: Clone> RangeMap<V> {
    pub(super) fn is_empty(&self) -> bool {
        self.by_first.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.by_first.clear();
    }

    /// Every range with its value, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SectorRange, &V)> {
        self.by_first.iter().map(|(&first, (end, value))| (SectorRange { first, end: *end }, value))
    }

    /// Every value, to be changed in place.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.by_first.values_mut().map(|(_, value)| value)
    }

    /// The value at one sector.
    pub(super) fn get(&self, sector: u64) -> Option<&V> {
        let (_, (end, value)) = self.by_first.range(..=sector).next_back()?;
        (sector < *end).then_some(value)
    }

    /// The parts of `range` that have a value, cut to `range`, in order.
    pub(super) fn within(&self, range: SectorRange) -> impl Iterator<Item = (SectorRange, &V)> {
        let start = match self.by_first.range(..=range.first).next_back() {
            Some((&first, (end, _))) if *end > range.first => first,
            _ => range.first,
        };
        // An empty range would make BTreeMap::range panic if its ends were the wrong way round.
        self.by_first
            .range(start..range.end.max(start))
            .map(move |(&first, (end, value))| (SectorRange { first, end: *end }.intersection(range), value))
    }

    /// The parts of `range` with their value or without one, in order and without gaps.
    pub(super) fn pieces(&self, range: SectorRange) -> impl Iterator<Item = (SectorRange, Option<&V>)> {
        let mut known = self.within(range).peekable();
        let mut next = range.first;
        std::iter::from_fn(move || {
            if next >= range.end {
                return None;
            }
            let piece = match known.peek() {
                Some((found, value)) if found.first == next => {
                    let piece = (*found, Some(*value));
                    known.next();
                    piece
                }
                Some((found, _)) => (SectorRange { first: next, end: found.first }, None),
                None => (SectorRange { first: next, end: range.end }, None),
            };
            next = piece.0.end;
            Some(piece)
        })
    }

    /// Puts `value` over `range` and returns what it replaced.
    pub(super) fn insert(&mut self, range: SectorRange, value: V) -> Vec<(SectorRange, V)> {
        if range.is_empty() {
            return Vec::new();
        }
        // Two cases are nearly all of them: the same range again, and a place nothing is at.
        let replaced = match self.by_first.range_mut(..range.end).next_back() {
            Some((&first, (end, old))) if first == range.first && *end == range.end => {
                return vec![(range, std::mem::replace(old, value))];
            }
            Some((_, (end, _))) if *end > range.first => self.remove(range),
            _ => Vec::new(),
        };
        self.by_first.insert(range.first, (range.end, value));
        replaced
    }

    /// Takes `range` out and returns what was there.
    pub(super) fn remove(&mut self, range: SectorRange) -> Vec<(SectorRange, V)> {
        let mut removed = Vec::new();
        if range.is_empty() {
            return removed;
        }
        self.split_at(range.first);
        self.split_at(range.end);
        while let Some((&first, _)) = self.by_first.range(range.first..range.end).next() {
            if let Some((end, value)) = self.by_first.remove(&first) {
                removed.push((SectorRange { first, end }, value));
            }
        }
        removed
    }

    /// Makes sure that no range reaches across the beginning of `sector`.
    fn split_at(&mut self, sector: u64) {
        let Some((_, (end, value))) = self.by_first.range_mut(..sector).next_back() else { return };
        if *end <= sector {
            return;
        }
        let upper = (*end, value.clone());
        *end = sector;
        self.by_first.insert(sector, upper);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(first: u64, end: u64) -> SectorRange {
        SectorRange { first, end }
    }

    #[test]
    fn a_value_in_the_middle_splits_the_one_below() {
        let mut map = RangeMap::default();
        map.insert(range(0, 10), 'a');
        assert_eq!(map.insert(range(4, 6), 'b'), [(range(4, 6), 'a')]);
        let all: Vec<_> = map.iter().map(|(range, value)| (range, *value)).collect();
        assert_eq!(all, [(range(0, 4), 'a'), (range(4, 6), 'b'), (range(6, 10), 'a')]);
    }

    #[test]
    fn pieces_show_the_gaps() {
        let mut map = RangeMap::default();
        map.insert(range(2, 4), 'a');
        let pieces: Vec<_> = map.pieces(range(0, 6)).collect();
        assert_eq!(pieces, [(range(0, 2), None), (range(2, 4), Some(&'a')), (range(4, 6), None)]);
        assert_eq!(map.pieces(range(3, 3)).count(), 0);
    }

    #[test]
    fn without_leaves_both_sides() {
        let rest: Vec<_> = range(0, 10).without(range(3, 5)).collect();
        assert_eq!(rest, [range(0, 3), range(5, 10)]);
        assert_eq!(range(0, 10).without(range(20, 30)).collect::<Vec<_>>(), [range(0, 10)]);
        assert_eq!(range(3, 5).without(range(0, 10)).count(), 0);
    }

    proptest! {
        #[test]
        fn behaves_like_an_array(steps in prop::collection::vec((0u64..32, 1u64..12, prop::option::of(any::<u8>())), 0..40)) {
            let mut map = RangeMap::default();
            let mut array = [None; 48];
            for (first, count, value) in steps {
                let touched = SectorRange::new(first, count);
                let before: Vec<(u64, u8)> =
                    touched.sectors().filter_map(|s| array[s as usize].map(|value| (s, value))).collect();
                let replaced = match value {
                    Some(value) => map.insert(touched, value),
                    None => map.remove(touched),
                };
                let replaced: Vec<(u64, u8)> =
                    replaced.iter().flat_map(|(range, value)| range.sectors().map(|s| (s, *value))).collect();
                prop_assert_eq!(replaced, before);
                touched.sectors().for_each(|s| array[s as usize] = value);
            }
            for sector in 0..48 {
                prop_assert_eq!(map.get(sector).copied(), array[sector as usize]);
            }
        }
    }
}
