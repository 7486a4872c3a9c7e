//! What the devices' own journals say about the logs: who wrote when.
//!
//! The journal is kept by the device, not by the writer, so a writer that believes to be alone cannot hide.

use std::collections::BTreeSet;

use nodes::world::time::Instant;
use nodes::world::trace::{Place, ProcessId, field};
use reports::{Sentence, sentence};

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
    /// The reign it wrote under (a term, a timeline, a reform version), as it stamped the request.
    pub epoch: u64,
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
    /// `dn1/gaussdb (life 2)`, with the reign if it has one.
    pub fn writer(&self) -> Sentence {
        let reign = match self.epoch {
            0 => Sentence::default(),
            reign => sentence!(", reign {reign}", ",第 {reign} 任"),
        };
        sentence!("{} (life {}{})", "{}(第 {} 次启动{})", self.process, self.incarnation, reign)
    }

    /// Whether both are by the same writer: one reign of one life of one process.
    pub fn same_writer(&self, other: &LogWrite) -> bool {
        (&self.process, self.incarnation, self.epoch) == (&other.process, other.incarnation, other.epoch)
    }
}

/// Every write into a log that took effect, in the order in which they did.
pub fn of(record: &Record) -> Vec<LogWrite> {
    let mut writes = Vec::new();
    for region in record.regions.iter().filter(|region| region.content.is_log()) {
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
                epoch: entry.origin.epoch,
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

/// The moments at which a process opened for writes: from there on it owns its log, even before it first writes.
///
/// Such a moment is a write of no bytes. Where there are several logs, it belongs to the one that the announcement names
/// as `log`, or else to those that the process ever writes.
pub fn openings(record: &Record, writes: &[LogWrite]) -> Vec<LogWrite> {
    let logs: BTreeSet<&str> = writes.iter().map(|write| write.log.as_str()).collect();
    let mut openings = Vec::new();
    for (event, fields) in record.trace.announced("writes.opened") {
        let Place::Process(process, incarnation) = event.place else { continue };
        let name = record.trace.process_name(process);
        let epoch = field(fields, "epoch").and_then(|epoch| epoch.number()).unwrap_or(0);
        let named = field(fields, "log").and_then(|log| log.text());
        let writes_it = |log: &str| match named {
            Some(named) => named == log,
            None => logs.len() == 1 || writes.iter().any(|write| write.log == log && write.process == name),
        };
        for log in logs.iter().filter(|log| writes_it(log)) {
            openings.push(LogWrite {
                log: (*log).to_owned(),
                accepted: event.at,
                applied: event.at,
                process: name.clone(),
                incarnation: incarnation.0,
                epoch: epoch.unsigned_abs(),
                host: record
                    .trace
                    .host_of(event.place)
                    .map(|host| record.trace.host_name(host).to_owned())
                    .unwrap_or_default(),
                offset: 0,
                length: 0,
                late: false,
            });
        }
    }
    openings
}

/// Reads written writes, one a line: `MOMENT HOST/PROCESS LIFE.REIGN LOG OFFSET`, for the examples of the checks.
///
/// # Errors
/// The first line that cannot be read.
pub fn read_written(text: &str) -> Result<Vec<LogWrite>, String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(read_line).collect()
}

fn read_line(line: &str) -> Result<LogWrite, String> {
    let wrong = || format!("`{line}` is not MOMENT HOST/PROCESS LIFE.REIGN LOG OFFSET");
    let words: Vec<&str> = line.split_whitespace().collect();
    let [moment, process, life, log, offset] = words[..] else { return Err(wrong()) };
    let (life, reign) = life.split_once('.').ok_or_else(wrong)?;
    let seconds: u64 = moment.strip_suffix('s').and_then(|seconds| seconds.parse().ok()).ok_or_else(wrong)?;
    let at = Instant(seconds * 1_000_000_000);
    Ok(LogWrite {
        log: log.to_owned(),
        accepted: at,
        applied: at,
        process: process.to_owned(),
        incarnation: life.parse().map_err(|_| wrong())?,
        epoch: reign.parse().map_err(|_| wrong())?,
        host: process.split('/').next().unwrap_or_default().to_owned(),
        offset: offset.parse().map_err(|_| wrong())?,
        length: 512,
        late: false,
    })
}
