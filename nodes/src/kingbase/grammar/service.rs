//! `service pause` and `service unpause` as repmgr prints them: every node in the order of the numbers, and how many
//! could not be reached.
//!
//! Source: repmgr's `_do_repmgr_pause`; KingbaseES reference, 3.2. What `service status` shows is a table.

use super::kept::Names;
use crate::grammar::script::Hole::{Free, Own};
use crate::grammar::script::{Row, first, row};
use crate::kingbase::metadata::NodeId;

const PAUSED: &str = "node {} ({}) paused";
const UNPAUSED: &str = "node {} ({}) unpaused";
const NOT_REACHED: &str = "unable to connect to node {}";

/// Behind which a list goes on.
const LISTED: &[&str] = &["pauses first", "unpauses first", "misses first", "pauses", "unpauses", "misses"];

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    first("pauses first", PAUSED, &[Own("first listed"), Free]),
    first("unpauses first", UNPAUSED, &[Own("first listed"), Free]),
    first("misses first", NOT_REACHED, &[Own("first listed")]),
    row("pauses", PAUSED, &[Own("listed"), Free], LISTED),
    row("unpauses", UNPAUSED, &[Own("listed"), Free], LISTED),
    row("misses", NOT_REACHED, &[Own("listed")], LISTED),
    row("not all paused", "unable to pause {} node(s)", &[Own("missed")], LISTED),
    row("not all unpaused", "unable to unpause {} node(s)", &[Own("missed")], LISTED),
    row("look", "execute \"repmgr service status\" to view current status", &[], &["not all paused", "not all unpaused"]),
];

/// What the rules of a list keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct List {
    /// Whether it pauses, once a line says so.
    pauses: Option<bool>,
    last: Option<NodeId>,
    missed: u64,
}

/// Whether a value can stand in a hole of a list at all: many other lines begin like these.
pub(super) fn has_the_shape(hole: &'static str, value: &str) -> bool {
    !matches!(hole, "first listed" | "listed" | "missed") || value.parse::<u64>().is_ok()
}

impl List {
    /// Whether the list so far pauses, or lets go on, as this line does.
    pub(super) fn may_follow(&self, row: &Row) -> bool {
        let does = match row.name {
            "pauses" | "not all paused" => true,
            "unpauses" | "not all unpaused" => false,
            _ => return true,
        };
        self.pauses.is_none_or(|pauses| pauses == does)
    }

    /// Takes the number of a node, or of how many were not reached: no node that is known is left out.
    pub(super) fn take(&mut self, names: &mut Names, row: &Row, hole: &'static str, value: &str) -> bool {
        if hole == "missed" {
            return value.parse() == Ok(self.missed) && self.missed > 0 && names.are_neighbours(self.last, None);
        }
        let Ok(number) = value.parse::<NodeId>() else { return false };
        let last = self.last.replace(number);
        let is_next = last.is_none_or(|last| last < number) && names.are_neighbours(last, Some(number));
        names.know(number);
        match row.name {
            "pauses first" | "pauses" => self.pauses = Some(true),
            "unpauses first" | "unpauses" => self.pauses = Some(false),
            _ => self.missed += 1,
        }
        is_next
    }
}
