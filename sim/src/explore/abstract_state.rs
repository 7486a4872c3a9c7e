//! What a cluster looked like at a moment, with names and sizes taken away.
//!
//! Two runs that differ in the name of the host that died, or in how many bytes were written, have shown the same
//! thing. So a state is, for each node: its role and state in the product's words, whether it takes writes, how far its
//! reign lies behind the newest, how many locks it holds, how far its log lies behind the longest (in powers of eight),
//! whether it is fenced, and which kinds of faults are at work on it (cut off, frozen, slow). The nodes are sorted, so
//! that renaming them gives the same state. What a product publishes for it is [`nodes::product::NodeState`].

use std::collections::BTreeSet;

use nodes::product::NodeState;
use nodes::world::digest::Digest;
use nodes::world::time::Instant;

use crate::run::Record;
use crate::run::record::FaultRecord;

/// The digest of one abstract state. 32 bits: a campaign sees thousands of states, not millions, and each is written
/// out with every seed that shows it.
pub type State = u32;

/// The states a run went through, each once.
pub fn states(record: &Record) -> BTreeSet<State> {
    sequence(record).into_iter().collect()
}

/// The states a run went through, in order, each as long as it lasts once.
pub fn sequence(record: &Record) -> Vec<State> {
    let sighted = record.states.iter().map(|snapshot| snapshot.at);
    let lasting = record.faults.iter().filter(|fault| fault.lasts.is_some());
    let faults = lasting.flat_map(|fault| [fault.fired, fault.ended]).flatten();
    let moments: BTreeSet<Instant> = sighted.chain(faults).collect();
    let mut states: Vec<State> = Vec::new();
    for at in moments {
        let Some(snapshot) = record.states_at(at) else { continue };
        states.push(state(&snapshot.nodes, |host| at_work_on(record, host, at)));
    }
    states.dedup();
    states
}

/// The verbs of the lasting faults that are at work on a host at a moment.
fn at_work_on<'r>(record: &'r Record, host: &str, at: Instant) -> BTreeSet<&'r str> {
    let is_at_work = |fault: &&FaultRecord| {
        fault.lasts.is_some() && fault.fired.is_some_and(|fired| fired <= at) && fault.ended.is_none_or(|end| end > at)
    };
    let is_about = |fault: &&FaultRecord| fault.targets.iter().any(|target| names(target, host));
    record.faults.iter().filter(is_at_work).filter(is_about).map(|fault| fault.verb).collect()
}

/// Whether a target, as people read it (`dn1/gaussdb`, `[dn2, dn3]`), is about a host.
fn names(target: &str, host: &str) -> bool {
    target.split([' ', ',', '[', ']', '/']).any(|word| word == host)
}

/// The digest of how these nodes look together.
fn state<'r>(nodes: &[NodeState], at_work: impl Fn(&str) -> BTreeSet<&'r str>) -> State {
    let newest = nodes.iter().map(|node| node.epoch).max().unwrap_or(0);
    let longest = nodes.iter().map(|node| node.log_position).max().unwrap_or(0);
    let mut looks: Vec<_> = nodes
        .iter()
        .map(|node| {
            let reigns_behind = (newest - node.epoch).min(3);
            let log_behind = bucket(longest - node.log_position);
            (
                &node.role,
                &node.state,
                node.writable,
                reigns_behind,
                node.locks.len(),
                log_behind,
                node.fenced,
                at_work(&node.host),
            )
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
        let state = |nodes: &[NodeState]| state(nodes, |_| BTreeSet::new());
        let one = state(&[node("a", "primary", 4, 1000), node("b", "standby", 4, 970)]);
        assert_eq!(one, state(&[node("b", "primary", 9, 5000), node("a", "standby", 9, 4960)]));
        assert_ne!(one, state(&[node("a", "primary", 4, 1000), node("b", "primary", 4, 970)]));
        assert_ne!(one, state(&[node("a", "primary", 4, 1000), node("b", "standby", 3, 970)]));
        assert_ne!(one, state(&[node("a", "primary", 4, 1000), node("b", "standby", 4, 1000)]));
    }

    #[test]
    fn a_fault_at_work_makes_a_state_of_its_own_while_it_lasts() {
        use crate::run::testing::run;
        let calm = states(&run("", 1));
        let frozen = run("[[fault]]\nname = \"it\"\nat = \"9s\"\nfor = \"2s\"\npause = \"b\"\n", 1);
        let states = sequence(&frozen);
        let new: Vec<usize> = (0..states.len()).filter(|number| !calm.contains(&states[*number])).collect();
        assert_eq!(new.len(), 1, "{states:?} beside {calm:?}");
        assert!(new[0] + 1 < states.len(), "it ends");
        assert!(names("[dn1], [dn2, dn3]", "dn3") && names("dn1/gaussdb", "dn1") && !names("dn11", "dn1"));
    }

    #[test]
    fn buckets_are_powers_of_eight() {
        assert_eq!([0, 1, 2, 7, 8, 63, 64].map(bucket), [0, 1, 2, 2, 3, 3, 4]);
    }
}
