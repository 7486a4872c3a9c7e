//! Transactions: carried out in memory at once, acknowledged when the log is durable.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::error::EngineError;
use super::replica::Replica;
use super::state::EngineState;
use super::storage::EngineStorage;
use crate::parts::pages::Buffer;
use crate::parts::service::{Answer, Key, Reply, Row, Transaction, evaluate};
use crate::parts::signal::Signal;
use crate::parts::wal::{Body, Lsn, Writer};
use crate::world::process::Process;

/// A database and the right to write it. Clones are the same database.
#[derive(Clone)]
pub struct Engine {
    pub(super) inner: Rc<Inner>,
}

pub(super) struct Inner {
    pub(super) process: Process,
    pub(super) storage: EngineStorage,
    pub(super) writer: Writer,
    pub(super) buffer: RefCell<Buffer>,
    pub(super) control: Cell<(u64, EngineState)>,
    pub(super) checkpointing: Cell<bool>,
    pub(super) ended: Cell<Option<EngineError>>,
    pub(super) changed: Signal,
}

/// A transaction that is carried out in memory; the client must not hear of it before the log is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the client is told when `Engine::durable` says so"]
pub struct Submitted {
    /// One reply for each action.
    pub replies: Vec<Reply>,
    /// The transaction lasts, and so does everything it saw, when the log is durable up to here.
    pub until: Lsn,
    /// Whether it changed anything.
    pub wrote: bool,
}

impl Engine {
    /// Opens a database after a crash or a shutdown, under `epoch`: reads the pages, replays the log from the last
    /// checkpoint, and goes on behind its end.
    ///
    /// # Errors
    /// [`EngineError`] if there is no database, or it cannot be read or written.
    pub async fn open(process: &Process, storage: &EngineStorage, epoch: u64) -> Result<Self, EngineError> {
        Replica::recover(process, storage).await?.promote(epoch).await
    }

    pub(super) fn begin(
        process: Process,
        storage: EngineStorage,
        writer: Writer,
        buffer: Buffer,
        control: (u64, EngineState),
    ) -> Self {
        let inner = Inner {
            process,
            storage,
            writer,
            buffer: RefCell::new(buffer),
            control: Cell::new(control),
            checkpointing: Cell::new(false),
            ended: Cell::new(None),
            changed: Signal::default(),
        };
        Engine { inner: Rc::new(inner) }
    }

    /// Carries a transaction out and waits until it is durable.
    pub async fn execute(&self, transaction: &Transaction) -> Answer {
        let submitted = match self.submit(transaction) {
            Ok(submitted) => submitted,
            Err(error) => return Answer::Refused(error.to_string()),
        };
        match self.durable(submitted.until).await {
            Ok(()) => Answer::Committed(submitted.replies),
            Err(error) => Answer::Unknown(error.to_string()),
        }
    }

    /// Carries a transaction out in memory and in the log, whose writing is not waited for.
    ///
    /// # Errors
    /// [`EngineError`]: it had no effect at all.
    pub fn submit(&self, transaction: &Transaction) -> Result<Submitted, EngineError> {
        if let Some(error) = self.inner.ended.get() {
            return Err(error);
        }
        let mut buffer = self.inner.buffer.borrow_mut();
        let read = |key| buffer.row(key).cloned().unwrap_or_default();
        let (replies, changes) = evaluate(&transaction.actions, read);
        if changes.is_empty() {
            return Ok(Submitted { replies, until: self.inner.writer.end(), wrote: false });
        }
        let body = Body::Commit { changes };
        let appended = self.inner.writer.append(Some(transaction.id), &body);
        if self.log_is_filling() {
            self.inner.changed.notify();
        }
        let until = appended?.end;
        if let Body::Commit { changes } = body {
            buffer.apply(changes, until);
        }
        Ok(Submitted { replies, until, wrote: true })
    }

    /// Waits until everything in the log before `position` is durable.
    ///
    /// # Errors
    /// [`EngineError`] if that will never be known. The engine then does nothing more, and its process must end.
    pub async fn durable(&self, position: Lsn) -> Result<(), EngineError> {
        let flushed = self.inner.writer.flush_to(position).await;
        flushed.map_err(|error| self.fail(error.into()))
    }

    /// Waits until the engine has ended, by an error or by its shutdown, and says which.
    pub async fn ended(&self) -> EngineError {
        self.inner.changed.wait_for(|| self.inner.ended.get()).await
    }

    /// Why the engine does nothing more, if so.
    pub fn end_reason(&self) -> Option<EngineError> {
        self.inner.ended.get()
    }

    /// The log writer.
    pub fn writer(&self) -> &Writer {
        &self.inner.writer
    }

    /// What the control page says.
    pub fn state(&self) -> EngineState {
        self.inner.control.get().1
    }

    /// A row as the newest transaction left it, durable or not.
    pub fn row(&self, key: Key) -> Option<Row> {
        self.inner.buffer.borrow().row(key).cloned()
    }

    /// All rows as the newest transaction left them, durable or not.
    pub fn rows(&self) -> std::collections::BTreeMap<Key, Row> {
        self.inner.buffer.borrow().rows()
    }

    pub(super) fn fail(&self, error: EngineError) -> EngineError {
        let first = self.inner.ended.get().unwrap_or(error);
        self.inner.ended.set(Some(first));
        self.inner.changed.notify();
        error
    }

    /// Whether half of the log would have to be replayed after a crash.
    pub(super) fn log_is_filling(&self) -> bool {
        let shape = self.inner.writer.log().shape();
        let usable = (shape.segments - 1) * shape.segment_size;
        self.inner.writer.end().0 - self.state().redo.0 > usable / 2
    }
}
