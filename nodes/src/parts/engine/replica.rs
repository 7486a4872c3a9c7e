//! A database as another process knows it by reading its storage: rows up to some position of the log.
//!
//! It can follow a log that is still being written, lag behind it, and be promoted. It writes nothing before that.

use crate::fields;
use crate::parts::control::ControlPage;
use crate::parts::pages::Buffer;
use crate::parts::service::{Key, Row};
use crate::parts::wal::{Body, Lsn, Reader, Record, Stop, Writer};
use crate::product::events;
use crate::world::process::Process;

use super::error::EngineError;
use super::execute::Engine;
use super::state::{EngineState, Phase};
use super::storage::EngineStorage;

/// How many records are replayed at a time; their cost is paid together.
const REPLAY_BATCH: u32 = 64;

/// The rows of a database up to some position of its log.
pub struct Replica {
    process: Process,
    storage: EngineStorage,
    buffer: Buffer,
    reader: Reader,
    state: EngineState,
    any_record: bool,
}

impl Replica {
    /// Reads the control page and every page. A page that a crash tore is put back from the double-write area first,
    /// so only a process that is about to take the database over may do this while its writer is down.
    ///
    /// # Errors
    /// [`EngineError`] if there is no database or it cannot be read.
    pub async fn recover(process: &Process, storage: &EngineStorage) -> Result<Self, EngineError> {
        storage.double_write.restore(&storage.pages).await?;
        Self::observe(process, storage).await
    }

    /// Reads the control page and every page while the writer may be at work. A page that is just being written may
    /// be found torn: read again.
    ///
    /// # Errors
    /// [`EngineError`] if there is no database or it cannot be read.
    pub async fn observe(process: &Process, storage: &EngineStorage) -> Result<Self, EngineError> {
        let (state, _version) = read_control(storage).await?;
        let buffer = Buffer::read(&storage.pages).await?;
        let reader = Reader::new(&storage.log, state.redo);
        let (process, storage) = (process.clone(), storage.clone());
        Ok(Replica { process, storage, buffer, reader, state, any_record: false })
    }

    /// Replays the log as far as it goes, at the speed of the shape; returns why it ends there.
    pub async fn replay(&mut self) -> Stop {
        loop {
            for replayed in 0..REPLAY_BATCH {
                if let Err(stop) = self.replay_one().await {
                    self.process.sleep(self.storage.shape.replay_cost * replayed).await;
                    return stop;
                }
            }
            self.process.sleep(self.storage.shape.replay_cost * REPLAY_BATCH).await;
        }
    }

    async fn replay_one(&mut self) -> Result<(), Stop> {
        let record = self.reader.next().await?;
        self.any_record = true;
        let end = self.reader.position();
        self.apply(record, end);
        Ok(())
    }

    fn apply(&mut self, record: Record, end: Lsn) {
        if let Body::Commit { changes } = record.body {
            self.buffer.apply(changes, end);
        }
    }

    /// Everything before this position has been replayed.
    pub fn position(&self) -> Lsn {
        self.reader.position()
    }

    /// What the control page said at the beginning.
    pub fn state(&self) -> &EngineState {
        &self.state
    }

    /// A row as it is at [`Replica::position`].
    pub fn row(&self, key: Key) -> Option<&Row> {
        self.buffer.row(key)
    }

    /// All rows as they are at [`Replica::position`].
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Replays the log to its end and makes this process its writer, under `epoch`.
    ///
    /// # Errors
    /// [`EngineError`] if the end of the log is not known, or the device fails.
    pub async fn promote(mut self, epoch: u64) -> Result<Engine, EngineError> {
        self.process.announce(events::REPLAY_STARTED, fields! { from: self.position() });
        let stop = self.replay().await;
        let position = self.position();
        match stop {
            Stop::Unreadable(error) => return Err(EngineError::LogUnreadable { position, error }),
            stop if !self.any_record => return Err(EngineError::NoRedoRecord { redo: self.state.redo, stop }),
            _ => self.process.announce(events::REPLAY_FINISHED, fields! { to: position }),
        };
        let Replica { process, storage, buffer, reader, .. } = self;
        storage.disk.set_epoch(epoch);
        // The writer before may have died in the middle of a checkpoint, or moved the redo position since we read it.
        storage.double_write.restore(&storage.pages).await?;
        let (state, version) = read_control(&storage).await?;
        let writer = Writer::open_at(&process, &storage.log, reader.end(), state.redo, epoch).await?;
        let state = EngineState { phase: Phase::Running, epoch, ..state };
        let control = ControlPage { version: version + 1, payload: state.encode() };
        storage.control.write(&control).await?;
        Ok(Engine::begin(process, storage, writer, buffer, (control.version, state)))
    }
}

/// What the control page says, and its version.
async fn read_control(storage: &EngineStorage) -> Result<(EngineState, u64), EngineError> {
    let (page, _copy) = storage.control.read().await?.ok_or(EngineError::NotFormatted)?;
    Ok((EngineState::decode(&page.payload)?, page.version))
}
