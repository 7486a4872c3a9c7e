//! Data files, by their description: blocks of 8 KiB that begin with a CRC-32C and `SPAG`; number of the page at 16,
//! LSN at 24, which block of the page at 42, how many blocks it has at 44, length of the content at 52, content from 64 on: a
//! varint count of rows, then for each a signed key and the list of its values.

use std::collections::BTreeMap;

use nodes::product::Region;
use nodes::world::device::SectorRange;

use crate::check::device_at::DeviceAt;
use crate::check::log_reader::{self, Sectors};

const BLOCK: u64 = 8192;
const HEADER: usize = 64;

/// A row as its page holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct HeldRow {
    /// Its values.
    pub(in super::super) values: Vec<i64>,
    /// The LSN of its page: a replay does not write anew what a record before it says.
    pub(in super::super) lsn: u64,
}

/// Rows of pages by key.
pub(in super::super) type HeldRows = BTreeMap<i64, HeldRow>;

type Rows = BTreeMap<i64, Vec<i64>>;

/// Every row of the data files. A page that is torn or damaged says nothing.
pub(super) fn rows(device: &DeviceAt<'_>, region: &Region) -> HeldRows {
    let sector = device.sector_size();
    let range = SectorRange { first: region.offset / sector, end: (region.offset + region.length) / sector };
    let begins = |(number, bytes): (u64, &[u8])| {
        let is_first = bytes.get(4..8) == Some(b"SPAG") && bytes.get(42..44) == Some(&[0, 0]);
        is_first.then_some(number * sector - region.offset)
    };
    let offsets: Vec<u64> = device.written(range).filter_map(begins).collect();
    offsets.into_iter().filter_map(|offset| page(device, region, offset)).flatten().collect()
}

fn page(device: &DeviceAt<'_>, region: &Region, offset: u64) -> Option<HeldRows> {
    let first = block(&log_reader::bytes(device, region, offset, BLOCK)?, 0)?;
    let (mut content, lsn) = (first.content, first.lsn);
    for index in 1..first.blocks {
        let bytes = log_reader::bytes(device, region, offset + u64::from(index) * BLOCK, BLOCK)?;
        content.extend(block(&bytes, index)?.content);
    }
    Some(read_rows(&content)?.into_iter().map(|(key, values)| (key, HeldRow { values, lsn })).collect())
}

struct Block {
    blocks: u16,
    lsn: u64,
    content: Vec<u8>,
}

fn block(bytes: &[u8], index: u16) -> Option<Block> {
    let short = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let half = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let sound = bytes.get(4..8)? == b"SPAG" && half(0)? == crc32c::crc32c(&bytes[4..]) && short(42)? == index;
    let content = bytes.get(HEADER..HEADER + half(52)? as usize)?.to_vec();
    let lsn = u64::from_le_bytes(bytes.get(24..32)?.try_into().ok()?);
    sound.then_some(Block { blocks: short(44)?, lsn, content })
}

/// Rows as pages and commits hold them.
pub(super) fn read_rows(bytes: &[u8]) -> Option<Rows> {
    let mut rest = Rest(bytes);
    let count = rest.varint()?;
    let mut rows = Rows::new();
    for _ in 0..count {
        let key = rest.signed()?;
        let values = rest.varint()?;
        rows.insert(key, (0..values).map(|_| rest.signed()).collect::<Option<_>>()?);
    }
    Some(rows)
}

/// Bytes that are still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let zigzag = self.varint()?;
        Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_the_format_says() {
        // Two rows: 3 holds -1 and 200, -2 holds nothing.
        let bytes = [2, 6, 2, 1, 0x90, 3, 3, 0];
        assert_eq!(read_rows(&bytes), Some(Rows::from([(3, vec![-1, 200]), (-2, vec![])])));
        assert_eq!(read_rows(&bytes[..5]), None);
    }

    #[test]
    fn a_damaged_block_says_nothing() {
        let mut bytes = vec![0; BLOCK as usize];
        bytes[4..8].copy_from_slice(b"SPAG");
        (bytes[44], bytes[52], bytes[HEADER]) = (1, 1, 7);
        let checksum = crc32c::crc32c(&bytes[4..]);
        bytes[..4].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(block(&bytes, 0).map(|block| (block.blocks, block.content)), Some((1, vec![7])));
        assert!(block(&bytes, 1).is_none(), "it is another block of its page");
        bytes[HEADER] = 8;
        assert!(block(&bytes, 0).is_none());
    }
}
