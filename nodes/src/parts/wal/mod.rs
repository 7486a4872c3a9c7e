//! The write-ahead log: checksummed records in segments on a block device, and what a crash left of them.
//!
//! Every product keeps its commits here, so that one reader (a checker after the run) can tell for all of them
//! whether the log is whole and whether an acknowledged commit is in it. [`Writer`] appends with group commit,
//! [`Reader`] and [`recover`] read up to the first byte that cannot be believed.
//!
//! It does not archive, stream, or decide who may write: two writers on one log damage it, as in life.
//!
//! # Format
//!
//! All integers are little-endian; *varint*, *signed* and *list* are those of [`crate::parts::encoding`]; every
//! checksum is CRC32C (Castagnoli).
//!
//! **Positions.** A log is a sequence of segments of [`Shape::segment_size`] bytes (`S`, a multiple of 4096), counted
//! from 0 for ever. A position ([`Lsn`]) is a byte position in that sequence: position `p` lies in segment `p / S`.
//! The area on the device has room for `N` whole segments; position `p` is byte `p % (N * S)` of the area, so that
//! segment `k` overwrites segment `k - N`. Position 0 is never that of a record and means "none".
//!
//! **Segment header.** The first 4096 bytes of a segment belong to its header, of which 64 are used (the rest is
//! zero); the first record of segment `k` is at `k * S + 4096`.
//!
//! | offset | size | what |
//! |---|---|---|
//! | 0 | 8 | magic: `SIMRWAL1` |
//! | 8 | 8 | system id: the same in everything that belongs to one database |
//! | 16 | 8 | segment number `k` |
//! | 24 | 8 | segment size `S` |
//! | 32 | 8 | epoch of the writer that began the segment |
//! | 40 | 20 | reserved: zero |
//! | 60 | 4 | CRC32C of bytes 0 to 60 |
//!
//! **Record.** A record begins at a multiple of 8 and never crosses the end of a segment.
//!
//! | offset | size | what |
//! |---|---|---|
//! | 0 | 4 | length `L` in bytes: the 56 of this header and the payload, without the padding behind it |
//! | 4 | 4 | CRC32C of bytes 0 to 4 followed by bytes 8 to `L` |
//! | 8 | 8 | its own position |
//! | 16 | 8 | position of the record before it; 0 for the first of the log |
//! | 24 | 4 | checksum (the field at offset 4) of the record before it; 0 for the first of the log |
//! | 28 | 2 | kind, see below |
//! | 30 | 2 | the writing process: its number in the world |
//! | 32 | 4 | the writer's incarnation |
//! | 36 | 4 | reserved: zero |
//! | 40 | 8 | epoch: the term, timeline or reform version it was written under |
//! | 48 | 4 | transaction: the client; both parts 0 mean that the record belongs to no transaction |
//! | 52 | 4 | transaction: the client's count |
//! | 56 | `L` - 56 | payload |
//!
//! The checksum of the record before makes a chain: a record that an older writer left behind the end of the log can
//! never follow a record it was not written after.
//!
//! **Where the next record is.** Behind a record at `p` with length `L` comes `n = (p + L)` rounded up to 8. If the
//! record's kind is *end of segment*, or fewer than 56 bytes are left from `n` to the end of the segment, the next
//! record is the first of the next segment; otherwise it is at `n`. Bytes that are skipped this way mean nothing.
//!
//! **Kinds and payloads.** A payload that does not end exactly where its kind says is not valid.
//!
//! | kind | name | payload |
//! |---|---|---|
//! | 1 | commit | varint count of rows; for each: signed key, list of its values (the whole row after the commit) |
//! | 2 | checkpoint | u64 redo position: pages hold everything before it |
//! | 3 | end of segment | nothing |
//! | 256 and up | the product's own | opaque |
//!
//! **The end.** A log read from some position ends at the first place where the segment header is not valid or not
//! that of this segment and system, or where the record is not valid: length 0 (nothing there), smaller than 56 or
//! beyond the segment, wrong checksum, a position not its own, not chained to the record before (the first record
//! read is not held to this, unless it is the first of the log), or a kind or payload that cannot be.

mod log;
mod reader;
mod record;
mod segment;
mod writer;

pub use log::{Log, LogEnd, Lsn, Shape, WalError};
pub use reader::{Reader, Recovered, Stop, recover};
pub use record::{Body, Record, RowChange, WriterTag};
pub use segment::HeaderProblem;
pub use writer::{Appended, Writer};

#[cfg(test)]
mod tests;
