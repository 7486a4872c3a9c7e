//! gaussdb: one life of a postmaster, from the checks before it starts to the role it is in and out of it again.
//!
//! A demoted primary becomes a standby in the same process, and a promoted standby a primary; so a life is a sequence of
//! roles, each of which begins with recovery from the device or with what the last one left.

mod alone;
mod checkpoint;
mod clients;
mod demotion;
mod heartbeat;
mod primary;
mod receiver;
mod recovery;
mod sender;
mod signals;
mod sql;
mod standby;

pub(super) use alone::recover_primary;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::logs::{Logs, Module, native};
use super::messages::Down;
use super::pg_control::ControlData;
use super::plan::Shared;
use super::rules::build_tags;
use super::rules::handshake::{Identity, Mark, TIMELINE, VERSION};
use super::rules::state::{DbState, RebuildReason, ServerMode, Standing, db_state, detail};
use super::rules::{om_status, term};
use super::store::{Store, StoreError};
use super::{files, plan};
use crate::fields;
use crate::parts::pages::Buffer;
use crate::parts::signal::Signal;
use crate::parts::wal::{LogEnd, Lsn, Writer, WriterTag};
use crate::product::events;
use crate::world::port::Address;
use crate::world::process::Process;
use crate::world::time::Instant;

/// Why a standby is promoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promotion {
    /// The primary handed over.
    Switchover,
    /// The operator said so, whatever the primary does.
    Failover,
}

/// A walsender and its standby.
struct Sender {
    attempt: u64,
    to: Address,
    state: SenderState,
    sent: u64,
    receive: Lsn,
    write: Lsn,
    flush: Lsn,
    apply: Lsn,
    heard: Instant,
}

/// How a walsender stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SenderState {
    Catchup,
    Streaming,
}

/// What the walreceiver does.
#[derive(Default)]
struct Receiver {
    /// Counts attempts; what belongs to an older one is not heard.
    attempt: u64,
    /// Whose turn it is.
    peer: Option<usize>,
    /// START_REPLICATION was sent.
    running: bool,
    /// The primary has answered.
    online: bool,
    /// The primary says that this standby still catches up.
    catchup: bool,
    inbox: VecDeque<Heard>,
}

/// What a walreceiver hears.
enum Heard {
    Said(Down),
    ConnectionLost,
}

/// One life of a server.
pub(super) struct Server {
    process: Process,
    plan: Shared,
    me: usize,
    logs: Logs,
    store: Store,
    mode: Cell<ServerMode>,
    demoting: Cell<bool>,
    wait_promoting: Cell<bool>,
    promoting: Cell<bool>,
    recovering: Cell<bool>,
    term_of_log: Cell<u64>,
    control: RefCell<(u64, ControlData)>,
    buffer: RefCell<Buffer>,
    writer: RefCell<Option<Writer>>,
    /// Where the log ends, as replay has read it.
    end: Cell<LogEnd>,
    /// The last record that replay has read.
    last: Cell<Mark>,
    /// How far the walreceiver has made the log durable.
    received: Cell<Lsn>,
    replayed: Cell<Lsn>,
    replayed_checkpoint: Cell<Option<(Lsn, Lsn)>>,
    /// Replay has read all there is.
    replay_idle: Cell<bool>,
    oldest_segment: Cell<u64>,
    reasons: RefCell<BTreeMap<usize, RebuildReason>>,
    receiver: RefCell<Receiver>,
    /// How often a segment that was asked for had been removed.
    removed_tries: Cell<u32>,
    senders: RefCell<BTreeMap<usize, Sender>>,
    /// Up to here commits are confirmed by standbys.
    confirmed: Cell<Lsn>,
    standalone: Cell<bool>,
    /// `most_available_sync` as it counts now.
    most_available: Cell<bool>,
    /// How many walsenders have begun.
    reconnections: Cell<u64>,
    heartbeats: RefCell<BTreeMap<usize, Instant>>,
    heartbeat_off: Cell<bool>,
    running: Cell<u32>,
    checkpointing: Cell<bool>,
    /// The last checkpoint of this reign is due: no other follows.
    closing: Cell<bool>,
    stop: Cell<bool>,
    promote: Cell<Option<Promotion>>,
    demote_for: Cell<Option<usize>>,
    notified: Cell<Option<ServerMode>>,
    shown: RefCell<String>,
    changed: Signal,
}

/// The program of a postmaster.
pub(super) async fn gaussdb(process: Process, plan: Shared, me: usize) -> i32 {
    let logs = Logs::new(&process, plan.cluster_name());
    let mode = files::start_mode(&process);
    logs.write(Module::Redo, "LOG", "Recovery parallelism, cpu count = 4, max = 4, actual = 4");
    files::write_state(&process, mode, DbState::Starting, RebuildReason::None);
    plan.show(me, |node| {
        (node.role, node.state) = (mode.option().to_owned(), DbState::Starting.words().to_owned());
        node.writable = false;
    });
    let created = format!("create gaussdb state file success: db state(STARTING_STATE), server mode({})", mode.words());
    logs.write(Module::Backend, "LOG", &created);
    process.sleep(plan.parameters.start_time).await;
    if process.read_file(files::HBA).is_none() {
        logs.write(Module::Backend, "FATAL", "could not load pg_hba.conf");
        return 1;
    }
    if process.read_file(files::CONFIGURATION).is_none() {
        let text = "could not access the server configuration file \"postgresql.conf\": No such file or directory";
        logs.write(Module::Backend, "FATAL", text);
        return 1;
    }
    let found = files::build_tags(&process);
    if !found.may_start() && !plan.has_defect("start-ignores-build-tag") {
        logs.write(Module::Backend, "FATAL", build_tags::UNCOMPLETED);
        return 2;
    }
    process.announce("server.started", fields! { mode: mode.option(), uncompleted: found.start });
    let server = match Server::new(process, plan, me, logs.clone(), mode) {
        Ok(server) => server,
        Err(error) => {
            logs.write(Module::Backend, "FATAL", &error.to_string());
            return 1;
        }
    };
    server.run().await
}

impl Server {
    fn new(process: Process, plan: Shared, me: usize, logs: Logs, mode: ServerMode) -> Result<Rc<Self>, StoreError> {
        let store = Store::open(&process, plan.node(me).device, &plan.shape)?;
        let most_available = files::most_available(&process, plan.parameters.most_available_sync);
        let buffer = Buffer::fresh(plan.shape.page_shape(), &BTreeMap::new(), Lsn::NONE);
        Ok(Rc::new(Server {
            process,
            plan,
            me,
            logs,
            store,
            mode: Cell::new(mode),
            demoting: Cell::default(),
            wait_promoting: Cell::default(),
            promoting: Cell::default(),
            recovering: Cell::new(true),
            term_of_log: Cell::new(term::FIRST),
            control: RefCell::new((0, ControlData::NEW)),
            buffer: RefCell::new(buffer),
            writer: RefCell::default(),
            end: Cell::new(LogEnd::EMPTY),
            last: Cell::new(Mark { lsn: Lsn::NONE, crc: 0 }),
            received: Cell::default(),
            replayed: Cell::default(),
            replayed_checkpoint: Cell::default(),
            replay_idle: Cell::default(),
            oldest_segment: Cell::default(),
            reasons: RefCell::default(),
            receiver: RefCell::default(),
            removed_tries: Cell::default(),
            senders: RefCell::default(),
            confirmed: Cell::default(),
            standalone: Cell::default(),
            most_available: Cell::new(most_available),
            reconnections: Cell::default(),
            heartbeats: RefCell::default(),
            heartbeat_off: Cell::default(),
            running: Cell::default(),
            checkpointing: Cell::default(),
            closing: Cell::default(),
            stop: Cell::default(),
            promote: Cell::default(),
            demote_for: Cell::default(),
            notified: Cell::default(),
            shown: RefCell::default(),
            changed: Signal::default(),
        }))
    }

    async fn run(self: Rc<Self>) -> i32 {
        self.process.spawn(self.clone().serve_signals());
        self.process.spawn(self.clone().serve_sql());
        self.process.spawn(self.clone().serve_handshakes());
        self.process.spawn(self.clone().serve_standbys());
        self.process.spawn(self.clone().hear_primary());
        self.process.spawn(self.clone().serve_clients());
        self.process.spawn(self.clone().send_heartbeats());
        self.process.spawn(self.clone().hear_heartbeats());
        match self.clone().live().await {
            Ok(()) => {
                self.log("LOG", "database system is shut down");
                0
            }
            Err(error) => {
                files::write_state(&self.process, self.mode.get(), DbState::Coredump, self.standing().reason);
                self.log("FATAL", &native(&error));
                self.process.announce("database.panic", fields! { reason: error.to_string() });
                1
            }
        }
    }

    /// Goes through roles until it is told to stop.
    async fn live(self: &Rc<Self>) -> Result<(), StoreError> {
        self.recover().await?;
        loop {
            let goes_on = match self.mode.get() {
                mode if mode.is_writable() => self.clone().reign().await?,
                mode if mode.is_follower() => self.clone().follow().await?,
                _ => self.wait_for_a_role().await?,
            };
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// A pending server has recovered, connects to nobody, and waits for `gs_ctl notify`.
    async fn wait_for_a_role(&self) -> Result<bool, StoreError> {
        self.note_change();
        self.changed.wait_until(|| self.stop.get() || self.notified.get().is_some()).await;
        match self.notified.take() {
            Some(mode) if !self.stop.get() => {
                self.take_role(mode);
                Ok(true)
            }
            _ => {
                self.restartpoint(super::pg_control::ControlState::ShutDownInRecovery).await?;
                Ok(false)
            }
        }
    }

    /// Takes a role, and writes it where the next start with the old options finds it.
    fn take_role(&self, mode: ServerMode) {
        self.mode.set(mode);
        files::write_options(&self.process, &self.plan.node(self.me).directory(), mode);
        self.note_change();
    }

    fn log(&self, level: &str, text: &str) {
        self.logs.write(Module::Backend, level, text);
    }

    fn tag(&self) -> WriterTag {
        WriterTag { process: self.process.id().0, incarnation: self.process.incarnation().0 }
    }

    /// The term it writes under.
    fn term(&self) -> u64 {
        let of_file = term::read(self.process.read_file(files::TERM).as_deref());
        term::effective(of_file, self.term_of_log.get(), self.plan.has_defect("term-of-file-alone"))
    }

    fn identity(&self) -> Identity {
        Identity {
            version: VERSION,
            term: self.term(),
            mode: self.mode.get(),
            system: plan::SYSTEM_ID,
            timeline: TIMELINE,
        }
    }

    fn standing(&self) -> Standing {
        let receiver = self.receiver.borrow();
        let reasons = self.reasons.borrow();
        let reason = receiver.peer.and_then(|peer| reasons.get(&peer).copied()).unwrap_or_default();
        Standing {
            mode: self.mode.get(),
            demoting: self.demoting.get(),
            wait_promoting: self.wait_promoting.get(),
            promoting: self.promoting.get(),
            reason,
            receiver_running: receiver.running,
            receiver_online: receiver.online,
            catchup: receiver.catchup,
        }
    }

    fn detail(&self) -> &'static str {
        detail(&self.standing(), &self.reasons.borrow())
    }

    /// Something changed: whoever waits looks again, and the state is shown anew if it is another one.
    fn note_change(&self) {
        self.changed.notify();
        if self.recovering.get() {
            return;
        }
        let standing = self.standing();
        let state = db_state(&standing);
        let queried = om_status::Queried::Shown {
            role: standing.mode.words().to_owned(),
            state: state.words().to_owned(),
            detail: self.detail().to_owned(),
        };
        let status = queried.status();
        let line = format!("{} {}", status.role, status.state);
        if *self.shown.borrow() == line {
            return;
        }
        *self.shown.borrow_mut() = line;
        files::write_state(&self.process, standing.mode, state, standing.reason);
        let (reason, words, mode) = (standing.reason.words(), state.words(), standing.mode.words());
        self.log(
            "LOG",
            &format!("update gaussdb state file: build reason({reason}), db state({words}), server mode({mode})"),
        );
        let (term, writable) = (self.term(), self.writer.borrow().is_some() && !self.demoting.get());
        self.plan.show(self.me, |node| {
            node.role = standing.mode.option().to_owned();
            node.state = status.state.clone();
            node.epoch = term;
            node.writable = writable;
        });
        let detail = self.detail();
        self.process.announce(events::STATE_CHANGED, fields! { state: status.state.as_str(), detail: detail });
        self.note_ready();
    }

    fn note_ready(&self) {
        let all_normal = self.plan.board.borrow().iter().all(|node| node.state == "Normal");
        if all_normal && !self.plan.ready.replace(true) {
            self.process.announce(events::CLUSTER_READY, fields! {});
        }
    }

    /// A log or a device that cannot be used: this process must not go on, and nobody is told anything more.
    async fn panic(&self, error: impl Into<StoreError>) -> ! {
        let reason = error.into().to_string();
        self.log("PANIC", &reason);
        files::write_state(&self.process, self.mode.get(), DbState::Coredump, self.standing().reason);
        self.process.announce("database.panic", fields! { reason: reason });
        match self.process.exit(1).await {}
    }
}
