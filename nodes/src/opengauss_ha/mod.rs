//! openGauss primary and standby without shared storage: `gs_ctl`, `gs_om`, `gs_rewind`, streaming replication.
//!
//! It models the release family of an incident of July 2021: a standby that needs repair because two nodes wrote
//! different records at the same place of one timeline, and the way back. There is no lease, no quorum to promote and no
//! fencing: whatever the operator types happens.
//!
//! | folder or file | what it models |
//! |---|---|
//! | `rules` | states, handshake, quorum, terms, build tags, the walk back of a rewind: pure, as tables |
//! | `gaussdb` | the server: recovery, clients, walsender, walreceiver, promotion, demotion |
//! | `gs_ctl` | the local tool, and the build with its rewind and its streamer |
//! | `gs_om`, `sshd` | the cluster-wide tool, and how it reaches other hosts |
//! | `gs_guc` | changes a setting while the server runs |
//! | `cm` | the arbiter and its agents, where there are any |
//! | `records`, `pg_control`, `store`, `files` | what is durable |
//! | `cluster`, `plan`, `parameters`, `messages`, `logs`, `description` | how it is put together, and what a scenario may say |
//!
//! # Where it differs from streaming replication as other products have it
//!
//! Rules of synchronous commit, the places and errors of a data directory, reading and writing raw bytes of a log, and
//! the service of clients are those of [`crate::parts::streaming_replication`] and [`crate::parts::service`]. Its server
//! is not used, because four things in it decide what these incidents come to:
//!
//! | what | other products | here |
//! |---|---|---|
//! | a promotion | begins a new timeline, with a history file | goes on writing the same timeline; only terms tell reigns apart |
//! | may a standby attach | is its position in the history of the primary's timeline | is the CRC of its last record that of the primary's record there (`rules/handshake`), on every attempt anew |
//! | where a stream begins | behind the standby's last record | at the start of its last segment, which is received and written once more |
//! | is the other side alive | by the stream alone | by the stream, or by heartbeats on a channel of their own (`gaussdb/heartbeat`) |
//!
//! `pg_control` names the checkpoint before the last one and no timeline of its own, so it is kept apart too.

mod chinese;
mod cluster;
mod cm;
mod description;
mod files;
mod gaussdb;
pub mod grammar;
mod gs_ctl;
mod gs_guc;
mod gs_om;
mod liveness;
mod logs;
mod messages;
mod operations;
mod parameters;
mod pg_control;
mod plan;
mod records;
pub mod rules;
mod sshd;
mod store;

pub use description::PRODUCT;
pub use operations::OPERATIONS;
