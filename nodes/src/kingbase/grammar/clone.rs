//! `standby clone` as repmgr prints it: where to, from where, and that the copy is whole.
//!
//! Source: repmgr's `do_standby_clone` and `run_basebackup`.

use crate::grammar::script::Hole::{self, Free, Same};
use crate::grammar::script::{Row, first, row};

const DIRECTORY: Hole = Same("directory");
const WALSENDERS: Hole = Same("walsenders");
/// `sys` or `pg`.
const TOOL: Hole = Same("tool");

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    first("provided", "destination directory \"{}\" provided", &[DIRECTORY]),
    row("runs there", "specified data directory \"{}\" appears to contain a running {} instance", &[DIRECTORY, Free], &["provided"]),
    row("must not run", "ensure the target data directory does not contain a running {} instance", &[Free], &["runs there"]),
    row("not empty", "data directory \"{}\" already exists and is not empty", &[DIRECTORY], &["provided"]),
    row("overwrite", "use -F/--force to overwrite the existing data directory", &[], &["not empty"]),
    row("no source", "no source host provided", &[], &["provided"]),
    row("connecting", "connecting to source node", &[], &["provided"]),
    row("connection string", "connection string is: {}", &[Free], &["connecting"]),
    row("walsenders", "checking for available walsenders on the source node ({} required)", &[WALSENDERS], &["connection string"]),
    row("too few walsenders", "source node has insufficient free walsenders, {} required", &[WALSENDERS], &["walsenders"]),
    row("more walsenders", "increase parameter \"max_wal_senders\" on the source node", &[], &["too few walsenders"]),
    row("will attach", "standby will attach to upstream node {}", &[Free], &["walsenders"]),
    row("could be cloned", "all prerequisites for \"standby clone\" are met", &[], &["walsenders", "will attach"]),
    row("no slot", "unable to create replication slot \"{}\": {}", &[Free, Free], &["will attach"]),
    row("backup", "starting backup (using {}_basebackup)...", &[TOOL], &["walsenders", "will attach"]),
    row("takes time", "this may take some time; consider using the -c/--fast-checkpoint option", &[], &["backup"]),
    row("copies", "executing:", &[], &["backup", "takes time"]),
    row("no copy", "unable to take a base backup of the source server", &[], &["copies"]),
    row("half a clone", "the destination directory \"{}\" holds half a clone: run the command again", &[DIRECTORY], &["no copy"]),
    row("cloned", "standby clone (using {}_basebackup) complete", &[TOOL], &["copies"]),
    row("can be started", "you can now start your {} server", &[Free], &["cloned"]),
    row("start it", "for example: {} -D {} start", &[Free, DIRECTORY], &["can be started"]),
    row("register it", "after starting the server, you need to re-register this standby with \"repmgr standby register --force\"{}", &[Free], &["can be started", "start it"]),
];
