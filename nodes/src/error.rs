//! The one error of this crate: what its areas say, each as it says it.

use thiserror::Error;

use crate::parts::control::ControlError;
use crate::parts::encoding::Garbled;
use crate::parts::engine::EngineError;
use crate::parts::pages::PageError;
use crate::parts::voting_disk::VotingDiskError;
use crate::parts::wal::WalError;
use crate::product::BuildError;
use crate::world::device::{AtlasError, DeviceError, IoError};
use crate::world::port::CallError;

/// Why something asked of this crate was not done. Each area has an error of its own, with all it knows; whoever works with
/// several of them takes this one, and finds the area's as its source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// A cluster cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A device cannot be made.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// Copies are described as they cannot be.
    #[error(transparent)]
    Atlas(#[from] AtlasError),
    /// A device did not do what it was asked for.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A call was not answered.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A log cannot be used.
    #[error(transparent)]
    Wal(#[from] WalError),
    /// A control page cannot be used.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A page cannot be used.
    #[error(transparent)]
    Page(#[from] PageError),
    /// A database cannot go on.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A voting disk cannot be used.
    #[error(transparent)]
    VotingDisk(#[from] VotingDiskError),
    /// Bytes mean nothing.
    #[error(transparent)]
    Garbled(#[from] Garbled),
}
