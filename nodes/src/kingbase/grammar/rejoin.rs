//! `node rejoin` as repmgr prints it: a stopped node comes back as a standby, rewound if it went its own way.
//!
//! Source: repmgr's `do_node_rejoin` and `check_node_can_attach`, and the rejoin log in the KingbaseES reference, 2.5.

use crate::grammar::script::Hole::{self, Free, Next, Own, Same};
use crate::grammar::script::{Row, first, row};

const TARGET: Hole = Same("target");
const LOCAL: Hole = Same("local");
/// `sys` or `pg`.
const TOOL: Hole = Same("tool");

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    first("is running", "database is still running in state \"{}\"", &[Free]),
    row("must be stopped", "\"repmgr node rejoin\" can only be executed on a stopped node", &[], &["is running"]),
    first("is unclean", "database is not shut down cleanly", &[]),
    row("control page", "the control page says \"{}\"", &[Free], &["is unclean"]),
    row("recovery", "provide --force-rewind to run recovery", &[], &["is unclean", "control page"]),
    first("no control file", "unable to read the control file", &[]),
    first("nobody named", "no database connection parameters provided", &[]),
    first("no primary", "unable to determine the primary of this cluster", &[]),
    first("not registered as primary", "provided upstream connection string is for a server which is not in recovery, but not registered as primary", &[]),
    first("is no primary", "node \"{}\" (ID: {}) is not a primary", &[Free, Free]),
    first("not registered", "node record for this node (ID: {}) not found", &[Free]),
    first("target", "rejoin target is node \"{}\" (ID: {})", &[Free, TARGET]),
    row("attaches", "local node {} can attach to rejoin target node {}", &[LOCAL, TARGET], &["target"]),
    row("fork", "local node's recovery point: {}; rejoin target node's fork point: {}", &[Own("end"), Own("fork")], &["attaches"]),
    row("cannot attach", "this node cannot attach to rejoin target node {}", &[TARGET], &["target"]),
    row("must rewind", "{}_rewind execution required for this node to attach to rejoin target node {}", &[TOOL, TARGET], &["target"]),
    row("forked", "rejoin target server's timeline {} forked off current database system timeline {} before current recovery point {}", &[Own("theirs"), Own("ours"), Own("end")], &["cannot attach", "must rewind"]),
    row("rewind to rejoin", "use --force-rewind to execute {}_rewind", &[TOOL], &["cannot attach", "forked"]),
    row("is ahead", "this node's timeline is ahead of the rejoin target node's timeline", &[], &["target"]),
    row("ahead by", "this node's timeline is {}, the rejoin target node's timeline is {}", &[Own("ours"), Own("theirs behind")], &["is ahead"]),
    row("give up timeline", "use --force-rewind and --no-check-wal to give this node's timeline up", &[], &["ahead by"]),
    row("prerequisites", "prerequisites for executing NODE REJOIN are met", &[], &["target", "attaches", "fork", "must rewind", "forked"]),
    row("rewinds", "executing {}_rewind", &[TOOL], &["target", "must rewind", "forked"]),
    row("rewind command", "{}_rewind command is \"{}\"", &[TOOL, Free], &["rewinds"]),
    row("rewound", "{}_rewind execution completed, {} pages copied", &[TOOL, Free], &["rewind command"]),
    row("not rewound", "{}_rewind execution failed", &[TOOL], &["rewind command"]),
    row("clone instead", "the WAL it needs is gone: clone this node anew", &[], &["not rewound"]),
    row("points", "setting node {}'s upstream to node {}", &[LOCAL, TARGET], &["attaches", "fork", "rewind command", "rewound"]),
    row("rejoin not noted", "unable to update node record: {}", &[Free], &["points"]),
    row("is down", "unable to ping \"{}\"", &[Free], &["points"]),
    row("no answer", "PQping() returned \"{}\"", &[Free], &["is down"]),
    row("starting", "starting server using \"{}\"", &[Free], &["points", "is down", "no answer"]),
    row("not started", "unable to start server", &[], &["starting"]),
    row("waits", "waiting for node \"{}\" (ID: {}) to connect to new primary; {} of max {} attempts (parameter \"node_rejoin_timeout\")", &[Free, LOCAL, Next("rejoin"), Same("rejoins")], &["starting", "waits"]),
    row("not back", "node \"{}\" did not connect to the new primary", &[Free], &["waits"]),
    row("slot deleted", "replication slot \"{}\" deleted on node {}", &[Free, LOCAL], &["starting", "waits"]),
    row("rejoined", "NODE REJOIN successful", &[], &["starting", "waits", "slot deleted"]),
    row("back", "node {} is now attached to node {}", &[LOCAL, TARGET], &["rejoined"]),
];
