//! A fast, portable 64-bit digest: the same bytes in, the same number out, on every machine and version.
//!
//! It fingerprints runs; it is not a checksum against malice or decay (pages and WAL use CRC32C). Integers go in
//! as little-endian, `usize` as 64 bits, so that types that derive [`Hash`] give the same digest everywhere.

use std::hash::{Hash, Hasher};

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads every bit of `x` over the whole word (the SplitMix64 finaliser; pinned by a test).
#[inline]
pub const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A running digest. Feed it with [`Hash::hash`] or the `write` methods, read it with [`Digest::value`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    /// An empty digest.
    #[inline]
    pub const fn new() -> Self {
        Digest(0x6a09_e667_f3bc_c908)
    }

    /// Folds one word in.
    #[inline]
    pub fn word(&mut self, x: u64) {
        self.0 = (self.0 ^ x).wrapping_mul(MULTIPLIER).rotate_left(29) ^ (self.0 >> 32);
    }

    /// The digest of everything folded in so far.
    #[inline]
    pub const fn value(&self) -> u64 {
        mix(self.0)
    }

    /// The digest of one value.
    #[inline]
    pub fn of<T: Hash + ?Sized>(value: &T) -> u64 {
        let mut digest = Digest::new();
        value.hash(&mut digest);
        digest.value()
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.value()
    }
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        if bytes.len() <= 32 {
            let (words, rest) = bytes.as_chunks::<8>();
            for word in words {
                self.word(u64::from_le_bytes(*word));
            }
            let mut last = [0u8; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(last) ^ ((bytes.len() as u64) << 56));
        } else {
            self.word(twox_hash::XxHash3_64::oneshot(bytes));
        }
    }
    fn write_u8(&mut self, x: u8) {
        self.word(u64::from(x));
    }
    fn write_u16(&mut self, x: u16) {
        self.word(u64::from(x));
    }
    fn write_u32(&mut self, x: u32) {
        self.word(u64::from(x));
    }
    fn write_u64(&mut self, x: u64) {
        self.word(x);
    }
    fn write_u128(&mut self, x: u128) {
        self.word(x as u64);
        self.word((x >> 64) as u64);
    }
    fn write_usize(&mut self, x: usize) {
        self.word(x as u64);
    }
    fn write_i8(&mut self, x: i8) {
        self.word(x as u64);
    }
    fn write_i16(&mut self, x: i16) {
        self.word(x as u64);
    }
    fn write_i32(&mut self, x: i32) {
        self.word(x as u64);
    }
    fn write_i64(&mut self, x: i64) {
        self.word(x as u64);
    }
    fn write_i128(&mut self, x: i128) {
        self.write_u128(x as u128);
    }
    fn write_isize(&mut self, x: isize) {
        self.word(x as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_pinned() {
        assert_eq!(mix(1), 0x5692_161d_100b_05e5);
        let empty = Digest::new().value();
        assert_ne!(Digest::of("a"), empty);
        assert_ne!(Digest::of("ab"), Digest::of("ba"));
        assert_ne!(Digest::of(&(1u64, 2u64)), Digest::of(&(2u64, 1u64)));
        assert_ne!(Digest::of(&[0u8; 3][..]), Digest::of(&[0u8; 4][..]));
        assert_ne!(Digest::of(&[7u8; 40][..]), Digest::of(&[7u8; 41][..]));
    }
}
