//! Checkpoints of a primary, restartpoints of a standby, and which segments they make needless.

use std::rc::Rc;

use super::super::pg_control::{ControlData, ControlState};
use super::super::records::{self, Checkpoint};
use super::super::rules::handshake::{Mark, TIMELINE};
use super::super::store::StoreError;
use super::Server;
use crate::fields;
use crate::parts::wal::{Lsn, Writer};

impl Server {
    /// Writes `pg_control`.
    pub(super) async fn write_control(&self, data: ControlData) -> Result<(), StoreError> {
        let version = {
            let mut control = self.control.borrow_mut();
            *control = (control.0 + 1, data);
            control.0
        };
        self.store.write_control(version, &data).await
    }

    fn now(&self) -> u64 {
        self.process.wall_clock().0
    }

    /// Checkpoints for as long as this reign lasts.
    pub(super) async fn run_checkpointer(self: Rc<Self>, reign: Writer) {
        loop {
            let over = self.changed.wait_until(|| !self.is_reign(&reign));
            if self.process.timeout(self.plan.parameters.checkpoint_timeout, over).await.is_ok() {
                return;
            }
            if let Err(error) = self.checkpoint(false).await {
                self.panic(error).await;
            }
        }
    }

    /// Whether this is still the reign that has this writer.
    pub(super) fn is_reign(&self, reign: &Writer) -> bool {
        let writer = self.writer.borrow();
        writer.as_ref().is_some_and(|writer| writer.tag() == reign.tag() && writer.failure().is_none())
            && !self.demoting.get()
            && !self.closing.get()
    }

    /// A snapshot of running transactions, the pages as of then, the checkpoint record, pg_control.
    pub(super) async fn checkpoint(&self, shutdown: bool) -> Result<Lsn, StoreError> {
        self.changed.wait_until(|| !self.checkpointing.get()).await;
        let writer = self.writer.borrow().clone();
        let Some(writer) = writer else { return Ok(self.end.get().end) };
        self.checkpointing.set(true);
        let done = self.checkpoint_with(&writer, shutdown).await;
        self.checkpointing.set(false);
        self.changed.notify();
        done
    }

    async fn checkpoint_with(&self, writer: &Writer, shutdown: bool) -> Result<Lsn, StoreError> {
        let running = writer.append(None, &records::running(self.now()))?;
        let pages = self.buffer.borrow_mut().take_dirty(writer.epoch(), self.tag());
        writer.flush_to(running.end).await?;
        self.store.pages.write_out(&pages, &self.store.double_write).await?;
        let body = records::checkpoint(Checkpoint { redo: running.lsn, shutdown }, TIMELINE, self.now());
        let record = writer.append(None, &body)?;
        writer.flush_to(record.end).await?;
        self.changed.notify();
        let old = self.control.borrow().1;
        let control = ControlData {
            state: if shutdown { ControlState::ShutDown } else { ControlState::InProduction },
            checkpoint: record.lsn,
            previous_checkpoint: old.checkpoint,
            redo: running.lsn,
            minimum_recovery: old.minimum_recovery.max(record.end),
        };
        self.write_control(control).await?;
        self.process.announce("checkpoint.done", fields! { lsn: record.lsn, redo: running.lsn, shutdown: shutdown });
        self.recycle(control.redo).await?;
        Ok(record.lsn)
    }

    /// What a standby can do for a checkpoint: its pages, and the redo position of the last checkpoint it has replayed.
    pub(super) async fn restartpoint(&self, state: ControlState) -> Result<(), StoreError> {
        self.changed.wait_until(|| !self.checkpointing.get()).await;
        self.checkpointing.set(true);
        let done = self.restartpoint_now(state).await;
        self.checkpointing.set(false);
        self.changed.notify();
        done
    }

    async fn restartpoint_now(&self, state: ControlState) -> Result<(), StoreError> {
        let control = self.control.borrow().1;
        let replayed = self.replayed_checkpoint.get().filter(|(_, redo)| *redo >= control.redo);
        let minimum_recovery = control.minimum_recovery.max(self.replayed.get());
        // The log up to the pages is durable already; what pages may hold must be known before they are written.
        self.write_control(ControlData { state, minimum_recovery, ..control }).await?;
        let pages = self.buffer.borrow_mut().take_dirty(self.term(), self.tag());
        self.store.pages.write_out(&pages, &self.store.double_write).await?;
        let Some((checkpoint, redo)) = replayed else { return Ok(()) };
        let (control, old) = (self.control.borrow().1, control.checkpoint);
        let previous_checkpoint = if old == checkpoint { control.previous_checkpoint } else { old };
        self.write_control(ControlData { checkpoint, previous_checkpoint, redo, ..control }).await?;
        self.recycle(redo).await
    }

    /// Removes segments that neither recovery, nor `wal_keep_segments`, nor a connected standby needs.
    async fn recycle(&self, redo: Lsn) -> Result<(), StoreError> {
        let shape = *self.store.log.shape();
        if self.plan.has_defect("standby-recycles-too-much") && self.mode.get().is_follower() {
            // The real defect: the position that an archive has reached counts, on a standby that archives nothing.
            return self.remove_before(shape.segment_of(self.replayed.get())).await;
        }
        let of_standbys = self.senders.borrow().values().map(|sender| sender.flush).min().unwrap_or(redo);
        let keep = u64::try_from(self.plan.parameters.wal_keep_segments).unwrap_or(0);
        let first_needed = shape.segment_of(redo.min(of_standbys)).min(shape.segment_of(redo).saturating_sub(keep));
        self.remove_before(first_needed).await
    }

    async fn remove_before(&self, first_needed: u64) -> Result<(), StoreError> {
        let shape = *self.store.log.shape();
        for segment in self.oldest_segment.get()..first_needed {
            self.store.remove_segment(segment).await?;
            self.process.announce("segment.removed", fields! { segment: segment });
        }
        self.oldest_segment.set(self.oldest_segment.get().max(first_needed));
        if let Some(writer) = &*self.writer.borrow() {
            writer.release_before(Lsn(shape.segment_start(self.oldest_segment.get())));
        }
        Ok(())
    }

    /// The last record of the log as a handshake or a build asks for it.
    pub(super) async fn last_mark(&self) -> Result<Mark, StoreError> {
        let end = match &*self.writer.borrow() {
            Some(writer) => writer.log_end(),
            None => return Ok(self.last.get()),
        };
        self.mark_at(end.last).await
    }

    /// A record of the log by which another node compares its own; CRC 0 if there is none.
    pub(super) async fn mark_at(&self, lsn: Lsn) -> Result<Mark, StoreError> {
        if self.store.log.shape().segment_of(lsn) < self.oldest_segment.get() {
            return Ok(Mark { lsn, crc: 0 });
        }
        let record = self.store.record_at(lsn).await?;
        Ok(Mark { lsn, crc: record.map_or(0, |record| records::crc(&record)) })
    }
}
