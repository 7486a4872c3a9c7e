//! Data pages: the rows of a database in checksummed pages on a block device.
//!
//! Rows are hashed to pages. A page has one number, one LSN and one owner, and is made of as many blocks as its rows
//! need; its blocks lie side by side, so that nothing has to be allotted and nothing can be lost between pages.
//! Reading checks every block: damage, a block of another page (a misdirected write), blocks of different writes
//! (a torn page).
//!
//! [`PageStore`] reads and writes pages, [`Buffer`] knows which of them changed and writes them out in the one order
//! that survives a crash (log first, then the double-write area, then the page's own place). Who may write which page
//! is not decided here.
//!
//! # Format
//!
//! Integers are little-endian; *varint*, *signed* and *list* are those of [`crate::parts::encoding`]; every checksum
//! is CRC32C.
//!
//! **Place.** Page `p` has the [`PageShape::most_blocks`] blocks (`M`) from byte `p * M * B` of the area on, where `B`
//! is [`PageShape::block_size`]; it uses the first of them. Key `k` is on page `mix(k) % pages`, with the key as a
//! two's complement 64-bit word and [`mix`](crate::world::digest::mix) the SplitMix64 finaliser.
//!
//! **Block.**
//!
//! | offset | size | what |
//! |---|---|---|
//! | 0 | 4 | CRC32C of bytes 4 to `B` |
//! | 4 | 4 | magic: `SPAG` |
//! | 8 | 8 | system id |
//! | 16 | 8 | page number |
//! | 24 | 8 | LSN: every record of the log that begins before it and touches the page is in the page |
//! | 32 | 8 | epoch under which it was written |
//! | 40 | 2 | the writing process: its number in the world |
//! | 42 | 2 | which block of the page this is, from 0 |
//! | 44 | 2 | how many blocks the page has |
//! | 46 | 2 | reserved: zero |
//! | 48 | 4 | the writer's incarnation |
//! | 52 | 4 | bytes of content in this block, at most `B` - 64 |
//! | 56 | 8 | reserved: zero |
//! | 64 | | content, then zeros |
//!
//! The content of a page is that of its blocks, one after the other: varint count of rows, then for each a signed key
//! and the list of its values, by rising key.
//!
//! **Double-write area.** Before pages are written to their places, copies of them are written here and flushed. A
//! page torn in its place is whole here.
//!
//! | offset | size | what |
//! |---|---|---|
//! | 0 | 8 | magic: `SIMRDBW1` |
//! | 8 | 4 | CRC32C of bytes 12 to `4096 + n * B`, `n` the number of blocks of all copies |
//! | 12 | 4 | how many copies |
//! | 16 | 8 | system id |
//! | 24 | 4 | `n` |
//! | 4096 | | the blocks of the copies, one after the other |
//!
//! A batch whose checksum does not match was never complete, and no page had been written to its place yet.

mod block;
mod buffer;
mod double_write;
mod store;

pub use block::{Page, PageProblem, PageStamp};
pub use buffer::Buffer;
pub use double_write::DoubleWrite;
pub use store::{PageError, PageShape, PageStore};

#[cfg(test)]
mod tests;
