//! What several products share, built on the world: never more than one of each.

pub mod area;
pub mod assembly;
pub mod control;
pub mod encoding;
pub mod engine;
pub mod fencing;
pub mod lock_service;
pub mod pages;
pub mod parameters;
pub mod service;
pub mod shell;
pub mod signal;
pub mod standstill;
pub mod streaming_replication;
#[cfg(test)]
pub(crate) mod test_world;
pub mod voting_disk;
pub mod wal;
