//! How a standby goes to another upstream, as repmgr prints it, by hand or by repmgrd: what stands behind its first line.

use crate::grammar::script::Hole::{self, Free, Own, Same};
use crate::grammar::script::{Row, row};

/// The first line: to whom.
pub(super) const BEGINS: &str = "attempting to find and connect to node \"{}\" (ID: {})";
/// What stands in it.
pub(super) const TO: &[Hole] = &[Free, Same("follow target")];
/// Why there is none.
pub(super) const CANNOT: &str = "this node cannot attach to follow target node \"{}\" (ID: {})";

/// Its lines, but for the first.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("follow forked", "follow target server's timeline {} forked off current database system timeline {} before current recovery point {}", &[Own("theirs"), Own("ours"), Own("end")], &["cannot follow"]),
    // Upstream repmgr only.
    row("points there", "setting node {}'s upstream to node {}", &[Free, Same("follow target")], &["finds"]),
    row("followed", "STANDBY FOLLOW successful", &[], &["finds", "points there"]),
    row("attached", "standby attached to upstream node \"{}\" (ID: {})", TO, &["followed"]),
    row("not followed", "STANDBY FOLLOW failed", &[], &["finds", "points there"]),
];
