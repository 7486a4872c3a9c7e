//! A replica becomes the writer, on the same timeline and at the same byte of the same segment.
//!
//! The steps are those of the protocol reference, section 2: the postmaster drains and remounts, the startup process
//! ends replay, looks once whether the log goes on, and takes the log over. Waits that have no limit in PolarDB have
//! none here; `pg_ctl` alone gives up. Nothing asks whether the old writer has stopped.

use std::rc::Rc;
use std::time::Duration;

use crate::fields;
use crate::parts::encoding::Encoder;
use crate::parts::wal::{Body, LogEnd, Lsn, Reader, Stop, Writer};
use crate::product::events;
use crate::world::device::IoError;
use crate::world::process::Status;

use super::super::data_directory::{PROMOTE_FILE, REPLICA_SIGNAL, STANDBY_SIGNAL};
use super::super::log::Part;
use super::super::plan::{PBD, Profile, SHARED_DIRECTORY};
use super::super::rules::{PromotePath, Role, guard_refuses, promote_path};
use super::super::shared::PAGES;
use super::super::shared::control::{Control, State};
use super::super::shared::slots::{NodeKind, Slots};
use super::pages::read_page;
use super::start::RecoveryError;
use super::stream::ToSender;
use super::{Server, kind};

/// How often the startup process looks whether the background process is ready.
const BACKGROUND_POLL: Duration = Duration::from_millis(10);

impl Server {
    /// SIGUSR1 with the file `promote`: the postmaster's part. A second one in the same life has no effect
    /// (PG15:src/backend/postmaster/postmaster.c).
    pub(super) async fn receive_promote(self: Rc<Self>) {
        if self.role.get() == Role::Primary || self.promote_received.replace(true) {
            return;
        }
        self.process.announce("promote.received", fields! {});
        if promote_path(self.role.get(), self.settings.logindex) == PromotePath::Online {
            self.drain_sessions().await;
            if let Err(error) = self.remount_for_writing().await {
                self.fatal(Part::Postmaster, &format!("can't remount PBD {PBD}: {error}")).await;
            }
        }
        self.progress.promote_triggered.set(true);
        self.changed.notify();
    }

    /// Step P1: no session begins, those that run are told to end; waits without limit until the last has.
    async fn drain_sessions(&self) {
        self.accepting.set(false);
        self.show_state("replica", "promoting");
        self.changed.wait_until(|| self.sessions.get() == 0).await;
        self.info(Part::Postmaster, "checked all backend process exit, ready to do promote");
        self.process.announce("promote.drained", fields! {});
    }

    /// Step P2: the mount becomes writable while the node type still says replica. A storage manager, where there is
    /// one, has changed the reservation before.
    async fn remount_for_writing(self: &Rc<Self>) -> Result<(), super::super::pfs::MountError> {
        if self.plan.parameters.pr_fence {
            self.preempt_others().await?;
        }
        self.info(
            Part::Postmaster,
            &format!("begin remount pfs name {PBD} id {} flag=0x200013", self.settings.host_id),
        );
        self.mount.remount(&self.plan, self.me, self.settings.host_id).await?;
        self.info(Part::Postmaster, &format!("remount pfs {PBD} readwrite mode success"));
        self.process.announce("promote.remounted", fields! {});
        if self.plan.profile == Profile::Pg11 {
            self.mark_own().await?;
            self.process.spawn(self.clone().watch_fence());
            self.wait_for_old_owner().await;
        }
        Ok(())
    }

    /// The startup process's part, from the end of replay on.
    pub(super) async fn finish_recovery(self: &Rc<Self>, reader: Reader) {
        self.info(Part::Startup, "received promote request");
        self.directory.remove(PROMOTE_FILE);
        let stock = promote_path(self.role.get(), self.settings.logindex) == PromotePath::Stock;
        if stock && self.role.get() == Role::Replica {
            self.info(Part::Startup, "async lock replay: startup@polar_alr_terminate_worker: terminate worker");
        }
        let last = reader.end();
        self.info(
            Part::Startup,
            &format!("redo done at {} system usage: CPU: user: 0.00 s, system: 0.00 s", last.last),
        );
        if let Some(stamp) = self.progress.last_commit.get() {
            let text = format!("last completed transaction was at log time {}+08", stamp.with_millis());
            self.info(Part::Startup, &text);
        }
        self.end_receiver().await;
        let done = match (stock, self.role.get()) {
            (true, Role::Standby) => self.become_writer_on_new_timeline(last).await,
            (true, _) => return self.crash_on_new_timeline(last).await,
            (false, _) => self.become_writer(last).await,
        };
        if let Err(error) = done {
            self.panic(Part::Startup, &error.to_string()).await;
        }
    }

    async fn end_receiver(&self) {
        self.process.sleep(self.plan.parameters.receiver_shutdown).await;
        self.progress.receiver_ended.set(true);
        self.progress.streaming.set(false);
        if let Some(upstream) = self.settings.upstream {
            // A writer that is gone, or does not hear it, learns it from its own time-out.
            let _ = self.process.send(self.plan.sender(upstream), ToSender::Finish);
        }
        self.process.announce("stream.ended", fields! {});
    }

    /// Steps P3 to P8 of the online promote.
    async fn become_writer(self: &Rc<Self>, replayed: LogEnd) -> Result<(), RecoveryError> {
        self.check_before_promote(replayed).await?;
        self.finish_restartpoint();
        self.wait_for_background_process().await;
        let end = self.reread_end(replayed).await?;
        self.process.announce("promote.end-of-log", fields! { end: end.end, timeline: self.control.get().timeline });
        self.remove_replica_signal(end);
        let writer = self.take_log(end).await?;
        self.copy_private_data().await?;
        self.write_end_of_recovery(&writer).await?;
        // The order matters: a checkpointer must not see the end of recovery while the node type says replica.
        self.control.set(Control { state: State::InProduction, next_xid: self.next_xid.get(), ..self.control.get() });
        self.write_local_control();
        self.role.set(Role::Primary);
        self.begin_background_replay(end);
        self.info(Part::Postmaster, "database system is ready to accept connections");
        self.open_for_writes();
        self.write_control(State::InProduction).await?;
        self.process.announce("promote.finished", fields! {});
        self.spawn_writer_tasks();
        self.process.spawn(self.clone().replay_in_background());
        Ok(())
    }

    /// Step P3, the only guard: one read of the disk behind the last record replayed.
    async fn check_before_promote(&self, replayed: LogEnd) -> Result<(), RecoveryError> {
        let text = format!("Before online promote, last replayed record is [{}, {})", replayed.last, replayed.end);
        self.info(Part::Startup, &text);
        let next = Reader::after(&self.storage().log, &replayed).next().await;
        if let Err(Stop::Unreadable(error)) = next {
            return Err(RecoveryError::Device(error));
        }
        let has_guard = self.plan.profile.has_guard() && !self.plan.has_defect("promote-without-guard");
        self.process
            .announce("promote.guard", fields! { end: replayed.end, refused: guard_refuses(next.is_ok(), has_guard) });
        if guard_refuses(next.is_ok(), has_guard) {
            self.panic(Part::Startup, &format!("{} is not the last valid record's EndRecPtr!", replayed.end)).await;
        }
        Ok(())
    }

    /// Step P4: the restartpoint for the old writer's last checkpoint.
    fn finish_restartpoint(&self) {
        self.write_local_control();
        self.write_local_clog();
    }

    /// The logindex background process must have put everything aside. No limit of time.
    async fn wait_for_background_process(&self) {
        let background = self.plan.node(self.me).background;
        loop {
            let state = self.process.local_state(background);
            if state == Some(Status::Running) {
                break;
            }
            self.process.sleep(BACKGROUND_POLL).await;
        }
        self.info(Part::Background, "background process handled online promote signal");
        self.process.announce("promote.background-ready", fields! {});
    }

    /// Reads the last record again, from the disk.
    async fn reread_end(&self, replayed: LogEnd) -> Result<LogEnd, RecoveryError> {
        if replayed.last == Lsn::NONE {
            return Ok(replayed);
        }
        match Reader::new(&self.storage().log, replayed.last).next().await {
            Ok(record) if record.checksum == replayed.last_checksum => Ok(replayed),
            Err(Stop::Unreadable(error)) => Err(RecoveryError::Device(error)),
            _ => Err(RecoveryError::LogBroken { at: replayed.last, limit: replayed.end }),
        }
    }

    /// Step P5: from here on a crash makes this node start as the writer.
    fn remove_replica_signal(&self, end: LogEnd) {
        self.info(Part::Startup, &format!("Before prommote RO, EndOfLog={}", end.end));
        self.directory.remove(REPLICA_SIGNAL);
        self.info(Part::Startup, "replica logindex archive recovery complete");
        self.process.announce("promote.signal-removed", fields! {});
    }

    /// The insert position is the end of the log; the next segment is given to the log by this mount's own idea of the
    /// PFS journal.
    async fn take_log(&self, end: LogEnd) -> Result<Writer, RecoveryError> {
        let timeline = self.control.get().timeline;
        self.storage().disk.set_epoch(timeline);
        self.mount.allocate(&format!("{SHARED_DIRECTORY}/base/5/16384_init")).await?;
        let needed = self.first_needed(&self.slots.borrow(), end.end);
        let writer = Writer::open_at(&self.process, &self.storage().log, end, needed, timeline).await?;
        *self.writer.borrow_mut() = Some(writer.clone());
        self.allocate_next_segment().await?;
        Ok(writer)
    }

    /// Step P6: private CLOG over the shared one, slots from the shared disk.
    async fn copy_private_data(&self) -> Result<(), IoError> {
        self.info(Part::Startup, "Begin function polar_online_promote_data");
        self.abort_open_transaction();
        let (clog, next_xid) = (self.clog.borrow().clone(), self.next_xid.get());
        self.storage().write_clog(&clog, next_xid).await?;
        let mut slots: Slots = self.storage().read_slots().await?;
        if self.plan.has_defect("own-slot-pins-flush")
            && let Some(own) = self.settings.slot.as_ref().and_then(|name| slots.find_mut(name))
        {
            own.kind = NodeKind::Replica;
            own.apply = own.apply.max(Lsn::FIRST);
        }
        *self.slots.borrow_mut() = slots;
        self.info(Part::Startup, "End function polar_online_promote_data");
        self.process.announce("promote.data-copied", fields! {});
        Ok(())
    }

    /// Step P7: the first record of the new writer.
    async fn write_end_of_recovery(&self, writer: &Writer) -> Result<(), RecoveryError> {
        let mut payload = Encoder::new();
        payload.u64(self.control.get().timeline);
        let record =
            writer.append(None, &Body::Product { kind: kind::END_OF_RECOVERY, payload: payload.into_bytes() })?;
        writer.flush_to(record.end).await?;
        self.process.announce("promote.end-of-recovery", fields! { lsn: record.lsn, end: record.end });
        Ok(())
    }

    /// Step P8: pages in memory go. The logindex does not say what those older than the redo position miss, and those
    /// that are newer than the disk would never be marked dirty.
    fn begin_background_replay(&self, end: LogEnd) {
        let redo = self.control.get().redo;
        let text = format!(
            "startup complete online promote, and reset bg_replayed_lsn to oldest_redo_lsn={redo}, old_consist_lsn={}",
            self.progress.received.get()
        );
        self.info(Part::Startup, &text);
        if !self.plan.has_defect("replica-keeps-old-pages") {
            self.pages.evict_older_than(Lsn(u64::MAX));
        }
        self.progress.background_replay.set(Some((redo, end.end)));
    }

    /// Applies the old writer's log to every page, while sessions already run; a checkpoint follows.
    async fn replay_in_background(self: Rc<Self>) {
        self.process.announce(events::REPLAY_STARTED, fields! { from: self.control.get().redo });
        for number in 0..PAGES.pages {
            if !self.pages.has(number) {
                match read_page(&self.storage().pages, number).await {
                    Ok(page) => self.pages.keep(page),
                    Err(error) => match self.panic(Part::Background, &error.to_string()).await {},
                }
            }
            if let Err(error) = self.make_current(number).await {
                self.panic(Part::Background, &error.to_string()).await;
            }
        }
        let until = self.progress.background_replay.take().map_or(Lsn::NONE, |(_, until)| until);
        self.process.announce(events::REPLAY_FINISHED, fields! { to: until });
        self.info(Part::Background, "online promote replay finished");
        self.checkpoint_wanted.set(true);
        self.changed.notify();
    }

    /// The stock path of a standby: its own disk, a new timeline.
    async fn become_writer_on_new_timeline(self: &Rc<Self>, end: LogEnd) -> Result<(), RecoveryError> {
        let timeline = self.control.get().timeline + 1;
        self.info(Part::Startup, &format!("selected new timeline ID: {timeline}"));
        self.storage().disk.set_epoch(timeline);
        self.control.set(Control { timeline, ..self.control.get() });
        let writer = Writer::open_at(&self.process, &self.storage().log, end, Lsn::FIRST, timeline).await?;
        *self.writer.borrow_mut() = Some(writer.clone());
        self.directory.remove(STANDBY_SIGNAL);
        self.info(Part::Startup, "archive recovery complete");
        for number in 0..PAGES.pages {
            self.pages.keep(read_page(&self.storage().pages, number).await?);
            self.pages.catch_up(number, end.end, Some(self.control.get().redo));
        }
        self.write_end_of_recovery(&writer).await?;
        self.role.set(Role::Primary);
        self.write_control(State::InProduction).await?;
        self.info(Part::Postmaster, "database system is ready to accept connections");
        self.open_for_writes();
        self.process.announce("promote.finished", fields! {});
        self.spawn_writer_tasks();
        Ok(())
    }
}
