//! A primary: the writer of the log, the beginning of a timeline, segments and their files.

use std::rc::Rc;
use std::time::Duration;

use super::{ArchiveMode, END_OF_RECOVERY, Mode, Server};
use crate::fields;
use crate::parts::service::TransactionId;
use crate::parts::streaming_replication::chunk;
use crate::parts::streaming_replication::control::{ControlData, DatabaseState};
use crate::parts::streaming_replication::files::SegmentFile;
use crate::parts::streaming_replication::names::history_name;
use crate::parts::streaming_replication::store::StoreError;
use crate::parts::wal::{Appended, Body, Lsn, Reader, RowChange, Stop, WalError, Writer};
use crate::product::events;

impl Server {
    /// A server without `standby.signal`: it goes on where its own log ends, on the same timeline.
    pub(super) async fn go_on_as_primary(self: Rc<Self>, reader: &Reader) -> Result<(), StoreError> {
        self.store.disk.set_epoch(self.timeline.get());
        self.open_writer(reader).await?;
        self.enter_production().await?;
        self.request_checkpoint();
        Ok(())
    }

    /// A promoted standby: a new timeline begins where its log ends.
    pub(super) async fn begin_timeline(self: Rc<Self>, reader: &Reader) -> Result<(), StoreError> {
        let (parent, fork) = (self.timeline.get(), reader.position());
        let newest = match self.settings().looks_for_used_timelines {
            true => self.files.highest_timeline().max(parent),
            false => parent,
        };
        let timeline = newest + 1;
        self.log("LOG", &format!("selected new timeline ID: {timeline}"));
        let history = self.history.borrow().descend(timeline, fork, "no recovery target specified");
        self.files.write_history(&history);
        self.end_segment_of(parent, timeline, fork).await?;
        // History and partial segment must outlast the power before anything is written behind the fork.
        self.files.sync().await?;
        self.store.disk.set_epoch(timeline);
        self.timeline.set(timeline);
        *self.history.borrow_mut() = history;
        self.open_writer(reader).await?;
        self.mark_ready(&history_name(timeline));
        self.append(None, &Body::Product { kind: END_OF_RECOVERY, payload: vec![0; 8] })?;
        self.flush(self.log_end()).await?;
        self.surroundings.leave_recovery();
        self.process.announce("timeline.started", fields! { timeline: timeline, parent: parent, fork: fork });
        self.log("LOG", "archive recovery complete");
        self.enter_production().await?;
        // The first checkpoint is spread: until it is done the control page speaks of the old timeline.
        let server = self.clone();
        self.process.spawn(async move {
            server.process.sleep(server.settings().spread_checkpoint).await;
            server.request_checkpoint();
        });
        Ok(())
    }

    /// The segment in which the old timeline ends becomes `.partial`; the new timeline has one of the same number.
    async fn end_segment_of(&self, parent: u64, timeline: u64, fork: Lsn) -> Result<(), StoreError> {
        let segment = self.place_of(fork);
        let old = self.files.name_of(SegmentFile { segment, timeline: parent });
        if self.files.exists(&old) {
            let bytes = chunk::read_segment(&self.store.log, segment, fork.0).await?;
            let partial = format!("{old}.partial");
            self.files.write(&partial, bytes);
            self.files.remove(&old);
            self.mark_ready(&partial);
        }
        self.files.create_segment(SegmentFile { segment, timeline });
        self.newest_segment.set(segment);
        Ok(())
    }

    async fn open_writer(&self, reader: &Reader) -> Result<(), StoreError> {
        let needed =
            self.files.oldest().map_or(reader.position(), |oldest| Lsn(self.store.log.shape().segment_start(oldest)));
        let (end, timeline) = (reader.end(), self.timeline.get());
        let writer = Writer::open_at(&self.process, &self.store.log, end, needed, timeline).await?;
        self.durable.set(reader.position());
        *self.writer.borrow_mut() = Some(writer);
        Ok(())
    }

    async fn enter_production(self: &Rc<Self>) -> Result<(), StoreError> {
        let (version, control) = *self.control.borrow();
        self.write_control(version, ControlData { state: DatabaseState::InProduction, ..control }).await?;
        let timeline = self.timeline.get();
        self.process.announce("recovery.finished", fields! { position: self.log_end(), timeline: timeline });
        if self.surroundings.serves_clients() {
            self.show_mode(Mode::Primary, "primary", "running");
            self.process.announce(events::ROLE_CHANGED, fields! { role: "primary" });
            let log = format!("sys_wal of {}", self.name);
            self.process.announce(events::WRITES_OPENED, fields! { epoch: timeline, log: log });
            self.announce_synchronous();
        } else {
            self.show_mode(Mode::Primary, "witness", "running");
        }
        self.log("LOG", "database system is ready to accept connections");
        self.process.spawn(self.clone().run_checkpointer());
        self.process.spawn(self.clone().run_archiver());
        self.process.spawn(self.clone().end_segments_in_time());
        Ok(())
    }

    fn writer(&self) -> Result<Writer, WalError> {
        self.writer.borrow().clone().ok_or(WalError::Closed)
    }

    /// Puts a record at the end of the log.
    pub(super) fn append(&self, transaction: Option<TransactionId>, body: &Body) -> Result<Appended, WalError> {
        self.writer()?.append(transaction, body)
    }

    /// Waits until the log is durable up to a position; finished segments get their files and wait to be archived.
    pub(super) async fn flush(&self, until: Lsn) -> Result<(), WalError> {
        let writer = self.writer()?;
        writer.flush_to(until).await?;
        if self.finish_segments(writer.flushed()) {
            // A segment whose name is lost with the power is lost with all that was acknowledged in it.
            self.files.sync().await.map_err(WalError::Failed)?;
        }
        self.durable.set(writer.flushed().max(self.durable.get()));
        self.changed.notify();
        Ok(())
    }

    /// Whether a segment was begun.
    fn finish_segments(&self, flushed: Lsn) -> bool {
        let (timeline, before) = (self.timeline.get(), self.newest_segment.get());
        // A log that ends with a segment has the position of the next one's first record, which is not begun yet.
        while self.newest_segment.get() < self.place_of(flushed) {
            let done = self.newest_segment.get();
            self.newest_segment.set(done + 1);
            self.files.create_segment(SegmentFile { segment: done + 1, timeline });
            self.mark_ready(&self.files.name_of(SegmentFile { segment: done, timeline }));
        }
        self.newest_segment.get() > before
    }

    pub(super) fn mark_ready(&self, name: &str) {
        if self.settings().archive_mode != ArchiveMode::Off {
            self.files.mark_ready(name);
            self.wake_archiver();
        }
    }

    /// Carries out a change of the product's own tables, as a transaction that no client sent.
    ///
    /// # Errors
    /// [`WalError`] if the log takes nothing any more.
    pub async fn change_rows(&self, changes: Vec<RowChange>) -> Result<(), WalError> {
        let appended = self.append(None, &Body::Commit { changes: changes.clone() })?;
        self.buffer.borrow_mut().apply(changes, appended.end);
        self.flush(appended.end).await
    }

    /// Ends the current segment (`sys_switch_wal`) unless nothing was written into it; the new end of the log.
    ///
    /// # Errors
    /// [`WalError`] if the log takes nothing any more.
    pub async fn switch_segment(&self) -> Result<Lsn, WalError> {
        let shape = *self.store.log.shape();
        let end = self.log_end();
        if end == shape.first_record_of(self.place_of(end)) {
            return Ok(end);
        }
        self.append(None, &Body::SegmentEnd)?;
        self.flush(self.log_end()).await?;
        Ok(self.log_end())
    }

    /// A bulk load that fills so many segments: each gets one record and is ended, so that 2 GB of log cost no memory.
    ///
    /// # Errors
    /// [`WalError::Full`] ends the process soon after: there is no space left in `sys_wal`.
    pub async fn load_bulk(&self, row: i64, segments: u64) -> Result<(), WalError> {
        for number in 0..segments {
            let loaded = self.change_rows(vec![(row, vec![number as i64])]).await;
            let switched = match loaded {
                Ok(()) => self.switch_segment().await.map(|_| ()),
                Err(error) => Err(error),
            };
            if let Err(error) = switched {
                self.panic(error).await;
            }
            self.breathe().await;
        }
        Ok(())
    }

    /// `archive_timeout`: a segment with writes is ended after some time.
    async fn end_segments_in_time(self: Rc<Self>) {
        let mut seen = self.log_end();
        loop {
            let limit = self.settings().archive_timeout;
            if limit.is_zero() {
                self.process.sleep(Duration::from_secs(10)).await;
                continue;
            }
            self.process.sleep(limit).await;
            if self.mode.get() != Mode::Primary {
                return;
            }
            if self.log_end() == seen {
                continue;
            }
            match self.switch_segment().await {
                Ok(end) => seen = end,
                Err(error) => self.panic(error).await,
            }
        }
    }

    /// Reads the records of this server's own log from a position on, as far as they can be believed.
    pub(super) fn reader_from(&self, from: Lsn) -> Reader {
        Reader::new(&self.store.log, from)
    }

    /// Whether the log can be read from a position up to its end.
    pub async fn log_is_readable(&self, from: Lsn) -> Result<(), Stop> {
        let mut reader = self.reader_from(from);
        while reader.position() < self.flushed() {
            reader.next().await?;
        }
        Ok(())
    }
}
