//! What each node was over time: its role and state as announced, and whether its database process ran at all.

use nodes::product::NodeState;
use nodes::world::time::Instant;
use nodes::world::trace::{Place, ProcessChange, What};
use reports::{Lane, LaneInterval, Standing};

use super::Tale;
use super::moment::{host_and_process, moment};
use crate::run::Record;

/// One lane for each node, in the order of the scenario.
pub fn lanes(tale: &Tale<'_>) -> Vec<Lane> {
    tale.scenario.nodes.iter().map(|node| lane(tale, &node.name)).collect()
}

fn lane(tale: &Tale<'_>, host: &str) -> Lane {
    let lives = lives(tale, host);
    let mut moments: Vec<Instant> = tale.record.states.iter().map(|snapshot| snapshot.at).collect();
    moments.extend(lives.iter().map(|(at, _)| *at));
    moments.push(Instant::START);
    moments.sort();
    moments.dedup();
    let mut intervals: Vec<LaneInterval> = Vec::new();
    for at in moments {
        let next = interval(tale.record, &lives, host, at);
        match intervals.last_mut() {
            Some(last) if (last.standing, &last.state, last.term) == (next.standing, &next.state, next.term) => {}
            Some(last) => {
                last.until = Some(next.from);
                intervals.push(next);
            }
            None => intervals.push(next),
        }
    }
    Lane { node: host.to_owned(), intervals }
}

/// When the database process of a host began or ceased to run.
fn lives(tale: &Tale<'_>, host: &str) -> Vec<(Instant, bool)> {
    let trace = &tale.record.trace;
    let changes = trace.events().iter().filter_map(|event| {
        let What::Process(change) = &event.what else { return None };
        let Place::Process(..) = event.place else { return None };
        let (on, process) = host_and_process(trace, event.place);
        (on.as_deref() == Some(host) && tale.is_database(&process?)).then_some((event.at, *change))
    });
    let runs = |change| match change {
        ProcessChange::Started => Some(true),
        ProcessChange::Exited(_) | ProcessChange::Killed => Some(false),
        ProcessChange::Paused | ProcessChange::Resumed => None,
    };
    changes.filter_map(|(at, change)| Some((at, runs(change)?))).collect()
}

fn interval(record: &Record, lives: &[(Instant, bool)], host: &str, at: Instant) -> LaneInterval {
    let runs = lives.iter().rev().find(|(since, _)| *since <= at).is_some_and(|(_, runs)| *runs);
    let node = record.states_at(at).and_then(|snapshot| snapshot.nodes.iter().find(|node| node.host == host));
    let standing = match node {
        _ if !runs => Standing::Down,
        Some(node) => standing(node),
        None => Standing::Starting,
    };
    let state = match node {
        None if standing == Standing::Down => "-".to_owned(),
        node => node.map(state).unwrap_or_default(),
    };
    let term = node.map(|node| node.epoch).filter(|epoch| *epoch > 0);
    LaneInterval { from: moment(at), until: None, standing, state, term }
}

/// Words of products' states that tell of a change of roles, and of a start; compared without case.
const CHANGES: [&str; 5] = ["promoting", "demoting", "waiting promote", "process_", "changing"];
const STARTS: [&str; 4] = ["starting", "startup, ", "need repair", "recover"];

/// Where a node stands, by who it says it is and whether it takes writes. An instance of a cluster in which all of them
/// write is a primary of its own log.
fn standing(node: &NodeState) -> Standing {
    let (role, state) = (node.role.to_lowercase(), node.state.to_lowercase());
    let says = |words: &[&str]| words.iter().any(|word| state.contains(word));
    match role.as_str() {
        _ if node.writable => Standing::Primary,
        "down" | "unknown" if !says(&STARTS) => Standing::Down,
        _ if says(&CHANGES) => Standing::Changing,
        _ if says(&STARTS) => Standing::Starting,
        "primary" => Standing::Primary,
        "standby" | "replica" | "control node" | "normal node" => Standing::Standby,
        "pending" | "promoting" | "demoting" | "changing" => Standing::Changing,
        _ => Standing::Starting,
    }
}

/// Whether a node is up and says that it is the primary. A node that is down keeps the role it had, and its state says
/// `down`.
pub(super) fn is_primary(node: &NodeState) -> bool {
    let is_down = node.state.split_whitespace().any(|word| word.eq_ignore_ascii_case("down"));
    !is_down && node.role.eq_ignore_ascii_case("primary")
}

/// `Primary Normal`: the role and the state, once each.
fn state(node: &NodeState) -> String {
    let says_role = node.state.to_lowercase().contains(&node.role.to_lowercase());
    if says_role || node.role.is_empty() { node.state.clone() } else { format!("{} {}", node.role, node.state) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_down_is_not_the_primary_whatever_role_it_had() {
        let node =
            |role: &str, state: &str| NodeState { role: role.into(), state: state.into(), ..NodeState::default() };
        assert!(is_primary(&node("Primary", "Normal")));
        assert!(is_primary(&node("primary", "running as primary")));
        assert!(!is_primary(&node("primary", "down")));
        assert!(!is_primary(&node("Primary", "Down Starting")));
        assert!(!is_primary(&node("Standby", "Normal")));
    }
}
