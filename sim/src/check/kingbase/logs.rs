//! The logs of the nodes as their devices hold them at the end.

use crate::check::log_reader::{self, LogRecord};
use crate::run::Record;

/// The log of one node.
pub(super) struct NodeLog {
    pub(super) node: String,
    pub(super) records: Vec<LogRecord>,
}

/// The log of every node that has one.
pub(super) fn of(record: &Record) -> Vec<NodeLog> {
    let read = |region: &nodes::product::Region| {
        let node = region.name.strip_prefix("sys_wal of ")?.to_owned();
        let log = log_reader::read(&record.device(region.device)?.visible, region)?;
        Some(NodeLog { node, records: log.records })
    };
    record.regions.iter().filter_map(read).collect()
}
