//! A small database: transactions on rows, a log that makes them durable, pages, checkpoints, crash recovery.
//!
//! Every product with one writer at a time runs this engine, so that a fault of the storage means the same in all of
//! them: [`Engine`] is the database while it may write, [`Replica`] is what another process knows of it by reading
//! the same storage, and becomes an engine when it is promoted.
//!
//! It does not decide who may write. Two engines on one storage destroy it, and finding out how a product lets that
//! happen is what the simulation is for. There are no locks either: transactions are carried out one at a time, and
//! only wait for the log.
//!
//! # What must always hold
//!
//! * A client hears of a commit only after a flush that began when the commit's record was written, and of a read
//!   only when everything it saw is durable.
//! * A page reaches the device after the log records it holds (log first), and a whole copy of it before the page
//!   itself (double write).
//! * After any error of the log or the pages the engine does nothing more; its process must end.
//!
//! # Format
//!
//! Four areas: a log ([`crate::parts::wal`]), pages and a double-write area ([`crate::parts::pages`]) and a control
//! page ([`crate::parts::control`]) with this payload, little-endian:
//!
//! | offset | size | what |
//! |---|---|---|
//! | 0 | 1 | 1: running (or crashed); 2: shut down with a checkpoint |
//! | 1 | 8 | redo position: recovery reads the log from here |
//! | 9 | 8 | position of the checkpoint record of that redo position |
//! | 17 | 8 | epoch of the last writer |

mod checkpoint;
mod error;
mod execute;
mod format;
mod replica;
mod state;
mod storage;

pub use error::EngineError;
pub use execute::{Engine, Submitted};
pub use format::{Piece, format, initial_image};
pub use replica::Replica;
pub use state::{EngineState, Phase};
pub use storage::{EngineLayout, EngineShape, EngineStorage, Extent};

#[cfg(test)]
mod tests;
