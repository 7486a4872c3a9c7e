//! `node rejoin` as repmgr prints it: a stopped node comes back as a standby, rewound if it went its own way.
//!
//! Source: repmgr's `do_node_rejoin` and `check_node_can_attach`, and the rejoin log in the KingbaseES reference, 2.5.

use crate::grammar::script::Hole::{Free, Next, Own, Same};
use crate::grammar::script::{Row, first, row};

const TARGET: crate::grammar::script::Hole = Same("target");
const LOCAL: crate::grammar::script::Hole = Same("local");

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    first("is running", "database is still running in state \"{}\"", &[Free]),
    first("is unclean", "database is not shut down cleanly", &[]),
    first("target", "rejoin target is node \"{}\" (ID: {})", &[Free, TARGET]),
    row("attaches", "local node {} can attach to rejoin target node {}", &[LOCAL, TARGET], &["target"]),
    row("fork", "local node's recovery point: {}; rejoin target node's fork point: {}", &[Own("end"), Own("fork")], &["attaches"]),
    row("cannot attach", "this node cannot attach to rejoin target node {}", &[TARGET], &["target"]),
    row("must rewind", "{}_rewind execution required for this node to attach to rejoin target node {}", &[Free, TARGET], &["target"]),
    row("forked", "rejoin target server's timeline {} forked off current database system timeline {} before current recovery point {}", &[Own("theirs"), Own("ours"), Own("end")], &["cannot attach", "must rewind"]),
    row("is ahead", "this node's timeline is ahead of the rejoin target node's timeline", &[], &["target"]),
    row("ahead by", "this node's timeline is {}, the rejoin target node's timeline is {}", &[Own("ours"), Own("theirs behind")], &["is ahead"]),
    row("prerequisites", "prerequisites for executing NODE REJOIN are met", &[], &["target", "attaches", "fork", "must rewind", "forked"]),
    row("rewinds", "executing {}_rewind", &[Free], &["target", "must rewind", "forked"]),
    row("rewind command", "{}_rewind command is \"{}\"", &[Free, Free], &["rewinds"]),
    row("rewound", "{}_rewind execution completed, {} pages copied", &[Free, Free], &["rewind command"]),
    row("not rewound", "{}_rewind execution failed", &[Free], &["rewind command"]),
    row("points", "setting node {}'s upstream to node {}", &[LOCAL, TARGET], &["attaches", "fork", "rewind command", "rewound"]),
    row("is down", "unable to ping \"{}\"", &[Free], &["points"]),
    row("no answer", "PQping() returned \"{}\"", &[Free], &["is down"]),
    row("starting", "starting server using \"{}\"", &[Free], &["points", "is down", "no answer"]),
    row("not started", "unable to start server", &[], &["starting"]),
    row("waits", "waiting for node \"{}\" (ID: {}) to connect to new primary; {} of max {} attempts (parameter \"node_rejoin_timeout\")", &[Free, LOCAL, Next("rejoin"), Same("rejoins")], &["starting", "waits"]),
    row("not back", "node \"{}\" did not connect to the new primary", &[Free], &["waits"]),
    row("rejoined", "NODE REJOIN successful", &[], &["starting", "waits"]),
    row("back", "node {} is now attached to node {}", &[LOCAL, TARGET], &["rejoined"]),
];
