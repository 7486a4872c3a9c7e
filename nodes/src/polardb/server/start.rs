//! Starting: the role from the local files, the mount, recovery of a writer.
//!
//! A server asks nobody whether it may be the writer. The order of what it does is that of PG15:polar_fd.c,
//! PG15:src/polar_vfs/polar_vfs.c and `StartupXLOG` of PG15:xlog.c.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::fields;
use crate::parts::encoding::Decoder;
use crate::parts::pages::PageError;
use crate::parts::signal::Signal;
use crate::parts::wal::{Body, LogEnd, Lsn, Reader, Record, Stop, WalError, Writer};
use crate::product::events;
use crate::world::process::Process;

use super::super::data_directory::{
    CLOG_FILE, CONTROL_FILE, DataDirectory, REPLICA_SIGNAL, STANDBY_SIGNAL, connection_word, size,
};
use super::super::log::{Level, Log, Part};
use super::super::pfs::{Mode, Mount};
use super::super::plan::{PBD, Profile, Shared, slot_name};
use super::super::rules::{Role, role_from_files};
use super::super::shared::PAGES;
use super::super::shared::clog::{Clog, Status};
use super::super::shared::control::{Control, Found, State};
use super::super::shared::slots::{Slot, Slots};
use super::pages::{Pages, read_page};
use super::{Server, Settings, kind};

/// Brings a server up to the point where its role decides what follows.
pub(super) async fn begin(process: &Process, plan: &Shared, me: usize) -> Rc<Server> {
    let Some(directory) = DataDirectory::of_server(process).filter(DataDirectory::exists) else {
        process.exit(2).await;
        unreachable!("the process has ended")
    };
    let log = Log::new(process, &directory.path);
    log.info(Part::Postmaster, "starting PostgreSQL 15.10 (PolarDB 15.10.2.0) on aarch64-linux-gnu");
    let settings = read_settings(&directory, plan);
    process.start_local(plan.node(me).background);
    let failure = |text: String| fail_start(process.clone(), plan.clone(), me, log.clone(), text);
    let signals = (directory.has(REPLICA_SIGNAL), directory.has(STANDBY_SIGNAL));
    let Some(role) = role_from_files(signals.0, signals.1) else {
        return failure("both replica.signal and standby.signal exist".to_owned()).await;
    };
    if role == Role::Replica {
        log.info(Part::Postmaster, "found replica.signal, PolarDB in replica mode, use readonly mode mount pfs");
    }
    plan.show(me, |state| {
        *state = crate::product::NodeState {
            role: role.name().to_owned(),
            state: "starting".to_owned(),
            ..Default::default()
        }
    });
    let mode = mount_mode(plan, me, role);
    let pid = log.pid(Part::Postmaster);
    log.info(Part::Postmaster, &format!("begin mount pfs name {PBD} id {} pid {pid} backendid 0", settings.host_id));
    let device = plan.node(me).device;
    let mount = match Mount::open(process, plan, me, device, mode, settings.host_id, &log).await {
        Ok(mount) => mount,
        Err(error) => return failure(format!("can't mount PBD {PBD}: {error}")).await,
    };
    log.info(Part::Postmaster, &format!("mount pfs {PBD} {} mode success", mode.name()));
    if mode == Mode::ReadWrite {
        log.info(Part::Postmaster, "Database will be in readwrite mode");
    }
    let volume = plan.layout(me).wal.name.as_str();
    process.announce("server.mounted", fields! { role: role.name(), mode: mode.name(), volume: volume });
    Rc::new(new_server(process, plan, me, directory, log, settings, mount, role))
}

#[expect(clippy::too_many_arguments, reason = "everything a server is made of, once")]
fn new_server(
    process: &Process,
    plan: &Shared,
    me: usize,
    directory: DataDirectory,
    log: Log,
    settings: Settings,
    mount: Rc<Mount>,
    role: Role,
) -> Server {
    Server {
        process: process.clone(),
        plan: plan.clone(),
        me,
        directory,
        log,
        settings,
        mount,
        role: Cell::new(role),
        pages: Pages::default(),
        clog: RefCell::default(),
        control: Cell::new(Control::NEW),
        slots: RefCell::new(Slots::default()),
        writer: RefCell::default(),
        next_xid: Cell::new(Control::NEW.next_xid),
        accepting: Cell::default(),
        sessions: Cell::default(),
        stopping: Cell::default(),
        promote_received: Cell::default(),
        checkpoint_wanted: Cell::default(),
        checkpointing: Cell::default(),
        peers: Default::default(),
        progress: Default::default(),
        changed: Signal::default(),
    }
}

async fn fail_start(process: Process, plan: Shared, me: usize, log: Log, text: String) -> Rc<Server> {
    log.write(Part::Postmaster, Level::Fatal, &text);
    process.announce("server.panic", fields! { reason: text });
    plan.show(me, |state| state.writable = false);
    process.exit(1).await;
    unreachable!("the process has ended")
}

fn read_settings(directory: &DataDirectory, plan: &Shared) -> Settings {
    let upstream = directory.setting("primary_conninfo").and_then(|connection| {
        let host = connection_word(&connection, "host")?.to_owned();
        plan.node_called(&host)
    });
    Settings {
        host_id: directory.setting("polar_hostid").and_then(|id| id.parse().ok()).unwrap_or(0),
        logindex: size(&directory.setting("polar_logindex_mem_size").unwrap_or_default()) > 0,
        slot: directory.setting("primary_slot_name").filter(|name| !name.is_empty()),
        upstream,
    }
}

/// A node mounts by its role now. With the defect it mounts as the first server of this host did: what a crash left in
/// memory is believed instead of the files (PG15:src/test/polar_consistency/t/002_promote_kill.pl).
fn mount_mode(plan: &Shared, me: usize, role: Role) -> Mode {
    let by_role = if role == Role::Replica { Mode::ReadOnly } else { Mode::ReadWrite };
    let first = plan.node(me).first_mode.get().unwrap_or(by_role);
    plan.node(me).first_mode.set(Some(first));
    if plan.has_defect("mount-mode-remembered") { first } else { by_role }
}

/// Why recovery cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RecoveryError {
    /// The checkpoint record is not there.
    #[error("could not locate a valid checkpoint record")]
    NoCheckpoint,
    /// The control file cannot be believed.
    #[error("incorrect checksum in control file")]
    Control,
    /// Something else stands where the writer has called the log durable.
    #[error("invalid record at {at}, though the log is durable up to {limit}")]
    LogBroken {
        /// Where.
        at: Lsn,
        /// How far it should reach.
        limit: Lsn,
    },
    /// A page cannot be believed.
    #[error("{0}")]
    Page(#[from] PageError),
    /// The log cannot be read or written.
    #[error("{0}")]
    Log(#[from] WalError),
    /// The device failed.
    #[error("{0}")]
    Device(#[from] crate::world::device::IoError),
}

impl Server {
    pub(super) async fn start_as_primary(self: &Rc<Self>) {
        if self.mount.mode.get() == Mode::ReadOnly {
            let file = format!("{}/global/pg_control", super::super::plan::SHARED_DIRECTORY);
            self.panic(Part::Startup, &format!("can't modify file in shared storage by pfs: {file}")).await;
        }
        if let Err(error) = self.recover().await {
            self.panic(Part::Startup, &error.to_string()).await;
        }
        self.info(Part::Postmaster, "database system is ready to accept connections");
        self.open_for_writes();
        self.spawn_writer_tasks();
        if self.plan.profile == Profile::Pg11 {
            self.process.spawn(self.clone().watch_fence());
        }
    }

    /// What runs beside the sessions of a writer.
    pub(super) fn spawn_writer_tasks(self: &Rc<Self>) {
        self.process.spawn(self.clone().write_in_background());
        self.process.spawn(self.clone().make_checkpoints());
        self.process.spawn(self.clone().pump_stream());
        self.process.spawn(self.clone().announce_ready());
    }

    async fn recover(self: &Rc<Self>) -> Result<(), RecoveryError> {
        self.take_storage().await?;
        let control = match self.storage().read_control().await? {
            Found::Control(control) => control,
            Found::Damaged => return Err(RecoveryError::Control),
            Found::Nothing => return self.create_database().await,
        };
        self.storage().disk.set_epoch(control.timeline);
        let shown = if control.state == State::ShutDown { "was shut down" } else { "was interrupted; last known up" };
        self.info(Part::Startup, &format!("database system {shown} with redo at {}", control.redo));
        *self.clog.borrow_mut() = self.storage().read_clog().await?;
        self.control.set(control);
        self.next_xid.set(control.next_xid);
        self.check_checkpoint_record(control.checkpoint).await?;
        let end = self.replay_everything(control.redo).await?;
        for number in 0..PAGES.pages {
            self.pages.keep(read_page(&self.storage().pages, number).await?);
            self.pages.catch_up(number, end.end, Some(control.redo));
        }
        *self.slots.borrow_mut() = self.storage().read_slots().await?;
        let needed = self.first_needed(&self.slots.borrow(), end.end);
        let writer = Writer::open_at(&self.process, &self.storage().log, end, needed, control.timeline).await?;
        *self.writer.borrow_mut() = Some(writer);
        self.allocate_next_segment().await?;
        self.write_control(State::InProduction).await?;
        Ok(())
    }

    async fn check_checkpoint_record(&self, at: Lsn) -> Result<(), RecoveryError> {
        match Reader::new(&self.storage().log, at).next().await {
            Ok(Record { body: Body::Checkpoint { .. }, .. }) => Ok(()),
            Ok(_) => Err(RecoveryError::NoCheckpoint),
            Err(Stop::Unreadable(error)) => Err(RecoveryError::Device(error)),
            Err(_) => Err(RecoveryError::NoCheckpoint),
        }
    }

    async fn replay_everything(&self, redo: Lsn) -> Result<LogEnd, RecoveryError> {
        self.process.announce(events::REPLAY_STARTED, fields! { from: redo });
        let mut reader = Reader::new(&self.storage().log, redo);
        loop {
            match reader.next().await {
                Ok(record) => self.note_record(&record, reader.position()),
                Err(Stop::Unreadable(error)) => return Err(RecoveryError::Device(error)),
                Err(_) => break,
            }
        }
        self.abort_open_transaction();
        let end = reader.end();
        self.info(Part::Startup, &format!("redo done at {}", end.last));
        self.process.announce(events::REPLAY_FINISHED, fields! { to: end.end });
        Ok(end)
    }

    /// A transaction whose commit is not in the log was rolled back, whether or not a record says so.
    pub(super) fn abort_open_transaction(&self) {
        if let Some(xid) = self.progress.open_xid.take() {
            self.clog.borrow_mut().set(xid, Status::Aborted);
        }
    }

    /// What every kind of node does with a record: it notes what pages miss, and what became of transactions.
    pub(super) fn note_record(&self, record: &Record, end: Lsn) {
        match &record.body {
            Body::Product { kind: kind::TRANSACTION, payload } => {
                if let Ok(xid) = Decoder::new(payload).u64() {
                    self.progress.open_xid.set(Some(xid));
                    if !self.plan.has_defect("next-xid-from-control-file") {
                        self.next_xid.set(self.next_xid.get().max(xid + 1));
                    }
                }
            }
            Body::Commit { changes } => {
                self.progress.last_commit.set(Some(self.process.wall_clock()));
                if let Some(xid) = self.progress.open_xid.take() {
                    self.clog.borrow_mut().set(xid, Status::Committed);
                }
                self.pages.note(end, changes.clone());
            }
            Body::Checkpoint { redo } => {
                let control = self.control.get();
                let later = record.lsn >= control.checkpoint;
                if later {
                    self.control.set(Control { checkpoint: record.lsn, redo: (*redo).max(control.redo), ..control });
                }
            }
            Body::SegmentEnd | Body::Product { .. } => {}
        }
    }

    /// The first server of a new volume: a log, the rows of the drill, slots for the nodes to come.
    async fn create_database(self: &Rc<Self>) -> Result<(), RecoveryError> {
        let timeline = Control::NEW.timeline;
        self.storage().disk.set_epoch(timeline);
        let writer = Writer::create(&self.process, &self.storage().log, timeline);
        writer.append(None, &Body::Checkpoint { redo: Lsn::FIRST })?;
        *self.writer.borrow_mut() = Some(writer.clone());
        if !self.plan.initial.is_empty() {
            let changes = self.plan.initial.clone().into_iter().collect();
            let appended = writer.append(None, &Body::Commit { changes })?;
            self.pages.change(self.plan.initial.clone().into_iter().collect(), appended.lsn, appended.end);
        }
        writer.flush_to(writer.end()).await?;
        self.create_slots(writer.end());
        let slots = self.slots.borrow().clone();
        self.storage().write_slots(&slots).await?;
        self.storage().write_clog(&Clog::default(), Control::NEW.next_xid).await?;
        self.allocate_next_segment().await?;
        self.write_control(State::InProduction).await?;
        self.process.announce("database.created", fields! {});
        Ok(())
    }

    fn create_slots(&self, restart: Lsn) {
        let mut slots = self.slots.borrow_mut();
        for role in [Role::Replica, Role::Standby] {
            let nodes = self.plan.nodes().iter().filter(|node| node.first_role == role).count();
            for number in 1..=nodes {
                slots.create(Slot::new(&slot_name(role, number), restart));
            }
        }
    }

    /// Writes the control file of the shared disk.
    pub(super) async fn write_control(&self, state: State) -> Result<(), crate::world::device::IoError> {
        let control = Control { state, next_xid: self.next_xid.get(), ..self.control.get() };
        self.control.set(control);
        self.storage().write_control(&control).await?;
        let (redo, next_xid, checkpoint) = (control.redo, control.next_xid, control.checkpoint);
        self.process.announce("control.written", fields! { redo: redo, checkpoint: checkpoint, next_xid: next_xid });
        self.write_local_control();
        Ok(())
    }

    /// Writes the local copy of the control file.
    pub(super) fn write_local_control(&self) {
        self.directory.write(CONTROL_FILE, self.control.get().encode());
    }

    /// Writes the local copy of CLOG.
    pub(super) fn write_local_clog(&self) {
        self.directory.write(CLOG_FILE, self.clog.borrow().bytes());
    }
}
