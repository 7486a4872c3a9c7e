//! Raw bytes of a log: what a walsender reads from its device and a walreceiver writes to its own.
//!
//! A chunk holds whole records. It begins with the header of the segment if its first record is the segment's first, so
//! that a standby's device comes to hold the same bytes as the primary's.

use super::messages::Bytes;
use crate::parts::area::Area;
use crate::parts::wal::{Log, Lsn};
use crate::world::device::IoError;

/// Bytes of a record before its payload, and of a segment before its first record: the format of [`crate::parts::wal`].
const RECORD_HEADER: u64 = 56;
const SEGMENT_HEADER: u64 = 4096;
const SEGMENT_END: u16 = 3;
/// How much is read and sent at a time.
const MOST: u64 = 64 * 1024;

/// Some records as bytes.
pub(super) struct Chunk {
    /// The position of the first byte.
    pub from: u64,
    /// The bytes.
    pub bytes: Bytes,
    /// Where the record behind them begins.
    pub next: Lsn,
}

/// Reads records from `from` on, none that begins at `to` or later; `None` if there is no whole record, which means
/// that the log is damaged: everything before `to` was flushed.
pub(super) async fn read(log: &Log, from: Lsn, to: Lsn) -> Result<Option<Chunk>, IoError> {
    let shape = log.shape();
    let segment_end = shape.segment_end(from);
    let begins_segment = from.0 % shape.segment_size == SEGMENT_HEADER;
    let start = if begins_segment { from.0 - SEGMENT_HEADER } else { from.0 };
    let mut most = MOST;
    loop {
        let until = segment_end.min(to.0).min(start + most);
        let bytes = read_bytes(log, start, until).await?;
        let (end, next) = whole_records(&bytes, start, from, to, segment_end);
        if end > from.0 {
            let kept = bytes[..(end - start) as usize].to_vec();
            return Ok(Some(Chunk { from: start, bytes: Bytes::from(kept), next }));
        }
        if until == segment_end.min(to.0) {
            return Ok(None);
        }
        most *= 4;
    }
}

/// Where the last whole record ends, and where the next begins.
fn whole_records(bytes: &[u8], start: u64, from: Lsn, to: Lsn, segment_end: u64) -> (u64, Lsn) {
    let (mut end, mut position) = (from.0, from.0);
    while position < to.0 {
        let at = (position - start) as usize;
        let Some(header) = bytes.get(at..at + RECORD_HEADER as usize) else { break };
        let length = u64::from(u32::from_le_bytes([header[0], header[1], header[2], header[3]]));
        if length < RECORD_HEADER || at as u64 + length > bytes.len() as u64 {
            break;
        }
        end = position + length;
        let following = end.next_multiple_of(8);
        let kind = u16::from_le_bytes([header[28], header[29]]);
        if kind == SEGMENT_END || following + RECORD_HEADER > segment_end {
            return (end, Lsn(segment_end + SEGMENT_HEADER));
        }
        position = following;
    }
    (end, Lsn(end.next_multiple_of(8)))
}

/// Reads the bytes of some positions of one segment.
///
/// # Errors
/// [`IoError`] of the device.
pub async fn read_bytes(log: &Log, from: u64, to: u64) -> Result<Vec<u8>, IoError> {
    let sector = log.area().sector_size();
    let first = from - from % sector;
    let length = to.next_multiple_of(sector) - first;
    if length == 0 {
        return Ok(Vec::new());
    }
    let read = log.area().read(log.shape().place(first), length).await?;
    Ok(read[(from - first) as usize..(to - first) as usize].to_vec())
}

/// A segment's bytes up to the last one that is not zero, as a file that is copied has them.
pub(super) async fn read_segment(log: &Log, segment: u64, end: u64) -> Result<Vec<u8>, IoError> {
    let shape = log.shape();
    let start = shape.segment_start(segment);
    let stop = end.clamp(start, start + shape.segment_size);
    let mut bytes = Vec::new();
    let mut at = start;
    while at < stop {
        let until = (at + MOST).min(stop);
        let read = read_bytes(log, at, until).await?;
        let is_blank = read.iter().all(|byte| *byte == 0);
        bytes.extend(read);
        if is_blank {
            break;
        }
        at = until;
    }
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(bytes)
}

/// Writes received bytes behind those a node has.
pub struct Tail {
    area: Area,
    log: Log,
    /// The bytes of the sector that is not full yet.
    rest: Vec<u8>,
    rest_from: u64,
}

impl Tail {
    /// Goes on at `position`: the bytes of its sector before it are kept.
    ///
    /// # Errors
    /// [`IoError`] of the device.
    pub async fn open(log: &Log, position: Lsn) -> Result<Self, IoError> {
        let sector = log.area().sector_size();
        let begins_segment = position.0 % log.shape().segment_size == SEGMENT_HEADER;
        let at = if begins_segment { position.0 - SEGMENT_HEADER } else { position.0 };
        let rest_from = at - at % sector;
        let rest = read_bytes(log, rest_from, at).await?;
        Ok(Tail { area: log.area().clone(), log: log.clone(), rest, rest_from })
    }

    /// Where the next bytes go.
    pub fn position(&self) -> u64 {
        self.rest_from + self.rest.len() as u64
    }

    /// Writes bytes that begin at `from`, which is where the last ones ended, give or take the padding of a record.
    ///
    /// # Errors
    /// [`IoError`] of the device.
    pub async fn write(&mut self, from: u64, bytes: &[u8]) -> Result<(), IoError> {
        let sector = self.area.sector_size();
        if from < self.rest_from || from > self.rest_from + self.rest.len() as u64 + sector {
            self.rest.clear();
            self.rest_from = from - from % sector;
        }
        self.rest.resize((from - self.rest_from) as usize, 0);
        let mut image = std::mem::take(&mut self.rest);
        image.extend_from_slice(bytes);
        let end = self.rest_from + image.len() as u64;
        let keep_from = end - end % sector;
        let kept = image[(keep_from - self.rest_from) as usize..].to_vec();
        image.resize(image.len().next_multiple_of(sector as usize), 0);
        self.area.write(self.log.shape().place(self.rest_from), image).await?;
        (self.rest, self.rest_from) = (kept, keep_from);
        Ok(())
    }

    /// Makes what was written durable.
    ///
    /// # Errors
    /// [`IoError`] of the device.
    pub async fn flush(&self) -> Result<(), IoError> {
        self.area.flush().await
    }
}
