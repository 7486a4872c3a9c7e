//! What the devices' own journals say about the logs: who wrote when.
//!
//! The journal is kept by the device, not by the writer, so a writer that believes to be alone cannot hide.

use nodes::product::Content;
use nodes::world::device::{EntryKind, Outcome};
use nodes::world::time::Instant;
use nodes::world::trace::ProcessId;

use crate::run::Record;

/// One accepted write into a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogWrite {
    /// The log.
    pub log: String,
    /// When the device accepted it.
    pub accepted: Instant,
    /// When it took effect.
    pub applied: Instant,
    /// The writing process.
    pub process: String,
    /// Which life of it.
    pub incarnation: u32,
    /// Its host.
    pub host: String,
    /// The first byte, counted from the start of the log's place on the device.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
    /// Whether its host had died before it took effect.
    pub late: bool,
}

impl LogWrite {
    /// `dn1/gaussdb (life 2)`.
    pub fn writer(&self) -> String {
        format!("{} (life {})", self.process, self.incarnation)
    }
}

/// Every write into a log that took effect, in the order in which they did.
pub fn of(record: &Record) -> Vec<LogWrite> {
    let mut writes = Vec::new();
    for region in record.regions.iter().filter(|region| region.content == Content::Log) {
        let Some(device) = record.device(region.device) else { continue };
        let sector = device.visible.sector_size();
        for entry in device.journal.applied_writes() {
            let (first, end) = (entry.range.first * sector, entry.range.end * sector);
            if end <= region.offset || first >= region.offset + region.length {
                continue;
            }
            let Some(applied) = entry.applied else { continue };
            let process = ProcessId(entry.origin.process);
            writes.push(LogWrite {
                log: region.name.clone(),
                accepted: entry.accepted,
                applied,
                process: record.trace.process_name(process),
                incarnation: entry.origin.incarnation,
                host: record.trace.host_name(nodes::world::trace::HostId(entry.origin.host)).to_owned(),
                offset: first.saturating_sub(region.offset),
                length: end - first,
                late: entry.is_late(),
            });
        }
    }
    writes.sort_by_key(|write| write.applied);
    writes
}

/// How many writes into logs the devices refused.
pub fn refused(record: &Record) -> usize {
    let entries = record.devices.iter().flat_map(|device| device.journal.entries());
    entries
        .filter(|entry| matches!(entry.kind, EntryKind::Write { .. }) && matches!(entry.outcome, Outcome::Failed(_)))
        .count()
}

/// Reads written writes, one a line: `MOMENT HOST/PROCESS LIFE LOG OFFSET`, for the examples of the checks.
///
/// # Errors
/// The first line that cannot be read.
pub fn read_written(text: &str) -> Result<Vec<LogWrite>, String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(read_line).collect()
}

fn read_line(line: &str) -> Result<LogWrite, String> {
    let wrong = || format!("`{line}` is not MOMENT HOST/PROCESS LIFE LOG OFFSET");
    let words: Vec<&str> = line.split_whitespace().collect();
    let [moment, process, life, log, offset] = words[..] else { return Err(wrong()) };
    let seconds: u64 = moment.strip_suffix('s').and_then(|seconds| seconds.parse().ok()).ok_or_else(wrong)?;
    let at = Instant(seconds * 1_000_000_000);
    Ok(LogWrite {
        log: log.to_owned(),
        accepted: at,
        applied: at,
        process: process.to_owned(),
        incarnation: life.parse().map_err(|_| wrong())?,
        host: process.split('/').next().unwrap_or_default().to_owned(),
        offset: offset.parse().map_err(|_| wrong())?,
        length: 512,
        late: false,
    })
}
