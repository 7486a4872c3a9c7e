//! A page as values and as blocks of bytes.

use std::collections::BTreeMap;

use thiserror::Error;

use super::store::PageShape;
use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::parts::service::{Key, Row};
use crate::parts::wal::{Lsn, WriterTag};

const MAGIC: [u8; 4] = *b"SPAG";
/// Bytes of a block before its content.
pub(super) const HEADER: usize = 64;

/// Who wrote a page, and up to where it holds the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageStamp {
    /// Every record of the log that begins before this position and touches the page is in it.
    pub lsn: Lsn,
    /// The term, timeline or reform version it was written under.
    pub epoch: u64,
    /// Who wrote it.
    pub writer: WriterTag,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its number.
    pub number: u64,
    /// Who wrote it, and up to where it holds the log.
    pub stamp: PageStamp,
    /// Its rows.
    pub rows: BTreeMap<Key, Row>,
}

/// Why a page cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PageProblem {
    /// Nothing was ever written there.
    #[error("never written")]
    Blank,
    /// A checksum does not match.
    #[error("block {block} is damaged")]
    Damaged {
        /// Which block of the page.
        block: u16,
    },
    /// A block is whole and belongs elsewhere: a write went to the wrong place.
    #[error("block {block} is block {found_block} of page {found_page}")]
    Misdirected {
        /// Which block of the page was read.
        block: u16,
        /// The page it belongs to.
        found_page: u64,
        /// Which block of that page it is.
        found_block: u16,
    },
    /// It belongs to another database.
    #[error("of system {found}")]
    OtherSystem {
        /// The id in the page.
        found: u64,
    },
    /// Its blocks were written at different times.
    #[error("torn: block {block} is of {found}, the first block of {first}")]
    Torn {
        /// The block that does not belong to the first.
        block: u16,
        /// Its LSN.
        found: Lsn,
        /// The LSN of the first block.
        first: Lsn,
    },
    /// Its checksums match, and its rows make no sense.
    #[error("the content makes no sense")]
    Content,
}

/// The header of a block that is whole and in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockHeader {
    pub(super) stamp: PageStamp,
    pub(super) blocks: u16,
    content: u32,
}

impl Page {
    /// The page as blocks of bytes; `None` if its rows need more than a page may have.
    pub(super) fn encode(&self, shape: &PageShape) -> Option<Vec<u8>> {
        let mut content = Encoder::new();
        content.varint(self.rows.len() as u64);
        for (key, row) in &self.rows {
            content.signed(*key).list(row);
        }
        let room = shape.block_size as usize - HEADER;
        let count = u16::try_from(content.len().div_ceil(room)).ok().filter(|count| *count <= shape.most_blocks)?;
        let mut bytes = Vec::with_capacity(usize::from(count) * shape.block_size as usize);
        for (index, part) in content.as_bytes().chunks(room).enumerate() {
            bytes.extend(self.encode_block(shape, index as u16, count, part));
        }
        Some(bytes)
    }

    fn encode_block(&self, shape: &PageShape, index: u16, count: u16, content: &[u8]) -> Vec<u8> {
        let PageStamp { lsn, epoch, writer } = self.stamp;
        let mut block = Encoder::new();
        block.u32(0).raw(&MAGIC).u64(shape.system).u64(self.number).u64(lsn.0).u64(epoch);
        block.u16(writer.process).u16(index).u16(count).u16(0);
        block.u32(writer.incarnation).u32(content.len() as u32).u64(0).raw(content);
        block.zeros_to(shape.block_size as usize);
        let mut bytes = block.into_bytes();
        let checksum = crc32c::crc32c(&bytes[4..]);
        bytes[..4].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads page `number` from all of its blocks.
    pub(super) fn decode(bytes: &[u8], number: u64, shape: &PageShape) -> Result<Page, PageProblem> {
        let first = check_block(bytes, number, 0, shape)?;
        let mut content = Vec::new();
        for index in 0..first.blocks {
            let start = usize::from(index) * shape.block_size as usize;
            let block = bytes.get(start..).unwrap_or_default();
            let header = check_block(block, number, index, shape)?;
            if header.stamp != first.stamp || header.blocks != first.blocks {
                let (found, first) = (header.stamp.lsn, first.stamp.lsn);
                return Err(PageProblem::Torn { block: index, found, first });
            }
            content.extend_from_slice(&block[HEADER..HEADER + header.content as usize]);
        }
        let rows = decode_rows(&content).map_err(|Garbled| PageProblem::Content)?;
        Ok(Page { number, stamp: first.stamp, rows })
    }
}

impl Page {
    /// Reads the page at the start of `bytes`, whichever it is, and how many bytes it takes.
    pub(super) fn decode_any(bytes: &[u8], shape: &PageShape) -> Result<(Page, usize), PageProblem> {
        let damaged = PageProblem::Damaged { block: 0 };
        let first = bytes.get(..shape.block_size as usize).ok_or(damaged)?;
        let number = Fields::read(first).map_err(|Garbled| damaged)?.page;
        let page = Page::decode(bytes, number, shape)?;
        let header = check_block(first, number, 0, shape)?;
        Ok((page, usize::from(header.blocks) * shape.block_size as usize))
    }
}

fn decode_rows(content: &[u8]) -> Result<BTreeMap<Key, Row>, Garbled> {
    let mut content = Decoder::new(content);
    let count = content.count()?;
    let mut rows = BTreeMap::new();
    for _ in 0..count {
        rows.insert(content.signed()?, content.list()?);
    }
    let whole = content.is_at_end() && rows.len() == count;
    whole.then_some(rows).ok_or(Garbled)
}

/// Checks the block at the start of `bytes`.
pub(super) fn check_block(
    bytes: &[u8],
    number: u64,
    index: u16,
    shape: &PageShape,
) -> Result<BlockHeader, PageProblem> {
    let damaged = PageProblem::Damaged { block: index };
    let block = bytes.get(..shape.block_size as usize).ok_or(damaged)?;
    let fields = Fields::read(block).map_err(|Garbled| damaged)?;
    if fields.magic == [0; 4] && block.iter().all(|byte| *byte == 0) {
        return Err(PageProblem::Blank);
    }
    if fields.magic != MAGIC || fields.checksum != crc32c::crc32c(&block[4..]) {
        return Err(damaged);
    }
    if fields.system != shape.system {
        return Err(PageProblem::OtherSystem { found: fields.system });
    }
    if (fields.page, fields.index) != (number, index) {
        let (found_page, found_block) = (fields.page, fields.index);
        return Err(PageProblem::Misdirected { block: index, found_page, found_block });
    }
    let blocks_possible = (1..=shape.most_blocks).contains(&fields.header.blocks);
    let content_possible = fields.header.content as usize <= block.len() - HEADER;
    if blocks_possible && content_possible { Ok(fields.header) } else { Err(PageProblem::Content) }
}

struct Fields {
    checksum: u32,
    magic: [u8; 4],
    system: u64,
    page: u64,
    index: u16,
    header: BlockHeader,
}

impl Fields {
    fn read(block: &[u8]) -> Result<Fields, Garbled> {
        let mut block = Decoder::new(block);
        let checksum = block.u32()?;
        let magic = block.raw(4)?.try_into().map_err(|_| Garbled)?;
        let (system, page) = (block.u64()?, block.u64()?);
        let (lsn, epoch) = (Lsn(block.u64()?), block.u64()?);
        let (process, index, blocks) = (block.u16()?, block.u16()?, block.u16()?);
        block.u16()?;
        let (incarnation, content) = (block.u32()?, block.u32()?);
        let stamp = PageStamp { lsn, epoch, writer: WriterTag { process, incarnation } };
        Ok(Fields { checksum, magic, system, page, index, header: BlockHeader { stamp, blocks, content } })
    }
}
