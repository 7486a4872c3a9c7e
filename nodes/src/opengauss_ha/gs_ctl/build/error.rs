//! Why a build fails.

use thiserror::Error;

use super::super::super::store::StoreError;
use crate::parts::wal::Lsn;
use crate::world::device::IoError;
use crate::world::port::CallError;

/// Why a build fails.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum BuildError {
    #[error("last build uncompleted, change to full build.")]
    LastUncompleted,
    #[error("the target server has a backup_label, an incremental build is not possible")]
    BackupLabel,
    #[error("could not connect to the primary: no peer in replconninfo runs as primary")]
    NoSource,
    #[error("connection to the source was lost: {0}")]
    Connection(#[from] CallError),
    #[error("the source refused: {0}")]
    Refused(String),
    #[error("find max lsn fail, the local log holds no valid record")]
    NoLocalRecord,
    #[error("could not find previous WAL record at {0}")]
    NoPreviousRecord(Lsn),
    #[error("could not find common checkpoint in 60 seconds")]
    SearchTimedOut,
    #[error("could not find a common checkpoint back to the start of the local log")]
    NoCommonCheckpoint,
    #[error("could not read checkpoint redo record at {0}")]
    NoRedo(Lsn),
    #[error("the background WAL receiver ended without the whole log")]
    Streamer,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IoError> for BuildError {
    fn from(error: IoError) -> Self {
        BuildError::Store(StoreError::Device(error))
    }
}

impl From<crate::parts::pages::PageError> for BuildError {
    fn from(error: crate::parts::pages::PageError) -> Self {
        BuildError::Store(StoreError::Page(error))
    }
}
