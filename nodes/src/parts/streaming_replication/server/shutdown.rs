//! The end of a life in order: clients, checkpoint, then senders and archiver side by side, then the process.
//!
//! The control page says "shut down" before the senders are done: a standby that hangs can hold the process, and a tool
//! that looks at the control page then sees more than the standby has (KingbaseES reference, section 4.2).

use super::{ArchiveMode, Mode, Server};
use crate::fields;
use crate::parts::streaming_replication::control::{ControlData, DatabaseState};
use crate::parts::streaming_replication::store::StoreError;
use crate::product::events;

impl Server {
    pub(super) async fn stop_primary(&self) -> Result<(), StoreError> {
        if self.surroundings.serves_clients() {
            self.process.announce(events::WRITES_CLOSED, fields! {});
        }
        self.show_mode(Mode::Stopping, "primary", "stopping");
        self.log("LOG", "shutting down");
        self.changed.wait_until(|| self.running.get() == 0).await;
        self.changed.wait_until(|| !self.checkpointing.get()).await;
        let (version, control) = *self.control.borrow();
        self.write_control(version, ControlData { state: DatabaseState::ShuttingDown, ..control }).await?;
        let settings = self.settings();
        if settings.archive_mode != ArchiveMode::Off && settings.switches_segment_at_shutdown {
            self.switch_segment().await?;
        }
        self.log("LOG", "checkpoint starting: shutdown immediate");
        self.checkpoint_as(DatabaseState::ShutDown).await?;
        let writer = self.writer.borrow().clone();
        let end = self.log_end();
        if settings.waits_for_standbys {
            self.changed.wait_until(|| self.peers.borrow().values().all(|peer| peer.view.flush >= end)).await;
        }
        self.end_streams();
        self.changed.wait_until(|| self.last_archive_cycle.get()).await;
        if let Some(writer) = writer {
            writer.close().await;
        }
        self.breathe().await;
        Ok(())
    }

    pub(super) async fn stop_standby(&self) -> Result<(), StoreError> {
        self.show_mode(Mode::Stopping, "standby", "stopping");
        self.log("LOG", "shutting down");
        self.end_streams();
        self.changed.wait_until(|| !self.checkpointing.get()).await;
        self.restartpoint(DatabaseState::ShutDownInRecovery).await?;
        self.breathe().await;
        Ok(())
    }
}
