//! postgres: one server, from its start as a writer, a replica or a standby to its end.
//!
//! | file | what |
//! |---|---|
//! | `start` | role from the local files, mount, recovery, the way into service |
//! | `alone` | recovery from the shared disk alone |
//! | `pages` | pages in memory and the logindex that says what they miss |
//! | `commit` | transactions |
//! | `flush` | background writer, checkpoints, removal of old log |
//! | `stream` | messages between walsender and walreceiver |
//! | `sender` | the writer's side of the stream, slots |
//! | `replica` | the reader's side: receiver, replay, sessions that read |
//! | `promote` | a replica becomes the writer |
//! | `stock_promote` | what happens to a replica without logindex instead |
//! | `fencing` | PG11's RWID and DEATH, and a storage manager's SCSI-3 reservation |
//! | `stop` | shutdown |
//! | `views` | what psql sees |

mod alone;
mod commit;
mod fencing;
mod flush;
mod pages;
mod promote;
mod replica;
mod sender;
mod start;
mod stock_promote;
mod stop;
mod stream;
mod views;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::rc::Rc;

use crate::fields;
use crate::parts::signal::Signal;
use crate::parts::wal::{Lsn, WalError, Writer};
use crate::product::events;
use crate::world::process::Process;

use super::data_directory::DataDirectory;
use super::log::{Level, Log, Part};
use super::pfs::Mount;
use super::plan::{SIGNAL_PORT, Shared};
use super::rules::Role;
use super::shared::Storage;
use super::shared::clog::Clog;
use super::shared::control::Control;
use super::shared::slots::Slots;
use pages::Pages;
use replica::Progress;
use sender::Peers;

pub(super) use alone::recover_alone;
pub(super) use views::{Query, Table};

/// The timeline's record kinds beside those of every log.
mod kind {
    /// A transaction gets its number: `u64 xid`. The commit that follows belongs to it.
    pub(super) const TRANSACTION: u16 = 256;
    /// A replica has become the writer: `u64 timeline`.
    pub(super) const END_OF_RECOVERY: u16 = 257;
}

/// What pg_ctl tells a postmaster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PostmasterSignal {
    /// SIGINT: end the sessions, write a checkpoint, go.
    FastStop,
    /// SIGQUIT: go at once.
    ImmediateStop,
    /// SIGUSR1 with the file `promote`.
    Promote,
}

/// What the configuration file says that differs from node to node.
#[derive(Clone, Debug)]
struct Settings {
    host_id: u64,
    logindex: bool,
    slot: Option<String>,
    upstream: Option<usize>,
}

/// One life of a server.
struct Server {
    process: Process,
    plan: Shared,
    me: usize,
    directory: DataDirectory,
    log: Log,
    settings: Settings,
    mount: Rc<Mount>,
    /// The node type in shared memory.
    role: Cell<Role>,
    pages: Pages,
    clog: RefCell<Clog>,
    control: Cell<Control>,
    slots: RefCell<Slots>,
    writer: RefCell<Option<Writer>>,
    next_xid: Cell<u64>,
    /// Whether sessions may begin.
    accepting: Cell<bool>,
    /// How many sessions are inside a transaction or a read.
    sessions: Cell<u32>,
    stopping: Cell<bool>,
    promote_received: Cell<bool>,
    checkpoint_wanted: Cell<bool>,
    checkpointing: Cell<bool>,
    peers: Peers,
    progress: Progress,
    changed: Signal,
}

/// The program of a server.
pub(super) async fn postgres(process: Process, plan: Shared, me: usize) -> i32 {
    let signals = process.bind::<PostmasterSignal>(SIGNAL_PORT);
    plan.board.borrow_mut().started.remove(&me);
    let starting = process.clone();
    let (start_plan, ready) = (plan.clone(), Rc::new((RefCell::new(None), Signal::default())));
    let announced = ready.clone();
    process.spawn(async move {
        let server = start::begin(&starting, &start_plan, me).await;
        *announced.0.borrow_mut() = Some(server.clone());
        announced.1.notify();
        server.serve().await;
    });
    loop {
        let signal = signals.recv().await.message;
        let server: Option<Rc<Server>> = ready.0.borrow().clone();
        match (signal, server) {
            (PostmasterSignal::ImmediateStop, _) | (PostmasterSignal::FastStop, None) => return 0,
            (PostmasterSignal::FastStop, Some(server)) => process.spawn(server.stop()),
            (PostmasterSignal::Promote, Some(server)) => process.spawn(server.receive_promote()),
            (PostmasterSignal::Promote, None) => {}
        }
    }
}

impl Server {
    async fn serve(self: &Rc<Self>) {
        self.process.spawn(self.clone().serve_clients());
        self.process.spawn(self.clone().serve_queries());
        self.process.spawn(self.clone().serve_peers());
        match self.role.get() {
            Role::Primary => self.start_as_primary().await,
            Role::Replica => self.run_as_replica().await,
            Role::Standby => self.run_as_replica().await,
        }
    }

    fn storage(&self) -> &Storage {
        &self.mount.storage
    }

    /// The log writer, once this server is the writer.
    fn writer(&self) -> Option<Writer> {
        self.writer.borrow().clone()
    }

    /// Where the log ends for this server: what it has appended, or what it has replayed.
    fn log_end(&self) -> Lsn {
        self.writer.borrow().as_ref().map_or(self.progress.replayed.get(), Writer::end)
    }

    /// Up to where the log is durable, as far as this server knows.
    fn flushed(&self) -> Lsn {
        self.writer.borrow().as_ref().map_or(self.progress.replayed.get(), Writer::flushed)
    }

    /// This server takes writing transactions from now on.
    fn open_for_writes(&self) {
        self.accepting.set(true);
        let timeline = self.control.get().timeline;
        self.process.announce(events::ROLE_CHANGED, fields! { role: "primary" });
        self.process.announce(events::WRITES_OPENED, fields! { epoch: timeline, log: self.log_region() });
        {
            let mut board = self.plan.board.borrow_mut();
            board.primary = Some(self.me);
            board.started.insert(self.me);
        }
        self.show_state("primary", "running");
        self.plan.show(self.me, |state| {
            state.writable = true;
            state.epoch = timeline;
        });
        self.changed.notify();
    }

    fn log_region(&self) -> &str {
        &self.plan.layout(self.me).wal.name
    }

    fn show_state(&self, role: &str, state: &str) {
        self.plan.show(self.me, |node| {
            node.role = role.to_owned();
            node.state = state.to_owned();
        });
        self.process.announce(events::STATE_CHANGED, fields! { state: state });
    }

    fn info(&self, part: Part, text: &str) {
        self.log.info(part, text);
    }

    /// A PANIC: the server cannot go on, and nothing more of it may be believed.
    async fn panic(&self, part: Part, text: &str) -> Infallible {
        self.log.write(part, Level::Panic, text);
        self.end_by_failure(text, 134).await
    }

    /// A FATAL of a part without which there is no server.
    async fn fatal(&self, part: Part, text: &str) -> Infallible {
        self.log.write(part, Level::Fatal, text);
        self.end_by_failure(text, 1).await
    }

    async fn end_by_failure(&self, reason: &str, code: i32) -> Infallible {
        self.info(Part::Postmaster, "terminating any other active server processes");
        self.process.announce("server.panic", fields! { reason: reason });
        self.plan.show(self.me, |state| state.writable = false);
        self.process.exit(code).await
    }

    /// The log cannot be written any more.
    async fn lose_log(&self, error: WalError) -> Infallible {
        self.panic(Part::Backend, &format!("could not write to log file: {error}")).await
    }
}
