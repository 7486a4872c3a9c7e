//! What is kept of what repmgr tells, whether a DBA typed it or repmgrd runs it: one thing for both.

use std::collections::BTreeMap;

use crate::grammar::script::{Row, Said, place};
use crate::kingbase::metadata::NodeId;

/// What the rules keep; `P` is what those of one program keep beside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept<P> {
    pub(super) names: Names,
    timelines: Timelines,
    pub(super) program: P,
}

/// What the nodes are called: within one log a number stands for one node, whatever command tells of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Names {
    /// A node of which only the number was told has no name yet.
    by_number: BTreeMap<NodeId, String>,
}

/// The timelines of a node and of the one it goes to, and where its own log ends.
#[derive(Clone, Debug, Default, PartialEq)]
struct Timelines {
    ours: Option<u64>,
    theirs: Option<u64>,
    end: Option<u64>,
}

impl<P: Default> Kept<P> {
    /// What still holds when another command begins.
    pub(super) fn outlasts(&self) -> Self {
        Kept { names: self.names.clone(), ..Kept::default() }
    }
}

/// Takes what stands in a hole that the commands share; false if it cannot stand there.
pub(super) fn take<P>(said: &mut Said<Kept<P>>, hole: &'static str, value: &str) -> bool {
    let kept = &mut said.own.timelines;
    match hole {
        "ours" => {
            kept.ours = value.parse().ok();
            // A timeline forks off an older one, or off its twin: in a split both sides may have begun the same.
            kept.ours.is_some() && kept.theirs.is_none_or(|theirs| Some(theirs) >= kept.ours)
        }
        "theirs" => {
            kept.theirs = value.parse().ok();
            kept.theirs.is_some()
        }
        "theirs behind" => value.parse().is_ok_and(|theirs: u64| Some(theirs) < kept.ours),
        // Who is a primary itself cannot follow, however old the other timeline is.
        "timeline" => value.parse::<u64>().is_ok(),
        "end" => {
            kept.end = place(value);
            kept.end.is_some()
        }
        // Whoever wrote beyond the fork cannot attach.
        "fork" => place(value) >= kept.end && place(value).is_some(),
        _ => role(said, hole, value),
    }
}

/// Both roles keep their names through a switchover, and nobody has both.
fn role<P>(said: &mut Said<Kept<P>>, what: &'static str, value: &str) -> bool {
    let other = match what {
        "me" => "old",
        "old" => "me",
        "my id" => "old id",
        _ => "my id",
    };
    said.same(other).is_none_or(|other| other != value) && said.agree(what, value)
}

impl Names {
    /// Takes the names and numbers of a line; false if one of them is another node's.
    pub(super) fn take(&mut self, row: &Row, values: &[&str]) -> bool {
        let parts: Vec<&str> = row.pattern.split("{}").collect();
        let beside =
            (0..values.len().saturating_sub(1)).map(|at| (parts[at], parts[at + 1], values[at], values[at + 1]));
        let mut named = beside.filter_map(|(before, between, one, other)| match between {
            "\" (ID: " | "\" (ID " | "\" (node ID: " => Some((other, one)),
            " (" if before.ends_with("node ") => Some((one, other)),
            _ => None,
        });
        named.all(|(number, name)| number.parse().is_ok_and(|number| self.agree(number, name)))
    }

    fn agree(&mut self, number: NodeId, name: &str) -> bool {
        let is_anothers = self.by_number.iter().any(|(other, known)| *other != number && known == name);
        let known = self.by_number.entry(number).or_default();
        if known.is_empty() {
            name.clone_into(known);
        }
        known == name && !is_anothers
    }

    /// Takes a number that was told without a name.
    pub(super) fn know(&mut self, number: NodeId) {
        self.by_number.entry(number).or_default();
    }

    /// Whether no node is known whose number lies between these two.
    pub(super) fn are_neighbours(&self, one: Option<NodeId>, other: Option<NodeId>) -> bool {
        let lies_between =
            |number: &NodeId| one.is_none_or(|one| *number > one) && other.is_none_or(|other| *number < other);
        !self.by_number.keys().any(lies_between)
    }
}
