//! Which transaction must come before which, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::versions::{Lists, Source, Versions};
use crate::history::{END, History, Interval, Key, Value};

/// Why one transaction comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// ww: it appended `before`, the other then `after`, with nobody in between; no value if nobody ever saw that
    /// append.
    WriteWrite { key: Key, before: Value, after: Option<Value> },
    /// wr: the other saw its append of `value`.
    WriteRead { key: Key, value: Value },
    /// rw: it read the list before the other appended `value`; no value if nobody ever saw that append.
    ReadWrite { key: Key, value: Option<Value> },
    /// From the end of a list to an append that nobody saw. It continues the edge before it.
    Unseen,
    /// The same session ran it first.
    Process,
    /// It was answered before the other was called.
    RealTime,
}

/// The kinds of reasons, as bits.
pub mod kind {
    /// ww
    pub const WRITE_WRITE: u8 = 1;
    /// wr
    pub const WRITE_READ: u8 = 2;
    /// rw
    pub const READ_WRITE: u8 = 4;
    /// The continuation of the edge before.
    pub const UNSEEN: u8 = 8;
    /// The order of a session.
    pub const PROCESS: u8 = 16;
    /// Real time.
    pub const REAL_TIME: u8 = 32;
}

impl Reason {
    /// The kind of this reason, as a bit.
    pub fn kind(&self) -> u8 {
        match self {
            Reason::WriteWrite { .. } => kind::WRITE_WRITE,
            Reason::WriteRead { .. } => kind::WRITE_READ,
            Reason::ReadWrite { .. } => kind::READ_WRITE,
            Reason::Unseen => kind::UNSEEN,
            Reason::Process => kind::PROCESS,
            Reason::RealTime => kind::REAL_TIME,
        }
    }
}

/// One node comes before another.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// The node before.
    pub from: usize,
    /// The node after.
    pub to: usize,
    /// Why.
    pub reason: Reason,
}

/// The dependencies of a history. The first nodes are its operations, by number.
///
/// The others stand for the end of a list: whoever appended something that nobody saw did so after all that was
/// seen. One node between the many before and the many after keeps the graph small; [`Graph::is_operation`] tells
/// the two sorts apart.
#[derive(Debug)]
pub struct Graph {
    operations: usize,
    nodes: usize,
    /// Sorted by `from`.
    edges: Vec<Edge>,
    /// Where the edges of each node begin.
    starts: Vec<usize>,
}

impl Graph {
    /// The dependencies that lists show, and the order of sessions and real time.
    pub fn of(history: &History, lists: &Lists<'_>, intervals: &[Interval]) -> Graph {
        let mut builder = Builder { history, edges: Vec::new(), nodes: history.operations.len() };
        for (key, versions) in &lists.keys {
            builder.list(*key, lists, versions);
        }
        builder.sessions(intervals);
        builder.real_time(intervals);
        builder.finish()
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// Whether a node is an operation of the history.
    pub fn is_operation(&self, node: usize) -> bool {
        node < self.operations
    }

    /// The edges that leave a node.
    pub fn edges(&self, node: usize) -> &[Edge] {
        &self.edges[self.starts[node]..self.starts[node + 1]]
    }

    /// Bytes in use.
    pub fn memory(&self) -> usize {
        self.edges.capacity() * size_of::<Edge>() + self.starts.capacity() * size_of::<usize>()
    }
}

struct Builder<'a> {
    history: &'a History,
    edges: Vec<Edge>,
    nodes: usize,
}

impl Builder<'_> {
    fn add(&mut self, from: usize, to: usize, reason: Reason) {
        if from != to {
            self.edges.push(Edge { from, to, reason });
        }
    }

    fn list(&mut self, key: Key, lists: &Lists<'_>, versions: &Versions<'_>) {
        let appends = self.committed(versions);
        for pair in appends.windows(2) {
            let reason = Reason::WriteWrite { key, before: pair[0].2, after: Some(pair[1].2) };
            self.add(pair[0].1, pair[1].1, reason);
        }
        let mut before_the_end: BTreeMap<usize, Reason> = BTreeMap::new();
        if let Some((_, writer, value)) = appends.last() {
            before_the_end.insert(*writer, Reason::WriteWrite { key, before: *value, after: None });
        }
        for read in &versions.reads {
            let next = appends.partition_point(|(place, ..)| *place < read.list.len());
            if let Some((_, writer, value)) = appends.get(next) {
                self.add(read.operation, *writer, Reason::ReadWrite { key, value: Some(*value) });
            } else {
                before_the_end.entry(read.operation).or_insert(Reason::ReadWrite { key, value: None });
            }
        }
        // Without any read it is not known what came first.
        if !versions.reads.is_empty() {
            self.end_of_list(&before_the_end, &versions.unseen);
        }
        for read in versions.reads.iter().chain(&versions.strays) {
            let sources = read.list.iter().rev().map(|value| (*value, lists.source(self.history, key, *value)));
            let last_of_others = sources.into_iter().find(|(_, source)| source.operation() != Some(read.operation));
            if let Some((value, Source::Append { operation, .. })) = last_of_others
                && !self.history.operations[operation].is_failed()
            {
                self.add(operation, read.operation, Reason::WriteRead { key, value });
            }
        }
    }

    /// Place, transaction and value of each element of the longest list whose transaction did not fail. An element
    /// that stands there twice is an anomaly of its own and counts once.
    fn committed(&self, versions: &Versions<'_>) -> Vec<(usize, usize, Value)> {
        let mut met = BTreeSet::new();
        let elements = versions.longest.iter().zip(&versions.sources).enumerate();
        elements
            .filter(|(_, (value, _))| met.insert(**value))
            .filter_map(|(place, (value, source))| Some((place, source.operation()?, *value)))
            .filter(|(_, operation, _)| !self.history.operations[*operation].is_failed())
            .collect()
    }

    /// Who wrote or read the end of a list comes before whoever appended what nobody saw.
    ///
    /// A transaction that does both must not come before itself, so it gets edges of its own; all others share a
    /// node between them.
    fn end_of_list(&mut self, before: &BTreeMap<usize, Reason>, unseen: &BTreeSet<usize>) {
        let only_unseen: Vec<usize> = unseen.iter().copied().filter(|node| !before.contains_key(node)).collect();
        let both: Vec<usize> = unseen.iter().copied().filter(|node| before.contains_key(node)).collect();
        for (from, reason) in before {
            both.iter().for_each(|to| self.add(*from, *to, *reason));
        }
        for from in &both {
            only_unseen.iter().for_each(|to| self.add(*from, *to, before[from]));
        }
        if only_unseen.is_empty() {
            return;
        }
        let end = self.nodes;
        self.nodes += 1;
        for (from, reason) in before.iter().filter(|(from, _)| !unseen.contains(from)) {
            self.add(*from, end, *reason);
        }
        only_unseen.iter().for_each(|to| self.add(end, *to, Reason::Unseen));
    }

    /// The order inside each session. A standby may lag, so its reads keep no such order.
    fn sessions(&mut self, intervals: &[Interval]) {
        let mut sessions: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for number in self.ordered() {
            sessions.entry(self.history.operations[number].session).or_default().push(number);
        }
        for numbers in sessions.values() {
            self.one_after_the_other(numbers, intervals, Reason::Process);
        }
    }

    fn real_time(&mut self, intervals: &[Interval]) {
        let numbers = self.ordered();
        self.one_after_the_other(&numbers, intervals, Reason::RealTime);
    }

    /// The operations that sessions and real time order.
    fn ordered(&self) -> Vec<usize> {
        let operations = self.history.operations.iter().enumerate();
        operations
            .filter(|(_, operation)| !operation.is_failed() && !operation.replica_read)
            .map(|(number, _)| number)
            .collect()
    }

    /// Whoever was answered comes before whoever was called later, without the edges that follow from others: an
    /// answer stands for all that were answered before its call.
    fn one_after_the_other(&mut self, numbers: &[usize], intervals: &[Interval], reason: Reason) {
        let mut moments: Vec<(usize, usize, bool)> = Vec::new();
        for number in numbers {
            moments.push((intervals[*number].called, *number, false));
            if intervals[*number].returned != END {
                moments.push((intervals[*number].returned, *number, true));
            }
        }
        moments.sort_unstable();
        let mut frontier: Vec<usize> = Vec::new();
        for (_, number, is_answer) in moments {
            if is_answer {
                frontier.retain(|earlier| !intervals[*earlier].before(&intervals[number]));
                frontier.push(number);
            } else {
                for earlier in &frontier {
                    self.add(*earlier, number, reason);
                }
            }
        }
    }

    fn finish(mut self) -> Graph {
        self.edges.sort_by_key(|edge| edge.from);
        let mut starts = vec![0; self.nodes + 1];
        for edge in &self.edges {
            starts[edge.from + 1] += 1;
        }
        for node in 0..self.nodes {
            starts[node + 1] += starts[node];
        }
        Graph { operations: self.history.operations.len(), nodes: self.nodes, edges: self.edges, starts }
    }
}
