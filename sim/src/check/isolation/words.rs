//! A cycle in sentences: who is who, one sentence for each edge, and what follows.

use super::cycles::Cycle;
use super::graph::{Edge, Graph, Reason};
use crate::history::History;

/// The cycle in whole sentences. Transactions are called T1, T2 and so on in the order of the cycle.
pub fn explain(history: &History, graph: &Graph, cycle: &Cycle) -> Vec<String> {
    let edges = join_at_ends(graph, &cycle.edges);
    let mut names: Vec<usize> = Vec::new();
    for edge in &edges {
        if !names.contains(&edge.from) {
            names.push(edge.from);
        }
    }
    let mut sentences: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(number, operation)| format!("T{}: {}.", number + 1, history.tell(&history.operations[*operation])))
        .collect();
    let name = |operation: usize| {
        let place = names.iter().position(|named| *named == operation);
        format!("T{}", place.map_or(0, |place| place + 1))
    };
    for edge in &edges {
        let (from, to) = (name(edge.from), name(edge.to));
        sentences.push(format!("{from} < {to}, because {}.", because(history, edge, &from, &to)));
    }
    sentences.push(format!("So {} would have to come before itself.", name(edges[0].from)));
    sentences
}

/// The operations of a cycle.
pub fn operations(graph: &Graph, cycle: &Cycle) -> Vec<usize> {
    cycle.edges.iter().map(|edge| edge.from).filter(|node| graph.is_operation(*node)).collect()
}

/// The edges between transactions: the two edges through the end of a list become one.
fn join_at_ends(graph: &Graph, edges: &[Edge]) -> Vec<Edge> {
    let mut edges = edges.to_vec();
    if !graph.is_operation(edges[0].from) {
        edges.rotate_left(1);
    }
    let mut joined: Vec<Edge> = Vec::new();
    for edge in edges {
        match joined.last_mut() {
            Some(last) if !graph.is_operation(last.to) => last.to = edge.to,
            _ => joined.push(edge),
        }
    }
    joined
}

fn because(history: &History, edge: &Edge, from: &str, to: &str) -> String {
    let value = |value| history.value_name(value);
    match edge.reason {
        Reason::WriteWrite { key, before, after: Some(after) } => format!(
            "{to} appended {} to key {} right after {from} had appended {}",
            value(after),
            history.key_name(key),
            value(before)
        ),
        Reason::WriteWrite { key, before, after: None } => format!(
            "{from}'s append of {} to key {} was seen, and what {to} appended was not, so that came later",
            value(before),
            history.key_name(key)
        ),
        Reason::WriteRead { key, value: seen } => {
            format!("{to} observed {from}'s append of {} to key {}", value(seen), history.key_name(key))
        }
        Reason::ReadWrite { key, value: Some(unseen) } => {
            format!("{from} did not observe {to}'s append of {} to key {}", value(unseen), history.key_name(key))
        }
        Reason::ReadWrite { key, value: None } => {
            format!("{from} did not observe what {to} appended to key {}", history.key_name(key))
        }
        Reason::Unseen => unreachable!("the end of a list is joined with the edge before it"),
        Reason::Process => format!("{from} ended before {to} began in the same session"),
        Reason::RealTime => format!("{from} was answered before {to} was called"),
    }
}
