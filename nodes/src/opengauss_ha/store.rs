//! A data directory as one process reaches it: log, pages, double-write file and `pg_control` on the node's own device.
//!
//! The log is also read and written as raw bytes here: that is what a walsender sends, a walreceiver writes, and what
//! makes two nodes' logs comparable byte by byte.

use std::collections::BTreeMap;

use thiserror::Error;

use super::pg_control::ControlData;
use crate::parts::area::Area;
use crate::parts::control::{ControlError, ControlFile, ControlPage};
use crate::parts::engine::{EngineError, EngineLayout, EngineShape};
use crate::parts::pages::{Buffer, DoubleWrite, PageError, PageStore};
use crate::parts::service::{Key, Row};
use crate::parts::wal::{Log, Lsn, Reader, Record, Stop, WalError, WriterTag};
use crate::world::device::IoError;
use crate::world::disk::{DeviceId, Disk};
use crate::world::process::Process;

/// Bytes of a segment before its first record: the format of [`crate::parts::wal`].
const SEGMENT_HEADER: u64 = 4096;
/// How much is cleared at a time.
const PIECE: u64 = 64 * 1024;

/// What can go wrong with a data directory.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// `pg_control` cannot be used.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// `pg_control` is whole and makes no sense, or was never written.
    #[error("pg_control does not describe a database: restore the data directory, or build it anew")]
    ControlContent,
    /// A page cannot be used.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The log cannot be written.
    #[error(transparent)]
    Log(#[from] WalError),
    /// Sizes do not fit together.
    #[error(transparent)]
    Shape(#[from] EngineError),
    /// The device fails.
    #[error("the device cannot be read or written: {0}")]
    Device(#[from] IoError),
    /// Recovery has to begin with a record that is not there.
    #[error("could not locate a valid checkpoint record at {redo}: {stop}")]
    NoCheckpoint {
        /// Where recovery has to begin.
        redo: Lsn,
        /// What is there instead.
        stop: Stop,
    },
    /// The log cannot be read, so that its end is unknown.
    #[error("the log cannot be read at {position}: {stop}")]
    Unreadable {
        /// Where.
        position: Lsn,
        /// How the device failed.
        stop: Stop,
    },
    /// Recovery ended before the pages are consistent.
    #[error("WAL ends before consistent recovery point: it ends at {end}, {needed} is needed")]
    EndsTooEarly {
        /// Where the log ends.
        end: Lsn,
        /// How far it must go.
        needed: Lsn,
    },
}

/// A data directory.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) disk: Disk,
    pub(super) layout: EngineLayout,
    pub(super) log: Log,
    pub(super) pages: PageStore,
    pub(super) double_write: DoubleWrite,
    pub(super) control: ControlFile,
}

impl Store {
    /// Opens it; nothing is read yet.
    pub(super) fn open(process: &Process, device: DeviceId, shape: &EngineShape) -> Result<Self, StoreError> {
        let (disk, layout) = (process.disk(device), EngineLayout::at(0, shape));
        Ok(Store {
            log: Log::new(layout.log.area(&disk), shape.system, shape.segment_size)?,
            pages: PageStore::new(layout.pages.area(&disk), shape.page_shape())?,
            double_write: DoubleWrite::new(layout.double_write.area(&disk)),
            control: ControlFile::new(layout.control.area(&disk), shape.system),
            disk,
            layout,
        })
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
        let sector = self.log.area().sector_size();
        let first = from - from % sector;
        let length = to.next_multiple_of(sector) - first;
        if length == 0 {
            return Ok(Vec::new());
        }
        let read = self.log.area().read(self.log.shape().place(first), length).await?;
        Ok(read[(from - first) as usize..(to - first) as usize].to_vec())
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

/// Writes received bytes of a log behind those a node has.
pub(super) struct Tail {
    area: Area,
    log: Log,
    /// The bytes of the sector that is not full yet.
    rest: Vec<u8>,
    rest_from: u64,
}

impl Tail {
    /// Goes on at `position`, which is the start of a segment or of a sector.
    pub(super) fn at(log: &Log, position: u64) -> Self {
        Tail { area: log.area().clone(), log: log.clone(), rest: Vec::new(), rest_from: position }
    }

    /// Where the next bytes go.
    pub(super) fn position(&self) -> u64 {
        self.rest_from + self.rest.len() as u64
    }

    /// Writes bytes that follow those before.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), IoError> {
        let sector = self.area.sector_size();
        let mut image = std::mem::take(&mut self.rest);
        image.extend_from_slice(bytes);
        let end = self.rest_from + image.len() as u64;
        let keep_from = end - end % sector;
        let kept = image[(keep_from - self.rest_from) as usize..].to_vec();
        image.resize(image.len().next_multiple_of(sector as usize), 0);
        let place = self.log.shape().place(self.rest_from);
        (self.rest, self.rest_from) = (kept, keep_from);
        self.area.write(place, image).await
    }

    /// Makes what was written durable.
    pub(super) async fn flush(&self) -> Result<(), IoError> {
        self.area.flush().await
    }
}
