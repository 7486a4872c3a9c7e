//! Recovery: the control page, the pages, and the log from the redo position to its end.

use std::rc::Rc;
use std::time::Duration;

use super::{Mode, SHUTDOWN_CHECKPOINT, Server};
use crate::fields;
use crate::parts::encoding::Decoder;
use crate::parts::pages::Buffer;
use crate::parts::streaming_replication::control::{ControlData, DatabaseState};
use crate::parts::streaming_replication::files::SegmentFile;
use crate::parts::streaming_replication::store::StoreError;
use crate::parts::wal::{Body, Lsn, Reader, Record, Stop};
use crate::product::events;

/// How many records are replayed at a time; their cost is paid together.
const REPLAY_BATCH: u32 = 64;

/// Why replay ends.
#[derive(Debug)]
pub(super) enum ReplayEnd {
    /// The log has no more records that can be believed.
    Log(Stop),
    /// The file of the next segment is not there.
    NoFile(u64),
}

impl ReplayEnd {
    fn words(&self) -> String {
        match self {
            ReplayEnd::Log(stop) => stop.to_string(),
            ReplayEnd::NoFile(segment) => format!("the file of segment {segment} does not exist"),
        }
    }
}

impl Server {
    /// Reads the database from the device and replays what the log holds.
    pub(super) async fn recover(self: &Rc<Self>) -> Result<Reader, StoreError> {
        self.show_mode(Mode::Starting, "unknown", "starting");
        let (version, control) = self.load_control().await?;
        let is_standby = self.surroundings.is_standby();
        self.log("LOG", &format!("database system was {}", interrupted(&control)));
        self.store.double_write.restore(&self.store.pages).await?;
        *self.buffer.borrow_mut() = Buffer::read(&self.store.pages).await?;
        self.timeline.set(control.timeline);
        self.newest_segment.set(self.place_of(control.redo));
        self.load_slots();
        let state = match (is_standby, control.state.is_clean()) {
            (true, _) => DatabaseState::InArchiveRecovery,
            (false, true) => control.state,
            (false, false) => DatabaseState::InCrashRecovery,
        };
        self.write_control(version, ControlData { state, ..control }).await?;
        if is_standby {
            self.log("LOG", "entering standby mode");
        }
        let mut reader = Reader::new(&self.store.log, control.redo);
        self.process.announce(events::REPLAY_STARTED, fields! { from: control.redo });
        let end = self.replay(&mut reader, None).await;
        if let ReplayEnd::Log(stop @ Stop::Unreadable(_)) = end {
            return Err(StoreError::Unreadable { position: reader.position(), stop });
        }
        if self.replayed_checkpoint.get().is_none() && reader.position() == control.redo {
            return Err(StoreError::NoCheckpoint { redo: control.redo, why: end.words() });
        }
        // A standby gets what is missing from its primary.
        if !is_standby && reader.position() < control.minimum_recovery {
            let (end, needed) = (reader.position(), control.minimum_recovery);
            return Err(StoreError::EndsTooEarly { end, needed });
        }
        self.process.announce(events::REPLAY_FINISHED, fields! { to: reader.position() });
        *self.history.borrow_mut() = self.files.history(self.timeline.get());
        self.received.set(reader.position());
        self.log("LOG", &format!("consistent recovery state reached at {}", reader.position()));
        Ok(reader)
    }

    /// The control page; a node that has none gets a new database.
    async fn load_control(&self) -> Result<(u64, ControlData), StoreError> {
        if let Some(found) = self.store.read_control().await? {
            return Ok(found);
        }
        let state = match self.surroundings.is_standby() {
            true => DatabaseState::ShutDownInRecovery,
            false => DatabaseState::ShutDown,
        };
        let segment = self.place.first_segment;
        let control = self.store.format(segment, 1, &self.initial, state).await?;
        self.files.create_segment(SegmentFile { segment, timeline: 1 });
        self.files.sync().await?;
        Ok((1, control))
    }

    pub(super) async fn write_control(&self, version: u64, control: ControlData) -> Result<(), StoreError> {
        self.store.write_control(version + 1, &control).await?;
        *self.control.borrow_mut() = (version + 1, control);
        if control.state == DatabaseState::ShutDown {
            self.process.announce("control.shut-down", fields! { checkpoint: control.checkpoint });
        }
        Ok(())
    }

    /// Replays up to the end of the log, or to a position.
    pub(super) async fn replay(&self, reader: &mut Reader, until: Option<Lsn>) -> ReplayEnd {
        let (mut batch, mut looked_again_at) = (0, None);
        let cost = self.place.shape.replay_cost;
        let end = loop {
            if until.is_some_and(|until| reader.position() >= until) {
                break ReplayEnd::Log(Stop::Nothing);
            }
            let segment = self.place_of(reader.position());
            if !self.files.has_segment(segment) {
                break ReplayEnd::NoFile(segment);
            }
            match reader.next().await {
                Ok(record) => self.apply(record, reader.position()),
                // The reader had read ahead, before these bytes came: the second look is at the device.
                Err(_) if until.is_some() && looked_again_at != Some(reader.position()) => {
                    looked_again_at = Some(reader.position());
                    continue;
                }
                Err(stop) => break ReplayEnd::Log(stop),
            }
            batch += 1;
            if batch == REPLAY_BATCH {
                self.process.sleep(cost * batch).await;
                batch = 0;
            }
        };
        if !(cost * batch).is_zero() {
            self.process.sleep(cost * batch).await;
        }
        end
    }

    fn apply(&self, record: Record, end: Lsn) {
        self.timeline.set(self.timeline.get().max(record.epoch));
        match record.body {
            Body::Commit { changes } => {
                self.buffer.borrow_mut().apply(changes, end);
                self.replayed_at.set(Some(self.process.wall_clock()));
            }
            Body::Checkpoint { redo } => self.replayed_checkpoint.set(Some((record.lsn, redo, record.epoch))),
            Body::Product { kind: SHUTDOWN_CHECKPOINT, payload } => {
                let redo = Decoder::new(&payload).u64().map_or(record.lsn, Lsn);
                self.replayed_checkpoint.set(Some((record.lsn, redo, record.epoch)));
            }
            Body::Product { .. } | Body::SegmentEnd => {}
        }
        self.replayed.set(end);
    }

    /// The segment a position lies in.
    pub(super) fn place_of(&self, position: Lsn) -> u64 {
        self.store.log.shape().segment_of(position)
    }

    /// A moment in which other tasks of the server may act.
    pub(super) async fn breathe(&self) {
        self.process.sleep(Duration::from_millis(1)).await;
    }
}

fn interrupted(control: &ControlData) -> String {
    match control.state.is_clean() {
        true => control.state.words().to_owned(),
        false => format!("interrupted while {}", control.state.words()),
    }
}
