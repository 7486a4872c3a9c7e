//! A cycle in sentences: who is who, one sentence for each edge, and what follows.

use reports::{Sentence, sentence};

use super::cycles::Cycle;
use super::graph::{Edge, Graph, Reason};
use crate::history::History;

/// The cycle in whole sentences. Transactions are called T1, T2 and so on in the order of the cycle.
pub fn explain(history: &History, graph: &Graph, cycle: &Cycle) -> Vec<Sentence> {
    let edges = join_at_ends(graph, &cycle.edges);
    let mut names: Vec<usize> = Vec::new();
    for edge in &edges {
        if !names.contains(&edge.from) {
            names.push(edge.from);
        }
    }
    let mut sentences: Vec<Sentence> = names
        .iter()
        .enumerate()
        .map(|(number, operation)| {
            sentence!("T{}: {}.", "T{}:{}。", number + 1, history.tell(&history.operations[*operation]))
        })
        .collect();
    let name = |operation: usize| {
        let place = names.iter().position(|named| *named == operation);
        format!("T{}", place.map_or(0, |place| place + 1))
    };
    for edge in &edges {
        let (from, to) = (name(edge.from), name(edge.to));
        sentences.push(sentence!(
            "{from} < {to}, because {}.",
            "{from} < {to},因为{}。",
            because(history, edge, &from, &to)
        ));
    }
    sentences.push(sentence!(
        "So {} would have to come before itself.",
        "于是 {} 须先于自身,矛盾。",
        name(edges[0].from)
    ));
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

fn because(history: &History, edge: &Edge, from: &str, to: &str) -> Sentence {
    let value = |value| history.value_name(value);
    match edge.reason {
        Reason::WriteWrite { key, before, after: Some(after) } => sentence!(
            "{to} appended {} to key {} right after {from} had appended {}",
            "{to} 紧接在 {from} 追加 {2} 之后把 {0} 追加到键 {1}",
            value(after),
            history.key_name(key),
            value(before)
        ),
        Reason::WriteWrite { key, before, after: None } => sentence!(
            "{from}'s append of {} to key {} was seen, and what {to} appended was not, so that came later",
            "读到了 {from} 对键 {1} 追加的 {0},未读到 {to} 追加的内容,故后者在后",
            value(before),
            history.key_name(key)
        ),
        Reason::WriteRead { key, value: seen } => {
            sentence!(
                "{to} observed {from}'s append of {} to key {}",
                "{to} 读到了 {from} 对键 {1} 追加的 {0}",
                value(seen),
                history.key_name(key)
            )
        }
        Reason::ReadWrite { key, value: Some(unseen) } => {
            sentence!(
                "{from} did not observe {to}'s append of {} to key {}",
                "{from} 未读到 {to} 对键 {1} 追加的 {0}",
                value(unseen),
                history.key_name(key)
            )
        }
        Reason::ReadWrite { key, value: None } => {
            sentence!(
                "{from} did not observe what {to} appended to key {}",
                "{from} 未读到 {to} 对键 {} 追加的内容",
                history.key_name(key)
            )
        }
        Reason::Unseen => unreachable!("the end of a list is joined with the edge before it"),
        Reason::Process => {
            sentence!("{from} ended before {to} began in the same session", "同一会话中 {from} 在 {to} 开始之前已结束")
        }
        Reason::RealTime => sentence!("{from} was answered before {to} was called", "{from} 得到应答之后 {to} 才发起"),
    }
}
