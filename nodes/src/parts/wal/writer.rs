//! Appending to a log: records are put into memory at once, and one task writes and flushes them for everybody.
//!
//! Whoever commits appends, then waits in [`Writer::flush_to`]. While one write and flush are under way further
//! committers only append; the next write takes all of them (group commit). The last sector is written again with
//! each write, its old bytes unchanged: a sector is atomic, so what was flushed stays whatever happens.
//!
//! When the device fails, the writer fails for ever. After a failed write or flush nobody knows which bytes are on the
//! medium, and a second flush that succeeds proves nothing; the process must end and recover from what is there.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::log::{HEADER_BLOCK, Log, LogEnd, Lsn, Shape, WalError};
use super::record::{self, Body, HEADER, Stamp, WriterTag};
use super::segment;
use crate::parts::area::Area;
use crate::parts::encoding::Encoder;
use crate::parts::service::TransactionId;
use crate::parts::signal::Signal;
use crate::world::device::IoError;
use crate::world::process::Process;

/// Where a record went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Where it begins.
    pub lsn: Lsn,
    /// Where the next record will begin: flush to here to make this one durable.
    pub end: Lsn,
}

/// Appends to a log. Clones append to the same log; one task of the process writes for all of them and ends with the
/// last of them.
#[derive(Clone)]
pub struct Writer {
    shared: Rc<Shared>,
}

struct Shared {
    log: Log,
    tag: WriterTag,
    epoch: Cell<u64>,
    state: RefCell<State>,
    /// Something became durable, or never will.
    settled: Signal,
    /// Somebody wants something to become durable, or nobody will any more.
    work: Rc<Signal>,
}

struct State {
    end: LogEnd,
    /// The bytes of the log from position `tail_from` on: what is not flushed, and what of its first sector is.
    tail: Vec<u8>,
    tail_from: u64,
    flushed: Lsn,
    wanted: Lsn,
    /// Where the records begin that must not be overwritten.
    needed: Lsn,
    payload: Encoder,
    flushing: bool,
    failure: Option<WalError>,
}

impl Writer {
    /// Begins a log that has no record, over whatever there was.
    pub fn create(process: &Process, log: &Log, epoch: u64) -> Self {
        Self::begin(process, log, LogEnd::EMPTY, Lsn::FIRST, epoch, (0, Vec::new()))
    }

    /// Goes on behind `end`, where recovery stopped. Everything from `needed` on (the redo position) is kept when
    /// segments are used again.
    ///
    /// What recovery read may still be in the volatile cache of the device, so it is flushed before anybody can act on
    /// it.
    ///
    /// # Errors
    /// [`WalError::Failed`] if the last sector cannot be read or the device cannot be flushed.
    pub async fn open_at(process: &Process, log: &Log, end: LogEnd, needed: Lsn, epoch: u64) -> Result<Self, WalError> {
        let tail = read_tail(log, end.end).await.map_err(WalError::Failed)?;
        log.area().flush().await.map_err(WalError::Failed)?;
        Ok(Self::begin(process, log, end, needed, epoch, tail))
    }

    fn begin(process: &Process, log: &Log, end: LogEnd, needed: Lsn, epoch: u64, tail: (u64, Vec<u8>)) -> Self {
        let tag = WriterTag { process: process.id().0, incarnation: process.incarnation().0 };
        let (tail_from, tail) = tail;
        let state = State {
            end,
            tail,
            tail_from,
            flushed: end.end,
            wanted: end.end,
            needed,
            payload: Encoder::new(),
            flushing: false,
            failure: None,
        };
        let work: Rc<Signal> = Rc::default();
        let shared = Rc::new(Shared {
            log: log.clone(),
            tag,
            epoch: Cell::new(epoch),
            state: RefCell::new(state),
            settled: Signal::default(),
            work: work.clone(),
        });
        process.spawn(flush_for_all(Rc::downgrade(&shared), work, log.clone()));
        Writer { shared }
    }

    /// Puts a record at the end of the log, in memory.
    ///
    /// # Errors
    /// [`WalError::Full`] and [`WalError::TooLarge`] leave the log as it was; after any other nothing will ever be
    /// appended again.
    pub fn append(&self, transaction: Option<TransactionId>, body: &Body) -> Result<Appended, WalError> {
        let mut state = self.shared.state.borrow_mut();
        state.append(&self.shared, transaction, body)
    }

    /// Waits until everything before `position` is durable. A position beyond the end means the end.
    ///
    /// # Errors
    /// [`WalError::Failed`] if that cannot be known any more, [`WalError::Closed`] if it will not happen any more.
    pub async fn flush_to(&self, position: Lsn) -> Result<(), WalError> {
        let position = position.min(self.end());
        let shared = &self.shared;
        shared.settled.wait_for(|| shared.outcome_of_flush(position)).await
    }

    /// Where the next record will begin.
    pub fn end(&self) -> Lsn {
        self.shared.state.borrow().end.end
    }

    /// The end of the log with what chains the next record to it.
    pub fn log_end(&self) -> LogEnd {
        self.shared.state.borrow().end
    }

    /// Everything before this position is durable.
    pub fn flushed(&self) -> Lsn {
        self.shared.state.borrow().flushed
    }

    /// The log it appends to.
    pub fn log(&self) -> &Log {
        &self.shared.log
    }

    /// The epoch of further records.
    pub fn epoch(&self) -> u64 {
        self.shared.epoch.get()
    }

    /// Sets the epoch of further records.
    pub fn set_epoch(&self, epoch: u64) {
        self.shared.epoch.set(epoch);
    }

    /// Lets segments be used again that hold only records before `position`. It never goes back.
    pub fn release_before(&self, position: Lsn) {
        let mut state = self.shared.state.borrow_mut();
        state.needed = state.needed.max(position);
    }

    /// The name under which it writes.
    pub fn tag(&self) -> WriterTag {
        self.shared.tag
    }

    /// Why nothing can be appended any more, if so.
    pub fn failure(&self) -> Option<WalError> {
        self.shared.state.borrow().failure
    }

    /// Appends nothing any more and waits until nothing of this writer is on its way to the device: another writer
    /// of the same process may then open the log.
    pub async fn close(&self) {
        self.shared.fail(WalError::Closed);
        self.shared.settled.wait_until(|| !self.shared.state.borrow().flushing).await;
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.work.notify();
    }
}

impl Shared {
    /// How it stands with a position somebody waits for; `None` if that is not known yet.
    fn outcome_of_flush(&self, position: Lsn) -> Option<Result<(), WalError>> {
        let mut state = self.state.borrow_mut();
        if state.flushed >= position {
            return Some(Ok(()));
        }
        // A closed writer still finishes the write that is under way, and that may be the one waited for.
        if let Some(failure) = state.failure.filter(|_| !state.flushing) {
            return Some(Err(failure));
        }
        state.wanted = state.wanted.max(position);
        drop(state);
        self.work.notify();
        None
    }

    fn finish(&self, batch: Batch, sector: u64, result: Result<(), IoError>) {
        self.state.borrow_mut().flushing = false;
        match result {
            Ok(()) => self.state.borrow_mut().made_durable(batch, sector, self.log.shape()),
            Err(error) => self.fail(WalError::Failed(error)),
        }
        self.settled.notify();
    }

    fn fail(&self, failure: WalError) {
        self.state.borrow_mut().failure.get_or_insert(failure);
        self.settled.notify();
        self.work.notify();
    }
}

impl State {
    fn append(
        &mut self,
        shared: &Shared,
        transaction: Option<TransactionId>,
        body: &Body,
    ) -> Result<Appended, WalError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let mut payload = std::mem::take(&mut self.payload);
        payload.clear();
        body.encode(&mut payload);
        let appended = self.append_payload(shared, transaction, body, payload.as_bytes());
        self.payload = payload;
        appended
    }

    fn append_payload(
        &mut self,
        shared: &Shared,
        transaction: Option<TransactionId>,
        body: &Body,
        payload: &[u8],
    ) -> Result<Appended, WalError> {
        let shape = shared.log.shape();
        let length = (HEADER + payload.len()) as u64;
        if length > shape.largest_record() {
            return Err(WalError::TooLarge { length, most: shape.largest_record() });
        }
        let fits = self.end.end.0 + length <= shape.segment_end(self.end.end);
        let lsn = if fits { self.end.end } else { shape.next_segment(self.end.end) };
        self.check_room(shape, lsn, length, body)?;
        if !fits {
            self.put(shared, None, &Body::SegmentEnd, &[]);
        }
        self.put(shared, transaction, body, payload);
        Ok(Appended { lsn, end: self.end.end })
    }

    /// Refuses what would overwrite a segment that is still needed. One segment is kept for checkpoints, without
    /// which no other would ever be free again.
    fn check_room(&self, shape: &Shape, lsn: Lsn, length: u64, body: &Body) -> Result<(), WalError> {
        let oldest = shape.segment_start(shape.segment_of(self.needed));
        let kept = u64::from(!matches!(body, Body::Checkpoint { .. }));
        let room_ends = oldest + (shape.segments - kept) * shape.segment_size;
        if lsn.0 + length > room_ends { Err(WalError::Full { needed: self.needed }) } else { Ok(()) }
    }

    /// Puts a record that fits at the end of the tail.
    fn put(&mut self, shared: &Shared, transaction: Option<TransactionId>, body: &Body, payload: &[u8]) {
        let shape = shared.log.shape();
        let LogEnd { end: lsn, last: previous, last_checksum: previous_checksum } = self.end;
        self.extend_to(lsn, shape, shared.epoch.get());
        let (epoch, writer) = (shared.epoch.get(), shared.tag);
        let stamp = Stamp { lsn, previous, previous_checksum, epoch, writer, transaction };
        let last_checksum = record::encode(&mut self.tail, &stamp, body.kind(), payload);
        let end = match body {
            Body::SegmentEnd => shape.next_segment(lsn),
            _ => shape.following(lsn, (HEADER + payload.len()) as u64),
        };
        self.end = LogEnd { end, last: lsn, last_checksum };
    }

    /// Fills the tail up to `lsn` with zeros and, if a segment begins before it, the segment's header.
    fn extend_to(&mut self, lsn: Lsn, shape: &Shape, epoch: u64) {
        let header_at = shape.segment_start(shape.segment_of(lsn));
        if lsn.0 == header_at + HEADER_BLOCK && self.tail_end() <= header_at {
            self.zeros_to(header_at);
            self.tail.extend_from_slice(&segment::encode(shape, shape.segment_of(lsn), epoch));
        }
        self.zeros_to(lsn.0);
    }

    fn zeros_to(&mut self, position: u64) {
        self.tail.resize((position - self.tail_from) as usize, 0);
    }

    fn tail_end(&self) -> u64 {
        self.tail_from + self.tail.len() as u64
    }

    /// What to write next, if somebody waits for it.
    fn take_batch(&mut self) -> Option<Batch> {
        if self.wanted <= self.flushed || self.failure.is_some() {
            return None;
        }
        self.flushing = true;
        Some(Batch { from: self.tail_from, tail_end: self.tail_end(), end: self.end.end })
    }

    /// The bytes of a batch, padded to whole sectors.
    fn bytes_of(&self, sector: u64) -> Vec<u8> {
        let length = self.tail.len().next_multiple_of(sector as usize);
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(&self.tail);
        bytes.resize(length, 0);
        bytes
    }

    /// Forgets the bytes that are durable now, but for those of the sector that will be written again.
    fn made_durable(&mut self, batch: Batch, sector: u64, shape: &Shape) {
        self.flushed = self.flushed.max(batch.end);
        let keep_from = batch.tail_end - batch.tail_end % sector;
        self.tail.drain(..(keep_from - self.tail_from) as usize);
        self.tail_from = keep_from;
        self.skip_rest_of_segment(batch, shape);
    }

    /// A segment that was ended long before it was full is left as it is: the next write begins with the next one's
    /// header, instead of with megabytes of zeros that nobody reads.
    fn skip_rest_of_segment(&mut self, batch: Batch, shape: &Shape) {
        let next = shape.segment_start(shape.segment_of(self.end.end));
        let is_ended = self.tail_end() == batch.tail_end && self.end.end.0 == next + HEADER_BLOCK;
        if is_ended && next > self.tail_end() + HEADER_BLOCK {
            self.tail.clear();
            self.tail_from = next;
        }
    }
}

/// One write of the log.
#[derive(Clone, Copy)]
struct Batch {
    /// The position of its first byte.
    from: u64,
    /// Where the bytes end that are not padding.
    tail_end: u64,
    /// Everything before it is durable when the batch is.
    end: Lsn,
}

/// The task that writes and flushes for every committer, until the writer is gone or failed.
async fn flush_for_all(shared: Weak<Shared>, work: Rc<Signal>, log: Log) {
    let sector = log.area().sector_size();
    loop {
        let next = work.wait_for(|| next_batch(&shared, sector)).await;
        let Some((batch, bytes)) = next else { return };
        let result = write_batch(log.area(), log.shape(), batch.from, bytes).await;
        let Some(shared) = shared.upgrade() else { return };
        shared.finish(batch, sector, result);
    }
}

/// The next write, if somebody wants one; `Some(None)` if nobody ever will again.
fn next_batch(shared: &Weak<Shared>, sector: u64) -> Option<Option<(Batch, Vec<u8>)>> {
    let Some(shared) = shared.upgrade() else { return Some(None) };
    let mut state = shared.state.borrow_mut();
    if state.failure.is_some() {
        return Some(None);
    }
    let batch = state.take_batch()?;
    Some(Some((batch, state.bytes_of(sector))))
}

async fn write_batch(area: &Area, shape: &Shape, from: u64, mut bytes: Vec<u8>) -> Result<(), IoError> {
    let place = shape.place(from);
    let until_wrap = (shape.segments * shape.segment_size - place).min(bytes.len() as u64);
    let wrapped = bytes.split_off(until_wrap as usize);
    area.write(place, bytes).await?;
    if !wrapped.is_empty() {
        area.write(0, wrapped).await?;
    }
    area.flush().await
}

/// The bytes of the sector in which a log ends, up to its end. A log that ends where a segment begins has none: the
/// header is written with the first record.
async fn read_tail(log: &Log, end: Lsn) -> Result<(u64, Vec<u8>), IoError> {
    let (shape, sector) = (log.shape(), log.area().sector_size());
    let segment_start = shape.segment_start(shape.segment_of(end));
    if end.0 == segment_start + HEADER_BLOCK {
        return Ok((segment_start, Vec::new()));
    }
    let from = end.0 - end.0 % sector;
    let kept = (end.0 - from) as usize;
    if kept == 0 {
        return Ok((from, Vec::new()));
    }
    let read = log.area().read(shape.place(from), sector).await?;
    Ok((from, read[..kept].to_vec()))
}
