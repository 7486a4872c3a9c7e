//! Recovery: pages and log are read from the device, and the log is replayed to its end.

use super::super::files::BackupLabel;
use super::super::logs::Module;
use super::super::pg_control::{ControlData, ControlState};
use super::super::records;
use super::super::rules::build_tags;
use super::super::rules::handshake::Mark;
use super::super::store::StoreError;
use super::Server;
use crate::fields;
use crate::parts::pages::Buffer;
use crate::parts::wal::{Body, LogEnd, Reader, Record, Stop};
use crate::product::events;

/// How many records are replayed at a time; their cost is paid together.
const BATCH: u32 = 64;

impl Server {
    /// Reads the device and replays what is there. A backup label says where a copied database begins; without one
    /// `pg_control` does.
    pub(super) async fn recover(&self) -> Result<(), StoreError> {
        self.recovering.set(true);
        if self.process.read_file("PG_VERSION").is_none() {
            self.store.create(&self.plan.initial).await?;
            self.process.write_file("PG_VERSION", "9.2\n");
        }
        let (version, control) = self.store.read_control().await?;
        *self.control.borrow_mut() = (version, control);
        self.store.double_write.restore(&self.store.pages).await?;
        *self.buffer.borrow_mut() = Buffer::read(&self.store.pages).await?;
        let control = self.begin_recovery(control).await?;
        self.oldest_segment.set(self.store.segments().await?.first().copied().unwrap_or(0));
        self.process.announce(events::REPLAY_STARTED, fields! { from: control.redo });
        let mut reader = Reader::new(&self.store.log, control.redo);
        let (stop, records) = self.replay(&mut reader).await;
        if let Stop::Unreadable(_) = stop {
            return Err(StoreError::Unreadable { position: reader.position(), stop });
        }
        if records == 0 {
            return Err(StoreError::NoCheckpoint { redo: control.redo, why: stop.to_string() });
        }
        self.end.set(reader.end());
        self.received.set(reader.position());
        self.process.announce(events::REPLAY_FINISHED, fields! { to: reader.position() });
        self.recovering.set(false);
        Ok(())
    }

    /// Takes over what a backup label says, once.
    async fn begin_recovery(&self, control: ControlData) -> Result<ControlData, StoreError> {
        let label = BackupLabel::read(&self.process);
        let state =
            if self.mode.get().is_writable() { ControlState::InCrashRecovery } else { ControlState::InArchiveRecovery };
        let control = match label {
            Some(BackupLabel { redo, checkpoint }) => ControlData { state, redo, checkpoint, ..control },
            None => ControlData { state, ..control },
        };
        self.write_control(control).await?;
        if label.is_some() {
            let bytes = self.process.read_file(build_tags::LABEL).unwrap_or_default();
            self.process.write_file(build_tags::LABEL_OLD, bytes);
            self.process.remove_file(build_tags::LABEL);
        }
        self.logs.write(Module::Redo, "LOG", &format!("redo starts at {}", control.redo));
        Ok(control)
    }

    /// Replays as far as the log goes; why it ends there, and how many records there were.
    pub(super) async fn replay(&self, reader: &mut Reader) -> (Stop, u32) {
        let mut records = 0;
        loop {
            match reader.next().await {
                Ok(record) => self.apply(record, reader.end()),
                Err(stop) => {
                    self.process.sleep(self.plan.shape.replay_cost * (records % BATCH)).await;
                    return (stop, records);
                }
            }
            records += 1;
            if records % BATCH == 0 {
                self.process.sleep(self.plan.shape.replay_cost * BATCH).await;
            }
        }
    }

    fn apply(&self, record: Record, end: LogEnd) {
        self.last.set(Mark { lsn: record.lsn, crc: records::crc(&record) });
        self.term_of_log.set(self.term_of_log.get().max(record.epoch));
        self.replayed.set(end.end);
        self.end.set(end);
        if let Some(checkpoint) = records::as_checkpoint(&record.body) {
            self.replayed_checkpoint.set(Some((record.lsn, checkpoint.redo)));
        }
        if let Body::Commit { changes } = record.body {
            self.buffer.borrow_mut().apply(changes, end.end);
        }
    }

    /// Whether pages are consistent at the end of what was replayed.
    ///
    /// # Errors
    /// [`StoreError::EndsTooEarly`] if they are not.
    pub(super) fn check_consistent(&self) -> Result<(), StoreError> {
        let (end, needed) = (self.replayed.get(), self.control.borrow().1.minimum_recovery);
        match end >= needed {
            true => Ok(()),
            false => Err(StoreError::EndsTooEarly { end, needed }),
        }
    }
}
