//! Where a database lies on its device.

use std::time::Duration;

use super::error::EngineError;
use crate::parts::area::Area;
use crate::parts::control::{CONTROL_LENGTH, ControlFile};
use crate::parts::pages::{DoubleWrite, PageShape, PageStore};
use crate::parts::wal::Log;
use crate::product::{Content, Region};
use crate::world::disk::{DeviceId, Disk};

/// Sizes of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineShape {
    /// The same in everything that belongs to this database.
    pub system: u64,
    /// Bytes of a log segment.
    pub segment_size: u64,
    /// How many segments the log has room for.
    pub segments: u64,
    /// Bytes of a block of a page.
    pub block_size: u64,
    /// How many blocks a page may grow to.
    pub most_blocks: u16,
    /// How many pages there are.
    pub pages: u64,
    /// How long replaying one record takes.
    pub replay_cost: Duration,
}

impl EngineShape {
    /// A database of `system`: 16 segments of 1 MiB, 32 pages of up to 32 blocks of 8 KiB, 20 microseconds a record.
    pub fn new(system: u64) -> Self {
        EngineShape {
            system,
            segment_size: 1 << 20,
            segments: 16,
            block_size: 8192,
            most_blocks: 32,
            pages: 32,
            replay_cost: Duration::from_micros(20),
        }
    }

    /// How its pages lie in their area.
    pub fn page_shape(&self) -> PageShape {
        let EngineShape { system, block_size, most_blocks, pages, .. } = *self;
        PageShape { system, block_size, most_blocks, pages }
    }
}

/// A part of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Its first byte.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
}

impl Extent {
    /// The first byte behind it.
    pub fn end(&self) -> u64 {
        self.offset + self.length
    }

    /// As one process reaches it.
    pub fn area(&self, disk: &Disk) -> Area {
        Area::new(disk.clone(), self.offset, self.length)
    }
}

/// What of a database is where on its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineLayout {
    /// The control page.
    pub control: Extent,
    /// The double-write area.
    pub double_write: Extent,
    /// The pages.
    pub pages: Extent,
    /// The log.
    pub log: Extent,
}

/// How many pages of full size fit into the double-write area.
const DOUBLE_WRITE_PAGES: u64 = 4;

impl EngineLayout {
    /// A database from byte `offset` of a device on, its areas one after the other.
    pub fn at(offset: u64, shape: &EngineShape) -> Self {
        let largest_page = shape.block_size * u64::from(shape.most_blocks);
        let control = Extent { offset, length: CONTROL_LENGTH };
        let double_write = Extent { offset: control.end(), length: 4096 + DOUBLE_WRITE_PAGES * largest_page };
        let pages = Extent { offset: double_write.end(), length: shape.page_shape().area_length() };
        let log = Extent { offset: pages.end(), length: shape.segments * shape.segment_size };
        EngineLayout { control, double_write, pages, log }
    }

    /// The first byte behind the database.
    pub fn end(&self) -> u64 {
        self.log.end()
    }

    /// Its areas for readers that come after the run, named `<prefix>wal`, `<prefix>pages`…
    pub fn regions(&self, device: DeviceId, prefix: &str) -> Vec<Region> {
        let region = |name: &str, extent: Extent, content| Region {
            name: format!("{prefix}{name}"),
            device,
            offset: extent.offset,
            length: extent.length,
            content,
        };
        vec![
            region("wal", self.log, Content::Log),
            region("pages", self.pages, Content::Pages),
            region("control", self.control, Content::Control),
            region("double-write", self.double_write, Content::Control),
        ]
    }
}

/// The storage of a database, as one process reaches it.
#[derive(Clone)]
pub struct EngineStorage {
    pub(super) shape: EngineShape,
    pub(super) disk: Disk,
    pub(super) log: Log,
    pub(super) pages: PageStore,
    pub(super) double_write: DoubleWrite,
    pub(super) control: ControlFile,
}

impl EngineStorage {
    /// The storage at `layout`; nothing is read yet.
    ///
    /// # Errors
    /// [`EngineError`] if sizes do not fit together.
    pub fn new(disk: &Disk, layout: &EngineLayout, shape: &EngineShape) -> Result<Self, EngineError> {
        Ok(EngineStorage {
            shape: *shape,
            disk: disk.clone(),
            log: Log::new(layout.log.area(disk), shape.system, shape.segment_size)?,
            pages: PageStore::new(layout.pages.area(disk), shape.page_shape())?,
            double_write: DoubleWrite::new(layout.double_write.area(disk)),
            control: ControlFile::new(layout.control.area(disk), shape.system),
        })
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The pages.
    pub fn pages(&self) -> &PageStore {
        &self.pages
    }
}
