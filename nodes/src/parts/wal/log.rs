//! Where a log is and how it is cut into segments.

use std::fmt;

use thiserror::Error;

use super::record::{self, HEADER};
use crate::parts::area::Area;
use crate::world::device::IoError;

/// Bytes of a segment that belong to its header: the largest sector there is, so that no record shares one with it.
pub(super) const HEADER_BLOCK: u64 = 4096;
/// What the position of every record is a multiple of.
pub(super) const ALIGNMENT: u64 = 8;

/// A position in a log; 0 means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl Lsn {
    /// No position.
    pub const NONE: Lsn = Lsn(0);
    /// Where the first record of every log is.
    pub const FIRST: Lsn = Lsn(HEADER_BLOCK);
}

impl fmt::Display for Lsn {
    /// High and low half in hexadecimal, as PostgreSQL and its children print it: `0/16B3748`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

impl From<Lsn> for crate::world::trace::Value {
    fn from(lsn: Lsn) -> Self {
        lsn.0.into()
    }
}

/// How a log is cut into segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The same in everything that belongs to one database.
    pub system: u64,
    /// Bytes per segment.
    pub segment_size: u64,
    /// How many segments the area holds before the first is overwritten.
    pub segments: u64,
}

impl Shape {
    /// The segment a position lies in.
    pub fn segment_of(&self, position: Lsn) -> u64 {
        position.0 / self.segment_size
    }

    /// The first byte of a segment, as a position.
    pub fn segment_start(&self, segment: u64) -> u64 {
        segment * self.segment_size
    }

    /// The first byte behind the segment a position lies in.
    pub fn segment_end(&self, position: Lsn) -> u64 {
        self.segment_start(self.segment_of(position) + 1)
    }

    /// Where in the area a position is.
    pub fn place(&self, position: u64) -> u64 {
        position % (self.segments * self.segment_size)
    }

    /// Where the record behind one that begins at `start`, has `length` bytes and does not end its segment begins.
    pub fn following(&self, start: Lsn, length: u64) -> Lsn {
        let next = (start.0 + length).next_multiple_of(ALIGNMENT);
        let end = self.segment_end(start);
        match next + HEADER as u64 <= end {
            true => Lsn(next),
            false => Lsn(end + HEADER_BLOCK),
        }
    }

    /// The first record of the segment behind the one a position lies in.
    pub fn next_segment(&self, position: Lsn) -> Lsn {
        Lsn(self.segment_end(position) + HEADER_BLOCK)
    }

    /// The bytes a new log begins with: one checkpoint, from which recovery begins. It has no writer and epoch 0.
    pub fn first_bytes(&self) -> Vec<u8> {
        record::first_segment(self, 0, 0)
    }

    /// The same for a log that begins with another segment than 0, under `epoch`: what a database looks like that has
    /// been used before and has forgotten its oldest segments.
    pub fn first_bytes_of(&self, segment: u64, epoch: u64) -> Vec<u8> {
        record::first_segment(self, segment, epoch)
    }

    /// The first record of a segment.
    pub fn first_record_of(&self, segment: u64) -> Lsn {
        Lsn(self.segment_start(segment) + HEADER_BLOCK)
    }

    /// The largest record a segment can hold.
    pub fn largest_record(&self) -> u64 {
        self.segment_size - HEADER_BLOCK
    }
}

/// A log on a device, as one process reaches it.
#[derive(Clone)]
pub struct Log {
    pub(super) area: Area,
    pub(super) shape: Shape,
}

impl Log {
    /// A log of the database `system` in `area`.
    ///
    /// # Errors
    /// [`WalError::Shape`] unless the segment size is a multiple of 4096 of at least 8192 and two segments fit.
    pub fn new(area: Area, system: u64, segment_size: u64) -> Result<Self, WalError> {
        let segments = area.length().checked_div(segment_size).unwrap_or(0);
        let whole = segment_size.is_multiple_of(HEADER_BLOCK) && segment_size >= 2 * HEADER_BLOCK;
        if !whole || segments < 2 {
            return Err(WalError::Shape { segment_size, area: area.length() });
        }
        Ok(Log { area, shape: Shape { system, segment_size, segments } })
    }

    /// How it is cut into segments.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Where it is.
    pub fn area(&self) -> &Area {
        &self.area
    }
}

/// Where a log ends: what a writer must know to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEnd {
    /// Where the next record goes.
    pub end: Lsn,
    /// Where the last record is; [`Lsn::NONE`] if there is none.
    pub last: Lsn,
    /// The checksum of the last record.
    pub last_checksum: u32,
}

impl LogEnd {
    /// The end of a log in which nothing was written.
    pub const EMPTY: LogEnd = LogEnd { end: Lsn::FIRST, last: Lsn::NONE, last_checksum: 0 };
}

/// What can be wrong with a log or its writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WalError {
    /// The area cannot hold a log with such segments.
    #[error(
        "an area of {area} bytes holds no log with segments of {segment_size}: use a multiple of 4096, at least \
         8192, and room for two"
    )]
    Shape {
        /// Bytes per segment.
        segment_size: u64,
        /// Bytes of the area.
        area: u64,
    },
    /// The device failed under the writer. What of the log is on the device is unknown, and trying again could only
    /// hide that: the process must crash and recover.
    #[error("the log cannot be written: {0}; this process must end and recover from the device")]
    Failed(IoError),
    /// The writer was closed.
    #[error("the log writer was closed")]
    Closed,
    /// Every segment still holds records that are needed.
    #[error("no room in the log: all segments from position {needed} on are still needed, a checkpoint must free some")]
    Full {
        /// The oldest position that is still needed.
        needed: Lsn,
    },
    /// A record has more bytes than a segment.
    #[error("a record of {length} bytes does not fit into a segment that holds {most}")]
    TooLarge {
        /// Its length.
        length: u64,
        /// The largest length.
        most: u64,
    },
}
