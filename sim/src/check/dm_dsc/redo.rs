//! The redo logs: who wrote into them, and which commits stand in them since when.
//!
//! The records are those that can be read at the end of the run; when one came to stand there is told by the device's
//! journal, as the first write that holds its head.

use std::collections::BTreeMap;

use nodes::product::Region;
use nodes::world::trace::ProcessId;

use super::super::log_reader::{self, LogRecord};
use super::story::{Ep, Note, What};
use crate::run::{DeviceRecord, Record};

const RECORD_HEADER: u64 = 56;

/// The notes that the redo logs leave.
pub(super) fn notes(record: &Record) -> Vec<Note> {
    let logs = record.regions.iter().filter_map(|region| Some((log_number(region)?, region)));
    logs.filter_map(|(log, region)| Some((log, region, record.device(region.device)?)))
        .flat_map(|(log, region, device)| notes_of(record, log, region, device))
        .collect()
}

/// `redo3` is that of EP 3.
fn log_number(region: &Region) -> Option<Ep> {
    region.name.strip_prefix("redo")?.parse().ok()
}

fn notes_of(record: &Record, log: Ep, region: &Region, device: &DeviceRecord) -> Vec<Note> {
    let sector = device.visible.sector_size();
    let mut pending: BTreeMap<u64, Commit> = commits(region, device);
    let mut notes = Vec::new();
    for entry in device.journal.applied_writes() {
        let (first, end) = (entry.range.first * sector, entry.range.end * sector);
        let (Some(applied), true) = (entry.applied, first >= region.offset && end <= region.offset + region.length)
        else {
            continue;
        };
        let note = |what| Note {
            at: applied,
            by: record.trace.process_name(ProcessId(entry.origin.process)),
            life: entry.origin.incarnation,
            reign: 0,
            what,
        };
        notes.push(note(What::Redo { log }));
        let Some(bytes) = &entry.bytes else { continue };
        let (from, to) = (first - region.offset, end - region.offset);
        let holds = |position: &u64, commit: &Commit| {
            let at = (position - from) as usize;
            bytes.get(at..at + commit.head.len()) == Some(commit.head.as_slice())
        };
        let here: Vec<u64> =
            pending.range(from..to).filter(|(position, commit)| holds(position, commit)).map(|(at, _)| *at).collect();
        for commit in here.iter().filter_map(|position| pending.remove(position)) {
            let (lsn, transaction, rows) = (commit.record.epoch, commit.record.transaction, commit.rows);
            notes.push(note(What::Commit { log, lsn, transaction, rows }));
        }
    }
    notes
}

struct Commit {
    record: LogRecord,
    head: Vec<u8>,
    rows: Vec<(i64, Vec<i64>)>,
}

/// The commits of a log by their places. A log of this length never begins anew at its front.
fn commits(region: &Region, device: &DeviceRecord) -> BTreeMap<u64, Commit> {
    let Some(log) = log_reader::read(&device.visible, region) else { return BTreeMap::new() };
    let read = |record: LogRecord| {
        let head = log_reader::bytes(&device.visible, region, record.position, RECORD_HEADER)?;
        let rows = log_reader::rows(&device.visible, region, &record)?;
        Some((record.position, Commit { head, rows, record }))
    };
    log.records.into_iter().filter(|record| record.commit).filter_map(read).collect()
}
