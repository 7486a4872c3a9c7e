//! A standby: replays what its walreceiver has made durable, until it is promoted or stopped.

use std::rc::Rc;

use super::super::pg_control::ControlState;
use super::super::rules::state::ServerMode;
use super::super::store::StoreError;
use super::{Promotion, Server};
use crate::fields;
use crate::parts::wal::{LogEnd, Lsn, Reader, Stop};
use crate::product::events;

impl Server {
    /// Follows; false if it was stopped, true if it is a primary now.
    pub(super) async fn follow(self: Rc<Self>) -> Result<bool, StoreError> {
        self.promote.set(None);
        self.process.announce(events::ROLE_CHANGED, fields! { role: self.mode.get().option() });
        self.log("LOG", "entering standby mode");
        self.note_change();
        self.process.spawn(self.clone().receive());
        self.process.spawn(self.clone().run_restartpoints());
        let mut reader = Reader::after(&self.store.log, &self.end.get());
        let mut tried = Lsn::NONE;
        loop {
            self.changed
                .wait_until(|| self.stop.get() || self.promote.get().is_some() || self.received.get() != tried)
                .await;
            let (promotion, received) = (self.promote.get(), self.received.get());
            self.replay_idle.set(false);
            let (stop, _) = self.replay(&mut reader).await;
            if let Stop::Unreadable(_) = stop {
                return Err(StoreError::Unreadable { position: reader.position(), stop });
            }
            tried = received;
            self.replay_idle.set(true);
            self.plan.show(self.me, |node| node.log_position = reader.position().0);
            self.changed.notify();
            if self.stop.get() {
                self.stop_standby().await?;
                return Ok(false);
            }
            if let Some(promotion) = promotion {
                return self.promoted(promotion, &reader).await;
            }
        }
    }

    async fn stop_standby(&self) -> Result<(), StoreError> {
        self.log("LOG", "received fast shutdown request");
        self.restartpoint(ControlState::ShutDownInRecovery).await
    }

    async fn run_restartpoints(self: Rc<Self>) {
        loop {
            self.process.sleep(self.plan.parameters.checkpoint_timeout).await;
            if !self.mode.get().is_follower() || self.stop.get() || self.promote.get().is_some() {
                return;
            }
            if let Err(error) = self.restartpoint(ControlState::InArchiveRecovery).await {
                self.panic(error).await;
            }
        }
    }

    /// Becomes primary: everything received is replayed by now. Nobody is asked whether the old primary still lives.
    async fn promoted(&self, promotion: Promotion, reader: &Reader) -> Result<bool, StoreError> {
        self.promoting.set(true);
        self.wait_promoting.set(false);
        self.note_change();
        let kind = match promotion {
            Promotion::Switchover => "switchover",
            Promotion::Failover => "failover",
        };
        self.log(
            "LOG",
            if promotion == Promotion::Switchover { "to do switchover" } else { "Instance to do failover." },
        );
        self.process.announce("promote.started", fields! { kind: kind, lsn: reader.position() });
        if !self.plan.has_defect("promotes-below-minimum") {
            self.check_consistent()?;
        }
        // A closed stream writes nothing more into the log that is to be continued.
        self.changed.wait_until(|| !self.receiver.borrow().running).await;
        self.end.set(LogEnd { ..reader.end() });
        self.mode.set(ServerMode::Primary);
        self.take_role(ServerMode::Primary);
        self.process.announce("promote.finished", fields! { kind: kind, lsn: self.end.get().end });
        Ok(true)
    }
}
