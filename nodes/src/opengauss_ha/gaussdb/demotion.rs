//! A primary hands over: steps 6 to 12 of a switchover.
//!
//! Nothing here has a time limit, and nothing is taken back: a backend that does not end keeps the primary "Demoting"
//! for ever. Source: reference section 4.1 (`postmaster.cpp ProcessDemoteRequest`, `PrepareDemoteResponse`,
//! `walsender.cpp`).

use super::super::messages::Down;
use super::super::rules::state::ServerMode;
use super::super::store::StoreError;
use super::Server;
use crate::fields;
use crate::parts::wal::Writer;
use crate::product::events;

impl Server {
    /// A standby asks the primary to hand over. Only one request runs at a time; a second one is dropped silently.
    pub(super) fn request_demotion(&self, standby: usize) {
        let is_busy = self.demoting.get() || self.demote_for.get().is_some();
        if self.mode.get() == ServerMode::Primary && self.writer.borrow().is_some() && !is_busy {
            self.process.announce("switchover.requested", fields! { standby: standby });
            self.demote_for.set(Some(standby));
            self.changed.notify();
        }
    }

    /// Hands over to `standby`; false if the server was stopped meanwhile.
    pub(super) async fn demote(&self, writer: &Writer, standby: usize) -> Result<bool, StoreError> {
        self.demoting.set(true);
        self.log("LOG", "received fast demote request");
        self.process.announce("demote.started", fields! { standby: standby });
        self.note_change();
        if self.plan.has_defect("heartbeat-stops-at-demote") {
            self.heartbeat_off.set(true);
        }
        self.end_sessions(self.plan.parameters.demote_time).await;
        if self.plan.has_defect("worker-ignores-demote") {
            // A thread that nobody signals: the postmaster waits for it without a limit, and takes no other order.
            std::future::pending::<()>().await;
        }
        let approves_early = self.plan.has_defect("approves-before-flush");
        if approves_early {
            self.approve(standby);
        }
        let checkpoint = self.checkpoint(true).await?;
        self.process.announce("demote.checkpoint", fields! { lsn: checkpoint });
        self.redirect_others(standby);
        self.heartbeat_off.set(true);
        if !approves_early {
            self.wait_for_flush(writer, standby).await;
            self.approve(standby);
        }
        self.become_standby(writer).await
    }

    /// The other standbys lose their streams, so that they look for the new primary.
    fn redirect_others(&self, standby: usize) {
        let others: Vec<usize> = self.senders.borrow().keys().copied().filter(|node| *node != standby).collect();
        for other in others {
            self.say(other, Down::Ending);
            self.forget_sender(other, "redirected");
        }
    }

    /// Waits until the standby has everything, or has gone.
    async fn wait_for_flush(&self, writer: &Writer, standby: usize) {
        let end = self.store.reach(writer.end());
        let has_all = |sender: &super::Sender| sender.flush.0 >= end;
        self.changed.wait_until(|| self.senders.borrow().get(&standby).is_none_or(has_all)).await;
    }

    /// Tells the standby to promote itself. If it has gone by then, nobody is told.
    fn approve(&self, standby: usize) {
        if self.senders.borrow().contains_key(&standby) {
            self.say(standby, Down::Promote);
            self.log("LOG", "done the switchover waiting for the standby's promotion");
            self.process.announce("switchover.approved", fields! { standby: standby });
        }
    }

    async fn become_standby(&self, writer: &Writer) -> Result<bool, StoreError> {
        writer.close().await;
        *self.writer.borrow_mut() = None;
        self.mode.set(ServerMode::Standby);
        self.recover().await?;
        self.senders.borrow_mut().clear();
        self.demoting.set(false);
        self.heartbeat_off.set(false);
        self.log("LOG", "archive recovery started");
        self.take_role(ServerMode::Standby);
        self.process.announce(events::ROLE_CHANGED, fields! { role: "standby" });
        Ok(!self.stop.get())
    }
}
