//! What a run has shown that no run before it had: changes from one abstract state to another, and how often.

use std::collections::BTreeMap;

use nodes::world::digest::Digest;

use crate::explore::abstract_state::State;

/// How many different changes are told apart.
const MAP: usize = 1 << 16;

/// The changes of one run: which, and how often in steps of a few (1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(Vec<(u16, u8)>);

impl Changes {
    /// The changes of a run that went through these states, in their order.
    pub fn of(states: &[State]) -> Changes {
        let mut counts: BTreeMap<u16, u32> = BTreeMap::new();
        let before = std::iter::once(&0).chain(states);
        for (before, state) in before.zip(states) {
            *counts.entry((Digest::of(&(*before, *state)) >> 48) as u16).or_default() += 1;
        }
        Changes(counts.into_iter().map(|(change, count)| (change, bucket(count))).collect())
    }

    /// Five hexadecimal digits each: which, and how often.
    pub fn written(&self) -> String {
        self.0.iter().map(|(change, bucket)| format!("{change:04x}{bucket:x}")).collect()
    }

    /// What [`Changes::written`] has written; digits that are none are left out.
    pub fn read(text: &str) -> Changes {
        let one = |digits: &[u8]| {
            let digits = std::str::from_utf8(digits).ok()?;
            let (change, bucket) = digits.split_at_checked(4)?;
            Some((u16::from_str_radix(change, 16).ok()?, u8::from_str_radix(bucket, 16).ok()?.min(7)))
        };
        Changes(text.as_bytes().chunks(5).filter_map(one).collect())
    }
}

fn bucket(count: u32) -> u8 {
    match count {
        0..=3 => count.saturating_sub(1) as u8,
        4..=7 => 3,
        8..=15 => 4,
        16..=31 => 5,
        32..=127 => 6,
        _ => 7,
    }
}

/// Everything that was ever seen.
pub struct Novelty {
    /// For each change, which numbers of it were seen in a run.
    seen: Vec<u8>,
    /// For each change, in how many runs it was seen.
    runs: Vec<u32>,
}

impl Default for Novelty {
    fn default() -> Self {
        Novelty { seen: vec![0; MAP], runs: vec![0; MAP] }
    }
}

impl Novelty {
    /// Takes the changes of a run in; whether one of them, or so many of one, were new.
    pub fn add(&mut self, changes: &Changes) -> bool {
        let mut is_new = false;
        for (change, bucket) in &changes.0 {
            let (seen, runs) = (&mut self.seen[usize::from(*change)], &mut self.runs[usize::from(*change)]);
            is_new |= *seen & (1 << bucket) == 0;
            *seen |= 1 << bucket;
            *runs = runs.saturating_add(1);
        }
        is_new
    }

    /// In how many runs the rarest of these changes was seen; 1 if there is none.
    pub fn rarest(&self, changes: &Changes) -> u32 {
        changes.0.iter().map(|(change, _)| self.runs[usize::from(*change)]).min().unwrap_or(1).max(1)
    }

    /// How many different changes were seen.
    pub fn changes(&self) -> usize {
        self.seen.iter().filter(|seen| **seen != 0).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_change_and_a_new_number_of_it_are_new_and_nothing_else_is() {
        let mut novelty = Novelty::default();
        assert!(novelty.add(&Changes::of(&[1, 2])));
        assert!(!novelty.add(&Changes::of(&[1, 2])));
        assert!(novelty.add(&Changes::of(&[1, 2, 1, 2])), "the way back is new");
        assert!(!novelty.add(&Changes::of(&[1, 2, 1, 2])));
        assert!(novelty.add(&Changes::of(&[1, 2, 1, 2, 1, 2])), "three times is more than twice");
        assert_eq!(novelty.changes(), 3);
        assert_eq!(novelty.rarest(&Changes::of(&[1, 2])), 5);
        assert_eq!(novelty.rarest(&Changes::of(&[2, 1])), 1, "never seen counts as once");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let changes = Changes::of(&[7, 8, 7, 8, 9]);
        assert_eq!(Changes::read(&changes.written()), changes);
        assert_eq!(Changes::read("xyz"), Changes::default());
    }
}
