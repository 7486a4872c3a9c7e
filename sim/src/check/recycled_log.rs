//! Commits in segments that a log has left behind: a live log forgets its oldest segments, and whoever looks for a
//! commit at the end of a run finds them only in the device's journal.
//!
//! A forgotten segment counts only if what is left of the log goes on exactly where it ended: the checksum that each
//! record keeps of the record before it tells. A segment of an abandoned history never fits.

use std::collections::{BTreeMap, BTreeSet};

use nodes::product::Region;
use nodes::world::device::Entry;

use super::device_at::DeviceAt;
use super::log_reader::{self, LogRecord};
use crate::run::Record;

/// The position and checksum of a record.
type Mark = (u64, u32);

/// The commits before the record whose predecessor is `before`, as far back as forgotten segments lead.
pub fn commits_before(record: &Record, before: Mark) -> BTreeSet<(u32, u32)> {
    let mut forgotten: BTreeMap<Mark, Vec<LogRecord>> = BTreeMap::new();
    for region in record.regions.iter().filter(|region| region.content.is_log()) {
        for records in forgotten_segments(record, region) {
            if let Some(last) = records.last() {
                forgotten.insert((last.position, last.checksum), records);
            }
        }
    }
    linked(&forgotten, before)
}

fn linked(forgotten: &BTreeMap<Mark, Vec<LogRecord>>, mut before: Mark) -> BTreeSet<(u32, u32)> {
    let mut commits = BTreeSet::new();
    while let Some(records) = forgotten.get(&before) {
        commits.extend(records.iter().filter(|one| one.commit).map(|one| one.transaction));
        let Some(first) = records.first().filter(|first| first.previous.0 < before.0) else { break };
        before = first.previous;
    }
    commits
}

/// Every segment of a log as it was right before its header was taken away or replaced.
fn forgotten_segments(record: &Record, region: &Region) -> Vec<Vec<LogRecord>> {
    let Some(device) = record.device(region.device) else { return Vec::new() };
    let Some(segment_size) = log_reader::segment_size(&device.visible, region) else { return Vec::new() };
    let sector = device.visible.sector_size();
    let mut at = DeviceAt::new(device);
    let mut segments = Vec::new();
    while let Some(entry) = at.next() {
        let place = place_of_header(entry, region, sector, segment_size);
        if let Some(place) = place.filter(|_| at.is_known()) {
            segments.extend(log_reader::read_segment(&at, region, place).filter(|_| is_gone_after(entry, &at, region)));
        }
        at.take();
    }
    segments
}

/// The number of the place whose header a write replaces.
fn place_of_header(entry: &Entry, region: &Region, sector: u64, segment_size: u64) -> Option<u64> {
    let offset = (entry.range.first * sector).checked_sub(region.offset)?;
    (offset < region.length && offset.is_multiple_of(segment_size)).then_some(offset / segment_size)
}

/// Whether the write makes another segment of the place, or none.
fn is_gone_after(entry: &Entry, at: &DeviceAt<'_>, region: &Region) -> bool {
    let number = |bytes: &[u8]| bytes.starts_with(b"SIMRWAL1").then(|| bytes.get(16..24).map(<[u8]>::to_vec)).flatten();
    let offset = entry.range.first * log_reader::Sectors::sector_size(at) - region.offset;
    let before = log_reader::bytes(at, region, offset, 64);
    before.and_then(|before| number(&before)) != entry.bytes.as_deref().and_then(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(position: u64, previous: Mark, client: u32) -> LogRecord {
        let transaction = (client, 0);
        LogRecord { position, checksum: position as u32, previous, transaction, commit: true, ..LogRecord::default() }
    }

    #[test]
    fn only_segments_that_lead_to_what_is_left_count() {
        let first = vec![record(8, (0, 0), 1), record(16, (8, 8), 2)];
        let second = vec![record(24, (16, 16), 3)];
        let of_another_history = vec![record(24, (16, 99), 9)];
        let mark = |records: &[LogRecord]| records.last().map(|last| (last.position, last.checksum)).expect("a record");
        let mut forgotten = BTreeMap::from([(mark(&first), first), (mark(&second), second)]);
        assert_eq!(linked(&forgotten, (24, 24)), BTreeSet::from([(1, 0), (2, 0), (3, 0)]));
        assert_eq!(linked(&forgotten, (24, 77)), BTreeSet::new(), "what is left follows another record");
        forgotten.insert((24, 77), of_another_history);
        assert_eq!(linked(&forgotten, (24, 77)), BTreeSet::from([(9, 0)]), "what lies before it does not fit");
    }
}
