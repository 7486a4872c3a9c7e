//! A promotion as repmgr prints it, by hand, in a switchover or by repmgrd: what stands behind its first line.

use crate::grammar::script::Hole::{self, Free, Own, Rising};
use crate::grammar::script::{Row, row};

/// The node that is promoted.
pub(super) const ME: Hole = Own("me");
/// Its number.
pub(super) const MY_ID: Hole = Own("my id");

/// The first line of a promotion.
pub(super) const BEGINS: &str = "promoting standby to primary";
/// Why there is none.
pub(super) const HAS_PRIMARY: &str = "this replication cluster already has an active primary server";
/// Why there is none.
pub(super) const NO_STANDBY: &str = "STANDBY PROMOTE can only be executed on a standby node";

/// Its lines, but for the first.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("its primary", "current primary is \"{}\" (ID: {})", &[Free, Free], &["has primary"]),
    row("how", "promoting server \"{}\" (ID: {}) using pg_promote()", &[ME, MY_ID], &["promoting"]),
    row("cannot", "unable to promote server from standby to primary", &[], &["how"]),
    row("waiting", "waiting for promotion to complete, replay lsn: {}", &[Rising("place")], &["how"]),
    row("waiting up to", "waiting up to {} seconds {} for promotion to complete", &[Free, Free], &["how"]),
    row("still a standby", "STANDBY PROMOTE failed, node is still a standby", &[], &["waiting", "waiting up to"]),
    row("async", "SET synchronous TO \"async\" on primary host", &[], &["waiting", "waiting up to"]),
    row("names", "change synchronous_standby_names from \"{}\" to \"\"", &[Free], &["async"]),
    row("not recorded", "unable to update node record", &[], &["waiting", "waiting up to", "async", "names"]),
    row("promoted", "STANDBY PROMOTE successful", &[], &["waiting", "waiting up to", "names"]),
    row("who", "server \"{}\" (ID: {}) was successfully promoted to primary", &[ME, MY_ID], &["promoted"]),
    // KingbaseES only.
    row("checkpoint", "issuing CHECKPOINT", &[], &["who"]),
];
