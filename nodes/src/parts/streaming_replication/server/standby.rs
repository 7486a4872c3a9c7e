//! A standby: replays what its receiver has made durable, until it is promoted or stopped.

use std::rc::Rc;

use super::recovery::ReplayEnd;
use super::{Mode, Server};
use crate::fields;
use crate::parts::streaming_replication::store::StoreError;
use crate::parts::wal::{Reader, Stop};
use crate::product::events;

impl Server {
    /// Follows until promoted (true) or stopped (false). A promotion replays everything received first, even if replay
    /// was paused.
    pub(super) async fn follow(self: Rc<Self>, reader: &mut Reader) -> Result<bool, StoreError> {
        self.show_mode(Mode::Standby, "standby", "running");
        self.process.announce(events::ROLE_CHANGED, fields! { role: "standby" });
        self.log("LOG", "database system is ready to accept read-only connections");
        self.process.spawn(self.clone().receive());
        self.process.spawn(self.clone().run_restartpoints());
        loop {
            self.changed
                .wait_until(|| {
                    let more = self.received.get() > reader.position();
                    self.stop.get() || self.promote.get() || (more && !self.replay_paused.get())
                })
                .await;
            if self.stop.get() {
                return Ok(false);
            }
            let promoted = self.promote.get();
            if promoted {
                self.changed.wait_until(|| !self.writing.get()).await;
            }
            let received = self.received.get();
            let end = self.replay(reader, Some(received)).await;
            self.report_progress();
            self.changed.notify();
            if let ReplayEnd::Log(stop @ Stop::Unreadable(_)) = end {
                return Err(StoreError::Unreadable { position: reader.position(), stop });
            }
            if promoted {
                self.replay_paused.set(false);
                return Ok(true);
            }
            if reader.position() < received {
                self.refetch(reader).await;
            }
        }
    }

    /// What was received cannot be replayed: it is asked for again.
    async fn refetch(&self, reader: &Reader) {
        self.log("LOG", &format!("invalid record at {}, requesting it again", reader.position()));
        self.received.set(reader.position());
        self.drop_stream();
        self.process.sleep(self.settings().wal_retrieve_retry_interval).await;
    }

    async fn run_restartpoints(self: Rc<Self>) {
        loop {
            self.process.sleep(self.settings().checkpoint_timeout).await;
            if self.mode.get() != Mode::Standby {
                return;
            }
            if let Err(error) = self.checkpoint().await {
                self.panic(error).await;
            }
        }
    }
}
