//! A replica or standby: follows the log, tells the writer how far it is, lets sessions read.
//!
//! Replay only notes in the logindex which pages a record touches; a session that reads a page applies what it misses.
//! A replica never writes the log and never has a dirty page. A standby has a disk of its own: it writes the log it is
//! sent, and its pages at a restartpoint.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::fields;
use crate::parts::wal::{Body, Lsn, Reader, Record, Stop};
use crate::product::events;
use crate::world::clock::WallTime;
use crate::world::device::IoError;
use crate::world::port::Delivery;

use super::super::data_directory::CONTROL_FILE;
use super::super::log::{Level, Part};
use super::super::plan::RECEIVER_PORT;
use super::super::rules::{PageAge, Role, page_age};
use super::super::shared::PAGES;
use super::super::shared::clog::Clog;
use super::super::shared::control::{Control, Found, State};
use super::Server;
use super::pages::read_page;
use super::start::RecoveryError;
use super::stream::{Feedback, StartAnswer, StartReplication, ToReceiver, ToSender};

/// How long a walreceiver waits for the answer to its request for a stream.
const CONNECT: Duration = Duration::from_secs(5);
/// No time to speak of: what is there already is taken, nothing is waited for.
const AT_ONCE: Duration = Duration::from_nanos(1);
/// How often a replica looks for the database when the volume is still empty.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How far a server has come with the log of another one.
#[derive(Default)]
pub(super) struct Progress {
    /// Everything before this was replayed.
    pub(super) replayed: Cell<Lsn>,
    /// The writer has said that the log is durable up to here.
    pub(super) received: Cell<Lsn>,
    pub(super) streaming: Cell<bool>,
    /// The startup process has been told to promote.
    pub(super) promote_triggered: Cell<bool>,
    pub(super) receiver_ended: Cell<bool>,
    /// When the last commit was replayed, by the clock of the host.
    pub(super) last_commit: Cell<Option<WallTime>>,
    /// What was last reported to the writer as applied.
    pub(super) reported: Cell<Lsn>,
    /// The number of the transaction whose commit comes next in the log.
    pub(super) open_xid: Cell<Option<u64>>,
    /// While background replay runs after a promote: from the redo position to the end of the old writer's log.
    pub(super) background_replay: Cell<Option<(Lsn, Lsn)>>,
    /// The first segment of the log that is still there.
    pub(super) first_segment: Cell<u64>,
    /// The last segment this server has given the log.
    pub(super) allocated_segment: Cell<u64>,
}

impl Server {
    pub(super) async fn run_as_replica(self: &Rc<Self>) {
        let reader = match self.begin_replay().await {
            Ok(reader) => reader,
            Err(error) => match self.panic(Part::Startup, &error.to_string()).await {},
        };
        self.accepting.set(true);
        self.info(Part::Startup, &format!("consistent recovery state reached at {}", self.progress.replayed.get()));
        self.info(Part::Postmaster, "database system is ready to accept read-only connections");
        self.process.announce(events::ROLE_CHANGED, fields! { role: "standby" });
        self.show_state(self.role.get().name(), "running");
        self.plan.board.borrow_mut().started.insert(self.me);
        self.process.spawn(self.clone().receive_stream());
        self.process.spawn(self.clone().report_now_and_then());
        if self.role.get() == Role::Replica && !self.plan.parameters.replica_reads.is_zero() {
            self.process.spawn(self.clone().read_now_and_then());
        }
        self.follow(reader).await;
    }

    /// Local copies of what a replica changes on its own, then replay of everything that is on the disk.
    async fn begin_replay(&self) -> Result<Reader, RecoveryError> {
        let shared = self.find_database().await?;
        let own = self.directory.read(CONTROL_FILE).and_then(|bytes| Control::decode(&bytes));
        // A replica goes on from its own last restartpoint; a new one begins where the writer's recovery would.
        let control = own.filter(|own| own.redo < shared.redo && own.timeline == shared.timeline).unwrap_or(shared);
        self.control.set(Control { state: State::InArchiveRecovery, ..control });
        self.next_xid.set(control.next_xid);
        *self.clog.borrow_mut() = self.read_local_copies().await?;
        self.storage().disk.set_epoch(control.timeline);
        if self.role.get() == Role::Replica && !self.is_checkpoint(control.checkpoint).await? {
            return Err(RecoveryError::NoCheckpoint);
        }
        self.progress.replayed.set(control.redo);
        let mut reader = Reader::new(&self.storage().log, control.redo);
        self.process.announce(events::REPLAY_STARTED, fields! { from: control.redo });
        self.replay_until(&mut reader, Lsn(u64::MAX)).await?;
        self.process.announce(events::REPLAY_FINISHED, fields! { to: self.progress.replayed.get() });
        Ok(reader)
    }

    async fn find_database(&self) -> Result<Control, RecoveryError> {
        loop {
            match self.storage().read_control().await? {
                Found::Control(control) => return Ok(control),
                Found::Damaged => return Err(RecoveryError::Control),
                // A standby's volume is empty until it has received the log; the base backup brings no more than that.
                Found::Nothing if self.role.get() == Role::Standby => return Ok(Control::NEW),
                Found::Nothing => self.process.sleep(LOOK_AGAIN).await,
            }
        }
    }

    async fn read_local_copies(&self) -> Result<Clog, IoError> {
        let clog = self.storage().read_clog().await?;
        self.directory.write(super::super::data_directory::CLOG_FILE, clog.bytes());
        Ok(clog)
    }

    async fn is_checkpoint(&self, at: Lsn) -> Result<bool, IoError> {
        match Reader::new(&self.storage().log, at).next().await {
            Ok(record) => Ok(matches!(record.body, Body::Checkpoint { .. })),
            Err(Stop::Unreadable(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// The startup process: replays what the stream announces; without a stream, what it finds on the disk now and then.
    async fn follow(self: &Rc<Self>, mut reader: Reader) {
        let progress = &self.progress;
        loop {
            let due = || progress.promote_triggered.get() || self.stream_is_ahead();
            let waited = self.process.timeout(self.plan.parameters.retry_interval, self.changed.wait_until(due)).await;
            if progress.promote_triggered.get() {
                return self.finish_recovery(reader).await;
            }
            let limit = match (waited.is_ok(), progress.streaming.get()) {
                (true, _) => progress.received.get(),
                (false, true) => continue,
                (false, false) => Lsn(u64::MAX),
            };
            if let Err(error) = self.replay_until(&mut reader, limit).await {
                self.panic(Part::Startup, &error.to_string()).await;
            }
        }
    }

    fn stream_is_ahead(&self) -> bool {
        self.progress.streaming.get() && self.progress.received.get() > self.progress.replayed.get()
    }

    async fn replay_until(&self, reader: &mut Reader, limit: Lsn) -> Result<(), RecoveryError> {
        while reader.position() < limit {
            match read_fresh(reader).await {
                Ok(record) => {
                    self.note_record(&record, reader.position());
                    if let Body::Checkpoint { redo } = record.body {
                        self.make_restartpoint(redo).await?;
                    }
                    self.progress.replayed.set(reader.position());
                }
                Err(Stop::Unreadable(error)) => return Err(RecoveryError::Device(error)),
                // What the writer has called durable must be there: something else overwrote it.
                Err(stop) if limit != Lsn(u64::MAX) => {
                    self.log.write(
                        Part::Startup,
                        Level::Warning,
                        &format!("invalid record at {}: {stop}", reader.position()),
                    );
                    return Err(RecoveryError::LogBroken { at: reader.position(), limit });
                }
                Err(_) => break,
            }
        }
        let replayed = self.progress.replayed.get();
        self.plan.show(self.me, |state| state.log_position = replayed.0);
        self.report();
        self.changed.notify();
        Ok(())
    }

    /// The writer has made a checkpoint: what is older than its redo position is on the disk. A standby makes it so on
    /// its own disk.
    async fn make_restartpoint(&self, redo: Lsn) -> Result<(), RecoveryError> {
        if self.role.get() == Role::Standby {
            for number in 0..PAGES.pages {
                self.pages.keep(read_page(&self.storage().pages, number).await?);
                self.pages.catch_up(number, self.progress.replayed.get(), Some(redo));
            }
            self.write_pages_of_standby().await?;
        } else if !self.plan.has_defect("replica-keeps-old-pages") {
            self.pages.evict_older_than(redo);
        }
        self.pages.forget_before(redo);
        self.control.set(Control { next_xid: self.next_xid.get(), ..self.control.get() });
        self.write_local_control();
        self.write_local_clog();
        Ok(())
    }

    async fn write_pages_of_standby(&self) -> Result<(), RecoveryError> {
        let limits = super::pages::FlushLimits { flushed: Lsn(u64::MAX), oldest_apply: Lsn::NONE };
        let writer =
            crate::parts::wal::WriterTag { process: self.process.id().0, incarnation: self.process.incarnation().0 };
        for page in self.pages.take_flushable(limits) {
            self.storage().pages.write(&page.into_page(self.control.get().timeline, writer)).await?;
        }
        self.storage().pages.flush().await?;
        self.pages.written();
        let (clog, next_xid) = (self.clog.borrow().clone(), self.next_xid.get());
        self.storage().write_clog(&clog, next_xid).await?;
        self.storage().write_control(&self.control.get()).await?;
        Ok(())
    }

    /// The walreceiver.
    async fn receive_stream(self: Rc<Self>) {
        let port = self.process.bind::<ToReceiver>(RECEIVER_PORT);
        while !self.progress.receiver_ended.get() {
            // What is left of an earlier stream, its end above all, says nothing about the next one.
            while self.process.timeout(AT_ONCE, port.recv_any()).await.is_ok() {}
            if let Some(upstream) = self.settings.upstream
                && self.connect(upstream).await
            {
                self.progress.streaming.set(true);
                self.changed.notify();
                self.stream_from(&port, self.plan.node(upstream).database).await;
                if self.progress.streaming.replace(false) {
                    self.process.announce("stream.ended", fields! {});
                }
                self.changed.notify();
            }
            self.process.sleep(self.plan.parameters.retry_interval).await;
        }
    }

    async fn connect(&self, upstream: usize) -> bool {
        let standby = self.role.get() == Role::Standby;
        let from = if standby { self.standby_start() } else { self.progress.replayed.get() };
        let timeline = self.control.get().timeline;
        let start = StartReplication { slot: self.settings.slot.clone(), from, timeline, standby };
        let answer = self.process.call(self.plan.sender(upstream), ToSender::Start(start), CONNECT).await;
        let why = match answer {
            Ok(StartAnswer::Streaming) => {
                let at = format!("started streaming WAL from primary at {from} on timeline {timeline}");
                self.info(Part::Walreceiver, &at);
                let (slot, to) = (self.settings.slot.as_deref().unwrap_or_default(), &self.plan.node(upstream).name);
                let fields = fields! { from: from, to: to, slot: slot, role: self.role.get().name() };
                self.process.announce("stream.started", fields);
                return true;
            }
            Ok(StartAnswer::Refused(why)) => format!("could not start WAL streaming: ERROR:  {why}"),
            Err(error) => format!("could not connect to the primary server: {error}"),
        };
        self.log.write(Part::Walreceiver, Level::Fatal, &why);
        false
    }

    /// A standby without any log asks for all of it.
    fn standby_start(&self) -> Lsn {
        let replayed = self.progress.replayed.get();
        if replayed <= Lsn::FIRST { Lsn::NONE } else { replayed }
    }

    async fn stream_from(&self, port: &crate::world::port::Port<ToReceiver>, upstream: crate::world::trace::ProcessId) {
        loop {
            match self.process.timeout(self.plan.parameters.receiver_timeout, port.recv_any()).await {
                _ if self.progress.receiver_ended.get() => return,
                Ok(Delivery::Message(incoming)) if incoming.from.process == upstream => {
                    self.take_stream(incoming.message).await;
                }
                Ok(Delivery::Closed(process, error)) if process == upstream => {
                    return self.info(Part::Walreceiver, &format!("replication terminated by primary server: {error}"));
                }
                Ok(_) => {}
                Err(_) => {
                    self.process.disconnect(upstream);
                    return self.log.write(Part::Walreceiver, Level::Fatal, "terminating walreceiver due to timeout");
                }
            }
        }
    }

    async fn take_stream(&self, message: ToReceiver) {
        let flushed = match message {
            ToReceiver::Meta { flushed, .. } => flushed,
            ToReceiver::Wal { from, bytes, flushed } => {
                let log = &self.storage().log;
                let written = async {
                    if !bytes.is_empty() {
                        log.area().write(log.shape().place(from), bytes).await?;
                        log.area().flush().await?;
                    }
                    Ok::<(), IoError>(())
                };
                if let Err(error) = written.await {
                    self.panic(Part::Walreceiver, &format!("could not write to log file: {error}")).await;
                }
                flushed
            }
        };
        self.progress.received.set(self.progress.received.get().max(flushed));
        self.changed.notify();
    }

    /// Tells the writer how far this node has come.
    fn report(&self) {
        let Some(upstream) = self.settings.upstream.filter(|_| self.progress.streaming.get()) else { return };
        let feedback = Feedback { write: self.progress.received.get(), apply: self.progress.replayed.get() };
        if self.progress.reported.replace(feedback.apply) != feedback.apply {
            self.process.announce("replica.applied", fields! { lsn: feedback.apply });
        }
        // Whether it arrives shows in the stream that comes back.
        let _ = self.process.send(self.plan.sender(upstream), ToSender::Reply(feedback));
    }

    async fn report_now_and_then(self: Rc<Self>) {
        while !self.progress.receiver_ended.get() {
            self.process.sleep(self.plan.parameters.status_interval).await;
            self.report();
        }
    }

    /// A session that reads one page after the other.
    async fn read_now_and_then(self: Rc<Self>) {
        let draws = self.process.stream("reads");
        for number in 0u64.. {
            self.process.sleep(self.plan.parameters.replica_reads).await;
            if self.role.get() != Role::Replica || !self.accepting.get() {
                return;
            }
            let life = u64::from(self.process.incarnation().0) << 32;
            self.sessions.set(self.sessions.get() + 1);
            self.read_as_replica(draws.at(life | number).below(PAGES.pages)).await;
            self.sessions.set(self.sessions.get() - 1);
            self.changed.notify();
        }
    }

    /// Reads a page as of what has been replayed. A page of the future is waited for, and the session ends if its time
    /// is over.
    async fn read_as_replica(&self, number: u64) {
        let began = self.process.monotonic();
        while !self.pages.has(number) {
            let page = match read_page(&self.storage().pages, number).await {
                Ok(page) => page,
                Err(error) => return self.log.write(Part::Backend, Level::Error, &error.to_string()),
            };
            let (lsn, replayed) = (page.stamp.lsn, self.progress.replayed.get());
            if page_age(lsn, replayed) == PageAge::Past || self.plan.has_defect("replica-uses-future-page") {
                self.pages.keep(page);
                break;
            }
            self.process.announce("replica.future-page", fields! { page: number, lsn: lsn, replayed: replayed });
            let left = self.plan.parameters.old_version_timeout.saturating_sub(self.process.monotonic().since(began));
            let caught_up = self.changed.wait_until(|| self.progress.replayed.get() >= lsn);
            if self.process.timeout(left, caught_up).await.is_err() {
                return self.give_up_reading(number, lsn);
            }
        }
        let replayed = self.progress.replayed.get();
        let lsn = self.pages.catch_up(number, replayed, None);
        self.process.announce("replica.read", fields! { page: number, lsn: lsn, replayed: replayed });
        self.pages.shrink_to(self.plan.parameters.replica_buffers as usize);
    }

    fn give_up_reading(&self, number: u64, lsn: Lsn) {
        let replayed = self.progress.replayed.get();
        let text = format!(
            "Read a future page due to timeout, page lsn = {lsn}, replayed_lsn = {replayed}, page_tag='({number})'"
        );
        self.log.write(Part::Backend, Level::Fatal, &text);
        self.process.announce("replica.read-failed", fields! { page: number, lsn: lsn, replayed: replayed });
        self.plan.board.borrow_mut().future_reads += 1;
    }
}

/// The next record. What the reader has read ahead may be older than the disk, so it looks twice before it believes
/// that there is none.
async fn read_fresh(reader: &mut Reader) -> Result<Record, Stop> {
    match reader.next().await {
        Err(stop) if stop.is_an_end() => reader.next().await,
        read => read,
    }
}
