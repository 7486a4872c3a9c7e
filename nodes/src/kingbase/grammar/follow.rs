//! How a standby goes to another upstream, as repmgr prints it, by hand or by repmgrd: what stands behind its first line.

use crate::grammar::script::Hole::{self, Free, Own, Same};
use crate::grammar::script::{Row, row};

/// The first line: to whom.
pub(super) const BEGINS: &str = "attempting to find and connect to node \"{}\" (ID: {})";
/// Whom a node follows, by its name and by its number.
pub(super) const TARGET: [&str; 2] = ["follow name", "follow target"];
/// What stands in the first line.
pub(super) const TO: &[Hole] = &[Same(TARGET[0]), Same(TARGET[1])];
/// Why there is none.
pub(super) const CANNOT: &str = "this node cannot attach to follow target node \"{}\" (ID: {})";
/// Why there is none.
pub(super) const NO_TARGET: &str = "unable to find a follow target";
/// What `--dry-run` ends with.
pub(super) const COULD: &str = "prerequisites for executing STANDBY FOLLOW are met";

/// Its lines, but for the first.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("follow forked", "follow target server's timeline {} forked off current database system timeline {} before current recovery point {}", &[Own("timeline"), Own("timeline"), Own("end")], &["cannot follow"]),
    row("rewind to follow", "use \"repmgr node rejoin --force-rewind\" to reattach this node", &[], &["follow forked"]),
    // Upstream repmgr only.
    row("points there", "setting node {}'s upstream to node {}", &[Free, Same(TARGET[1])], &["finds"]),
    row("not pointed there", "unable to change the upstream of this node", &[], &["finds"]),
    row("not noted", "unable to update node record: {}", &[Free], &["finds", "points there"]),
    row("followed", "STANDBY FOLLOW successful", &[], &["finds", "points there", "not noted"]),
    row("attached", "standby attached to upstream node \"{}\" (ID: {})", TO, &["followed"]),
    row("not followed", "STANDBY FOLLOW failed", &[], &["finds", "points there", "not noted"]),
    row("not attached", "standby did not connect to node \"{}\"", &[Same(TARGET[0])], &["not followed"]),
];
