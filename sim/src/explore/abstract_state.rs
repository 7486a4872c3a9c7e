//! What a cluster looked like at a moment, with names and sizes taken away.
//!
//! Two runs that differ in the name of the host that died, or in how many bytes were written, have shown the same
//! thing. So a state is, for each node: its role and state in the product's words, whether it takes writes, how far its
//! reign lies behind the newest, how many locks it holds, how far its log lies behind the longest (in powers of eight),
//! and whether it is fenced. The nodes are sorted, so that renaming them gives the same state. What a product publishes
//! for it is [`nodes::product::NodeState`].

use std::collections::BTreeSet;

use nodes::product::NodeState;
use nodes::world::digest::Digest;

use crate::run::Record;

/// The digest of one abstract state. 32 bits: a campaign sees thousands of states, not millions, and each is written
/// out with every seed that shows it.
pub type State = u32;

/// The states a run went through, each once.
pub fn states(record: &Record) -> BTreeSet<State> {
    record.states.iter().map(|snapshot| state(&snapshot.nodes)).collect()
}

/// The digest of how these nodes look together.
pub fn state(nodes: &[NodeState]) -> State {
    let newest = nodes.iter().map(|node| node.epoch).max().unwrap_or(0);
    let longest = nodes.iter().map(|node| node.log_position).max().unwrap_or(0);
    let mut looks: Vec<_> = nodes
        .iter()
        .map(|node| {
            let reigns_behind = (newest - node.epoch).min(3);
            let log_behind = bucket(longest - node.log_position);
            (&node.role, &node.state, node.writable, reigns_behind, node.locks.len(), log_behind, node.fenced)
        })
        .collect();
    looks.sort();
    (Digest::of(&looks) >> 32) as State
}

/// 0 for nothing, 1 for 1, 2 for 2 to 7, 3 for 8 to 63, and so on in powers of eight.
fn bucket(distance: u64) -> u32 {
    match distance {
        0 => 0,
        1 => 1,
        _ => 2 + distance.ilog2() / 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(host: &str, role: &str, epoch: u64, log_position: u64) -> NodeState {
        NodeState { host: host.into(), role: role.into(), epoch, log_position, ..NodeState::default() }
    }

    #[test]
    fn names_and_sizes_make_no_new_state_and_roles_do() {
        let one = state(&[node("a", "primary", 4, 1000), node("b", "standby", 4, 970)]);
        assert_eq!(one, state(&[node("b", "primary", 9, 5000), node("a", "standby", 9, 4960)]));
        assert_ne!(one, state(&[node("a", "primary", 4, 1000), node("b", "primary", 4, 970)]));
        assert_ne!(one, state(&[node("a", "primary", 4, 1000), node("b", "standby", 3, 970)]));
        assert_ne!(one, state(&[node("a", "primary", 4, 1000), node("b", "standby", 4, 1000)]));
    }

    #[test]
    fn buckets_are_powers_of_eight() {
        assert_eq!([0, 1, 2, 7, 8, 63, 64].map(bucket), [0, 1, 2, 2, 3, 3, 4]);
    }
}
