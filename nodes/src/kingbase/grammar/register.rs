//! `standby register` as repmgr prints it. Its one line is judged by what the nodes are called elsewhere in the same
//! paste.

use crate::grammar::script::Hole::Free;
use crate::grammar::script::{Row, first};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    first("registered", "standby node \"{}\" (ID: {}) successfully registered", &[Free, Free]),
    first("nowhere to register", "unable to connect to the primary database", &[]),
];
