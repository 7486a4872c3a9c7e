//! What the devices of PolarDB say: each write into the shared data directory as an event, read from its bytes.
//!
//! The journal is kept by the device and its bytes are decoded here by the written description of the formats, so a
//! server cannot hide behind what it announces. The events have names of their own (`disk.…`) and the writing process
//! as their place; they stand between what nodes announced, in order of time:
//!
//! | event | when | fields |
//! |---|---|---|
//! | `disk.written` | it took effect | `volume`, `structure`, `first`, `sectors` |
//! | `disk.transaction` | its commit became stable | `volume`, `xid`, `client`, `number`, `end` |
//! | `disk.end-of-recovery` | it became stable | `volume`, `start`, `timeline` |
//! | `disk.log-durable` | it became stable | `volume`, `end`, `timeline` |
//! | `disk.log-changed` | another writer's durable bytes were changed | `volume`, `byte`, `over`, `written_ms` |
//! | `disk.segment-removed` | it took effect | `volume`, `end` |
//! | `disk.page` | it was sent | `volume`, `page`, `lsn` |
//! | `disk.control` | it took effect | `volume`, `redo`, `checkpoint`, `next_xid`, `timeline` |
//! | `disk.clog` | it took effect | `volume`, `xid`, `status` |
//! | `disk.slot` | it took effect | `volume`, `place`, `slot` (empty when dropped), `restart` |
//! | `disk.block` | it took effect | `volume`, `block`, `file`, `txid` |
//!
//! A volume is named after its log region. The examples of the checks write the same events down by hand.

mod bytes;
mod log;
mod small;

use nodes::product::Region;
use nodes::world::device::Entry;
use nodes::world::time::Instant;
use nodes::world::trace::{Event, Fields, Incarnation, Place, ProcessId, Trace, What};

use crate::run::Record;
use log::LogOfVolume;
use small::Clog;

/// What a check wants to see of the devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Which sectors of which structure were written.
    Sectors,
    /// The log.
    Log,
    /// Data pages.
    Pages,
    /// The control file.
    Control,
    /// CLOG.
    Clog,
    /// Replication slots.
    Slots,
    /// The journal of PFS.
    Pfs,
}

/// A run as a check of PolarDB sees it: what nodes announced, and what the devices say.
pub(super) struct Story<'a> {
    /// What nodes announced.
    pub(super) trace: &'a Trace,
    disk: Vec<Event>,
}

impl<'a> Story<'a> {
    /// A story of announcements alone, or one written down with everything in it.
    pub(super) fn told(trace: &'a Trace) -> Self {
        Story { trace, disk: Vec::new() }
    }

    /// The story of a run.
    pub(super) fn of(record: &'a Record, wants: &[Want]) -> Self {
        let mut disk = Vec::new();
        for log in record.regions.iter().filter(|region| region.content.is_log()) {
            let prefix = log.name.strip_suffix("wal").unwrap_or_default();
            read_volume(record, log, prefix, wants, &mut disk);
        }
        disk.sort_by_key(|event| event.at);
        Story { trace: &record.trace, disk }
    }

    /// All events in order of time; at one moment those of the devices come first.
    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        let (mut disk, mut announced) = (self.disk.iter().peekable(), self.trace.events().iter().peekable());
        std::iter::from_fn(move || match (disk.peek(), announced.peek()) {
            (Some(written), Some(event)) if written.at <= event.at => disk.next(),
            (Some(_), None) => disk.next(),
            _ => announced.next(),
        })
    }

    /// Whether an event is one of the devices'.
    pub(super) fn is_of_disk(event: &Event) -> bool {
        matches!(&event.what, What::Announced { name, .. } if name.starts_with("disk."))
    }
}

/// One volume as it is read, write after write.
struct Volume<'a> {
    trace: &'a Trace,
    name: &'a str,
    log: LogOfVolume,
    clog: Clog,
    events: &'a mut Vec<Event>,
}

fn read_volume(record: &Record, log: &Region, prefix: &str, wants: &[Want], events: &mut Vec<Event>) {
    let Some(device) = record.device(log.device) else { return };
    let sector = device.visible.sector_size();
    let belongs = |region: &&Region| {
        region.device == log.device && region.name.strip_prefix(prefix).is_some_and(|name| !name.contains(' '))
    };
    let regions: Vec<&Region> = record.regions.iter().filter(belongs).collect();
    let mut volume =
        Volume { trace: &record.trace, name: &log.name, log: LogOfVolume::new(sector), clog: Clog::default(), events };
    for entry in device.journal.applied_writes() {
        let (first, end) = (entry.range.first * sector, entry.range.end * sector);
        let inside = |region: &&&Region| first >= region.offset && end <= region.offset + region.length;
        let Some(region) = regions.iter().find(inside) else { continue };
        let structure = &region.name[prefix.len()..];
        if wants.contains(&Want::Sectors) {
            volume.note_sectors(entry, structure);
        }
        let Some(bytes) = entry.bytes.as_deref() else { continue };
        volume.read(entry, structure, first - region.offset, bytes, wants);
    }
}

impl Volume<'_> {
    fn note_sectors(&mut self, entry: &Entry, structure: &str) {
        let (first, sectors) = (entry.range.first, entry.range.end - entry.range.first);
        let volume = self.name;
        let fields = nodes::fields! { volume: volume, structure: structure, first: first, sectors: sectors };
        self.put(entry, entry.applied, "disk.written", fields);
    }

    fn read(&mut self, entry: &Entry, structure: &str, offset: u64, bytes: &[u8], wants: &[Want]) {
        match structure {
            "wal" if wants.contains(&Want::Log) => self.read_log(entry, offset, bytes),
            "pages" if wants.contains(&Want::Pages) => self.read_page(entry, bytes),
            "control" if wants.contains(&Want::Control) => self.read_control(entry, bytes),
            "clog" if wants.contains(&Want::Clog) => self.read_clog(entry, offset, bytes),
            "slots" if wants.contains(&Want::Slots) => self.read_slot(entry, offset, bytes),
            "pfs" if wants.contains(&Want::Pfs) => self.read_pfs(entry, bytes),
            _ => {}
        }
    }

    /// Adds an event of the writer of an entry, if the moment ever came.
    fn put(&mut self, entry: &Entry, at: Option<Instant>, name: &'static str, fields: Fields) {
        let Some(at) = at else { return };
        let place = Place::Process(ProcessId(entry.origin.process), Incarnation(entry.origin.incarnation));
        self.events.push(Event { number: 0, at, place, what: What::Announced { name, fields } });
    }
}
