//! A reign: the server takes writes until it is stopped or hands over.

use std::rc::Rc;

use super::super::store::StoreError;
use super::Server;
use crate::fields;
use crate::parts::wal::Writer;
use crate::product::events;

impl Server {
    /// Reigns; false if it was stopped, true if it is a standby now.
    pub(super) async fn reign(self: Rc<Self>) -> Result<bool, StoreError> {
        let writer = self.open_for_writes().await?;
        self.process.spawn(self.clone().run_checkpointer(writer.clone()));
        self.changed.wait_until(|| self.stop.get() || self.demote_for.get().is_some()).await;
        let standby = self.demote_for.take().filter(|_| !self.stop.get());
        match standby {
            Some(standby) => self.demote(&writer, standby).await,
            None => {
                self.shut_down(&writer).await?;
                Ok(false)
            }
        }
    }

    /// Opens the log behind its last valid record, writes the checkpoint that ends recovery, and takes clients in. It
    /// asks nobody whether there is another primary.
    async fn open_for_writes(&self) -> Result<Writer, StoreError> {
        self.recovering.set(true);
        self.closing.set(false);
        let (term, redo) = (self.term(), self.control.borrow().1.redo);
        self.store.disk.set_epoch(term);
        let writer = Writer::open_at(&self.process, &self.store.log, self.end.get(), redo, term).await?;
        self.term_of_log.set(self.term_of_log.get().max(term));
        *self.writer.borrow_mut() = Some(writer.clone());
        let minimum = self.control.borrow().1.minimum_recovery;
        let below = self.replayed.get() < minimum;
        self.confirmed.set(self.end.get().end);
        self.standalone.set(false);
        self.heartbeat_off.set(false);
        self.checkpoint(false).await?;
        self.promoting.set(false);
        self.demoting.set(false);
        self.wait_promoting.set(false);
        self.recovering.set(false);
        self.reasons.borrow_mut().clear();
        self.log("LOG", "database system is ready to accept connections");
        let role = self.mode.get().option();
        let fields = fields! { role: role, term: term, lsn: self.end.get().end, below_minimum: below };
        self.process.announce(events::ROLE_CHANGED, fields);
        self.process.announce(
            events::WRITES_OPENED,
            fields! { epoch: term, log: format!("pg_xlog of {}", self.plan.node(self.me).name) },
        );
        self.count_confirmations(None);
        self.note_change();
        Ok(writer)
    }

    /// Stops in order: backends end, a shutdown checkpoint, and the standbys that are still connected get it.
    async fn shut_down(&self, writer: &Writer) -> Result<(), StoreError> {
        self.log("LOG", "received fast shutdown request");
        self.end_sessions(self.plan.parameters.stop_time).await;
        self.closing.set(true);
        self.checkpoint(true).await?;
        let end = self.store.reach(writer.end());
        self.changed.wait_until(|| self.senders.borrow().values().all(|sender| sender.flush.0 >= end)).await;
        self.end_streams();
        writer.close().await;
        Ok(())
    }

    /// Takes no more clients in and waits until those who are there have gone.
    pub(super) async fn end_sessions(&self, time: std::time::Duration) {
        self.process.announce(events::WRITES_CLOSED, fields! {});
        self.plan.show(self.me, |node| node.writable = false);
        self.changed.notify();
        self.process.sleep(time).await;
        self.changed.wait_until(|| self.running.get() == 0).await;
    }
}
