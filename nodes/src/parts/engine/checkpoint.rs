//! Checkpoints: pages go to the device, and recovery begins later in the log.

use std::time::Duration;

use super::error::EngineError;
use super::execute::Engine;
use super::state::{EngineState, Phase};
use crate::parts::control::ControlPage;
use crate::parts::wal::Body;

impl Engine {
    /// Writes every page that changed, then moves the redo position to where the log ended when this began.
    ///
    /// # Errors
    /// [`EngineError`]; the engine then does nothing more, and its process must end.
    pub async fn checkpoint(&self) -> Result<(), EngineError> {
        self.checkpoint_as(Phase::Running).await
    }

    /// Refuses further transactions, waits for those under way, writes a last checkpoint and gives the log up.
    ///
    /// # Errors
    /// [`EngineError`]; the database is then as a crash would leave it.
    pub async fn shut_down(&self) -> Result<(), EngineError> {
        self.refuse_further(EngineError::ShutDown)?;
        self.durable(self.inner.writer.end()).await?;
        self.checkpoint_as(Phase::ShutDown).await?;
        self.inner.writer.close().await;
        Ok(())
    }

    fn refuse_further(&self, reason: EngineError) -> Result<(), EngineError> {
        if let Some(error) = self.inner.ended.get() {
            return Err(error);
        }
        self.fail(reason);
        Ok(())
    }

    /// Checkpoints after each `interval`, and earlier when the log fills, until the engine has ended; returns why.
    pub async fn checkpoint_every(&self, interval: Duration) -> EngineError {
        loop {
            let filling = self.inner.changed.wait_until(|| self.log_is_filling() || self.end_reason().is_some());
            // Whichever comes first.
            let _ = self.inner.process.timeout(interval, filling).await;
            if let Some(reason) = self.end_reason() {
                return reason;
            }
            if let Err(error) = self.checkpoint().await {
                return error;
            }
        }
    }

    async fn checkpoint_as(&self, phase: Phase) -> Result<(), EngineError> {
        let inner = &self.inner;
        inner.changed.wait_until(|| !inner.checkpointing.get()).await;
        if phase == Phase::Running
            && let Some(reason) = self.end_reason()
        {
            return Err(reason);
        }
        inner.checkpointing.set(true);
        let result = self.write_checkpoint(phase).await;
        inner.checkpointing.set(false);
        inner.changed.notify();
        result.map_err(|error| self.fail(error))
    }

    async fn write_checkpoint(&self, phase: Phase) -> Result<(), EngineError> {
        let inner = &self.inner;
        // There will be a record at the end of the log: the next one, or the end of its segment if that does not fit.
        let redo = inner.writer.end();
        let epoch = inner.writer.epoch();
        let pages = inner.buffer.borrow_mut().take_dirty(epoch, inner.writer.tag());
        // Log first: no page may be on the device with a change that the log could lose.
        inner.writer.flush_to(redo).await?;
        inner.storage.pages.write_out(&pages, &inner.storage.double_write).await?;
        let record = inner.writer.append(None, &Body::Checkpoint { redo })?;
        inner.writer.flush_to(record.end).await?;
        self.write_control(EngineState { phase, redo, checkpoint: record.lsn, epoch }).await?;
        inner.writer.release_before(redo);
        Ok(())
    }

    async fn write_control(&self, state: EngineState) -> Result<(), EngineError> {
        let version = self.inner.control.get().0 + 1;
        self.inner.storage.control.write(&ControlPage { version, payload: state.encode() }).await?;
        self.inner.control.set((version, state));
        Ok(())
    }
}
