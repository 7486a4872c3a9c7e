//! How every command says that it could not reach a database.

use crate::grammar::script::{Row, row};

/// The first line; a command ends with it.
pub(super) const FAILED: &str = "connection to database failed";

/// What stands behind it.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("tried with", "attempted to connect using:", &[], &["no connection"]),
    row("rejoin instead", "use \"repmgr node rejoin\" to re-add an inactive node to the replication cluster", &[], &["tried with"]),
];
