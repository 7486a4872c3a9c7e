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
//! | `records`, `pg_control`, `store`, `files` | what is durable |
//! | `cluster`, `plan`, `parameters`, `messages`, `logs`, `description` | how it is put together, and what a scenario may say |

mod cluster;
mod description;
mod files;
mod gaussdb;
mod gs_ctl;
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
