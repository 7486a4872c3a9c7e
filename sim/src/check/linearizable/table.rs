//! A small hash table that knows only hashes and numbers.
//!
//! The search remembers millions of small things (rows, configurations) and asks for one far more often than it
//! adds one. The things themselves lie in flat arrays of their owner; this table finds the number of one by its
//! hash. Its hashes are fixed, so two runs do the same work.

/// Numbers `0..len`, each found by the hash of the thing it stands for.
#[derive(Default)]
pub struct Table {
    /// Number plus one, or zero for an empty slot. Always a power of two long.
    slots: Vec<u32>,
    hashes: Vec<u64>,
}

impl Table {
    /// The number of the thing with this hash for which `same` is true, or a new number, and whether it is new.
    pub fn find_or_add(&mut self, hash: u64, same: impl Fn(usize) -> bool) -> (usize, bool) {
        if self.hashes.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let mut slot = self.slot_of(hash);
        while let Some(number) = self.slots[slot].checked_sub(1) {
            let number = number as usize;
            if self.hashes[number] == hash && same(number) {
                return (number, false);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.hashes.push(hash);
        self.slots[slot] = u32::try_from(self.hashes.len()).expect("the budget ends before four thousand million");
        (self.hashes.len() - 1, true)
    }

    /// Bytes in use.
    pub fn memory(&self) -> usize {
        self.slots.len() * 4 + self.hashes.capacity() * 8
    }

    fn slot_of(&self, hash: u64) -> usize {
        // The mixer spreads well, so the low bits will do.
        hash as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 2).max(16)];
        for (number, hash) in (1u32..).zip(&self.hashes) {
            let mut slot = *hash as usize & (self.slots.len() - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = number;
        }
    }
}

/// Folds one word into a hash.
pub fn mix(hash: u64, word: u64) -> u64 {
    let mixed = (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

/// A set of short lists of words.
#[derive(Default)]
pub struct WordSet {
    table: Table,
    words: Vec<u64>,
    ends: Vec<usize>,
}

impl WordSet {
    /// Adds the list; whether it is new.
    pub fn insert(&mut self, list: &[u64]) -> bool {
        let hash = list.iter().fold(list.len() as u64, |hash, word| mix(hash, *word));
        let WordSet { table, words, ends } = self;
        let (_, is_new) = table.find_or_add(hash, |number| {
            let start = number.checked_sub(1).map_or(0, |previous| ends[previous]);
            words[start..ends[number]] == *list
        });
        if is_new {
            words.extend_from_slice(list);
            ends.push(words.len());
        }
        is_new
    }

    /// Bytes in use.
    pub fn memory(&self) -> usize {
        self.table.memory() + self.words.capacity() * 8 + self.ends.capacity() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_knows_every_list_it_was_given() {
        let mut set = WordSet::default();
        for round in 0..2 {
            for first in 0..50u64 {
                for length in 0..20usize {
                    let list = vec![first; length];
                    let already = round == 1 || (length == 0 && first > 0);
                    assert_eq!(set.insert(&list), !already, "{list:?}");
                }
            }
        }
    }

    #[test]
    fn equal_hashes_do_not_make_things_equal() {
        let mut table = Table::default();
        assert_eq!(table.find_or_add(7, |_| false), (0, true));
        assert_eq!(table.find_or_add(7, |_| false), (1, true));
        assert_eq!(table.find_or_add(7, |number| number == 1), (1, false));
    }
}
