//! The tables `repmgr.nodes` and `repmgr.events`: rows of the replicated database like any others.
//!
//! There is no other store. After a split each primary has a table of its own, and what `cluster show` prints depends
//! on whose it reads (KingbaseES reference, section 1.2). What never changes while a cluster runs (names, addresses,
//! priorities) comes from the configuration of the nodes.

use crate::parts::service::{Key, Row};
use crate::parts::wal::RowChange;

/// The number of a node, from 1.
pub type NodeId = i64;

/// What a node is registered as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeType {
    /// The primary.
    Primary,
    /// A standby.
    Standby,
    /// A witness.
    Witness,
}

impl NodeType {
    /// As it is printed.
    pub fn word(self) -> &'static str {
        match self {
            NodeType::Primary => "primary",
            NodeType::Standby => "standby",
            NodeType::Witness => "witness",
        }
    }
}

/// A row of `repmgr.nodes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeRecord {
    /// Which node.
    pub id: NodeId,
    /// What it is registered as.
    pub kind: NodeType,
    /// Whom it follows.
    pub upstream: Option<NodeId>,
    /// Whether it counts.
    pub active: bool,
}

/// The keys of the tables are where no workload has rows.
const NODES: Key = i64::MIN;
const EVENTS: Key = i64::MIN + 1_000;
/// The row bulk loads write.
pub const BULK: Key = i64::MIN + 1_000_000;

/// The key of a node's row.
pub fn node_key(id: NodeId) -> Key {
    NODES + id
}

impl NodeRecord {
    /// As a row of the table.
    pub fn row(&self) -> Row {
        vec![self.kind as i64, self.upstream.unwrap_or(0), i64::from(self.active)]
    }

    /// As a change of the table.
    pub fn change(&self) -> RowChange {
        (node_key(self.id), self.row())
    }

    /// From a row of the table.
    pub fn of_row(id: NodeId, row: &[i64]) -> Option<Self> {
        let [kind, upstream, active] = *row else { return None };
        let kind = match kind {
            0 => NodeType::Primary,
            1 => NodeType::Standby,
            2 => NodeType::Witness,
            _ => return None,
        };
        Some(NodeRecord { id, kind, upstream: Some(upstream).filter(|id| *id != 0), active: active != 0 })
    }
}

/// The rows of a promotion: `new` is the primary and follows nobody, the old primary is not active until it rejoins.
pub fn promoted(records: &[NodeRecord], new: NodeId) -> Vec<NodeRecord> {
    let changed = |record: &NodeRecord| match record {
        it if it.id == new => Some(NodeRecord { kind: NodeType::Primary, upstream: None, active: true, ..*it }),
        it if it.kind == NodeType::Primary => Some(NodeRecord { active: false, ..*it }),
        _ => None,
    };
    records.iter().filter_map(changed).collect()
}

/// The row of a node that follows another.
pub fn following(records: &[NodeRecord], node: NodeId, upstream: NodeId) -> Option<NodeRecord> {
    let record = records.iter().find(|record| record.id == node)?;
    let kind = if record.kind == NodeType::Witness { NodeType::Witness } else { NodeType::Standby };
    Some(NodeRecord { kind, upstream: Some(upstream), active: true, ..*record })
}

/// A row of `repmgr.events`. The table is a ring of a thousand rows behind the counter in its first.
pub fn event_change(number: i64, event: &str, node: NodeId, successful: bool) -> [RowChange; 2] {
    let code = i64::from(crc32c::crc32c(event.as_bytes()));
    let row = (EVENTS + 1 + number % 1_000, vec![number, code, node, i64::from(successful)]);
    [(EVENTS, vec![number + 1]), row]
}

/// The key of the counter of events.
pub fn event_counter() -> Key {
    EVENTS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> Vec<NodeRecord> {
        vec![
            NodeRecord { id: 1, kind: NodeType::Primary, upstream: None, active: true },
            NodeRecord { id: 2, kind: NodeType::Standby, upstream: Some(1), active: true },
        ]
    }

    #[test]
    fn rows_are_read_as_written() {
        for record in pair() {
            assert_eq!(NodeRecord::of_row(record.id, &record.row()), Some(record));
        }
        assert_eq!(NodeRecord::of_row(1, &[9, 0, 1]), None);
    }

    #[test]
    fn a_promotion_marks_the_old_primary_as_not_active() {
        let changed = promoted(&pair(), 2);
        assert_eq!(changed[0], NodeRecord { active: false, ..pair()[0] });
        assert_eq!(changed[1], NodeRecord { id: 2, kind: NodeType::Primary, upstream: None, active: true });
        let back = following(&[changed[0], changed[1]], 1, 2);
        assert_eq!(back, Some(NodeRecord { id: 1, kind: NodeType::Standby, upstream: Some(2), active: true }));
    }
}
