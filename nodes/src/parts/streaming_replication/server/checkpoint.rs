//! Checkpoints and restartpoints: pages go to the device, recovery begins later, old segments lose their files.

use std::rc::Rc;

use super::{ArchiveMode, Mode, SHUTDOWN_CHECKPOINT, SHUTDOWN_PAYLOAD, Server};
use crate::fields;
use crate::parts::encoding::Encoder;
use crate::parts::streaming_replication::control::{ControlData, DatabaseState};
use crate::parts::streaming_replication::store::StoreError;
use crate::parts::wal::{Body, Lsn, WriterTag};

impl Server {
    /// Wants a checkpoint soon.
    pub(super) fn request_checkpoint(&self) {
        self.checkpoint_wanted.set(true);
        self.changed.notify();
    }

    pub(super) async fn run_checkpointer(self: Rc<Self>) {
        while self.mode.get() != Mode::Stopping {
            let wanted = self.changed.wait_until(|| self.checkpoint_wanted.get() || self.stop.get());
            // Whichever comes first.
            let _ = self.process.timeout(self.settings().checkpoint_timeout, wanted).await;
            if self.stop.get() {
                return;
            }
            if let Err(error) = self.checkpoint().await {
                self.panic(error).await;
            }
        }
    }

    /// A checkpoint on a primary, a restartpoint on a standby.
    ///
    /// # Errors
    /// [`StoreError`]; the process must end.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        self.changed.wait_until(|| !self.checkpointing.get()).await;
        self.checkpoint_wanted.set(false);
        self.checkpointing.set(true);
        let writes = self.writer.borrow().is_some();
        let result = match writes {
            true => self.checkpoint_as(DatabaseState::InProduction).await,
            false => self.restartpoint(DatabaseState::InArchiveRecovery).await,
        };
        self.checkpointing.set(false);
        self.changed.notify();
        result
    }

    /// Log first, then pages, then the record, then the control page.
    pub(super) async fn checkpoint_as(&self, state: DatabaseState) -> Result<(), StoreError> {
        let (redo, timeline) = (self.log_end(), self.timeline.get());
        self.flush(redo).await?;
        self.write_pages().await?;
        let record = match state {
            DatabaseState::ShutDown => self.append(None, &self.shutdown_record())?,
            _ => self.append(None, &Body::Checkpoint { redo })?,
        };
        let redo = if state == DatabaseState::ShutDown { record.lsn } else { redo };
        self.flush(record.end).await?;
        let (version, _) = *self.control.borrow();
        let minimum_recovery = record.end;
        let control = ControlData { state, timeline, checkpoint: record.lsn, redo, minimum_recovery };
        self.write_control(version, control).await?;
        self.save_slots();
        self.recycle(redo);
        Ok(())
    }

    fn shutdown_record(&self) -> Body {
        let mut payload = Encoder::new();
        payload.u64(self.log_end().0).zeros_to(SHUTDOWN_PAYLOAD);
        Body::Product { kind: SHUTDOWN_CHECKPOINT, payload: payload.into_bytes() }
    }

    /// What a standby can do for a checkpoint: its pages, and the redo position of the last one it has replayed.
    pub(super) async fn restartpoint(&self, state: DatabaseState) -> Result<(), StoreError> {
        let (version, control) = *self.control.borrow();
        let replayed = self.replayed_checkpoint.get().filter(|(_, redo, _)| *redo >= control.redo);
        let minimum_recovery = self.replayed.get().max(control.minimum_recovery);
        // The log up to the pages is durable: it was flushed when it was received.
        self.write_control(version, ControlData { state, minimum_recovery, ..control }).await?;
        self.write_pages().await?;
        let (version, control) = *self.control.borrow();
        let control = match replayed {
            Some((checkpoint, redo, timeline)) => ControlData { checkpoint, redo, timeline, ..control },
            None => control,
        };
        self.write_control(version, control).await?;
        self.save_slots();
        self.recycle(control.redo);
        Ok(())
    }

    async fn write_pages(&self) -> Result<(), StoreError> {
        let tag = WriterTag { process: self.process.id().0, incarnation: self.process.incarnation().0 };
        let pages = self.buffer.borrow_mut().take_dirty(self.timeline.get(), tag);
        Ok(self.store.pages.write_out(&pages, &self.store.double_write).await?)
    }

    /// Whether an archiving primary finds a file that neither waits nor is done.
    fn has_no_status(&self, name: &str) -> bool {
        let archives = self.settings().archive_mode != ArchiveMode::Off && self.writer.borrow().is_some();
        archives && !self.files.is_ready(name) && !self.files.is_done(name)
    }

    /// Removes the files of segments that nobody needs: recovery, slots, `wal_keep_segments`, the archiver.
    fn recycle(&self, redo: Lsn) {
        let settings = self.settings();
        let current = self.place_of(self.log_end());
        let for_slots = self.slots.borrow().values().min().copied().unwrap_or(redo);
        let needed = self.place_of(redo.min(for_slots)).min(current.saturating_sub(settings.wal_keep_segments));
        let is_archived = |name: &str| {
            settings.archive_mode == ArchiveMode::Off || !settings.keeps_unarchived || self.files.is_done(name)
        };
        for file in self.files.segments() {
            let name = self.files.name_of(file);
            if file.segment < needed && self.has_no_status(&name) {
                // Neither waiting nor done: its status was lost or removed, and it waits again (PostgreSQL's
                // XLogArchiveCheckDone).
                self.mark_ready(&name);
            }
            if file.segment < needed && is_archived(&name) {
                let waits = self.files.is_ready(&name);
                self.files.remove(&name);
                self.files.remove_status(&format!("{name}.done"));
                self.process.announce("wal.recycled", fields! { file: name, waits: waits });
            }
        }
        let oldest = self.files.oldest().unwrap_or(current);
        if let Some(writer) = &*self.writer.borrow() {
            writer.release_before(Lsn(self.store.log.shape().segment_start(oldest)));
        }
    }
}
