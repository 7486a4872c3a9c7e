//! The database behind DMS: transactions on rows, made durable in the log that all nodes share.
//!
//! A node serves transactions only while it is promoted and open. Whoever is promoted reads the log to its end first.
//! A client is told that its transaction is committed only after a flush of the device that began after the record
//! was written; a transaction that only reads waits for the records it has seen.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use thiserror::Error;

use crate::fields;
use crate::parts::service::{self, Answer, Key, Reply, Row, Transaction};
use crate::parts::signal::Signal;
use crate::parts::wal::{Body, Lsn, WalError, Writer};
use crate::product::events;
use crate::world::disk::Disk;
use crate::world::port::CallId;
use crate::world::process::Process;

use super::super::plan::Shared;
use super::super::recovery::{Replayed, replay};

/// Why a database cannot be promoted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum DatabaseError {
    /// The log cannot be used.
    #[error("the log cannot be opened: {0}")]
    Log(#[from] WalError),
}

/// A committed transaction whose client waits for the flush.
struct Pending {
    until: Lsn,
    call: CallId,
    replies: Vec<Reply>,
}

struct Promoted {
    rows: BTreeMap<Key, Row>,
    writer: Writer,
    /// The end of the log as the newest transaction left it.
    seen: Lsn,
}

#[derive(Clone)]
pub(super) struct Database {
    inner: Rc<Inner>,
}

struct Inner {
    process: Process,
    plan: Shared,
    disk: Disk,
    promoted: RefCell<Option<Promoted>>,
    refusal: RefCell<Option<String>>,
    blocked: Cell<bool>,
    pending: RefCell<VecDeque<Pending>>,
    changed: Signal,
}

impl Database {
    pub(super) fn new(process: &Process, plan: &Shared, disk: Disk) -> Self {
        let inner = Inner {
            process: process.clone(),
            plan: plan.clone(),
            disk,
            promoted: RefCell::new(None),
            refusal: RefCell::new(Some("the database system is starting up".to_owned())),
            blocked: Cell::new(false),
            pending: RefCell::default(),
            changed: Signal::default(),
        };
        Database { inner: Rc::new(inner) }
    }

    /// Begins to listen for clients.
    pub(super) fn spawn(&self) {
        self.inner.process.spawn(self.clone().serve());
        self.inner.process.spawn(self.clone().acknowledge());
    }

    pub(super) fn is_open(&self) -> bool {
        self.inner.refusal.borrow().is_none()
    }

    pub(super) fn is_promoted(&self) -> bool {
        self.inner.promoted.borrow().is_some()
    }

    /// Lets clients in.
    pub(super) fn open(&self) {
        if self.inner.refusal.take().is_some() {
            let epoch = self.inner.promoted.borrow().as_ref().map_or(0, |promoted| promoted.writer.epoch());
            self.inner.process.announce(events::WRITES_OPENED, fields! { epoch: epoch });
        }
        self.inner.changed.notify();
    }

    /// Turns clients away.
    pub(super) fn close(&self, reason: &str) {
        if self.inner.refusal.replace(Some(reason.to_owned())).is_none() {
            self.inner.process.announce(events::WRITES_CLOSED, fields! {});
        }
        self.inner.changed.notify();
    }

    /// While page ownership is being rebuilt transactions wait.
    pub(super) fn set_blocked(&self, blocked: bool) {
        self.inner.blocked.set(blocked);
        self.inner.changed.notify();
    }

    /// Reads the log to its end and makes this node its writer.
    pub(super) async fn promote(&self, epoch: u64) -> Result<(), DatabaseError> {
        let Inner { process, plan, disk, .. } = &*self.inner;
        disk.set_epoch(epoch);
        let log = plan.log(disk)?;
        process.announce(events::REPLAY_STARTED, fields! { from: Lsn::FIRST.0 });
        let Replayed { mut rows, records, end } = replay(&log).await?;
        process.announce(events::REPLAY_FINISHED, fields! { to: end.end.0, records: records });
        let empty = records == 0;
        let writer = if empty {
            Writer::create(process, &log, epoch)
        } else {
            Writer::open_at(process, &log, end, Lsn::FIRST, epoch).await?
        };
        if empty && !plan.initial.is_empty() {
            rows = plan.initial.clone();
            let changes = rows.clone().into_iter().collect();
            let appended = writer.append(None, &Body::Commit { changes })?;
            writer.flush_to(appended.end).await?;
        }
        let seen = writer.end();
        *self.inner.promoted.borrow_mut() = Some(Promoted { rows, writer, seen });
        self.inner.changed.notify();
        Ok(())
    }

    /// Finishes what was accepted, writes a checkpoint record and gives the log up.
    pub(super) async fn shut_down(&self) {
        self.close("the database system is shutting down");
        self.inner.changed.wait_until(|| self.inner.pending.borrow().is_empty()).await;
        let writer = self.inner.promoted.borrow().as_ref().map(|promoted| promoted.writer.clone());
        let Some(writer) = writer else { return };
        let checkpoint = writer.append(None, &Body::Checkpoint { redo: Lsn::FIRST });
        if let Ok(appended) = checkpoint
            && let Err(error) = writer.flush_to(appended.end).await
        {
            return self.crash(error).await;
        }
        writer.close().await;
        self.inner.promoted.borrow_mut().take();
    }

    async fn serve(self) {
        let port = self.inner.process.bind::<Transaction>(service::PORT);
        loop {
            let incoming = port.recv().await;
            let Some(call) = incoming.call else { continue };
            self.inner.changed.wait_until(|| !self.inner.blocked.get() || !self.is_open()).await;
            if let Err(answer) = self.submit(&incoming.message, call) {
                self.inner.process.reply(call, answer);
            }
        }
    }

    /// Carries a transaction out; the answer comes with the flush.
    fn submit(&self, transaction: &Transaction, call: CallId) -> Result<(), Answer> {
        if let Some(reason) = &*self.inner.refusal.borrow() {
            return Err(Answer::Refused(reason.clone()));
        }
        let mut promoted = self.inner.promoted.borrow_mut();
        let Some(promoted) = promoted.as_mut() else {
            return Err(Answer::Refused("cannot execute in a standby".to_owned()));
        };
        let rows = &promoted.rows;
        let (replies, changed) =
            service::evaluate(&transaction.actions, |key| rows.get(&key).cloned().unwrap_or_default());
        if !changed.is_empty() {
            let changes = changed.clone();
            match promoted.writer.append(Some(transaction.id), &Body::Commit { changes }) {
                Ok(appended) => promoted.seen = appended.end,
                Err(error) => return Err(Answer::Refused(error.to_string())),
            }
            promoted.rows.extend(changed);
        }
        self.inner.pending.borrow_mut().push_back(Pending { until: promoted.seen, call, replies });
        self.inner.changed.notify();
        Ok(())
    }

    /// Flushes for everybody who waits, and tells them.
    async fn acknowledge(self) {
        loop {
            let (writer, until) = self
                .inner
                .changed
                .wait_for(|| {
                    let until = self.inner.pending.borrow().back()?.until;
                    let writer = self.inner.promoted.borrow().as_ref()?.writer.clone();
                    Some((writer, until))
                })
                .await;
            if let Err(error) = writer.flush_to(until).await {
                return self.crash(error).await;
            }
            let flushed = writer.flushed();
            while let Some(done) = self.next_durable(flushed) {
                self.inner.process.reply(done.call, Answer::Committed(done.replies));
            }
            self.inner.changed.notify();
        }
    }

    fn next_durable(&self, flushed: Lsn) -> Option<Pending> {
        self.inner.pending.borrow_mut().pop_front_if(|pending| pending.until <= flushed)
    }

    /// A log that cannot be written: the process must not go on, and nobody is told anything more.
    async fn crash(&self, error: WalError) {
        self.inner.process.announce("database.panic", fields! { reason: error.to_string() });
        self.inner.process.exit(134).await;
    }
}
