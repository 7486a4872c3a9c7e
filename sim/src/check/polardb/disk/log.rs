//! The log as the journal of a device has it: records, how far they are durable, and durable bytes that another writer
//! changed.
//!
//! A record names its own position (bytes 8 to 15) and carries a checksum, so records are found in a write without
//! knowing where the write before it ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use nodes::fields;
use nodes::world::device::{Entry, Outcome, Survival};
use nodes::world::time::Instant;
use nodes::world::trace::ProcessId;

use super::Volume;
use super::bytes::{half, short, word};

const RECORD_HEADER: u64 = 56;
const SEGMENT_HEADER: u64 = 4096;
const COMMIT: u16 = 1;
const SEGMENT_END: u16 = 3;
const TRANSACTION: u16 = 256;
const END_OF_RECOVERY: u16 = 257;

/// One life of a process.
type Writer = (u16, u32);

/// What is known of a log so far.
pub(super) struct LogOfVolume {
    sector: u64,
    segment: u64,
    /// The checksums of records known, by position.
    known: BTreeMap<u64, u32>,
    /// The number that each writer has given to the transaction whose commit comes next.
    open: BTreeMap<Writer, u64>,
    /// Who wrote a sector last: the bytes of the whole write, and where in them the sector is.
    sectors: BTreeMap<u64, SectorOfLog>,
}

struct SectorOfLog {
    writer: Writer,
    applied: Option<Instant>,
    stable: Option<Instant>,
    bytes: Arc<[u8]>,
    at: usize,
}

struct Found {
    position: u64,
    length: u64,
    checksum: u32,
    kind: u16,
    epoch: u64,
    transaction: (u32, u32),
    payload: Option<u64>,
}

impl LogOfVolume {
    pub(super) fn new(sector: u64) -> Self {
        LogOfVolume {
            sector,
            segment: 1 << 20,
            known: BTreeMap::new(),
            open: BTreeMap::new(),
            sectors: BTreeMap::new(),
        }
    }

    /// Where the record behind one begins.
    fn following(&self, found: &Found) -> u64 {
        let end = (found.position / self.segment + 1) * self.segment;
        let next = (found.position + found.length).next_multiple_of(8);
        if found.kind == SEGMENT_END || end.saturating_sub(next) < RECORD_HEADER { end + SEGMENT_HEADER } else { next }
    }

    /// The first durable byte of another writer that a write changes: its place in the log, whose it was, and when that
    /// was written. Taking a whole segment away is not a change, and neither is filling up zeros.
    fn changed(&mut self, entry: &Entry, offset: u64, bytes: &Arc<[u8]>) -> Option<(u64, Writer, Option<Instant>)> {
        let writer = (entry.origin.process, entry.origin.incarnation);
        let removes = is_removal(offset, bytes, self.segment);
        let mut found = None;
        for (number, chunk) in bytes.chunks(self.sector as usize).enumerate() {
            let sector = offset / self.sector + number as u64;
            if let Some(old) =
                self.sectors.get(&sector).filter(|old| old.writer != writer && found.is_none() && !removes)
            {
                let durable = old.stable.is_some_and(|stable| entry.applied.is_some_and(|applied| stable <= applied));
                let before = &old.bytes[old.at..(old.at + chunk.len()).min(old.bytes.len())];
                let differs = before.iter().zip(chunk).position(|(old, new)| *old != 0 && old != new);
                if let Some(at) = differs.filter(|_| durable) {
                    found = Some((sector * self.sector + at as u64, old.writer, old.applied));
                }
            }
            let at = number * self.sector as usize;
            let own = SectorOfLog { writer, applied: entry.applied, stable: entry.stable, bytes: bytes.clone(), at };
            self.sectors.insert(sector, own);
        }
        found
    }
}

impl Volume<'_> {
    pub(super) fn read_log(&mut self, entry: &Entry, offset: u64, bytes: &[u8]) {
        let volume = self.name;
        if bytes.starts_with(b"SIMRWAL1")
            && let Some(segment) = word(bytes, 24)
        {
            self.log.segment = segment;
        }
        if is_removal(offset, bytes, self.log.segment) {
            let end = offset + self.log.segment;
            self.put(entry, entry.applied, "disk.segment-removed", fields! { volume: volume, end: end });
        }
        if let Some(shared) = &entry.bytes
            && let Some((byte, over, written)) = self.log.changed(entry, offset, shared)
        {
            let over = self.trace.process_name(ProcessId(over.0));
            let written = written.map_or(0, |at| at.as_nanos() / 1_000_000);
            let fields = fields! { volume: volume, byte: byte, over: over, written_ms: written };
            self.put(entry, entry.applied, "disk.log-changed", fields);
        }
        self.read_records(entry, offset, bytes);
    }

    fn read_records(&mut self, entry: &Entry, offset: u64, bytes: &[u8]) {
        let mut at = 0;
        let mut durable = None;
        while at + RECORD_HEADER as usize <= bytes.len() {
            let Some(found) = record_at(bytes, at, offset + at as u64) else {
                at += 8;
                continue;
            };
            at += (found.length as usize).next_multiple_of(8);
            durable = Some((self.log.following(&found), found.epoch));
            // What never became stable may be gone after a cut, and its place and number are free again.
            let is_new = self.log.known.get(&found.position) != Some(&found.checksum);
            if is_kept(entry) && is_new {
                self.log.known.insert(found.position, found.checksum);
                self.tell_record(entry, &found);
            }
        }
        if let Some((end, timeline)) = durable.filter(|_| is_kept(entry)) {
            let fields = fields! { volume: self.name, end: end, timeline: timeline };
            self.put(entry, entry.stable, "disk.log-durable", fields);
        }
    }

    fn tell_record(&mut self, entry: &Entry, found: &Found) {
        let volume = self.name;
        let writer = (entry.origin.process, entry.origin.incarnation);
        match found.kind {
            TRANSACTION => {
                found.payload.and_then(|xid| self.log.open.insert(writer, xid));
            }
            COMMIT => {
                let Some(xid) = self.log.open.remove(&writer) else { return };
                let ((client, number), end) = (found.transaction, self.log.following(found));
                let fields = fields! { volume: volume, xid: xid, client: client, number: number, end: end };
                self.put(entry, entry.stable, "disk.transaction", fields);
            }
            END_OF_RECOVERY => {
                let fields = fields! { volume: volume, start: found.position, timeline: found.epoch };
                self.put(entry, entry.stable, "disk.end-of-recovery", fields);
            }
            _ => {}
        }
    }
}

/// Whether all of a write is on the medium for good.
fn is_kept(entry: &Entry) -> bool {
    let whole = matches!(entry.after_cut, None | Some(Survival::Whole));
    entry.stable.is_some() && entry.outcome == Outcome::Done && whole
}

/// Whether a write takes the header of a segment away.
fn is_removal(offset: u64, bytes: &[u8], segment: u64) -> bool {
    offset.is_multiple_of(segment) && bytes.len() as u64 == SEGMENT_HEADER && bytes.iter().all(|byte| *byte == 0)
}

/// The record that begins at a place, if there is one that says so itself and is whole.
fn record_at(bytes: &[u8], at: usize, position: u64) -> Option<Found> {
    if word(bytes, at + 8)? != position {
        return None;
    }
    let length = u64::from(half(bytes, at)?);
    let record = bytes.get(at..at + length as usize).filter(|_| length >= RECORD_HEADER)?;
    let checksum = half(record, 4)?;
    if crc32c::crc32c_append(crc32c::crc32c(&record[..4]), &record[8..]) != checksum {
        return None;
    }
    Some(Found {
        position,
        length,
        checksum,
        kind: short(record, 28)?,
        epoch: word(record, 40)?,
        transaction: (half(record, 48)?, half(record, 52)?),
        payload: word(record, RECORD_HEADER as usize),
    })
}
