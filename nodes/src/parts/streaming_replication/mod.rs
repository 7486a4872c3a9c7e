//! Streaming replication: a primary that sends its log over connections, standbys that write, flush and replay it.
//!
//! It exists because two products (KingbaseES, openGauss without shared storage) are built on the same mechanism, and
//! because most of their incidents lie in it: timelines that fork, files that wait to be archived, a standby that is
//! not quite as far as the primary believed. Every node has a device of its own; what is durable is bytes there and
//! files of its host, and damage or divergence is found by reading.
//!
//! It decides nothing: who is primary, when to promote and whom to follow is the business of the product's tools.
//!
//! | file | what it holds |
//! |---|---|
//! | `names` | names of segments, history files and log positions: pure |
//! | `history` | a timeline and its ancestors: pure |
//! | `synchronous` | `synchronous_standby_names`: pure |
//! | `control` | the control page of a node |
//! | `store` | where everything lies on a node's device, and a new database |
//! | `files` | `sys_wal` and `archive_status` as files of a host |
//! | `directory` | those files as bytes on the device of the node |
//! | `chunk` | raw bytes of a log: read by a sender, written by a receiver |
//! | `messages` | what walsender and walreceiver say |
//! | `server` | one life of a server: recovery, clients, sender, receiver, archiver, promotion, shutdown |
//! | `rewind` | takes a diverged node back to the fork |
//! | `alone` | recovery of a node from its device alone |
//! | `backup` | copies a running server onto the device of a stopped node |
//!
//! # Where the files are
//!
//! A segment is a place on the device (segment `k` of `N` at `k % N`) and a file of the host that names it. The file is
//! what exists for the server and for `ls`: a segment whose file was removed cannot be read by anybody, as after
//! `unlink`, although its bytes are still on the device. History files, `.partial` segments, status files, slots and the
//! archive are files of the host with their whole content. All of these are bytes on the device too (`directory`): what
//! had not reached it when the power went is gone.

pub mod alone;
pub mod backup;
pub mod chunk;
pub mod control;
pub mod directory;
pub mod files;
pub mod history;
pub mod messages;
pub mod names;
pub mod rewind;

pub mod server;
pub mod store;
pub mod synchronous;
