//! A base backup: everything of a running server onto the device of a stopped node, with as much log as makes it whole.
//!
//! The pages are copied while the source goes on, so that none of them is of one moment; the log from the source's last
//! checkpoint to the end of the copy makes them so. The control page is written last. What the target had before is
//! gone with the first page: whoever calls this keeps the node from being started before it is done.

use std::collections::BTreeMap;
use std::time::Duration;

use thiserror::Error;

use super::chunk::Tail;
use super::control::{ControlData, DatabaseState};
use super::files::{SegmentFile, WalFiles};
use super::history::History;
use super::messages::{COPY_PORT, CopyAnswer, CopyRequest};
use super::names::Timeline;
use super::rewind::cut_log;
use super::store::{Store, StoreError};
use crate::fields;
use crate::parts::pages::Buffer;
use crate::parts::service::Row;
use crate::parts::wal::{Lsn, WriterTag};
use crate::world::device::IoError;
use crate::world::port::Address;
use crate::world::process::Process;
use crate::world::trace::ProcessId;

const LIMIT: Duration = Duration::from_secs(60);
/// Pages that are asked for at a time.
const AT_ONCE: u64 = 64;

/// Why a backup ends.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BackupError {
    /// The source does not answer, or refuses.
    #[error("could not copy from the source server: {0}")]
    Source(String),
    /// The node's own device fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IoError> for BackupError {
    fn from(error: IoError) -> Self {
        BackupError::Store(error.into())
    }
}

/// What a backup came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// Where its recovery begins.
    pub start: Lsn,
    /// Recovery must come so far before the pages are consistent.
    pub stop: Lsn,
    /// The timeline of the source.
    pub timeline: Timeline,
    /// Pages that were copied.
    pub pages: u64,
}

/// How a source stands.
struct Standing {
    timeline: Timeline,
    control_timeline: Timeline,
    history: History,
    end: Lsn,
    redo: Lsn,
    checkpoint: Lsn,
}

/// Copies a running server onto the device of a stopped node; whatever was there is gone.
///
/// # Errors
/// [`BackupError`]; the target then holds no database that could be used.
pub async fn base_backup(
    process: &Process,
    store: &Store,
    files: &WalFiles,
    source: ProcessId,
) -> Result<BackedUp, BackupError> {
    let version = store.read_control().await.ok().flatten().map_or(0, |(version, _)| version);
    let start = stand(process, source, CopyRequest::Checkpoint).await?;
    forget_everything(files);
    store.disk.set_epoch(start.timeline);
    let pages = copy_pages(process, store, source, start.timeline).await?;
    let stop = stand(process, source, CopyRequest::Identify).await?;
    copy_log(process, store, source, start.redo, stop.end).await?;
    name_segments(store, files, &stop.history, start.redo, stop.end);
    files.sync().await?;
    let (timeline, minimum_recovery) = (start.control_timeline, stop.end);
    let state = DatabaseState::InArchiveRecovery;
    let control = ControlData { state, timeline, checkpoint: start.checkpoint, redo: start.redo, minimum_recovery };
    store.write_control(version + 1, &control).await?;
    process.announce("backup.done", fields! { start: start.redo, stop: stop.end, pages: pages });
    Ok(BackedUp { start: start.redo, stop: stop.end, timeline: stop.timeline, pages })
}

async fn ask(process: &Process, source: ProcessId, request: CopyRequest) -> Result<CopyAnswer, BackupError> {
    match process.call(Address::new(source, COPY_PORT), request, LIMIT).await {
        Ok(CopyAnswer::Refused(why)) => Err(BackupError::Source(why)),
        Ok(answer) => Ok(answer),
        Err(error) => Err(BackupError::Source(error.to_string())),
    }
}

fn unexpected() -> BackupError {
    BackupError::Source("unexpected answer".to_owned())
}

async fn stand(process: &Process, source: ProcessId, request: CopyRequest) -> Result<Standing, BackupError> {
    match ask(process, source, request).await? {
        CopyAnswer::Identity { timeline, control_timeline, history, end, redo, checkpoint, .. } => {
            let history = History::parse(timeline, &history).map_err(BackupError::Source)?;
            Ok(Standing { timeline, control_timeline, history, end, redo, checkpoint })
        }
        _ => Err(unexpected()),
    }
}

fn forget_everything(files: &WalFiles) {
    files.names().iter().for_each(|name| _ = files.remove(name));
    files.status_names().iter().for_each(|name| _ = files.remove_status(name));
    files.slots().iter().for_each(|(name, _)| files.remove_slot(name));
}

async fn copy_pages(
    process: &Process,
    store: &Store,
    source: ProcessId,
    timeline: Timeline,
) -> Result<u64, BackupError> {
    let shape = *store.pages.shape();
    let (mut all, mut end): (BTreeMap<i64, Row>, Lsn) = (BTreeMap::new(), Lsn::NONE);
    for first in (0..shape.pages).step_by(AT_ONCE as usize) {
        let wanted = (first..shape.pages.min(first + AT_ONCE)).collect();
        let CopyAnswer::Pages { rows, end: complete } = ask(process, source, CopyRequest::Pages(wanted)).await? else {
            return Err(unexpected());
        };
        all.extend(rows.into_iter().flat_map(|(_, rows)| rows));
        end = end.max(complete);
    }
    let tag = WriterTag { process: process.id().0, incarnation: process.incarnation().0 };
    let pages = Buffer::fresh(shape, &all, end).take_dirty(timeline, tag);
    store.pages.write_out(&pages, &store.double_write).await.map_err(StoreError::from)?;
    Ok(pages.len() as u64)
}

/// The log from the first record of a segment to the end, byte for byte; behind it nothing can be read.
async fn copy_log(process: &Process, store: &Store, source: ProcessId, redo: Lsn, to: Lsn) -> Result<(), BackupError> {
    let shape = *store.log.shape();
    let mut position = shape.first_record_of(shape.segment_of(redo));
    let mut tail = Tail::open(&store.log, position).await?;
    while position < to {
        let CopyAnswer::Log { from, bytes, next } =
            ask(process, source, CopyRequest::Log { from: position, to }).await?
        else {
            return Err(unexpected());
        };
        tail.write(from, &bytes).await?;
        position = next;
    }
    tail.flush().await?;
    Ok(cut_log(store, position).await?)
}

/// The segments get their files, and those that are full need no archiving here.
fn name_segments(store: &Store, files: &WalFiles, history: &History, redo: Lsn, end: Lsn) {
    let shape = store.log.shape();
    let last = shape.segment_of(end);
    for segment in shape.segment_of(redo)..=last {
        let newest = Lsn(shape.segment_start(segment + 1).min(end.0).saturating_sub(1));
        let file = SegmentFile { segment, timeline: history.timeline_at(newest) };
        files.create_segment(file);
        if segment < last {
            files.mark_done(&files.name_of(file));
        }
    }
    if !history.ancestors.is_empty() {
        files.write_history(history);
    }
}
