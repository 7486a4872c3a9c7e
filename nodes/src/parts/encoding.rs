//! Integers and lists as bytes, and back: what every durable structure of the parts is written with.
//!
//! Fixed-width integers are little-endian. A *varint* is LEB128: seven bits a byte, the lowest first, the top bit set
//! on every byte but the last, at most ten bytes. A signed varint is the varint of its zigzag form
//! (`(n << 1) ^ (n >> 63)`), so that small negative numbers stay short. Reading never panics: what a disk returns may
//! be anything. There are no names and no types in the bytes; the document of each structure is its only key.

use thiserror::Error;

/// The bytes end too early, or cannot mean what is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("garbled bytes: they end too early or hold a value out of bounds")]
pub struct Garbled;

/// Writes values one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// Nothing written yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What was written so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets what was written, and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// How many bytes were written.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.raw(&[value])
    }

    /// Two bytes.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// Four bytes.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// Eight bytes.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// An unsigned varint.
    pub fn varint(&mut self, mut value: u64) -> &mut Self {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
        self
    }

    /// A signed varint.
    pub fn signed(&mut self, value: i64) -> &mut Self {
        self.varint(((value << 1) ^ (value >> 63)) as u64)
    }

    /// A list of signed varints, its length first.
    pub fn list(&mut self, values: &[i64]) -> &mut Self {
        self.varint(values.len() as u64);
        for value in values {
            self.signed(*value);
        }
        self
    }

    /// A text: its length as a varint, then its UTF-8 bytes.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.varint(text.len() as u64).raw(text.as_bytes())
    }

    /// Bytes as they are, without a length.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Zeros up to a length; nothing if there is more already.
    pub fn zeros_to(&mut self, length: usize) -> &mut Self {
        self.bytes.resize(length.max(self.bytes.len()), 0);
        self
    }
}

/// Reads values one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Decoder { rest: bytes }
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything was read.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// So many bytes as they are.
    pub fn raw(&mut self, length: usize) -> Result<&'a [u8], Garbled> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Garbled)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Garbled> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Garbled)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, Garbled> {
        self.array().map(u8::from_le_bytes)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, Garbled> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, Garbled> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64, Garbled> {
        self.array().map(u64::from_le_bytes)
    }

    /// An unsigned varint.
    pub fn varint(&mut self) -> Result<u64, Garbled> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Garbled);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Garbled)
    }

    /// A signed varint.
    pub fn signed(&mut self) -> Result<i64, Garbled> {
        let zigzag = self.varint()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// A count of things of at least one byte each: never more than there are bytes.
    pub fn count(&mut self) -> Result<usize, Garbled> {
        let count = self.varint()?;
        usize::try_from(count).ok().filter(|count| *count <= self.rest.len()).ok_or(Garbled)
    }

    /// A list of signed varints.
    pub fn list(&mut self) -> Result<Vec<i64>, Garbled> {
        let count = self.count()?;
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            values.push(self.signed()?);
        }
        Ok(values)
    }

    /// A text.
    pub fn text(&mut self) -> Result<&'a str, Garbled> {
        let length = self.count()?;
        std::str::from_utf8(self.raw(length)?).map_err(|_| Garbled)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bytes_are_pinned() {
        let mut encoder = Encoder::new();
        encoder.u16(0x0102).u32(3).signed(-1).signed(64).varint(300).text("é").zeros_to(14);
        assert_eq!(encoder.as_bytes(), [2, 1, 3, 0, 0, 0, 1, 0x80, 1, 0xac, 2, 2, 0xc3, 0xa9]);
    }

    #[test]
    fn a_varint_of_more_than_64_bits_and_a_count_beyond_the_bytes_are_garbled() {
        let too_long = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(Decoder::new(&too_long).varint(), Err(Garbled));
        assert_eq!(Decoder::new(&[0xff; 11]).varint(), Err(Garbled));
        assert_eq!(Decoder::new(&[200, 1, 0]).list(), Err(Garbled));
        assert_eq!(Decoder::new(&[1, 0xff]).text(), Err(Garbled));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(values in proptest::collection::vec(any::<i64>(), 0..50), number in any::<u64>()) {
            let mut encoder = Encoder::new();
            encoder.list(&values).u64(number).varint(number);
            let mut decoder = Decoder::new(encoder.as_bytes());
            prop_assert_eq!(decoder.list(), Ok(values));
            prop_assert_eq!(decoder.u64(), Ok(number));
            prop_assert_eq!(decoder.varint(), Ok(number));
            prop_assert!(decoder.is_at_end());
        }

        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut decoder = Decoder::new(&bytes);
            while decoder.list().is_ok() && !decoder.is_at_end() {}
            let _ = Decoder::new(&bytes).text();
        }
    }
}
