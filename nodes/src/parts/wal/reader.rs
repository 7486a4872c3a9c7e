//! Reading a log up to the first byte that cannot be believed.

use thiserror::Error;

use super::log::{Log, LogEnd, Lsn};
use super::record::{self, Body, HEADER, Record};
use super::segment::{self, HeaderProblem};
use crate::world::device::{IoError, SharedBytes};

/// How many bytes are read ahead.
const READ_AHEAD: u64 = 64 * 1024;

/// Why nothing more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Stop {
    /// Zeros: the usual end of a log.
    #[error("nothing was written here")]
    Nothing,
    /// The segment is not this log's, or not yet.
    #[error("segment {segment}: {problem}")]
    Segment {
        /// Which segment was looked for.
        segment: u64,
        /// What is wrong with it.
        problem: HeaderProblem,
    },
    /// The length cannot be that of a record here.
    #[error("{length} bytes cannot be the length of a record here")]
    Length {
        /// What the length field says.
        length: u32,
    },
    /// The checksum does not match: torn, rotten, or the rest of something older.
    #[error("the checksum of the record does not match")]
    Checksum,
    /// The record belongs to another place.
    #[error("the record belongs to position {claims}")]
    Misplaced {
        /// Where it says it is.
        claims: Lsn,
    },
    /// The record was not written behind the one before it.
    #[error("the record was written behind the one at {claims}, not the one before it here")]
    Unchained {
        /// The position it says the record before it has.
        claims: Lsn,
    },
    /// The record is whole, and cannot be understood.
    #[error("a record of kind {kind} with a payload that makes no sense")]
    Body {
        /// Its kind.
        kind: u16,
    },
    /// The device could not read. What follows is unknown, which is not the same as nothing.
    #[error("the log cannot be read: {0}")]
    Unreadable(IoError),
}

impl Stop {
    /// Whether this can be the end that a crash leaves, as opposed to a device that does not answer.
    pub fn is_an_end(self) -> bool {
        !matches!(self, Stop::Unreadable(_))
    }
}

/// Reads record after record.
pub struct Reader {
    log: Log,
    position: Lsn,
    /// The record before `position`, if it is known.
    previous: Option<(Lsn, u32)>,
    checked_segment: Option<u64>,
    buffer: SharedBytes,
    buffer_from: u64,
}

impl Reader {
    /// Reads from `from` on, which must be the position of a record. The first record read is believed whatever it
    /// says of the one before it, unless it is the first of the log.
    pub fn new(log: &Log, from: Lsn) -> Self {
        Self::at(log, from, (from == Lsn::FIRST).then_some((Lsn::NONE, 0)))
    }

    /// Reads what comes behind a known end.
    pub fn after(log: &Log, end: &LogEnd) -> Self {
        Self::at(log, end.end, Some((end.last, end.last_checksum)))
    }

    fn at(log: &Log, position: Lsn, previous: Option<(Lsn, u32)>) -> Self {
        let (log, buffer) = (log.clone(), SharedBytes::from(Vec::new()));
        Reader { log, position, previous, checked_segment: None, buffer, buffer_from: 0 }
    }

    /// Where the next record would be.
    pub fn position(&self) -> Lsn {
        self.position
    }

    /// Where the log ends, as far as it was read.
    pub fn end(&self) -> LogEnd {
        let (last, last_checksum) = self.previous.unwrap_or((Lsn::NONE, 0));
        LogEnd { end: self.position, last, last_checksum }
    }

    /// The next record. After a [`Stop`] the same place can be tried again: it is read anew from the device, where a
    /// writer may have gone on.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn next(&mut self) -> Result<Record, Stop> {
        let read = self.read_record().await;
        if read.is_err() {
            self.buffer = SharedBytes::from(Vec::new());
            self.checked_segment = None;
        }
        read
    }

    async fn read_record(&mut self) -> Result<Record, Stop> {
        let shape = *self.log.shape();
        self.check_segment().await?;
        let start = self.position.0;
        let room = shape.segment_end(self.position) - start;
        self.load(start, HEADER as u64, READ_AHEAD).await?;
        let length = record::claimed_length(self.bytes(start), room)?;
        self.load(start, length as u64, READ_AHEAD).await?;
        let record = record::decode(&self.bytes(start)[..length], self.position)?;
        self.check_chain(&record)?;
        self.previous = Some((record.lsn, record.checksum));
        self.position = match record.body {
            Body::SegmentEnd => shape.next_segment(record.lsn),
            _ => shape.following(record.lsn, length as u64),
        };
        Ok(record)
    }

    fn check_chain(&self, record: &Record) -> Result<(), Stop> {
        match self.previous {
            Some(previous) if previous != (record.previous, record.previous_checksum) => {
                Err(Stop::Unchained { claims: record.previous })
            }
            _ => Ok(()),
        }
    }

    async fn check_segment(&mut self) -> Result<(), Stop> {
        let shape = *self.log.shape();
        let segment = shape.segment_of(self.position);
        if self.checked_segment == Some(segment) {
            return Ok(());
        }
        let start = shape.segment_start(segment);
        let at_its_beginning = shape.segment_start(segment) + READ_AHEAD > self.position.0;
        let ahead = if at_its_beginning { READ_AHEAD } else { 0 };
        self.load(start, segment::LENGTH as u64, ahead).await?;
        segment::check(self.bytes(start), &shape, segment).map_err(|problem| Stop::Segment { segment, problem })?;
        self.checked_segment = Some(segment);
        Ok(())
    }

    /// Makes sure that `length` bytes from `from` on are in the buffer, and reads `ahead` bytes if it has to read.
    async fn load(&mut self, from: u64, length: u64, ahead: u64) -> Result<(), Stop> {
        let held = self.buffer_from..self.buffer_from + self.buffer.len() as u64;
        if held.start <= from && from + length <= held.end {
            return Ok(());
        }
        let (sector, shape) = (self.log.area.sector_size(), self.log.shape());
        let first = from - from % sector;
        let end = (from + length.max(ahead)).next_multiple_of(sector).min(shape.segment_end(Lsn(from)));
        let read = self.log.area.read(shape.place(first), end - first).await;
        self.buffer = read.map_err(Stop::Unreadable)?;
        self.buffer_from = first;
        if from + length > end {
            return Err(Stop::Length { length: u32::try_from(length).unwrap_or(u32::MAX) });
        }
        Ok(())
    }

    /// The buffered bytes from a position on.
    fn bytes(&self, from: u64) -> &[u8] {
        usize::try_from(from - self.buffer_from).ok().and_then(|at| self.buffer.get(at..)).unwrap_or_default()
    }
}

/// What was found in a log.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The records, in order.
    pub records: Vec<Record>,
    /// Where the log ends.
    pub end: LogEnd,
    /// Why it ends there.
    pub stop: Stop,
}

/// Reads a log from `from` to its end.
pub async fn recover(log: &Log, from: Lsn) -> Recovered {
    let mut reader = Reader::new(log, from);
    let mut records = Vec::new();
    loop {
        match reader.next().await {
            Ok(record) => records.push(record),
            Err(stop) => return Recovered { records, end: reader.end(), stop },
        }
    }
}
