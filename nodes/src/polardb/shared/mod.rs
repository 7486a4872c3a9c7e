//! What is where on a disk of PolarDB, as bytes.
//!
//! The directory tree of the shared data directory (`base/`, `global/pg_control`, `pg_xact/`, `pg_replslot/`, `pg_wal/`)
//! and the internal files of PFS have a fixed place each, so that damage by a second writer can be seen at its first
//! sector. Which 4 MiB block of PFS a file has is in the journal of PFS; it does not move the bytes.
//!
//! | region | what | real name |
//! |---|---|---|
//! | `control` | one sector | `global/pg_control` |
//! | `clog` | pages of 8 KiB, two bits a transaction | `pg_xact/` |
//! | `slots` | one sector a slot | `pg_replslot/<name>/state` |
//! | `pfs` | leader record, then one sector an entry | `.pfs-paxos`, `.pfs-journal` |
//! | `fence` | two sectors, written by PG11 only | `RWID`, `DEATH` |
//! | `pages` | pages of 8 KiB blocks with LSN and checksum | `base/` |
//! | `wal` | the log | `pg_wal/` |

pub(super) mod clog;
pub(super) mod control;
pub(super) mod fence;
pub(super) mod journal;
pub(super) mod seal;
pub(super) mod slots;

use crate::parts::area::Area;
use crate::parts::pages::{PageError, PageShape, PageStore};
use crate::parts::wal::{Log, WalError};
use crate::product::{Content, Region};
use crate::world::disk::{DeviceId, Disk};

/// The same in everything that belongs to the database.
const SYSTEM: u64 = 0x0506_1510;
/// Bytes of a log segment; a real one has 16 MiB or more.
pub(super) const SEGMENT: u64 = 1 << 20;
const SEGMENTS: u64 = 128;
/// The largest sector a device can have: what must not share a sector is this far apart.
const SECTOR: u64 = 4096;

/// How data pages lie on the disk: blocks of 8 KiB, each of two PFS sectors, so that a page can be torn.
pub(super) const PAGES: PageShape = PageShape { system: SYSTEM, block_size: 8192, most_blocks: 32, pages: 32 };

/// What of a disk belongs to whom.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) control: Region,
    pub(super) clog: Region,
    pub(super) slots: Region,
    pub(super) pfs: Region,
    pub(super) fence: Region,
    pub(super) pages: Region,
    pub(super) wal: Region,
}

impl Layout {
    /// The layout of a device; names of regions begin with `prefix`.
    pub(super) fn on(device: DeviceId, prefix: &str) -> Self {
        let mut next = 0;
        let mut region = |name: &str, length: u64, content| {
            let offset = next;
            next += length;
            Region { name: format!("{prefix}{name}"), device, offset, length, content }
        };
        Layout {
            control: region("control", SECTOR, Content::Control),
            clog: region("clog", clog::LENGTH, Content::Control),
            slots: region("slots", slots::MOST * SECTOR, Content::Control),
            pfs: region("pfs", journal::LENGTH, Content::Control),
            fence: region("fence", 2 * SECTOR, Content::Control),
            pages: region("pages", PAGES.area_length(), Content::Pages),
            wal: region("wal", SEGMENTS * SEGMENT, Content::Log),
        }
    }

    /// How many bytes a device needs.
    pub(super) fn length() -> u64 {
        let layout = Layout::on(DeviceId(0), "");
        layout.wal.offset + layout.wal.length
    }

    /// Every region.
    pub(super) fn regions(&self) -> [&Region; 7] {
        [&self.wal, &self.pages, &self.control, &self.clog, &self.slots, &self.pfs, &self.fence]
    }
}

/// A disk of PolarDB, as one process reaches it.
#[derive(Clone)]
pub(super) struct Storage {
    pub(super) disk: Disk,
    pub(super) log: Log,
    pub(super) pages: PageStore,
    pub(super) control: Area,
    pub(super) clog: Area,
    pub(super) slots: Area,
    pub(super) pfs: Area,
    pub(super) fence: Area,
}

impl Storage {
    /// The storage behind `disk`; nothing is read yet.
    ///
    /// # Panics
    /// Never: the sizes of the layout fit together, which a test shows.
    pub(super) fn new(disk: &Disk, layout: &Layout) -> Self {
        let area = |region: &Region| Area::new(disk.clone(), region.offset, region.length);
        let opened: Result<(Log, PageStore), Unfit> = open(area(&layout.wal), area(&layout.pages));
        let (log, pages) = opened.unwrap_or_else(|error| unreachable!("the layout of PolarDB does not fit: {error:?}"));
        Storage {
            disk: disk.clone(),
            log,
            pages,
            control: area(&layout.control),
            clog: area(&layout.clog),
            slots: area(&layout.slots),
            pfs: area(&layout.pfs),
            fence: area(&layout.fence),
        }
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "read by the message of a mistake that cannot happen")]
enum Unfit {
    Wal(WalError),
    Pages(PageError),
}

fn open(wal: Area, pages: Area) -> Result<(Log, PageStore), Unfit> {
    let log = Log::new(wal, SYSTEM, SEGMENT).map_err(Unfit::Wal)?;
    let pages = PageStore::new(pages, PAGES).map_err(Unfit::Pages)?;
    Ok((log, pages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_follow_each_other_and_end_where_the_device_must() {
        let layout = Layout::on(DeviceId(0), "");
        let mut regions = layout.regions().to_vec();
        regions.sort_by_key(|region| region.offset);
        for pair in regions.windows(2) {
            assert_eq!(pair[0].offset + pair[0].length, pair[1].offset);
        }
        assert!(layout.regions().iter().all(|region| region.offset % SECTOR == 0 && region.length % SECTOR == 0));
        assert_eq!(Layout::length(), layout.wal.offset + layout.wal.length);
    }
}
