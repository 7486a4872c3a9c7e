//! Zeller's ddmin: parts of a list alone, then all but one part, then smaller parts.

use super::Shrinker;
use crate::document::Document;

impl Shrinker<'_> {
    /// Keeps as few of these as still show the same; `keep` is the file with some of them. Parts do not get smaller than
    /// one in `most_parts` of what is left, so that a long list cannot eat the whole budget. What was kept comes back.
    pub(super) fn ddmin<T: Clone>(
        &mut self,
        mut items: Vec<T>,
        most_parts: usize,
        keep: impl Fn(&[T]) -> Document,
    ) -> Vec<T> {
        let mut parts = 2;
        while items.len() >= 2 && !self.oracle.is_exhausted() {
            let length = items.len().div_ceil(parts);
            let alone: Vec<Vec<T>> = items.chunks(length).map(<[T]>::to_vec).collect();
            let others: Vec<Vec<T>> = (0..alone.len())
                .map(|left_out| {
                    let rest = alone.iter().enumerate().filter(|(number, _)| *number != left_out);
                    rest.flat_map(|(_, part)| part.clone()).collect()
                })
                .collect();
            let tried: Vec<&Vec<T>> = alone.iter().chain(&others).filter(|part| part.len() < items.len()).collect();
            let candidates: Vec<Document> = tried.iter().map(|part| keep(part)).collect();
            let finest = items.len().min(most_parts);
            match self.oracle.first(candidates) {
                Some((number, shown)) => {
                    let is_alone = number < alone.len();
                    let smaller = tried[number].clone();
                    self.best = keep(&smaller);
                    self.shown = shown;
                    items = smaller;
                    parts = if is_alone { 2 } else { (parts - 1).max(2) };
                }
                None if parts < finest => parts = (parts * 2).min(finest),
                None => break,
            }
        }
        items
    }
}
