//! A set of nodes: small, ordered, cheap to copy. CM allows 64 nodes.

use std::fmt;

/// A set of nodes by index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NodeSet(u64);

impl NodeSet {
    /// No node.
    pub const EMPTY: NodeSet = NodeSet(0);

    /// The first `count` nodes.
    pub fn first(count: usize) -> Self {
        (0..count).collect()
    }

    /// This set and one node more.
    #[must_use]
    pub fn with(self, node: usize) -> Self {
        NodeSet(self.0 | bit(node))
    }

    /// This set without one node.
    #[must_use]
    pub fn without(self, node: usize) -> Self {
        NodeSet(self.0 & !bit(node))
    }

    /// Whether a node is in it.
    pub fn contains(self, node: usize) -> bool {
        self.0 & bit(node) != 0
    }

    /// The nodes of both sets.
    #[must_use]
    pub fn union(self, other: NodeSet) -> Self {
        NodeSet(self.0 | other.0)
    }

    /// The nodes that are in both sets.
    #[must_use]
    pub fn intersection(self, other: NodeSet) -> Self {
        NodeSet(self.0 & other.0)
    }

    /// The nodes that are not in the other set.
    #[must_use]
    pub fn difference(self, other: NodeSet) -> Self {
        NodeSet(self.0 & !other.0)
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The nodes in order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..64).filter(move |node| self.contains(*node))
    }
}

fn bit(node: usize) -> u64 {
    1u64.checked_shl(node as u32).unwrap_or(0)
}

impl FromIterator<usize> for NodeSet {
    fn from_iter<I: IntoIterator<Item = usize>>(nodes: I) -> Self {
        nodes.into_iter().fold(NodeSet::EMPTY, NodeSet::with)
    }
}

impl fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
