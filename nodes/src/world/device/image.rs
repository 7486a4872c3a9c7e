//! What is on the device: contents by range of sectors, sparse.
//!
//! An image may stand on a frozen one that others share, so that a crash state costs what it changes and not a copy
//! of the device. Sectors nobody wrote read as zeros or as noise that depends on the seed and the sector alone.

use std::sync::Arc;

use super::content::{Content, SharedBytes};
use super::range::{RangeMap, SectorRange};
use crate::world::digest::{Digest, mix};
use crate::world::streams::StreamKey;

/// How a sector reads that nobody has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwritten {
    /// As zeros, like a new virtual disk.
    Zeros,
    /// As noise, like a disk with a former life: hides no reader that takes zeros for "empty".
    Noise,
}

/// A sparse image of a device. Cloning it shares every buffer.
#[derive(Clone, Debug)]
pub struct Image {
    sector_size: usize,
    noise: Option<StreamKey>,
    below: Arc<RangeMap<Content>>,
    /// What was written since; `None` where something was taken away again.
    recent: RangeMap<Option<Content>>,
    zeros: u64,
}

/// A sector that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The first such sector of the range asked for.
    pub sector: u64,
}

impl Image {
    pub(super) fn empty(sector_size: u64, noise: Option<StreamKey>) -> Self {
        let sector_size = sector_size as usize;
        let zeros = Digest::of(&vec![0u8; sector_size][..]);
        Image { sector_size, noise, below: Arc::default(), recent: RangeMap::default(), zeros }
    }

    /// Bytes per sector.
    pub fn sector_size(&self) -> u64 {
        self.sector_size as u64
    }

    /// The bytes of `range`.
    pub fn read(&self, range: SectorRange) -> Result<SharedBytes, Unreadable> {
        if let Some((found, Some(content))) = self.recent.within(range).next()
            && found == range
        {
            return content.shared(range, self.sector_size).ok_or(Unreadable { sector: range.first });
        }
        let mut bytes = Vec::with_capacity(range.count() as usize * self.sector_size);
        for (piece, content) in self.pieces(range) {
            match content {
                None => self.append_unwritten(piece, &mut bytes),
                Some(content) => {
                    let part = content.bytes(piece, self.sector_size).ok_or(Unreadable { sector: piece.first })?;
                    bytes.extend_from_slice(part);
                }
            }
        }
        Ok(bytes.into())
    }

    /// The ranges somebody wrote, in order, neighbours not joined.
    pub fn written(&self) -> Vec<SectorRange> {
        self.written_ranges(SectorRange { first: 0, end: u64::MAX })
    }

    /// The parts of `range` somebody wrote.
    pub(super) fn written_ranges(&self, range: SectorRange) -> Vec<SectorRange> {
        self.pieces(range).filter(|(_, content)| content.is_some()).map(|(piece, _)| piece).collect()
    }

    /// A fingerprint of what one sector holds: equal for equal bytes, whoever wrote them.
    pub fn sector_hash(&self, sector: u64) -> u64 {
        self.hash_of(sector, self.get(sector))
    }

    /// A fingerprint of the whole image, folded from its sectors' fingerprints in no order: a sector that is written
    /// again changes it by a difference of two numbers. Sectors that read as if never written do not count.
    pub fn hash(&self) -> u64 {
        let written = self.written().into_iter().flat_map(SectorRange::sectors);
        written.fold(0, |hash, sector| hash ^ self.sector_hash(sector) ^ self.hash_of(sector, None))
    }

    /// The fingerprint `sector` would have with `content` in it.
    pub(super) fn hash_of(&self, sector: u64, content: Option<&Content>) -> u64 {
        let range = SectorRange::one(sector);
        let of_bytes = match content {
            None if self.noise.is_none() => self.zeros,
            None => {
                let mut bytes = Vec::with_capacity(self.sector_size);
                self.append_unwritten(range, &mut bytes);
                Digest::of(&bytes[..])
            }
            Some(content) => content.bytes(range, self.sector_size).map_or(0, Digest::of),
        };
        mix(of_bytes ^ mix(sector))
    }

    pub(super) fn get(&self, sector: u64) -> Option<&Content> {
        match self.recent.get(sector) {
            Some(recent) => recent.as_ref(),
            None => self.below.get(sector),
        }
    }

    /// Puts `content` over `range` and returns the contents it replaced (nothing for what nobody had written).
    pub(super) fn write(&mut self, range: SectorRange, content: Content) -> Vec<(SectorRange, Content)> {
        let replaced = if self.below.is_empty() { Vec::new() } else { self.contents(range) };
        let recent = self.recent.insert(range, Some(content));
        match self.below.is_empty() {
            true => recent.into_iter().filter_map(|(piece, content)| Some((piece, content?))).collect(),
            false => replaced,
        }
    }

    fn contents(&self, range: SectorRange) -> Vec<(SectorRange, Content)> {
        self.pieces(range).filter_map(|(piece, content)| Some((piece, content?.clone()))).collect()
    }

    /// Sets `range` back to what it was before a [`Image::write`]; `None` if nobody had written it.
    pub(super) fn put_back(&mut self, range: SectorRange, content: Option<Content>) {
        self.recent.insert(range, content);
    }

    /// How many sectors of `range` somebody has written.
    pub(super) fn written_in(&self, range: SectorRange) -> u64 {
        self.pieces(range).filter(|(_, content)| content.is_some()).map(|(piece, _)| piece.count()).sum()
    }

    /// The same image, standing on a frozen copy of itself: cloning it is then cheap.
    pub(super) fn frozen(&self) -> Image {
        let mut all = RangeMap::default();
        for (range, content) in self.contents(SectorRange { first: 0, end: u64::MAX }) {
            all.insert(range, content);
        }
        Image { below: Arc::new(all), recent: RangeMap::default(), ..*self }
    }

    /// The pieces of `range` with their content, in order and without gaps.
    pub(super) fn pieces(&self, range: SectorRange) -> impl Iterator<Item = (SectorRange, Option<&Content>)> {
        self.recent.pieces(range).flat_map(|(piece, recent)| {
            let known = recent.map(|content| (piece, content.as_ref()));
            let gap = if known.is_some() { SectorRange::new(piece.end, 0) } else { piece };
            known.into_iter().chain(self.below.pieces(gap))
        })
    }

    fn append_unwritten(&self, range: SectorRange, bytes: &mut Vec<u8>) {
        let Some(noise) = self.noise else {
            bytes.resize(bytes.len() + range.count() as usize * self.sector_size, 0);
            return;
        };
        for sector in range.sectors() {
            let mut stream = noise.at(sector);
            for _ in 0..self.sector_size / 8 {
                bytes.extend_from_slice(&stream.bits().to_le_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::streams::Seed;

    fn content(byte: u8, origin: u64, sectors: usize) -> Content {
        Content::Bytes { buffer: vec![byte; sectors * 512].into(), origin }
    }

    #[test]
    fn unwritten_sectors_are_zeros_or_noise_of_their_own() {
        let zeros = Image::empty(512, None);
        assert!(zeros.read(SectorRange::new(5, 2)).unwrap().iter().all(|byte| *byte == 0));
        let noisy = Image::empty(512, Some(Seed(1).stream_key("device/a")));
        let both = noisy.read(SectorRange::new(5, 2)).unwrap();
        assert_ne!(both[..512], both[512..]);
        assert_eq!(both[512..], *noisy.read(SectorRange::one(6)).unwrap());
    }

    #[test]
    fn an_image_on_a_frozen_one_reads_and_undoes_the_same() {
        let mut image = Image::empty(512, None);
        image.write(SectorRange::new(0, 4), content(1, 0, 4));
        let mut upper = image.frozen();
        upper.write(SectorRange::one(1), content(2, 1, 1));
        let displaced = upper.write(SectorRange::new(0, 3), content(3, 0, 3));
        let bytes: Vec<(u64, u8)> = displaced
            .iter()
            .flat_map(|(range, content)| range.sectors().zip(content.bytes(*range, 512).unwrap().iter().step_by(512)))
            .map(|(sector, byte)| (sector, *byte))
            .collect();
        assert_eq!(bytes, [(0, 1), (1, 2), (2, 1)]);
        assert_eq!(upper.read(SectorRange::new(2, 2)).unwrap()[511..514], [3, 1, 1]);
        assert_eq!(upper.written_in(SectorRange::new(0, 10)), 4);
    }

    #[test]
    fn a_hash_goes_by_bytes_and_place() {
        let mut image = Image::empty(512, None);
        let untouched = image.sector_hash(3);
        image.write(SectorRange::one(3), content(0, 3, 1));
        assert_eq!(image.sector_hash(3), untouched);
        image.write(SectorRange::one(3), content(1, 3, 1));
        assert_ne!(image.sector_hash(3), untouched);
        image.write(SectorRange::one(4), content(1, 4, 1));
        assert_ne!(image.sector_hash(3), image.sector_hash(4));
    }
}
