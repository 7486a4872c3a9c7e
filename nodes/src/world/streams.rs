//! Random numbers of a run: streams derived from the seed by name, and draws keyed by what they belong to.
//!
//! A stream belongs to one concern (`network/dn1>dn2`, `device/shared`, `workload/client-3`). Inside it a draw is
//! a pure function of (seed, stream, key): removing one message, one fault or one client moves no other draw.
//! Everything is integer arithmetic, so a seed means the same run on every machine. [`Stream`] also implements
//! `rand`'s traits, so that `rand`'s tools can be used outside a seeded run; inside one use the methods here,
//! whose values are pinned (`rand` may change how it samples a range in a minor release).

use std::convert::Infallible;
use std::time::Duration;

use super::digest::{Digest, mix};
use super::time::nanos;

/// The seed of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seed(pub u64);

impl Seed {
    /// The key of the stream called `name`.
    pub fn stream_key(self, name: &str) -> StreamKey {
        StreamKey(mix(self.0.wrapping_mul(0xd134_2543_de82_ef95) ^ Digest::of(name)))
    }

    /// The stream called `name`, at its beginning.
    pub fn stream(self, name: &str) -> Stream {
        self.stream_key(name).at(0)
    }
}

/// Names a stream of one seed; hands out position-free draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamKey(u64);

impl StreamKey {
    /// The draws that belong to `key` (a message number, an I/O number): independent of every other key's.
    #[inline]
    pub const fn at(self, key: u64) -> Stream {
        Stream { state: mix(self.0 ^ mix(key ^ 0x5851_f42d_4c95_7f2d)) }
    }

    /// A stream below this one, named by a number.
    #[inline]
    pub const fn child(self, number: u64) -> StreamKey {
        StreamKey(mix(self.0.rotate_left(17) ^ mix(number)))
    }
}

/// A sequence of draws (SplitMix64).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// The next 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number below `bound` (0 if `bound` is 0), by a widening multiplication: the bias is below 2^-64 × bound.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included; `low` if the range is empty.
    #[inline]
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        if high <= low {
            return low;
        }
        match (high - low).checked_add(1) {
            Some(width) => low + self.below(width),
            None => self.bits(),
        }
    }

    /// A duration from `low` to `high`, both included.
    #[inline]
    pub fn duration(&mut self, low: Duration, high: Duration) -> Duration {
        Duration::from_nanos(self.between(nanos(low), nanos(high)))
    }

    /// True with probability `n / d`.
    #[inline]
    pub fn chance(&mut self, n: u64, d: u64) -> bool {
        n != 0 && self.below(d) < n
    }

    /// One of `items`; `None` if there is none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// Puts `items` into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

impl rand::rand_core::TryRng for Stream {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.bits() >> 32) as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.bits())
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.bits().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_pinned() {
        let mut stream = Seed(1).stream("network/dn1>dn2");
        let first: Vec<u64> = (0..4).map(|_| stream.below(1000)).collect();
        assert_eq!(first, PINNED);
    }
    const PINNED: [u64; 4] = [879, 618, 611, 550];

    #[test]
    fn a_draw_depends_on_its_key_alone() {
        let key = Seed(7).stream_key("device/shared");
        let alone = key.at(42).bits();
        for other in 0..42 {
            key.at(other).bits();
        }
        assert_eq!(key.at(42).bits(), alone);
        assert_ne!(key.at(43).bits(), alone);
        assert_ne!(Seed(8).stream_key("device/shared").at(42).bits(), alone);
        assert_ne!(key.child(1).at(42).bits(), alone);
    }

    #[test]
    fn ranges_include_both_ends_and_nothing_else() {
        let mut stream = Seed(3).stream("test");
        let drawn: std::collections::BTreeSet<u64> = (0..200).map(|_| stream.between(5, 8)).collect();
        assert_eq!(drawn, [5, 6, 7, 8].into());
        assert_eq!(stream.between(9, 9), 9);
        assert!(!stream.chance(0, 10));
        assert!(stream.chance(10, 10));
        assert_eq!(stream.pick::<u8>(&[]), None);
    }

    #[test]
    fn rand_accepts_a_stream() {
        use rand::Rng as _;
        let mut stream = Seed(3).stream("test");
        let mut copy = stream.clone();
        assert_eq!(stream.next_u64(), copy.bits());
    }
}
