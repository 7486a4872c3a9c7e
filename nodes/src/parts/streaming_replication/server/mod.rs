//! One life of a server: it recovers, is a standby or a primary, and stops in order or not at all.
//!
//! The product says where its files are, what is configured and how its log lines look ([`Surroundings`]); everything
//! about the log, timelines, senders, receivers and the archiver is here, because that is the same in every child of
//! PostgreSQL.
//!
//! A commit is answered when it is durable here and confirmed by the standbys that `synchronous_standby_names` asks
//! for. A read waits for the confirmation of what it has seen (PostgreSQL would show the older row instead).

mod archiver;
mod checkpoint;
mod clients;
mod copying;
mod primary;
mod receiver;
mod recovery;
mod sender;
mod settings;
mod shutdown;
mod standby;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::control::{ControlData, DatabaseState};
use super::files::WalFiles;
use super::history::History;
use super::messages::Say;
use super::names::Timeline;
use super::store::{Place, Store, StoreError};
use crate::fields;
use crate::parts::pages::Buffer;
use crate::parts::service::{Key, Row};
use crate::parts::signal::Signal;
use crate::parts::wal::{Lsn, WalError, Writer};
use crate::product::{NodeState, events};
use crate::world::clock::WallTime;
use crate::world::executor::LocalFuture;
use crate::world::process::Process;
use crate::world::time::Instant;
use crate::world::trace::ProcessId;

pub use settings::{ArchiveMode, ServerSettings, SynchronousCommit, Upstream};

/// The record a primary ends its log with when it stops in order: a checkpoint of 120 bytes (0x78), so that the fork of
/// the next timeline is as far behind it as in the incident.
pub const SHUTDOWN_CHECKPOINT: u16 = 256;
/// The first record of a timeline.
pub const END_OF_RECOVERY: u16 = 257;
/// Bytes of payload that make a shutdown checkpoint 120 bytes long.
const SHUTDOWN_PAYLOAD: usize = 64;

/// Events of every server built from this part.
pub const EVENTS: &[crate::product::Word] = &[
    crate::product::Word {
        name: "timeline.started",
        doc: "a promoted server begins a timeline: { timeline, parent, fork }",
    },
    crate::product::Word { name: "standby.connected", doc: "a walsender streams to a standby: { standby, timeline }" },
    crate::product::Word { name: "standby.lost", doc: "a walsender has lost its standby: { standby }" },
    crate::product::Word { name: "stream.started", doc: "a walreceiver streams: { from, timeline, own, position }" },
    crate::product::Word { name: "stream.refused", doc: "a walreceiver was refused: { reason }" },
    crate::product::Word { name: "wal.archived", doc: "a file is archived: { file }" },
    crate::product::Word { name: "archive.failed", doc: "the archive command failed three times: { file }" },
    crate::product::Word { name: "wal.recycled", doc: "a checkpoint removes a WAL file: { file, waits }" },
    crate::product::Word { name: "orphan.removed", doc: "a status file without its WAL file was removed: { file }" },
    crate::product::Word { name: "control.shut-down", doc: "the control page says shut down: { checkpoint }" },
    crate::product::Word {
        name: "synchronous.waits",
        doc: "a primary waits for these standbys before it acknowledges commits, or for none any more: { names }",
    },
    crate::product::Word { name: "directory.failed", doc: "the small files of a host cannot be kept: { reason }" },
    crate::product::Word { name: "backup.done", doc: "a node was cloned: { start, stop, pages }" },
    crate::product::Word { name: "rewind.done", doc: "a node was rewound: { fork, pages, discarded }" },
    crate::product::Word { name: "promotion.requested", doc: "a standby was told to promote: {}" },
    crate::product::Word { name: "recovery.finished", doc: "a node ends recovery: { position, timeline }" },
    crate::product::Word { name: "database.panic", doc: "a server ends because its log cannot be used: { reason }" },
];

/// How a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It recovers and takes nobody in.
    Starting,
    /// It follows a primary.
    Standby,
    /// It takes writes.
    Primary,
    /// It was told to stop.
    Stopping,
}

/// What the product knows and does around a server.
pub trait Surroundings {
    /// What is configured now.
    fn settings(&self) -> ServerSettings;

    /// Whether clients are served here; a witness has a database of its own and serves none.
    fn serves_clients(&self) -> bool {
        true
    }

    /// Whether `standby.signal` is there.
    fn is_standby(&self) -> bool;

    /// Removes `standby.signal`.
    fn leave_recovery(&self);

    /// Writes a line into the server's log.
    fn log(&self, level: &str, text: &str);

    /// Tells observers how the node looks.
    fn show(&self, change: &mut dyn FnMut(&mut NodeState));

    /// Runs the archive command for one file; whether it succeeded.
    fn archive(&self, name: &str, bytes: Vec<u8>) -> LocalFuture<bool>;
}

/// A standby as its walsender knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StandbyView {
    /// Its `application_name`.
    pub name: String,
    /// Whether it has caught up once.
    pub streaming: bool,
    /// Sent to it.
    pub sent: Lsn,
    /// Written there, durable or not.
    pub write: Lsn,
    /// Durable there.
    pub flush: Lsn,
    /// Replayed there.
    pub replay: Lsn,
}

/// A standby and its walsender.
struct Peer {
    view: StandbyView,
    slot: Option<String>,
    stream: u64,
    heard: Instant,
}

/// What the walreceiver does.
#[derive(Clone, Debug, Default)]
struct Receiving {
    /// Counts attempts.
    stream: u64,
    /// Whom it streams from.
    from: Option<ProcessId>,
    /// Whether the other side has accepted.
    accepted: bool,
    inbox: VecDeque<Heard>,
}

/// What a walreceiver hears.
#[derive(Clone, Debug)]
enum Heard {
    Said(Say),
    ConnectionLost,
}

/// One life of a server.
pub struct Server {
    process: Process,
    place: Place,
    files: WalFiles,
    name: String,
    initial: BTreeMap<Key, Row>,
    surroundings: Rc<dyn Surroundings>,
    settings: RefCell<ServerSettings>,
    store: Store,
    mode: Cell<Mode>,
    timeline: Cell<Timeline>,
    history: RefCell<History>,
    control: RefCell<(u64, ControlData)>,
    buffer: RefCell<Buffer>,
    writer: RefCell<Option<Writer>>,
    /// The last checkpoint record that was replayed: where it is, its redo position, its timeline.
    replayed_checkpoint: Cell<Option<(Lsn, Lsn, Timeline)>>,
    received: Cell<Lsn>,
    /// How far streaming has come in this life, from the beginning of the segment it asked for first.
    streamed: Cell<Lsn>,
    /// Written by the receiver, durable or not.
    written: Cell<Lsn>,
    /// The receiver is writing: a promotion waits for it, or two would write the log at once.
    writing: Cell<bool>,
    replayed: Cell<Lsn>,
    replayed_at: Cell<Option<WallTime>>,
    replay_paused: Cell<bool>,
    /// How far a primary's log is durable and its segments have files.
    durable: Cell<Lsn>,
    /// The newest segment that has a file.
    newest_segment: Cell<u64>,
    peers: RefCell<BTreeMap<ProcessId, Peer>>,
    slots: RefCell<BTreeMap<String, Lsn>>,
    receiving: RefCell<Receiving>,
    promote: Cell<bool>,
    stop: Cell<bool>,
    running: Cell<u32>,
    checkpointing: Cell<bool>,
    checkpoint_wanted: Cell<bool>,
    archiver_wanted: Cell<bool>,
    last_archive_cycle: Cell<bool>,
    changed: Signal,
}

impl Server {
    /// A life of the server of `name`. Nothing happens before [`Server::run`].
    ///
    /// # Errors
    /// [`StoreError`] if sizes do not fit together.
    pub fn new(
        process: &Process,
        place: &Place,
        files: &WalFiles,
        name: &str,
        initial: BTreeMap<Key, Row>,
        surroundings: Rc<dyn Surroundings>,
    ) -> Result<Rc<Self>, StoreError> {
        let store = place.open(process)?;
        let nothing = ControlData {
            state: DatabaseState::ShutDown,
            timeline: 1,
            checkpoint: Lsn::NONE,
            redo: Lsn::NONE,
            minimum_recovery: Lsn::NONE,
        };
        let buffer = Buffer::fresh(place.shape.page_shape(), &BTreeMap::new(), Lsn::NONE);
        Ok(Rc::new(Server {
            process: process.clone(),
            place: place.clone(),
            files: files.clone(),
            name: name.to_owned(),
            initial,
            settings: RefCell::new(surroundings.settings()),
            surroundings,
            store,
            mode: Cell::new(Mode::Starting),
            timeline: Cell::new(1),
            history: RefCell::new(History::root(1)),
            control: RefCell::new((0, nothing)),
            buffer: RefCell::new(buffer),
            writer: RefCell::default(),
            replayed_checkpoint: Cell::default(),
            received: Cell::default(),
            streamed: Cell::default(),
            written: Cell::default(),
            writing: Cell::default(),
            replayed: Cell::default(),
            replayed_at: Cell::default(),
            replay_paused: Cell::default(),
            durable: Cell::default(),
            newest_segment: Cell::default(),
            peers: RefCell::default(),
            slots: RefCell::default(),
            receiving: RefCell::default(),
            promote: Cell::default(),
            stop: Cell::default(),
            running: Cell::default(),
            checkpointing: Cell::default(),
            checkpoint_wanted: Cell::default(),
            archiver_wanted: Cell::default(),
            last_archive_cycle: Cell::default(),
            changed: Signal::default(),
        }))
    }

    /// Runs this life to its end; the exit code.
    pub async fn run(self: Rc<Self>) -> i32 {
        self.process.spawn(self.clone().serve_clients());
        self.process.spawn(self.clone().serve_replication());
        self.process.spawn(self.clone().serve_copies());
        match self.clone().live().await {
            Ok(()) => {
                self.log("LOG", "database system is shut down");
                0
            }
            Err(error) => {
                self.log("FATAL", &error.to_string());
                1
            }
        }
    }

    async fn live(self: Rc<Self>) -> Result<(), StoreError> {
        let mut reader = self.recover().await?;
        if self.surroundings.is_standby() {
            if !self.clone().follow(&mut reader).await? {
                return self.stop_standby().await;
            }
            self.clone().begin_timeline(&reader).await?;
        } else {
            self.clone().go_on_as_primary(&reader).await?;
        }
        self.changed.wait_until(|| self.stop.get()).await;
        self.stop_primary().await
    }

    fn log(&self, level: &str, text: &str) {
        self.surroundings.log(level, text);
    }

    /// Shows a new state to whoever asks from outside.
    fn show_mode(&self, mode: Mode, role: &str, state: &str) {
        self.mode.set(mode);
        let (timeline, writable) = (self.timeline.get(), mode == Mode::Primary && self.surroundings.serves_clients());
        self.surroundings.show(&mut |node| {
            node.role = role.to_owned();
            node.state = state.to_owned();
            node.epoch = timeline;
            node.writable = writable;
        });
        self.process.announce(events::STATE_CHANGED, fields! { state: state });
        self.changed.notify();
    }

    /// A log that cannot be written: this process must not go on, and nobody is told anything more.
    async fn panic(&self, error: impl Into<StoreError>) -> ! {
        let reason = match error.into() {
            StoreError::Log(WalError::Full { .. }) => {
                "could not write to file in sys_wal: No space left on device".to_owned()
            }
            other => other.to_string(),
        };
        self.log("PANIC", &reason);
        self.process.announce("database.panic", fields! { reason: reason });
        match self.process.exit(134).await {}
    }
}

/// What tools may ask of a server and do to it.
impl Server {
    /// How it stands.
    pub fn mode(&self) -> Mode {
        self.mode.get()
    }

    /// Whether it replays somebody else's log.
    pub fn is_in_recovery(&self) -> bool {
        !matches!(self.mode.get(), Mode::Primary) && self.writer.borrow().is_none()
    }

    /// The process it lives in.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The name of its node.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The timeline it is on.
    pub fn timeline(&self) -> Timeline {
        self.timeline.get()
    }

    /// What its control page says.
    pub fn control(&self) -> ControlData {
        self.control.borrow().1
    }

    /// How far its log goes: inserted on a primary, received on a standby.
    pub fn log_end(&self) -> Lsn {
        self.writer.borrow().as_ref().map_or(self.received.get(), Writer::end)
    }

    /// How far streaming has come in this life, and only that (`sys_last_wal_receive_lsn`): none before the first stream
    /// is asked for, and the beginning of its segment until the upstream sends something. What was received before a
    /// restart does not count.
    pub fn last_received(&self) -> Lsn {
        self.streamed.get()
    }

    /// How far its log is durable.
    pub fn flushed(&self) -> Lsn {
        self.writer.borrow().as_ref().map_or(self.received.get(), |_| self.durable.get())
    }

    /// How far it has replayed.
    pub fn replayed(&self) -> Lsn {
        self.writer.borrow().as_ref().map_or(self.replayed.get(), Writer::end)
    }

    /// When the last transaction was replayed, by the clock of this host.
    pub fn last_replay(&self) -> Option<WallTime> {
        self.replayed_at.get()
    }

    /// Whether replay is paused.
    pub fn is_replay_paused(&self) -> bool {
        self.replay_paused.get()
    }

    /// Pauses replay, or lets it go on.
    pub fn pause_replay(&self, paused: bool) {
        self.replay_paused.set(paused);
        self.changed.notify();
    }

    /// Whom its walreceiver streams from.
    pub fn streams_from(&self) -> Option<ProcessId> {
        let receiving = self.receiving.borrow();
        receiving.from.filter(|_| receiving.accepted)
    }

    /// The standbys its walsenders serve (`sys_stat_replication`).
    pub fn standbys(&self) -> Vec<StandbyView> {
        self.peers.borrow().values().map(|peer| peer.view.clone()).collect()
    }

    /// The physical replication slots: name, whether somebody uses it, from where it keeps the log.
    pub fn slots(&self) -> Vec<(String, bool, Lsn)> {
        let peers = self.peers.borrow();
        let is_active = |name: &str| peers.values().any(|peer| peer.slot.as_deref() == Some(name));
        self.slots.borrow().iter().map(|(name, from)| (name.clone(), is_active(name), *from)).collect()
    }

    /// Makes a slot; it keeps the log from its present end on.
    pub fn create_slot(&self, name: &str) {
        let end = self.log_end();
        self.slots.borrow_mut().entry(name.to_owned()).or_insert(end);
        self.save_slots();
    }

    /// Drops a slot that nobody uses; whether it is gone.
    pub fn drop_slot(&self, name: &str) -> bool {
        if self.slots().iter().any(|(known, active, _)| known == name && *active) {
            return false;
        }
        let dropped = self.slots.borrow_mut().remove(name).is_some();
        self.files.remove_slot(name);
        dropped
    }

    /// What is configured.
    pub fn settings(&self) -> ServerSettings {
        self.settings.borrow().clone()
    }

    /// Reads the configuration again (SIGHUP). What needs a restart stays as it was.
    pub fn reload(&self) {
        let fresh = self.surroundings.settings();
        let before = self.settings.borrow().synchronous_standby_names.clone();
        let mut settings = self.settings.borrow_mut();
        *settings = ServerSettings { archive_mode: settings.archive_mode, ..fresh };
        drop(settings);
        let after = self.settings.borrow().synchronous_standby_names.clone();
        if self.mode.get() == Mode::Primary && after != before {
            self.process.announce("synchronous.waits", fields! { names: after });
        }
        self.log("LOG", "received SIGHUP, reloading configuration files");
        self.wake_archiver();
        self.changed.notify();
    }

    /// Says whom commits wait for, if for anybody.
    fn announce_synchronous(&self) {
        let names = self.settings.borrow().synchronous_standby_names.clone();
        if !names.is_empty() && self.surroundings.serves_clients() {
            self.process.announce("synchronous.waits", fields! { names: names });
        }
    }

    /// Tells a standby to promote; it goes on by itself.
    pub fn request_promotion(&self) {
        self.log("LOG", "received promote request");
        self.process.announce("promotion.requested", fields! {});
        self.promote.set(true);
        self.changed.notify();
    }

    /// Tells the server to stop in order (`-m fast`); the process ends when it is done.
    pub fn request_stop(&self) {
        self.log("LOG", "received fast shutdown request");
        self.stop.set(true);
        self.changed.notify();
    }

    /// A row as this server has it now, for tables of the product's own.
    pub fn row(&self, key: Key) -> Option<Row> {
        self.buffer.borrow().row(key).cloned()
    }

    fn save_slots(&self) {
        for (name, from) in self.slots.borrow().iter() {
            self.files.write_slot(name, &from.to_string());
        }
    }

    fn load_slots(&self) {
        for (name, text) in self.files.slots() {
            let from = super::names::parse_lsn(&text).unwrap_or_default();
            self.slots.borrow_mut().insert(name, from);
        }
    }
}
