//! A set of small numbers, one bit each.

/// Numbers of faults: a search keeps thousands of these sets, each of hundreds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    words: Vec<u64>,
}

const BITS: usize = u64::BITS as usize;

impl Numbers {
    /// Puts a number in.
    pub fn insert(&mut self, number: usize) {
        let word = number / BITS;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (number % BITS);
    }

    /// Whether a number is in.
    pub fn contains(&self, number: usize) -> bool {
        self.words.get(number / BITS).is_some_and(|word| word & 1 << (number % BITS) != 0)
    }

    /// Puts in all that is in another set.
    pub fn insert_all(&mut self, others: &Numbers) {
        let length = self.words.len().max(others.words.len());
        self.words.resize(length, 0);
        self.words.iter_mut().zip(&others.words).for_each(|(word, other)| *word |= other);
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let bits = |(index, word): (usize, &u64)| {
            let word = *word;
            (0..BITS).filter(move |bit| word & 1 << bit != 0).map(move |bit| index * BITS + bit)
        };
        self.words.iter().enumerate().flat_map(bits)
    }
}

impl FromIterator<usize> for Numbers {
    fn from_iter<I: IntoIterator<Item = usize>>(numbers: I) -> Numbers {
        let mut set = Numbers::default();
        numbers.into_iter().for_each(|number| set.insert(number));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_in_and_comes_out_in_order() {
        let mut set: Numbers = [130, 0, 63, 64].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 130]);
        assert!(set.contains(64) && !set.contains(65) && !set.contains(9_000));
        set.insert_all(&[65, 300].into_iter().collect());
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 65, 130, 300]);
        assert_eq!(Numbers::default().iter().count(), 0);
    }
}
