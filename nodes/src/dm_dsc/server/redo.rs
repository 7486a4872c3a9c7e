//! Redo: the logs of all EPs, merged into pages.
//!
//! Each EP has a log of its own. A commit carries the LSN of its changes as the epoch of its record: it rises within
//! one log, and for one page across all of them, so that merging by it gives every page its last state. Pages are
//! not written to the data disk; a restart reads the logs from their beginning.

use std::collections::BTreeMap;

use crate::fields;
use crate::parts::wal::{Body, LogEnd, Lsn, Record, Stop, WalError, Writer, recover};
use crate::product::events;
use crate::world::disk::Disk;
use crate::world::process::Process;

use super::super::plan::Shared;
use super::super::words::Seqno;
use super::messages::{Content, Page, page_of};

/// The kind of the record with which a control EP closes the log of a dead EP.
const CLOSED: u16 = 256;

/// What the logs say.
#[derive(Debug, Default)]
pub(super) struct Redone {
    pub(super) pages: BTreeMap<Page, Content>,
    pub(super) lsn: u64,
    pub(super) ends: BTreeMap<Seqno, LogEnd>,
    /// Whether no EP has ever logged anything.
    pub(super) empty: bool,
}

/// Reads the logs of all EPs.
///
/// # Errors
/// [`WalError::Failed`] if a log cannot be read: what is in it is unknown then, and nobody may go on without it.
pub(super) async fn redo(process: &Process, plan: &Shared, disk: &Disk) -> Result<Redone, WalError> {
    process.announce(events::REPLAY_STARTED, fields! { from: Lsn::FIRST.0 });
    let mut commits: Vec<(u64, Seqno, Record)> = Vec::new();
    let mut redone = Redone { empty: true, ..Redone::default() };
    for ep in plan.members() {
        let recovered = recover(&plan.redo_log(disk, ep)?, Lsn::FIRST).await;
        if let Stop::Unreadable(error) = recovered.stop {
            return Err(WalError::Failed(error));
        }
        redone.empty &= recovered.records.is_empty();
        redone.ends.insert(ep, recovered.end);
        if ep != 0 && plan.has_defect("only-the-first-log-is-redone") {
            continue;
        }
        commits.extend(recovered.records.into_iter().map(|record| (record.epoch, ep, record)));
    }
    commits.sort_by_key(|(lsn, ep, _)| (*lsn, *ep));
    redone.lsn = commits.last().map_or(0, |(lsn, ..)| *lsn);
    for (lsn, _, record) in commits {
        let Body::Commit { changes } = record.body else { continue };
        for (key, row) in changes {
            let page = redone.pages.entry(page_of(key)).or_default();
            page.lsn = page.lsn.max(lsn);
            page.dirty_since = if page.dirty_since == 0 { lsn } else { page.dirty_since };
            page.rows.insert(key, row);
        }
    }
    process.announce(events::REPLAY_FINISHED, fields! { to: redone.lsn });
    Ok(redone)
}

/// Puts a record behind the log of a dead EP: its transactions are rolled back or purged, and whoever reads it later
/// sees that recovery has been here.
///
/// # Errors
/// See [`WalError`].
pub(super) async fn close_log(process: &Process, plan: &Shared, redone: &Redone, dead: Seqno) -> Result<(), WalError> {
    let Some(end) = redone.ends.get(&dead) else { return Ok(()) };
    // Each closing is a writer of its own: the same process may close the same log again after a rejoin.
    let disk = process.disk(plan.data);
    disk.set_epoch(redone.lsn);
    let log = plan.redo_log(&disk, dead)?;
    let writer = open_writer(process, &log, *end, redone.lsn).await?;
    let closed = Body::Product { kind: CLOSED, payload: vec![dead] };
    let appended = writer.append(None, &closed)?;
    writer.flush_to(appended.end).await?;
    writer.close().await;
    Ok(())
}

/// A writer behind the end of a log.
///
/// # Errors
/// See [`WalError`].
pub(super) async fn open_writer(
    process: &Process,
    log: &crate::parts::wal::Log,
    end: LogEnd,
    lsn: u64,
) -> Result<Writer, WalError> {
    match end == LogEnd::EMPTY {
        true => Ok(Writer::create(process, log, lsn)),
        false => Writer::open_at(process, log, end, Lsn::FIRST, lsn).await,
    }
}
