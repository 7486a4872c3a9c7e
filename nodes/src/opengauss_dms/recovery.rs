//! Recovery from the shared device alone: what the log says, and what a cluster does that finds nothing else.
//!
//! Replaying the log is the same work in a promotion and after the loss of every node, so both do it here. A log that
//! the device does not read has no known end: whoever went on behind what could be read would write over commits, so
//! the database must not open (openGauss ends with a panic there).

use std::collections::BTreeMap;

use thiserror::Error;

use crate::parts::service::{Key, Row};
use crate::parts::wal::{Body, Log, LogEnd, Lsn, Recovered, Stop, WalError, Writer, recover as read_log};
use crate::product::Restored;
use crate::world::process::Process;

use super::control_page::{self, ControlPage, ControlPageError};
use super::plan::Shared;

/// What a log says.
pub(super) struct Replayed {
    pub(super) rows: BTreeMap<Key, Row>,
    pub(super) records: usize,
    pub(super) end: LogEnd,
}

/// Reads a log to its end.
///
/// # Errors
/// [`WalError::Failed`] if the device does not read it.
pub(super) async fn replay(log: &Log) -> Result<Replayed, WalError> {
    let Recovered { records, end, stop } = read_log(log, Lsn::FIRST).await;
    if let Stop::Unreadable(error) = stop {
        return Err(WalError::Failed(error));
    }
    let count = records.len();
    let mut rows = BTreeMap::new();
    for record in records {
        if let Body::Commit { changes } = record.body {
            rows.extend(changes);
        }
    }
    Ok(Replayed { rows, records: count, end })
}

/// Why a cluster cannot recover.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum RecoveryError {
    /// The log cannot be used.
    #[error("the log cannot be opened: {0}")]
    Log(#[from] WalError),
    /// The control page cannot be used.
    #[error(transparent)]
    ControlPage(#[from] ControlPageError),
}

/// What a cluster does with its shared device when every node had lost its power: it reads the control page, replays
/// the log, opens it for writing, and records the round of its restart on the control page.
///
/// # Errors
/// [`RecoveryError`]: the database does not open.
pub(super) async fn recover(process: Process, plan: Shared) -> Result<Restored, RecoveryError> {
    let disk = process.disk(plan.layout.device);
    let page = control_page::read(&disk, &plan).await?;
    let round = ControlPage { version: page.version + 1, ..page };
    disk.set_epoch(round.version);
    let log = plan.log(&disk)?;
    let replayed = replay(&log).await?;
    let rows = match replayed.records {
        // Nothing was ever committed: the cluster is as it was initialised.
        0 => plan.initial.clone(),
        _ => {
            let writer = Writer::open_at(&process, &log, replayed.end, Lsn::FIRST, round.version).await?;
            writer.close().await;
            replayed.rows
        }
    };
    control_page::write(&disk, &plan, &round).await?;
    Ok(Restored { rows })
}
