//! Isolation levels, the anomalies, and which level forbids which.

use reports::Sentence;
use serde::{Deserialize, Serialize};

/// How isolated transactions must be, from weak to strong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Writes of transactions are not interleaved.
    ReadUncommitted,
    /// And nobody sees what is not committed.
    ReadCommitted,
    /// And everyone reads from one moment.
    SnapshotIsolation,
    /// Snapshot isolation that also respects the order inside each session.
    StrongSessionSnapshotIsolation,
    /// Snapshot isolation that also respects real time.
    StrongSnapshotIsolation,
    /// As if one transaction had run after the other.
    Serializable,
    /// Serializable, in an order that respects each session.
    StrongSessionSerializable,
    /// Serializable, in an order that respects real time.
    #[default]
    StrictSerializable,
}

/// All levels, from weak to strong.
pub const LEVELS: [Level; 8] = [
    Level::ReadUncommitted,
    Level::ReadCommitted,
    Level::SnapshotIsolation,
    Level::StrongSessionSnapshotIsolation,
    Level::StrongSnapshotIsolation,
    Level::Serializable,
    Level::StrongSessionSerializable,
    Level::StrictSerializable,
];

/// Which order of transactions beyond their data a level must respect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extra {
    /// None.
    DataOnly,
    /// The order inside each session.
    Process,
    /// And that of transactions of which one ended before the other began.
    RealTime,
}

/// What can be wrong, from bad to less bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anomaly {
    /// A value was read that nobody appended.
    Garbage,
    /// A value stands twice in one list.
    Duplicate,
    /// Two reads of one key of which neither continues the other.
    IncompatibleOrder,
    /// A read of a value whose transaction failed.
    AbortedRead,
    /// A committed value on top of one whose transaction failed.
    DirtyUpdate,
    /// A read of a value that its own transaction had not finished.
    IntermediateRead,
    /// A transaction that does not see what it did or saw itself.
    Internal,
    /// A cycle of dependencies.
    Cycle(Shape, Extra),
}

/// What a cycle is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Writes over writes only.
    G0,
    /// Those, and reads of writes.
    G1c,
    /// Those, and exactly one write over a read.
    GSingle,
    /// Several writes over reads, never two in a row.
    GNonadjacent,
    /// Any number of writes over reads.
    G2Item,
}

/// All shapes, in the order in which they are looked for.
pub const SHAPES: [Shape; 5] = [Shape::G0, Shape::G1c, Shape::GSingle, Shape::GNonadjacent, Shape::G2Item];

impl Level {
    /// The name in kebab-case.
    pub fn name(self) -> &'static str {
        match self {
            Level::ReadUncommitted => "read-uncommitted",
            Level::ReadCommitted => "read-committed",
            Level::SnapshotIsolation => "snapshot-isolation",
            Level::StrongSessionSnapshotIsolation => "strong-session-snapshot-isolation",
            Level::StrongSnapshotIsolation => "strong-snapshot-isolation",
            Level::Serializable => "serializable",
            Level::StrongSessionSerializable => "strong-session-serializable",
            Level::StrictSerializable => "strict-serializable",
        }
    }

    /// The level with this name.
    pub fn of_name(name: &str) -> Option<Level> {
        LEVELS.into_iter().find(|level| level.name() == name)
    }

    /// Which order beyond the data it must respect.
    pub fn extra(self) -> Extra {
        match self {
            Level::ReadUncommitted | Level::ReadCommitted | Level::SnapshotIsolation | Level::Serializable => {
                Extra::DataOnly
            }
            Level::StrongSessionSnapshotIsolation | Level::StrongSessionSerializable => Extra::Process,
            Level::StrongSnapshotIsolation | Level::StrictSerializable => Extra::RealTime,
        }
    }

    /// Whether it forbids an anomaly.
    pub fn forbids(self, anomaly: Anomaly) -> bool {
        let weakest = match anomaly {
            Anomaly::Garbage | Anomaly::Duplicate | Anomaly::IncompatibleOrder => Level::ReadUncommitted,
            Anomaly::AbortedRead | Anomaly::DirtyUpdate | Anomaly::IntermediateRead => Level::ReadCommitted,
            Anomaly::Internal => Level::SnapshotIsolation,
            Anomaly::Cycle(shape, extra) => {
                if extra > self.extra() {
                    return false;
                }
                match shape {
                    Shape::G0 => Level::ReadUncommitted,
                    Shape::G1c => Level::ReadCommitted,
                    Shape::GSingle | Shape::GNonadjacent => Level::SnapshotIsolation,
                    Shape::G2Item => Level::Serializable,
                }
            }
        };
        self >= weakest
    }
}

impl Anomaly {
    /// The name as the literature has it.
    pub fn name(self) -> String {
        let name = match self {
            Anomaly::Garbage => "garbage read",
            Anomaly::Duplicate => "duplicate elements",
            Anomaly::IncompatibleOrder => "incompatible order",
            Anomaly::AbortedRead => "G1a (aborted read)",
            Anomaly::DirtyUpdate => "dirty update",
            Anomaly::IntermediateRead => "G1b (intermediate read)",
            Anomaly::Internal => "internal inconsistency",
            Anomaly::Cycle(shape, extra) => {
                let suffix = match extra {
                    Extra::DataOnly => "",
                    Extra::Process => "-process",
                    Extra::RealTime => "-realtime",
                };
                return format!("{}{suffix}", shape.name());
            }
        };
        name.to_string()
    }

    /// The name for readers of both languages.
    pub fn told(self) -> Sentence {
        let chinese = match self {
            Anomaly::Garbage => "垃圾读",
            Anomaly::Duplicate => "元素重复",
            Anomaly::IncompatibleOrder => "次序不相容",
            Anomaly::AbortedRead => "G1a(读到已回滚数据)",
            Anomaly::DirtyUpdate => "脏更新",
            Anomaly::IntermediateRead => "G1b(读到中间状态)",
            Anomaly::Internal => "事务内不一致",
            Anomaly::Cycle(..) => return Sentence::new(self.name(), format!("{} 环", self.name())),
        };
        Sentence::new(self.name(), chinese)
    }
}

impl Shape {
    fn name(self) -> &'static str {
        match self {
            Shape::G0 => "G0",
            Shape::G1c => "G1c",
            Shape::GSingle => "G-single",
            Shape::GNonadjacent => "G-nonadjacent",
            Shape::G2Item => "G2-item",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_levels() {
        for level in LEVELS {
            assert_eq!(Level::of_name(level.name()), Some(level));
        }
        assert_eq!(Level::of_name("repeatable"), None);
    }

    #[test]
    fn each_level_forbids_what_it_must() {
        let cycle = |shape| Anomaly::Cycle(shape, Extra::DataOnly);
        let forbidden = |level: Level| SHAPES.iter().filter(|shape| level.forbids(cycle(**shape))).count();
        assert_eq!(LEVELS.map(forbidden), [1, 2, 4, 4, 4, 5, 5, 5]);
        let late = Anomaly::Cycle(Shape::GSingle, Extra::RealTime);
        assert!(Level::StrongSnapshotIsolation.forbids(late) && Level::StrictSerializable.forbids(late));
        assert!(!Level::Serializable.forbids(late) && !Level::StrongSessionSerializable.forbids(late));
    }
}
