//! What is configured for a server, read anew at each reload.

use std::time::Duration;

use crate::world::trace::ProcessId;

/// `archive_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveMode {
    /// Nothing is archived.
    Off,
    /// A primary archives; a standby marks what it receives as done.
    On,
    /// A standby archives too.
    Always,
}

/// `synchronous_commit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SynchronousCommit {
    /// A commit waits for nothing, not even its own device.
    Off,
    /// A commit waits for its own device.
    Local,
    /// A commit waits for the standbys too.
    On,
}

/// `primary_conninfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The server to stream from.
    pub process: ProcessId,
    /// The name of its node.
    pub name: String,
}

/// What is configured for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Needs a restart.
    pub archive_mode: ArchiveMode,
    /// Empty: nothing is attempted.
    pub archive_command: String,
    /// A segment is ended after this time with writes; zero for never.
    pub archive_timeout: Duration,
    /// Whose confirmation a commit waits for.
    pub synchronous_standby_names: String,
    /// What a commit waits for.
    pub synchronous_commit: SynchronousCommit,
    /// How many segments behind the current one are kept for standbys.
    pub wal_keep_segments: u64,
    /// When a sender gives a silent standby up.
    pub wal_sender_timeout: Duration,
    /// When a receiver gives a silent primary up.
    pub wal_receiver_timeout: Duration,
    /// Between two attempts of a receiver.
    pub wal_retrieve_retry_interval: Duration,
    /// Between two checkpoints.
    pub checkpoint_timeout: Duration,
    /// How many walsenders there may be.
    pub max_wal_senders: usize,
    /// Whom a standby follows.
    pub upstream: Option<Upstream>,
    /// The name it gives there.
    pub application_name: String,
    /// The slot it uses there.
    pub primary_slot_name: Option<String>,
    /// Whether an archiving primary ends its segment before the shutdown checkpoint.
    pub switches_segment_at_shutdown: bool,
    /// How long a spread checkpoint takes after a promotion.
    pub spread_checkpoint: Duration,
    /// Whether the shutdown waits until the standbys have everything (a real product once did not).
    pub waits_for_standbys: bool,
    /// Whether a new timeline gets a number nobody has used on this node (a real product once took the next one
    /// without looking).
    pub looks_for_used_timelines: bool,
    /// Whether a sender refuses a standby that is past the fork (a real product once went on).
    pub checks_forks: bool,
    /// Whether a file that waits to be archived keeps its segment.
    pub keeps_unarchived: bool,
}
