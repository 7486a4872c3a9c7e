//! What tools ask a server over a database connection, and what they are told.

use super::metadata::{NodeId, NodeRecord};
use crate::parts::streaming_replication::names::Timeline;
use crate::parts::streaming_replication::server::StandbyView;
use crate::parts::wal::{Lsn, RowChange};
use crate::world::port::PortNumber;

/// The port for [`Sql`].
pub(super) const SQL_PORT: PortNumber = PortNumber(54321);

/// A statement, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sql {
    /// `PQping`: needs no login.
    Ping,
    /// How the server stands.
    Identity,
    /// `SELECT * FROM repmgr.nodes`.
    Nodes,
    /// Updates of the tables of repmgr, with an event.
    Change { changes: Vec<RowChange>, event: Option<(&'static str, NodeId, bool)> },
    /// A witness takes the table of the primary.
    CopyNodes(Vec<NodeRecord>),
    /// `sys_stat_replication`.
    Standbys,
    /// `sys_replication_slots`.
    Slots,
    /// Makes a slot.
    CreateSlot(String),
    /// Drops a slot.
    DropSlot(String),
    /// `SHOW name`.
    Show(String),
    /// `ALTER SYSTEM SET name TO value`.
    AlterSystem { name: String, value: String },
    /// `sys_reload_conf()`, or SIGHUP.
    Reload,
    /// `CHECKPOINT`.
    Checkpoint,
    /// `pg_promote(wait => false)`.
    Promote,
    /// `sys_switch_wal()`.
    SwitchWal,
    /// A bulk load of so many segments.
    Bulk(u64),
    /// Pauses replay, or lets it go on.
    PauseReplay(bool),
    /// SIGINT: a fast shutdown.
    Stop,
    /// A login as a superuser of this name.
    Superuser(String),
    /// `sys_start_backup()` and `sys_stop_backup()`: exclusive backup mode.
    ExclusiveBackup(bool),
    /// `sys_is_in_backup()`: `t` or `f`.
    IsInBackup,
    /// The memory that repmgr shares with the server.
    Memory(Memory),
}

/// What is done with the shared memory of a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Memory {
    /// Reads it.
    Read,
    /// Pauses repmgrd, or lets it go on; kept in a file.
    Pause(bool),
    /// A repmgrd says that it runs.
    Register { pid: u64 },
    /// A repmgrd has just seen its upstream.
    SawUpstream(NodeId),
    /// A node is told whom to follow; [`VOTE_AGAIN`]: nobody.
    Notify(NodeId),
    /// repmgrd takes the notification out.
    TakeNotification,
}

/// What a winner that was not let through tells the others: nobody is to be followed, vote again.
pub(super) const VOTE_AGAIN: NodeId = -2;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum SqlAnswer {
    /// The server takes connections.
    Accepts,
    /// It answers and takes nobody in.
    Rejects(String),
    /// Done.
    Done,
    /// Not done.
    Error(String),
    /// How it stands.
    Identity(Identity),
    /// Rows of `repmgr.nodes`.
    Nodes(Vec<NodeRecord>),
    /// Rows of `sys_stat_replication`.
    Standbys(Vec<StandbyView>),
    /// Rows of `sys_replication_slots`.
    Slots(Vec<(String, bool, Lsn)>),
    /// A value.
    Text(String),
    /// A position.
    Position(Lsn),
    /// What is in the shared memory.
    Memory(MemoryView),
}

/// How a server stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) in_recovery: bool,
    /// The timeline its control page speaks of.
    pub(super) control_timeline: Timeline,
    pub(super) timeline: Timeline,
    /// Inserted on a primary, the end of what it has on a standby.
    pub(super) log_end: Lsn,
    /// What a standby was sent since its server started (`sys_last_wal_receive_lsn`).
    pub(super) last_received: Lsn,
    pub(super) replayed: Lsn,
    /// Seconds since the last replayed transaction, by its own clock; 0 if everything received is replayed.
    pub(super) lag_seconds: u64,
    pub(super) replay_paused: bool,
    pub(super) streams_from: Option<NodeId>,
}

/// What is in the shared memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct MemoryView {
    /// The process number of a repmgrd that has said it runs.
    pub(super) pid: Option<u64>,
    pub(super) paused: bool,
    /// How many seconds ago it saw its upstream.
    pub(super) upstream_last_seen: Option<u64>,
    pub(super) notified: Option<NodeId>,
}
