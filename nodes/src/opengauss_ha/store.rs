//! A data directory as one process reaches it: log, pages, double-write file and `pg_control` on the node's own device.
//!
//! Places, errors and the raw bytes of a log are those of streaming replication everywhere. openGauss needs more of its
//! log than a stream does: a record at a position (the handshake compares one), the last valid record (a rewind walks
//! back from it), and to replace or forget the end of a log (a rewind does, on one timeline).

use std::collections::BTreeMap;
use std::ops::Deref;

use super::pg_control::ControlData;
use crate::parts::control::ControlPage;
use crate::parts::engine::EngineShape;
use crate::parts::pages::Buffer;
use crate::parts::service::{Key, Row};
use crate::parts::streaming_replication::{chunk, store};
use crate::parts::wal::{Lsn, Reader, Record, Stop, WriterTag};
use crate::world::device::IoError;
use crate::world::disk::DeviceId;
use crate::world::process::Process;

pub(super) use crate::parts::streaming_replication::chunk::Tail;
pub use crate::parts::streaming_replication::store::StoreError;

/// Bytes of a segment before its first record: the format of [`crate::parts::wal`].
const SEGMENT_HEADER: u64 = 4096;
/// How much is cleared at a time.
const PIECE: u64 = 64 * 1024;

/// A data directory.
#[derive(Clone)]
pub(super) struct Store {
    base: store::Store,
    pub(super) place: store::Place,
}

impl Deref for Store {
    type Target = store::Store;

    fn deref(&self) -> &store::Store {
        &self.base
    }
}

impl Store {
    /// Opens it; nothing is read yet.
    pub(super) fn open(process: &Process, device: DeviceId, shape: &EngineShape) -> Result<Self, StoreError> {
        let place = store::Place { device, shape: *shape, first_segment: 0 };
        Ok(Store { base: place.open(process)?, place })
    }

    /// initdb: a new database with `rows`. Every node makes the same one, byte for byte.
    pub(super) async fn create(&self, rows: &BTreeMap<Key, Row>) -> Result<(), StoreError> {
        let nobody = WriterTag { process: 0, incarnation: 0 };
        for page in Buffer::fresh(*self.pages.shape(), rows, Lsn::FIRST).take_dirty(1, nobody) {
            self.pages.write(&page).await?;
        }
        let mut first = self.log.shape().first_bytes();
        first.resize(first.len().next_multiple_of(4096), 0);
        self.log.area().write(0, first).await?;
        self.disk.flush().await?;
        self.write_control(1, &ControlData::NEW).await
    }

    /// `pg_control` with the version of its page.
    pub(super) async fn read_control(&self) -> Result<(u64, ControlData), StoreError> {
        let (page, _copy) = self.control.read().await?.ok_or(StoreError::ControlContent)?;
        let data = ControlData::decode(&page.payload).map_err(|_| StoreError::ControlContent)?;
        Ok((page.version, data))
    }

    /// Writes `pg_control`, durable when it returns.
    pub(super) async fn write_control(&self, version: u64, data: &ControlData) -> Result<(), StoreError> {
        Ok(self.control.write(&ControlPage { version, payload: data.encode() }).await?)
    }

    /// The record at a position, if a whole one is there.
    pub(super) async fn record_at(&self, position: Lsn) -> Result<Option<Record>, IoError> {
        if position.0 % self.log.shape().segment_size < SEGMENT_HEADER {
            return Ok(None);
        }
        match Reader::new(&self.log, position).next().await {
            Ok(record) => Ok(Some(record)),
            Err(Stop::Unreadable(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// The segments the device holds a header of.
    pub(super) async fn segments(&self) -> Result<Vec<u64>, IoError> {
        let shape = *self.log.shape();
        let sector = self.log.area().sector_size();
        let mut found = Vec::new();
        for place in 0..shape.segments {
            let head = self.log.area().read(place * shape.segment_size, sector.max(64)).await?;
            let number = head.get(16..24).and_then(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)));
            let is_header = head.starts_with(b"SIMRWAL1");
            found.extend(number.filter(|number| is_header && number % shape.segments == place));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The last valid record, looked for from the highest segment that holds one; and why nothing follows it.
    pub(super) async fn last_record(&self) -> Result<Option<(Record, Lsn, Stop)>, IoError> {
        for segment in self.segments().await?.into_iter().rev() {
            let first = Lsn(self.log.shape().segment_start(segment) + SEGMENT_HEADER);
            let mut reader = Reader::new(&self.log, first);
            let mut last = None;
            loop {
                match reader.next().await {
                    Ok(record) => last = Some(record),
                    Err(Stop::Unreadable(error)) => return Err(error),
                    Err(stop) => match last {
                        Some(last) => return Ok(Some((last, reader.position(), stop))),
                        None => break,
                    },
                }
            }
        }
        Ok(None)
    }

    /// How far the bytes of a log that ends at `end` reach: the header of a segment is written with its first record.
    pub(super) fn reach(&self, end: Lsn) -> u64 {
        let offset = end.0 % self.log.shape().segment_size;
        if offset == SEGMENT_HEADER { end.0 - SEGMENT_HEADER } else { end.0 }
    }

    /// The bytes of positions `from` to `to`, which lie in one segment.
    pub(super) async fn read_bytes(&self, from: u64, to: u64) -> Result<Vec<u8>, IoError> {
        chunk::read_bytes(&self.log, from, to).await
    }

    /// Puts bytes of the log in the place of what was there, and zeros behind them in the same segment: what was left of
    /// an older log there is gone. Durable when it returns.
    pub(super) async fn replace_bytes(&self, from: u64, bytes: Vec<u8>) -> Result<(), IoError> {
        let sector = self.log.area().sector_size();
        let end = from + bytes.len() as u64;
        let mut image = bytes;
        image.resize(image.len().next_multiple_of(sector as usize), 0);
        self.log.area().write(self.log.shape().place(from), image).await?;
        self.clear_behind(end.next_multiple_of(sector)).await?;
        self.log.area().flush().await
    }

    /// Writes zeros from a sector's start on, as far as anything was written in that segment.
    async fn clear_behind(&self, from: u64) -> Result<(), IoError> {
        let shape = *self.log.shape();
        let (mut at, until) = (from, from.next_multiple_of(shape.segment_size));
        while at < until {
            let length = PIECE.min(until - at);
            let read = self.log.area().read(shape.place(at), length).await?;
            if read.iter().all(|byte| *byte == 0) {
                break;
            }
            self.log.area().write(shape.place(at), vec![0; length as usize]).await?;
            at += length;
        }
        Ok(())
    }

    /// Forgets the log behind `end`: zeros in its segment, and no header of a later one. Durable when it returns.
    pub(super) async fn truncate_log(&self, end: u64) -> Result<(), IoError> {
        let shape = *self.log.shape();
        let sector = self.log.area().sector_size();
        let kept = self.read_bytes(end - end % sector, end).await?;
        self.replace_bytes(end - end % sector, kept).await?;
        for segment in self.segments().await? {
            if segment > end / shape.segment_size {
                self.remove_segment(segment).await?;
            }
        }
        self.log.area().flush().await
    }

    /// Makes a segment unreadable, as unlinking its file would.
    pub(super) async fn remove_segment(&self, segment: u64) -> Result<(), IoError> {
        let shape = self.log.shape();
        let start = shape.place(shape.segment_start(segment));
        self.log.area().write(start, vec![0; SEGMENT_HEADER as usize]).await
    }
}
