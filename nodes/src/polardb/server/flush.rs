//! From memory to the shared disk: background writer, checkpoints, removal of old log.

use std::rc::Rc;
use std::time::Duration;

use crate::fields;
use crate::parts::wal::{Body, Lsn, Writer};
use crate::world::device::IoError;

use super::super::log::{Level, Part};
use super::super::plan::SHARED_DIRECTORY;
use super::super::rules::{SlotView, checkpoint_is_legal, oldest_apply, removable_before};
use super::super::shared::SEGMENT;
use super::super::shared::control::{Control, State};
use super::super::shared::slots::{NodeKind, Slot, Slots};
use super::pages::FlushLimits;
use super::start::RecoveryError;
use super::{Server, WalError};

/// How often a blocked checkpoint says so.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

impl Server {
    /// Writes dirty pages now and then, and gives the log its next segment.
    pub(super) async fn write_in_background(self: Rc<Self>) {
        loop {
            self.process.sleep(self.plan.parameters.bgwriter_delay).await;
            if self.stopping.get() {
                return;
            }
            let done = async {
                self.flush_some().await?;
                self.allocate_next_segment().await.map_err(RecoveryError::Device)
            };
            if let Err(error) = done.await {
                self.panic(Part::Checkpointer, &error.to_string()).await;
            }
        }
    }

    /// How far the replicas have come, as far as their slots say.
    pub(super) fn oldest_apply(&self) -> Lsn {
        let view = |slot: &Slot| SlotView {
            replica: slot.kind == NodeKind::Replica,
            active: slot.active_pid.is_some(),
            apply: slot.apply,
        };
        let only_active = self.stopping.get() && !self.plan.has_defect("stop-waits-for-dead-replica");
        oldest_apply(self.slots.borrow().iter().map(view), only_active)
    }

    /// Writes every page that may be written now.
    ///
    /// # Errors
    /// See [`RecoveryError`]; the server must end.
    pub(super) async fn flush_some(&self) -> Result<(), RecoveryError> {
        let Some(writer) = self.writer() else { return Ok(()) };
        let taken = self.pages.take_flushable(self.flush_limits(&writer));
        if taken.is_empty() {
            return Ok(());
        }
        let store = &self.storage().pages;
        for flushable in taken {
            // A replica may have connected while the pages before this one were written.
            if !self.flush_limits(&writer).allow(flushable.lsn) {
                self.pages.give_back(flushable.number);
                continue;
            }
            store.write(&flushable.into_page(self.control.get().timeline, writer.tag())).await?;
        }
        store.flush().await?;
        self.pages.written();
        Ok(())
    }

    fn flush_limits(&self, writer: &Writer) -> FlushLimits {
        let before_log = self.plan.has_defect("page-before-log");
        let ignores_replicas = self.plan.has_defect("flush-ignores-apply-lsn");
        FlushLimits {
            flushed: if before_log { writer.end() } else { writer.flushed() },
            oldest_apply: if ignores_replicas { Lsn::NONE } else { self.oldest_apply() },
        }
    }

    /// Up to where everything is on the disk.
    pub(super) fn consistent(&self) -> Lsn {
        self.pages.consistent(self.log_end())
    }

    /// Makes a checkpoint each `checkpoint_timeout`, and when somebody asks for one.
    pub(super) async fn make_checkpoints(self: Rc<Self>) {
        loop {
            let asked = self.changed.wait_until(|| self.checkpoint_wanted.get() || self.stopping.get());
            let _ = self.process.timeout(self.plan.parameters.checkpoint_timeout, asked).await;
            if self.stopping.get() {
                return;
            }
            // Until background replay has ended, pages older than the redo position may still be missing on the disk.
            self.changed.wait_until(|| self.progress.background_replay.get().is_none()).await;
            if let Err(error) = self.checkpoint(State::InProduction).await {
                self.panic(Part::Checkpointer, &error.to_string()).await;
            }
            self.checkpoint_wanted.set(false);
            self.changed.notify();
        }
    }

    /// Makes everything up to now durable and lets recovery begin here. It waits without limit until no dirty page is
    /// older: a replica that does not apply holds it up.
    ///
    /// # Errors
    /// See [`RecoveryError`]; the server must end.
    pub(super) async fn checkpoint(&self, state: State) -> Result<(), RecoveryError> {
        self.changed.wait_until(|| !self.checkpointing.get()).await;
        self.checkpointing.set(true);
        let done = self.write_checkpoint(state).await;
        self.checkpointing.set(false);
        self.changed.notify();
        done
    }

    async fn write_checkpoint(&self, state: State) -> Result<(), RecoveryError> {
        let writer = self.writer().ok_or(WalError::Closed)?;
        let redo = writer.end();
        writer.flush_to(redo).await?;
        self.flush_until_consistent(redo).await?;
        let (clog, slots) = (self.clog.borrow().clone(), self.slots.borrow().clone());
        self.storage().write_clog(&clog, self.next_xid.get()).await?;
        self.storage().write_slots(&slots).await?;
        let record = writer.append(None, &Body::Checkpoint { redo })?;
        writer.flush_to(record.end).await?;
        self.changed.notify();
        self.control.set(Control { checkpoint: record.lsn, redo, ..self.control.get() });
        self.write_control(state).await?;
        self.info(Part::Checkpointer, &format!("checkpoint complete: redo lsn {redo}, lsn {}", record.lsn));
        self.process.announce("checkpoint.completed", fields! { redo: redo });
        self.remove_old_segments(&slots).await?;
        Ok(())
    }

    async fn flush_until_consistent(&self, redo: Lsn) -> Result<(), RecoveryError> {
        let mut complained = None;
        loop {
            self.flush_some().await?;
            let consistent = self.consistent();
            if checkpoint_is_legal(redo, consistent) {
                return Ok(());
            }
            let now = self.process.monotonic();
            if complained.is_none_or(|at| now.since(at) >= COMPLAIN_EVERY) {
                complained = Some(now);
                let oldest = self.oldest_apply();
                self.log.write(
                    Part::Checkpointer,
                    Level::Warning,
                    &format!(
                        "Checkpoint blocked. Checkpoint redo lsn {redo}, consistent lsn {consistent}, oldest apply lsn {oldest}"
                    ),
                );
                self.process.announce("checkpoint.blocked", fields! { redo: redo, oldest_apply: oldest });
            }
            self.process.sleep(self.plan.parameters.bgwriter_delay).await;
        }
    }

    /// The first position of the log that somebody still needs, by the slots given.
    pub(super) fn first_needed(&self, slots: &Slots, end: Lsn) -> Lsn {
        let ignores_slots = self.plan.has_defect("removal-ignores-slots");
        let restarts = slots.iter().filter(|_| !ignores_slots).map(|slot| slot.restart);
        removable_before(self.control.get().redo, restarts, end, self.plan.parameters.wal_keep_size)
    }

    /// Takes away the segments that nobody needs any more, by the slots as they are on the disk: their headers are
    /// overwritten. What the slots have gained in memory since would be forgotten by a crash.
    async fn remove_old_segments(&self, saved: &Slots) -> Result<(), IoError> {
        let Some(writer) = self.writer() else { return Ok(()) };
        let needed = self.first_needed(saved, writer.end());
        let shape = *self.storage().log.shape();
        let keep_from = shape.segment_of(needed);
        for segment in self.progress.first_segment.get()..keep_from {
            self.storage().log.area().write(shape.place(shape.segment_start(segment)), vec![0; 4096]).await?;
            self.info(Part::Checkpointer, &format!("removing WAL file \"{}\"", segment_name(1, segment)));
        }
        if keep_from > self.progress.first_segment.get() {
            self.storage().log.area().flush().await?;
            self.progress.first_segment.set(keep_from);
            writer.release_before(needed);
            let first = Lsn(shape.segment_start(keep_from));
            let oldest = saved.iter().min_by_key(|slot| slot.restart);
            let (slot, restart) = oldest.map_or(("none", Lsn(u64::MAX)), |slot| (slot.name.as_str(), slot.restart));
            self.process.announce("log.removed", fields! { before: first, slot: slot, restart: restart });
        }
        Ok(())
    }

    /// Gives the log the segment after the one it is in, by a transaction of PFS.
    ///
    /// # Errors
    /// See [`IoError`].
    pub(super) async fn allocate_next_segment(&self) -> Result<(), IoError> {
        let next = self.log_end().0 / SEGMENT + 1;
        if self.progress.allocated_segment.get() >= next {
            return Ok(());
        }
        self.progress.allocated_segment.set(next);
        let timeline = self.control.get().timeline;
        self.mount.allocate(&format!("{SHARED_DIRECTORY}/pg_wal/{}", segment_name(timeline, next))).await
    }
}

/// The name of a segment's file.
pub(super) fn segment_name(timeline: u64, segment: u64) -> String {
    format!("{timeline:08X}{:08X}{:08X}", segment >> 8, segment & 0xff)
}
