//! What every ASM and DB EP does with the voting disk: its heartbeat, its mailbox, and Kill.

use std::cell::Cell;
use std::rc::Rc;

use crate::fields;
use crate::parts::signal::Signal;
use crate::parts::voting_disk::VotingDiskError;
use crate::world::executor::LocalFuture;
use crate::world::process::Process;
use crate::world::time::Instant;

use super::log::{Level, Log};
use super::plan::Shared;
use super::vote::{Heartbeat, Order, Report, Status, VotingDisk};
use super::words::{Command, GroupKind, Seqno};

/// Where the database tells the watchdog of its host that it is alive.
pub(super) const WATCHDOG_FILE: &str = "dev/watchdog";

/// One life of an EP.
pub(super) struct Ep {
    pub(super) process: Process,
    pub(super) plan: Shared,
    pub(super) kind: GroupKind,
    pub(super) me: Seqno,
    pub(super) guid: u64,
    pub(super) log: Log,
    vote: VotingDisk,
    status: Cell<Status>,
    done: Cell<u64>,
    ts: Cell<u64>,
    report: Cell<Report>,
    /// The highest reign of which an order was read.
    reign: Cell<u64>,
    due: Cell<bool>,
    wake: Signal,
}

impl Ep {
    pub(super) fn new(process: &Process, plan: &Shared, kind: GroupKind, me: Seqno) -> Rc<Self> {
        let guid = new_guid(process);
        Rc::new(Ep {
            process: process.clone(),
            plan: plan.clone(),
            kind,
            me,
            guid,
            log: Log::new(process, kind, me),
            vote: plan.voting_disk(process),
            status: Cell::default(),
            done: Cell::default(),
            ts: Cell::new(guid),
            // Whoever knows of a third party has reached it until it is asked.
            report: Cell::new(Report { third_party: plan.third_party.get().map(|_| true), ..Report::default() }),
            reign: Cell::default(),
            due: Cell::default(),
            wake: Signal::default(),
        })
    }

    /// Shows another status, with the next heartbeat at once.
    pub(super) fn set_status(&self, status: Status) {
        if self.status.replace(status) != status {
            let name = format!("{} {}", self.kind.ep_name(self.me), status.name());
            self.process.announce("ep.status", fields! { ep: name, guid: self.guid });
        }
        self.beat_now();
    }

    /// What the next heartbeats report beside the status.
    pub(super) fn report(&self) -> Report {
        self.report.get()
    }

    /// Changes it; links are news that go out at once.
    pub(super) fn set_report(&self, report: Report) {
        let before = self.report.replace(report);
        if before.unreachable != report.unreachable {
            let name = self.kind.ep_name(self.me);
            self.process.announce("link.reported", fields! { ep: name, unreachable: report.unreachable });
            self.beat_now();
        }
    }

    fn beat_now(&self) {
        self.due.set(true);
        self.wake.notify();
    }

    /// Beats and obeys, for ever.
    pub(super) async fn serve(self: Rc<Self>, obey: Rc<dyn Fn(Order) -> LocalFuture<()>>) {
        let (limit, fences_itself) = (self.plan.parameters.own_limit(), self.plan.parameters.fences_itself());
        let (mut last_good, mut last_seen) = (self.process.monotonic(), 0);
        let mut failing_since = None;
        loop {
            self.due.set(false);
            let began = self.process.monotonic();
            // Without `sim_self_fence` an EP fails because it cannot reach the voting disk, not because time went by:
            // one that slept through the limit and then reaches it does not know that it is too late.
            let since = if fences_itself { last_good } else { *failing_since.get_or_insert(began) };
            let left = limit.saturating_sub(began.since(since));
            let exchange = self.process.timeout(left, self.exchange()).await;
            match exchange {
                Ok(Ok(order)) => {
                    last_good = self.process.monotonic();
                    failing_since = None;
                    self.feed_watchdog(last_good);
                    self.take(order, &mut last_seen, &obey).await;
                }
                _ if self.process.monotonic().since(since) >= limit => {
                    self.log.write(Level::Fatal, "Unable to access VOTING DISK! The instance is going to halt.");
                    self.process.exit(1).await;
                }
                _ => self.log.write(Level::Error, "Unable to access VOTING DISK!"),
            }
            let _ = self.process.timeout(self.plan.parameters.poll, self.wake.wait_until(|| self.due.get())).await;
        }
    }

    /// The last heartbeat of this life, which says that it ended in order.
    pub(super) async fn end_in_order(&self) {
        self.set_status(Status::Shutdown);
        let _ = self.beat().await;
    }

    async fn exchange(&self) -> Result<Order, VotingDiskError> {
        self.beat().await?;
        let began = self.process.monotonic();
        let order = self.vote.mailbox(self.kind, self.me).await?;
        if self.plan.vote.len() > 1 {
            let (name, began) = (self.kind.ep_name(self.me), began.as_nanos());
            let fields = fields! { ep: name, sequence: order.sequence, guid: order.guid, began: began };
            self.process.announce("vote.mail-read", fields);
        }
        Ok(order)
    }

    async fn beat(&self) -> Result<(), VotingDiskError> {
        self.ts.set(self.ts.get() + 1);
        let beat = Heartbeat {
            guid: self.guid,
            ts: self.ts.get(),
            status: self.status.get(),
            done: self.done.get(),
            report: self.report.get(),
            ..Heartbeat::default()
        };
        self.vote.beat(self.kind, self.me, &beat).await
    }

    fn feed_watchdog(&self, now: Instant) {
        if self.kind == GroupKind::Db {
            self.process.write_file(WATCHDOG_FILE, now.as_nanos().to_le_bytes());
        }
    }

    async fn take(self: &Rc<Self>, order: Order, last_seen: &mut u64, obey: &Rc<dyn Fn(Order) -> LocalFuture<()>>) {
        let is_meant = order.guid == self.guid || self.plan.has_defect("command-without-guid");
        let is_old = order.reign < self.reign.get() && !self.plan.has_defect("old-control-css-goes-on");
        if !is_meant || is_old {
            return;
        }
        self.reign.set(order.reign);
        if order.command == Command::SysHalt {
            self.halt().await;
        }
        if order.sequence == 0 || order.sequence == *last_seen {
            return;
        }
        *last_seen = order.sequence;
        let (ep, work) = (self.clone(), obey(order));
        self.process.spawn(async move {
            ep.process.sleep(ep.plan.parameters.work(order.command)).await;
            work.await;
            ep.done.set(order.sequence);
            ep.beat_now();
        });
    }

    /// Kill was read: this life ends without another word to any disk.
    async fn halt(&self) {
        self.log.write(Level::Fatal, "VTD_CMD_SYS_HALT");
        self.log.write(Level::Fatal, "[for dem]SYSTEM SHUTDOWN ABORT.");
        self.process.announce("ep.halted", fields! { ep: self.kind.ep_name(self.me), guid: self.guid });
        self.process.exit(137).await;
    }
}

/// A number no other life of any EP of the run has.
pub(super) fn new_guid(process: &Process) -> u64 {
    let life = u64::from(process.id().0) << 32 | u64::from(process.incarnation().0);
    process.stream("guid").at(life).between(1 << 28, (1 << 29) - 1) * 1_000 + u64::from(process.id().0)
}
