//! Where everything of a node lies on its own device, and how a new database gets there.

use std::collections::BTreeMap;

use thiserror::Error;

use super::control::{ControlData, DatabaseState};
use super::names::Timeline;
use crate::parts::control::{ControlError, ControlFile, ControlPage};
use crate::parts::engine::{EngineError, EngineLayout, EngineShape};
use crate::parts::pages::{Buffer, DoubleWrite, PageError, PageStore};
use crate::parts::service::{Key, Row};
use crate::parts::wal::{Log, Lsn, Stop, WalError, WriterTag};
use crate::product::{Content, Region};
use crate::world::device::IoError;
use crate::world::disk::{DeviceId, Disk};
use crate::world::process::Process;

/// What can go wrong under a server.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The control page cannot be used.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The control page is whole and makes no sense.
    #[error("the control page does not describe a database")]
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
    #[error("could not locate a valid checkpoint record at {redo}: {why}")]
    NoCheckpoint {
        /// Where recovery has to begin.
        redo: Lsn,
        /// What is there instead.
        why: String,
    },
    /// Recovery ended before the pages are consistent.
    #[error("WAL ends at {end}, before the consistent recovery point {needed}")]
    EndsTooEarly {
        /// Where the log ends.
        end: Lsn,
        /// How far it must go.
        needed: Lsn,
    },
    /// The log cannot be read, so that its end is unknown.
    #[error("the log cannot be read at {position}: {stop}")]
    Unreadable {
        /// Where.
        position: Lsn,
        /// How the device failed.
        stop: Stop,
    },
}

/// Where a node's database lies.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its device.
    pub device: DeviceId,
    /// Sizes.
    pub shape: EngineShape,
    /// The first segment of a new database.
    pub first_segment: u64,
}

impl Place {
    /// The areas on the device.
    pub fn layout(&self) -> EngineLayout {
        EngineLayout::at(0, &self.shape)
    }

    /// For readers that come after the run: `sys_wal of node1` and so on. A log that only repeats another node's, or
    /// that was left behind at a fork, is a copy.
    pub fn regions(&self, node: &str, is_copy: bool) -> Vec<Region> {
        let named = |region: Region| {
            let name = match region.name.as_str() {
                "wal" => format!("sys_wal of {node}"),
                other => format!("{other} of {node}"),
            };
            let content = match region.content {
                Content::Log if is_copy => Content::LogCopy,
                other => other,
            };
            Region { name, content, ..region }
        };
        self.layout().regions(self.device, "").into_iter().map(named).collect()
    }

    /// Opens it in a process; nothing is read yet.
    ///
    /// # Errors
    /// [`StoreError`] if sizes do not fit together.
    pub fn open(&self, process: &Process) -> Result<Store, StoreError> {
        let (disk, layout) = (process.disk(self.device), self.layout());
        Ok(Store {
            log: Log::new(layout.log.area(&disk), self.shape.system, self.shape.segment_size)?,
            pages: PageStore::new(layout.pages.area(&disk), self.shape.page_shape())?,
            double_write: DoubleWrite::new(layout.double_write.area(&disk)),
            control: ControlFile::new(layout.control.area(&disk), self.shape.system),
            disk,
        })
    }
}

/// A node's database as one process reaches it.
#[derive(Clone)]
pub struct Store {
    /// The device.
    pub disk: Disk,
    /// `sys_wal`.
    pub log: Log,
    /// The pages.
    pub pages: PageStore,
    /// The double-write area.
    pub double_write: DoubleWrite,
    /// The control page.
    pub control: ControlFile,
}

impl Store {
    /// Reads the control page with its version; `None` if there is no database.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read or makes no sense.
    pub async fn read_control(&self) -> Result<Option<(u64, ControlData)>, StoreError> {
        let Some((page, _copy)) = self.control.read().await? else { return Ok(None) };
        let data = ControlData::decode(&page.payload).map_err(|_| StoreError::ControlContent)?;
        Ok(Some((page.version, data)))
    }

    /// Writes the control page.
    ///
    /// # Errors
    /// [`StoreError`] if the device fails.
    pub async fn write_control(&self, version: u64, data: &ControlData) -> Result<(), StoreError> {
        Ok(self.control.write(&ControlPage { version, payload: data.encode() }).await?)
    }

    /// Writes a new database with `rows`: pages, a segment with one checkpoint, the control page last.
    ///
    /// # Errors
    /// [`StoreError`] if the rows do not fit or the device fails.
    pub async fn format(
        &self,
        segment: u64,
        timeline: Timeline,
        rows: &BTreeMap<Key, Row>,
        state: DatabaseState,
    ) -> Result<ControlData, StoreError> {
        let redo = self.log.shape().first_record_of(segment);
        let nobody = WriterTag { process: 0, incarnation: 0 };
        for page in Buffer::fresh(*self.pages.shape(), rows, redo).take_dirty(timeline, nobody) {
            self.pages.write(&page).await?;
        }
        let mut first = self.log.shape().first_bytes_of(segment, timeline);
        first.resize(first.len().next_multiple_of(4096), 0);
        let place = self.log.shape().place(self.log.shape().segment_start(segment));
        self.log.area().write(place, first).await?;
        self.log.area().flush().await?;
        let data = ControlData { state, timeline, checkpoint: redo, redo, minimum_recovery: redo };
        self.write_control(1, &data).await?;
        Ok(data)
    }
}
