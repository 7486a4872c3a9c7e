//! What a sector holds: a place in somebody's buffer, shared and never copied.
//!
//! A write keeps the one buffer it came with; image, cache and journal all point into it. A read that falls inside
//! one write hands the same buffer out again.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::range::SectorRange;

/// Bytes that somebody else may hold as well: a part of a shared buffer.
#[derive(Clone)]
pub struct SharedBytes {
    buffer: Arc<[u8]>,
    start: usize,
    end: usize,
}

impl SharedBytes {
    /// The whole of `buffer`.
    pub fn whole(buffer: Arc<[u8]>) -> Self {
        let end = buffer.len();
        SharedBytes { buffer, start: 0, end }
    }
}

impl Deref for SharedBytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }
}

impl PartialEq for SharedBytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for SharedBytes {}

impl fmt::Debug for SharedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedBytes({} bytes)", self.len())
    }
}

impl From<Vec<u8>> for SharedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        SharedBytes::whole(bytes.into())
    }
}

/// What a range of sectors holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Bytes of a buffer whose first byte belongs to the sector `origin`.
    Bytes { buffer: Arc<[u8]>, origin: u64 },
    /// The drive cannot read it: its own checksum does not match.
    Unreadable,
}

impl Content {
    /// The bytes of `range`, which lies inside what this content was written to; `None` if unreadable.
    pub(super) fn bytes(&self, range: SectorRange, sector_size: usize) -> Option<&[u8]> {
        let (buffer, places) = self.place(range, sector_size)?;
        buffer.get(places)
    }

    /// The same, shared.
    pub(super) fn shared(&self, range: SectorRange, sector_size: usize) -> Option<SharedBytes> {
        let (buffer, places) = self.place(range, sector_size)?;
        Some(SharedBytes { buffer: buffer.clone(), start: places.start, end: places.end })
    }

    fn place(&self, range: SectorRange, sector_size: usize) -> Option<(&Arc<[u8]>, std::ops::Range<usize>)> {
        match self {
            Content::Unreadable => None,
            Content::Bytes { buffer, origin } => {
                let start = (range.first - origin) as usize * sector_size;
                Some((buffer, start..start + range.count() as usize * sector_size))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_write_is_the_same_buffer() {
        let buffer: Arc<[u8]> = (0..=255u8).flat_map(|byte| [byte; 4]).collect::<Vec<_>>().into();
        let content = Content::Bytes { buffer: buffer.clone(), origin: 10 };
        let part = content.shared(SectorRange::one(11), 512).unwrap();
        assert_eq!(*part, buffer[512..1024]);
        assert_eq!(Arc::strong_count(&buffer), 3);
        assert!(Content::Unreadable.shared(SectorRange::one(11), 512).is_none());
    }
}
