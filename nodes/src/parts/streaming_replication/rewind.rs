//! Rewind: takes a stopped node that went its own way back to the fork, without copying everything.
//!
//! The pages that its own log touched since the last checkpoint before the fork are copied from the source; what the log
//! says behind the fork is given up. It needs that log: where it was recycled nothing can be done, and nothing is
//! changed (KingbaseES reference, sections 4.3 and 6, row 16). What is given up includes commits that clients were told
//! of; how many is announced.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use thiserror::Error;

use super::control::{ControlData, DatabaseState};
use super::files::{SegmentFile, WalFiles};
use super::history::{History, common_ancestor};
use super::messages::{COPY_PORT, CopyAnswer, CopyRequest};
use super::names::{Timeline, history_name, parse_history_name};
use super::store::{Store, StoreError};
use crate::fields;
use crate::parts::pages::Buffer;
use crate::parts::service::Row;
use crate::parts::wal::{Body, Lsn, Reader, WriterTag};
use crate::world::device::IoError;
use crate::world::port::Address;
use crate::world::process::Process;
use crate::world::trace::ProcessId;

const LIMIT: Duration = Duration::from_secs(30);

/// Why a node cannot be rewound.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RewindError {
    /// The source does not answer.
    #[error("could not connect to the source server: {0}")]
    Source(String),
    /// The source is another database.
    #[error("source and target clusters are from different systems")]
    OtherSystem,
    /// They share no timeline.
    #[error("could not find common ancestor of the source and target cluster's timelines")]
    NoCommonAncestor,
    /// The log before the fork is not there any more.
    #[error("could not find previous WAL record at {at}: {why}")]
    NoWal {
        /// Where it was looked for.
        at: Lsn,
        /// What is there instead.
        why: String,
    },
    /// The node's own device fails, or holds no database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IoError> for RewindError {
    fn from(error: IoError) -> Self {
        RewindError::Store(error.into())
    }
}

/// How a stopped node stands to a running one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The timeline of the stopped node.
    pub ours: Timeline,
    /// The timeline of the running one.
    pub theirs: Timeline,
    /// How far the log of the stopped node goes.
    pub end: Lsn,
    /// Where both part.
    pub fork: Lsn,
}

/// What a rewind did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewound {
    /// Pages that were copied.
    pub pages: usize,
    /// Transactions behind the fork that were given up.
    pub discarded: usize,
}

struct Source {
    history: History,
    end: Lsn,
}

struct Own {
    version: u64,
    control: ControlData,
    history: History,
    end: Lsn,
}

/// Compares a stopped node with a running one.
///
/// # Errors
/// [`RewindError`] if either cannot be read, or they share nothing.
pub async fn compare(
    process: &Process,
    store: &Store,
    files: &WalFiles,
    source: ProcessId,
) -> Result<Divergence, RewindError> {
    let (own, source) = (read_own(store, files).await?, ask(process, store, source).await?);
    let (_, fork) = fork_of(&own, &source)?;
    Ok(Divergence { ours: own.history.timeline, theirs: source.history.timeline, end: own.end, fork })
}

fn fork_of(own: &Own, source: &Source) -> Result<(Timeline, Lsn), RewindError> {
    let common = common_ancestor(&own.history, own.end, &source.history, source.end);
    let (timeline, shared) = common.ok_or(RewindError::NoCommonAncestor)?;
    // Where the other side leaves the shared timeline it ends for both; one that never left it goes on from any point.
    let leaves = |history: &History| history.fork_of(timeline);
    let fork = match (leaves(&source.history), leaves(&own.history)) {
        (Some(theirs), Some(ours)) => theirs.min(ours),
        (Some(fork), None) | (None, Some(fork)) => fork,
        (None, None) => source.end.max(shared),
    };
    Ok((timeline, fork))
}

async fn ask(process: &Process, store: &Store, source: ProcessId) -> Result<Source, RewindError> {
    let to = Address::new(source, COPY_PORT);
    match process.call(to, CopyRequest::Identify, LIMIT).await {
        Ok(CopyAnswer::Identity { system, .. }) if system != store.log.shape().system => Err(RewindError::OtherSystem),
        Ok(CopyAnswer::Identity { timeline, history, end, .. }) => {
            let history = History::parse(timeline, &history).map_err(RewindError::Source)?;
            Ok(Source { history, end })
        }
        Ok(CopyAnswer::Refused(why)) => Err(RewindError::Source(why)),
        Ok(CopyAnswer::Pages { .. } | CopyAnswer::Log { .. }) => {
            Err(RewindError::Source("unexpected answer".to_owned()))
        }
        Err(error) => Err(RewindError::Source(error.to_string())),
    }
}

/// The node's own control page, and its log from there to the end.
async fn read_own(store: &Store, files: &WalFiles) -> Result<Own, RewindError> {
    let read = store.read_control().await?;
    let no_database = StoreError::NoCheckpoint { redo: Lsn::NONE, why: "there is no database".to_owned() };
    let (version, control) = read.ok_or(no_database)?;
    let mut reader = Reader::new(&store.log, control.redo);
    let mut timeline = control.timeline;
    while let Ok(record) = reader.next().await {
        timeline = timeline.max(record.epoch);
    }
    let history = files.history(timeline);
    Ok(Own { version, control, history, end: reader.position() })
}

/// Rewinds a stopped node to where its history parts from that of a running one.
///
/// # Errors
/// [`RewindError`]; before the first write nothing was changed.
pub async fn rewind(
    process: &Process,
    store: &Store,
    files: &WalFiles,
    source: ProcessId,
) -> Result<Rewound, RewindError> {
    store.double_write.restore(&store.pages).await.map_err(StoreError::from)?;
    let own = read_own(store, files).await?;
    let theirs = ask(process, store, source).await?;
    let (timeline, fork) = fork_of(&own, &theirs)?;
    let (checkpoint, redo) = last_checkpoint_before(store, files, &own, fork).await?;
    let (touched, discarded) = touched_since(store, redo, fork, own.end).await?;
    let pages = copy_pages(process, store, source, &touched).await?;
    store.disk.set_epoch(own.version);
    cut_log(store, fork).await?;
    tidy_files(store, files, &theirs.history, timeline, fork);
    let minimum_recovery = theirs.end.min(pages);
    let state = DatabaseState::InArchiveRecovery;
    let control = ControlData { state, timeline, checkpoint, redo, minimum_recovery };
    store.write_control(own.version + 1, &control).await?;
    let count = discarded.len();
    process.announce("rewind.done", fields! { fork: fork, pages: touched.len(), discarded: count });
    Ok(Rewound { pages: touched.len(), discarded: count })
}

/// The last checkpoint whose record is before the fork: its record and its redo position.
async fn last_checkpoint_before(
    store: &Store,
    files: &WalFiles,
    own: &Own,
    fork: Lsn,
) -> Result<(Lsn, Lsn), RewindError> {
    if own.control.checkpoint < fork && own.control.redo < fork {
        return Ok((own.control.checkpoint, own.control.redo));
    }
    let shape = store.log.shape();
    let segment = shape.segment_of(Lsn(fork.0.saturating_sub(1)));
    let mut oldest = segment;
    if !files.has_segment(segment) {
        let why = format!("the file of segment {segment} does not exist");
        return Err(RewindError::NoWal { at: fork, why });
    }
    while oldest > 0 && files.has_segment(oldest - 1) {
        oldest -= 1;
    }
    let mut reader = Reader::new(&store.log, shape.first_record_of(oldest));
    let mut found = None;
    while reader.position() < fork {
        match reader.next().await {
            Ok(record) => match record.body {
                Body::Checkpoint { redo } if record.lsn < fork => found = Some((record.lsn, redo)),
                Body::Product { kind: super::server::SHUTDOWN_CHECKPOINT, .. } if record.lsn < fork => {
                    found = Some((record.lsn, record.lsn));
                }
                _ => {}
            },
            Err(stop) => return Err(RewindError::NoWal { at: reader.position(), why: stop.to_string() }),
        }
    }
    let why = "no checkpoint record is left before the fork".to_owned();
    found.filter(|(_, redo)| *redo >= shape.first_record_of(oldest)).ok_or(RewindError::NoWal { at: fork, why })
}

/// The pages that the own log changed since a position, and the transactions it holds behind the fork.
async fn touched_since(
    store: &Store,
    redo: Lsn,
    fork: Lsn,
    end: Lsn,
) -> Result<(BTreeSet<u64>, Vec<crate::parts::service::TransactionId>), RewindError> {
    let shape = *store.pages.shape();
    let (mut pages, mut given_up) = (BTreeSet::new(), Vec::new());
    let mut reader = Reader::new(&store.log, redo);
    while reader.position() < end {
        let record =
            reader.next().await.map_err(|stop| RewindError::NoWal { at: reader.position(), why: stop.to_string() })?;
        if let Body::Commit { changes } = record.body {
            pages.extend(changes.iter().map(|(key, _)| shape.page_of(*key)));
            given_up.extend(record.transaction.filter(|_| record.lsn >= fork));
        }
    }
    Ok((pages, given_up))
}

/// Copies pages from the running server; up to where they are complete.
async fn copy_pages(
    process: &Process,
    store: &Store,
    source: ProcessId,
    touched: &BTreeSet<u64>,
) -> Result<Lsn, RewindError> {
    let to = Address::new(source, COPY_PORT);
    let request = CopyRequest::Pages(touched.iter().copied().collect());
    let (rows, end) = match process.call(to, request, LIMIT).await {
        Ok(CopyAnswer::Pages { rows, end }) => (rows, end),
        Ok(CopyAnswer::Refused(why)) => return Err(RewindError::Source(why)),
        Ok(CopyAnswer::Identity { .. } | CopyAnswer::Log { .. }) => {
            return Err(RewindError::Source("unexpected answer".to_owned()));
        }
        Err(error) => return Err(RewindError::Source(error.to_string())),
    };
    let tag = WriterTag { process: process.id().0, incarnation: process.incarnation().0 };
    let all: BTreeMap<i64, Row> = rows.into_iter().flat_map(|(_, rows)| rows).collect();
    let fresh = Buffer::fresh(*store.pages.shape(), &all, end).take_dirty(0, tag);
    let copied: Vec<_> = fresh.into_iter().filter(|page| touched.contains(&page.number)).collect();
    store.pages.write_out(&copied, &store.double_write).await.map_err(StoreError::from)?;
    Ok(end)
}

/// Nothing behind the fork can be read any more: the first record there is overwritten by zeros.
pub(super) async fn cut_log(store: &Store, fork: Lsn) -> Result<(), IoError> {
    let area = store.log.area();
    let sector = area.sector_size();
    let first = fork.0 - fork.0 % sector;
    let place = store.log.shape().place(first);
    let mut bytes = area.read(place, sector).await?[..(fork.0 - first) as usize].to_vec();
    bytes.resize(sector as usize, 0);
    area.write(place, bytes).await?;
    area.flush().await
}

/// The files of the log are those of the source's history up to the fork.
fn tidy_files(store: &Store, files: &WalFiles, theirs: &History, timeline: Timeline, fork: Lsn) {
    let last = store.log.shape().segment_of(fork);
    for file in files.segments() {
        let name = files.name_of(file);
        if file.segment > last || !theirs.knows(file.timeline) || file.segment == last {
            files.remove(&name);
            files.remove_status(&format!("{name}.ready"));
        }
    }
    files.create_segment(SegmentFile { segment: last, timeline });
    for name in files.names() {
        if parse_history_name(&name).is_some_and(|of| !theirs.knows(of) || of == theirs.timeline) {
            files.remove(&name);
            files.remove_status(&format!("{name}.ready"));
        }
    }
    if theirs.timeline != timeline || !theirs.ancestors.is_empty() {
        files.write(&history_name(theirs.timeline), theirs.text().into_bytes());
    }
}
