//! The rules of openGauss primary and standby: tables and pure functions, tested without a world.
//!
//! They exist apart from the processes so that each can be read beside its source. They know values and nothing else:
//! no file, no port, no clock.

pub mod arbitration;
pub mod build_tags;
pub mod handshake;
pub mod om_status;
pub mod quorum;
pub mod rewind;
pub mod state;
pub mod term;
