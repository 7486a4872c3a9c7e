//! What can go wrong with a database.

use thiserror::Error;

use crate::parts::control::ControlError;
use crate::parts::pages::PageError;
use crate::parts::wal::{Lsn, Stop, WalError};
use crate::world::device::IoError;

/// Why a database cannot be opened, or cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EngineError {
    /// There is no database: it was never formatted.
    #[error("there is no database here: format it first")]
    NotFormatted,
    /// The control page cannot be used.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The control page is whole and makes no sense.
    #[error("the control page does not describe a database")]
    ControlContent,
    /// A page cannot be used.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The log cannot be written.
    #[error(transparent)]
    Log(#[from] WalError),
    /// The record recovery has to begin with is not there.
    #[error("recovery must begin at {redo}, but there is no record: {stop}")]
    NoRedoRecord {
        /// Where recovery has to begin.
        redo: Lsn,
        /// What is wrong there.
        stop: Stop,
    },
    /// The device does not read the log, so that its end is unknown.
    #[error("recovery cannot read the log at {position}: {error}")]
    LogUnreadable {
        /// Where.
        position: Lsn,
        /// How the device failed.
        error: IoError,
    },
    /// The database was shut down.
    #[error("the database is shut down")]
    ShutDown,
}
