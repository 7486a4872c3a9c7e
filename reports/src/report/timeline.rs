//! What the cluster did: entries on a time axis, and per node the roles it had and the times it could write.
//!
//! Entries are points, lanes and write intervals are stretches. All lists are in order of time; entries of the
//! same moment are in order of their event numbers. What two writers at once means is decided here, once, for
//! every renderer.

use serde::{Deserialize, Serialize};

use super::{Moment, Sentence};

/// What a timeline entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// An operator step began or ended.
    Step,
    /// A fault fired or ended.
    Fault,
    /// A node announced an event that steps and faults can wait for.
    Announced,
    /// A process started, exited or was killed.
    Process,
    /// Something a client noticed.
    Client,
    /// A line of a native log.
    Log,
}

/// How much an entry matters, ordered from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Importance {
    /// Only on the page, folded away.
    Minor,
    /// On the page.
    Normal,
    /// On the one screen too.
    Major,
}

/// One entry of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Moment,
    /// Its number in the trace; steps and faults seen from outside may have none.
    pub event: Option<u64>,
    /// The lane it belongs to; none for what concerns the cluster as a whole.
    pub lane: Option<String>,
    /// Who on that host: `gaussdb`, `cm_agent`.
    pub component: Option<String>,
    /// What it is about.
    pub kind: EntryKind,
    /// How much it matters.
    pub importance: Importance,
    /// What happened.
    pub text: Sentence,
}

/// Where a node stands, in terms every product shares. Products' own words are beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its database process is not there.
    Down,
    /// It is starting or recovering and serves nobody.
    Starting,
    /// It is a standby or replica in service.
    Standby,
    /// It is changing its role.
    Changing,
    /// It is a primary.
    Primary,
}

/// A stretch of time in which a node's role and state did not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneInterval {
    /// From when.
    pub from: Moment,
    /// Until when; none means until the run ended.
    pub until: Option<Moment>,
    /// Where it stood.
    pub standing: Standing,
    /// Its role and state in the product's words: `Primary Normal`.
    pub state: String,
    /// The term, epoch or reform version it believed in, when the product has one.
    pub term: Option<u64>,
}

/// What one node was, over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// The node.
    pub node: String,
    /// Its stretches, in order, without overlap.
    pub intervals: Vec<LaneInterval>,
}

/// A stretch of time in which a node could write a log: nothing that is in force would have stopped it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteInterval {
    /// The node.
    pub node: String,
    /// What it could write. Two nodes conflict only when this is the same for both: a product with several
    /// active instances has one log for each.
    pub log: String,
    /// From when.
    pub from: Moment,
    /// Until when; none means until the run ended.
    pub until: Option<Moment>,
    /// Writes the device accepted from it in that time.
    pub writes: u64,
}

/// A stretch of time in which two nodes could write the same log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteConflict {
    /// The two nodes, in the order of their names.
    pub nodes: [String; 2],
    /// The log they shared.
    pub log: String,
    /// From when.
    pub from: Moment,
    /// Until when.
    pub until: Moment,
}

/// Every stretch in which two nodes could write the same log, in order of time. `end` is the end of the run.
pub fn write_conflicts(writers: &[WriteInterval], end: Moment) -> Vec<WriteConflict> {
    let mut conflicts = Vec::new();
    for (index, one) in writers.iter().enumerate() {
        for other in &writers[index + 1..] {
            if one.node == other.node || one.log != other.log {
                continue;
            }
            let from = one.from.max(other.from);
            let until = one.until.unwrap_or(end).min(other.until.unwrap_or(end));
            if from < until {
                let mut nodes = [one.node.clone(), other.node.clone()];
                nodes.sort();
                conflicts.push(WriteConflict { nodes, log: one.log.clone(), from, until });
            }
        }
    }
    conflicts.sort_by(|one, other| (one.from, one.until, &one.nodes).cmp(&(other.from, other.until, &other.nodes)));
    conflicts
}

/// A message between two nodes, for the space-time diagram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The lane that sent it.
    pub from: String,
    /// The lane it was sent to.
    pub to: String,
    /// When it left.
    pub sent: Moment,
    /// When it arrived; none for one that was lost.
    pub arrived: Option<Moment>,
    /// Its kind.
    pub name: String,
    /// What it said.
    pub contents: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(node: &str, log: &str, from: u64, until: Option<u64>) -> WriteInterval {
        WriteInterval {
            node: node.into(),
            log: log.into(),
            from: Moment::from_millis(from),
            until: until.map(Moment::from_millis),
            writes: 1,
        }
    }

    #[test]
    fn two_writers_of_one_log_conflict_for_as_long_as_both_could() {
        let writers = [writer("pb2", "wal", 5, None), writer("pb1", "wal", 0, Some(9))];
        let conflicts = write_conflicts(&writers, Moment::from_millis(20));
        assert_eq!(conflicts.len(), 1);
        assert_eq!(conflicts[0].nodes, ["pb1", "pb2"]);
        assert_eq!((conflicts[0].from, conflicts[0].until), (Moment::from_millis(5), Moment::from_millis(9)));
    }

    #[test]
    fn a_handover_in_one_instant_and_logs_of_their_own_are_no_conflict() {
        let handover = [writer("dn1", "wal", 0, Some(5)), writer("dn2", "wal", 5, None)];
        assert!(write_conflicts(&handover, Moment::from_millis(20)).is_empty());
        let separate = [writer("dsc1", "redo 1", 0, None), writer("dsc2", "redo 2", 0, None)];
        assert!(write_conflicts(&separate, Moment::from_millis(20)).is_empty());
    }
}
