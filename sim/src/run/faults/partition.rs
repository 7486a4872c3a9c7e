//! `partition`: nothing passes between two ends, around some nodes, or between groups.

use nodes::world::network::{Effect, End};

use super::links::{Way, Words, ends, names, rule, ways};
use super::{Begun, Inject, Scene};
use crate::scenario::model::NodeSelector;
use crate::scenario::verbs::network::{Direction, Partition};

impl Inject for Partition {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let (targets, ways) = match self {
            Partition::Between(link) => ways(scene, link, pick),
            Partition::Isolate { nodes, direction } => isolated(scene, nodes, *direction, pick),
            Partition::Groups(groups) => split(scene, groups, pick),
        };
        rule(scene, targets, ways, Effect::Cut, Words { english: "were lost", chinese: "丢失" })
    }
}

fn all_ends(scene: &Scene<'_>, nodes: &[NodeSelector], pick: u32) -> Vec<End> {
    nodes.iter().flat_map(|node| ends(scene, node, pick)).collect()
}

/// The ways between some nodes and everyone else. Other processes of an isolated process's host are everyone else, but
/// they reach it all the same: no network is between them.
fn isolated(scene: &Scene<'_>, nodes: &[NodeSelector], direction: Direction, pick: u32) -> (Vec<String>, Vec<Way>) {
    let inside = all_ends(scene, nodes, pick);
    let outside: Vec<End> =
        scene.stage.everyone().into_iter().map(End::Host).filter(|host| !inside.contains(host)).collect();
    let targets = vec![names(scene, &inside)];
    if inside.is_empty() || outside.is_empty() {
        return (targets, Vec::new());
    }
    let out = (inside.clone(), outside.clone());
    let back = (outside, inside);
    let ways = match direction {
        Direction::Both => vec![out, back],
        Direction::To => vec![out],
        Direction::From => vec![back],
    };
    (targets, ways)
}

fn split(scene: &Scene<'_>, groups: &[Vec<NodeSelector>], pick: u32) -> (Vec<String>, Vec<Way>) {
    let groups: Vec<Vec<End>> = groups.iter().map(|group| all_ends(scene, group, pick)).collect();
    let targets = groups.iter().map(|group| format!("[{}]", names(scene, group))).collect();
    let mut ways = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        for (other_number, other) in groups.iter().enumerate() {
            if number != other_number && !group.is_empty() && !other.is_empty() {
                ways.push((group.clone(), other.clone()));
            }
        }
    }
    (targets, ways)
}
