//! What is on the devices of the nodes at a moment of a run: log, data files, `pg_control`, read from their bytes.
//!
//! The journal is kept by the device and its bytes are decoded here by the written description of the formats, so a
//! server cannot hide behind what it announces. What a check asks of the devices becomes an event of its own
//! (`disk.…`), at the announcement that made it look; the examples of the checks write the same events down by hand:
//!
//! | event | when | fields |
//! |---|---|---|
//! | `disk.attached` | a stream has begun, and at the end of the run while it lasts | `peer`, `last`, `shared` |
//! | `disk.replay` | a replay begins | `keys`, `wrong`, `key`, `held`, `logged` |
//! | `disk.reign` | a server has become primary | `end`, `minimum` |
//! | `disk.promoted` | a switchover has promoted a standby | `checkpoint`, `shared` |
//! | `disk.term` | a build begins, and at the end of the run | `highest`, `term`, `at` |
//! | `disk.only-here` | a build is about to give a data directory up | `kind`, `commits`, `list` |

mod control;
mod pages;

use std::collections::BTreeMap;

use nodes::product::Region;
use nodes::world::time::Instant;
use nodes::world::trace::{Event, Fields, HostId, Place, What};

use crate::check::device_at::DeviceAt;
use crate::check::log_reader::{self, LogRecord};
use crate::run::Record;

pub(super) use pages::{HeldRow, HeldRows};

/// The place of a node in the order of the configuration, by which nodes name one another.
pub(super) type NodeNumber = usize;

/// One node's data directory.
struct Node<'a> {
    name: &'a str,
    device: DeviceAt<'a>,
    log: &'a Region,
    pages: Option<&'a Region>,
    control: Option<&'a Region>,
}

/// The data directories of all nodes, at a moment that only goes forward.
pub(super) struct Nodes<'a> {
    record: &'a Record,
    nodes: Vec<Node<'a>>,
}

/// The log of a node at a moment.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeLog {
    /// Its records.
    pub(super) records: Vec<LogRecord>,
    /// Where the next one would be.
    pub(super) end: u64,
}

/// A row as the last commit that wrote it left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoggedRow {
    /// Its values.
    pub(super) values: Vec<i64>,
    /// Where the commit begins.
    pub(super) from: u64,
    /// Where it ends.
    pub(super) end: u64,
}

impl NodeLog {
    /// Whether the record with this position is here with this checksum, and so everything before it as well.
    pub(super) fn has(&self, position: u64, checksum: u32) -> bool {
        let found = self.records.binary_search_by_key(&position, |one| one.position);
        found.is_ok_and(|index| self.records[index].checksum == checksum)
    }
}

impl<'a> Nodes<'a> {
    /// Before the run.
    pub(super) fn of(record: &'a Record) -> Self {
        let region = |name: String| record.regions.iter().find(|region| region.name == name);
        let node = |log: &'a Region| {
            let name = log.name.strip_prefix("pg_xlog of ")?;
            let device = DeviceAt::new(record.device(log.device)?);
            let (pages, control) = (region(format!("pages of {name}")), region(format!("control of {name}")));
            Some(Node { name, device, log, pages, control })
        };
        Nodes { record, nodes: record.regions.iter().filter_map(node).collect() }
    }

    /// The node on whose host something happened.
    pub(super) fn of_place(&self, place: Place) -> Option<NodeNumber> {
        self.of_host(self.record.trace.host_of(place)?)
    }

    /// The node of a host.
    pub(super) fn of_host(&self, host: HostId) -> Option<NodeNumber> {
        let host = self.record.trace.host_name(host);
        self.nodes.iter().position(|node| node.name == host)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.nodes.len()
    }

    /// The log of a node; `None` if it cannot be told.
    pub(super) fn log(&mut self, node: NodeNumber, at: Instant) -> Option<NodeLog> {
        let Node { device, log, .. } = self.nodes.get_mut(node)?;
        if !device.advance(at) {
            return None;
        }
        let read = log_reader::read(device, log);
        Some(read.map_or_else(NodeLog::default, |read| NodeLog { records: read.records, end: read.end }))
    }

    /// `minRecoveryPoint` of a node's `pg_control`.
    pub(super) fn minimum(&mut self, node: NodeNumber, at: Instant) -> Option<u64> {
        let Node { device, control, .. } = self.nodes.get_mut(node)?;
        if !device.advance(at) {
            return None;
        }
        control::minimum_recovery(device, (*control)?)
    }

    /// The rows in a node's data files.
    pub(super) fn rows(&mut self, node: NodeNumber, at: Instant) -> Option<HeldRows> {
        let Node { device, pages, .. } = self.nodes.get_mut(node)?;
        if !device.advance(at) {
            return None;
        }
        Some(pages::rows(device, (*pages)?))
    }

    /// The last commit of each key in a log.
    pub(super) fn logged(&self, node: NodeNumber, log: &NodeLog) -> BTreeMap<i64, LoggedRow> {
        let Some(Node { device, log: region, .. }) = self.nodes.get(node) else { return BTreeMap::new() };
        let mut last = BTreeMap::new();
        for commit in log.records.iter().filter(|one| one.commit) {
            let payload = log_reader::payload(device, region, commit).unwrap_or_default();
            let (from, end) = (commit.position, (commit.position + commit.length).next_multiple_of(8));
            for (key, values) in pages::read_rows(&payload).unwrap_or_default() {
                last.insert(key, LoggedRow { values, from, end });
            }
        }
        last
    }
}

/// An event that tells what the devices showed at another one.
pub(super) fn told(event: &Event, name: &'static str, fields: Fields) -> Event {
    Event { what: What::Announced { name, fields }, ..event.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_stands_for_the_history_before_it() {
        let record = |position, checksum| LogRecord { position, checksum, ..LogRecord::default() };
        let log = NodeLog { records: vec![record(8, 1), record(64, 2)], end: 128 };
        assert!(log.has(64, 2));
        assert!(!log.has(64, 3), "another record is there");
        assert!(!log.has(128, 2), "none is there");
    }
}
