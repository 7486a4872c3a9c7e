//! dssserver: the storage service of a host. One of them is the main (read-write) instance; it owns the `dss` lock of
//! CM. It also carries out the SCSI-3 command by which another host is kept from the storage; a host
//! joins it by `dsscmd reghl`, which the agent's script runs on the volumes without a dssserver
//! (`DSS: src/service/dss_instance.c`, `src/common/dss_io_fence.c`).
//!
//! Data goes past it: gaussdb writes pages and log straight to the device, so being read-only here stops nobody.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::fields;
use crate::parts::signal::Signal;
use crate::product::events;
use crate::world::device::{Answer, IoError, ReservationCommand};
use crate::world::disk::Disk;
use crate::world::process::Process;

use super::cm_client::CmClient;
use super::messages::{ClientAnswer, DSS_COMMAND_PORT, DSS_MES_PORT, DssAnswer, DssCommand, InstanceId, Resource};
use super::plan::{RESERVATION, Shared, reservation_key};

/// How long a standby dssserver waits before it asks again for the main role.
const RETRY: Duration = Duration::from_millis(100);

/// "Give me the main role": answered with whether the lock has been handed over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SwitchLock {
    to: InstanceId,
}

struct Dss {
    process: Process,
    plan: Shared,
    me: InstanceId,
    cm: CmClient,
    disk: Disk,
    read_write: Cell<bool>,
    taking_over: Cell<bool>,
    handing_over: Cell<bool>,
    changed: Signal,
}

/// The program of a dssserver.
pub async fn dssserver(process: Process, plan: Shared, me: InstanceId) -> i32 {
    let commands = process.bind::<DssCommand>(DSS_COMMAND_PORT);
    let dss = Rc::new(Dss {
        cm: CmClient::new(process.clone(), plan.clone(), Resource::Dss, me),
        disk: plan.disk(&process, me),
        process: process.clone(),
        plan,
        me,
        read_write: Cell::new(false),
        taking_over: Cell::new(false),
        handing_over: Cell::new(false),
        changed: Signal::default(),
    });
    process.spawn(dss.clone().watch_lock());
    process.spawn(dss.clone().serve_peers());
    loop {
        let incoming = commands.recv().await;
        let (dss, call) = (dss.clone(), incoming.call);
        process.spawn(async move {
            let answer = dss.carry_out(incoming.message).await;
            if let Some(call) = call {
                dss.process.reply(call, answer);
            }
        });
    }
}

impl Dss {
    /// Follows the lock: becomes main when it is seen here, read-only when it is seen elsewhere.
    async fn watch_lock(self: Rc<Self>) {
        loop {
            match self.cm.owner().await {
                ClientAnswer::Owner(_) if self.handing_over.get() => {}
                ClientAnswer::Owner(owner) if owner == self.me => self.take_over().await,
                ClientAnswer::Owner(_) => self.become_read_only(),
                ClientAnswer::NoOwner => {
                    self.cm.lock().await;
                }
                _ => {}
            }
            self.process.sleep(self.plan.timers.lock_poll).await;
        }
    }

    /// Reads the metadata of the volume groups and goes read-write.
    async fn take_over(&self) {
        if self.read_write.get() {
            return;
        }
        if self.taking_over.replace(true) {
            return self.changed.wait_until(|| !self.taking_over.get()).await;
        }
        self.process.announce("dss-lock.acquired", fields! { owner: self.me });
        let limit = self.plan.timers.dss_takeover;
        let key = u64::from(self.process.incarnation().0) << 32 | self.process.world().now().as_millis();
        let takes = self.process.stream("takeover").at(key).duration(limit / 2, limit);
        self.process.sleep(takes).await;
        self.taking_over.set(false);
        self.read_write.set(true);
        self.process.announce("dss.read-write", fields! {});
        self.changed.notify();
    }

    fn become_read_only(&self) {
        if self.read_write.replace(false) {
            self.process.announce("dss.read-only", fields! {});
        }
    }

    /// Hands the main role over to another instance that asks for it.
    async fn serve_peers(self: Rc<Self>) {
        let peers = self.process.bind::<SwitchLock>(DSS_MES_PORT);
        loop {
            let incoming = peers.recv().await;
            let handed_over = self.hand_over(incoming.message.to).await;
            peers.reply(&incoming, handed_over);
        }
    }

    async fn hand_over(&self, to: InstanceId) -> bool {
        self.handing_over.set(true);
        self.become_read_only();
        let moved = self.cm.transfer(to).await == ClientAnswer::Ok;
        // The reply may have been lost although the lock moved: who owns it now decides (DSS f1ea697).
        let moved = moved || self.cm.owner_if_known().await == Some(to);
        self.handing_over.set(false);
        moved
    }

    async fn carry_out(&self, command: DssCommand) -> DssAnswer {
        match command {
            DssCommand::SetMain => self.become_main().await,
            DssCommand::Kick(instance) => answer_of(self.kick(instance).await),
            DssCommand::InquireRegistration(instance) => match self.is_registered(instance).await {
                Ok(true) => DssAnswer::Registered,
                Ok(false) => DssAnswer::Unregistered,
                Err(_) => DssAnswer::Failed,
            },
        }
    }

    /// Asks until this is the main instance; there is no limit (`DSS: src/service/dss_service.c`).
    async fn become_main(&self) -> DssAnswer {
        loop {
            if self.read_write.get() {
                return DssAnswer::Done;
            }
            match self.cm.owner().await {
                ClientAnswer::Owner(owner) if owner == self.me => self.take_over().await,
                ClientAnswer::Owner(owner) => {
                    let wait = self.plan.timers.message_wait;
                    let to = self.plan.dss_mes(owner);
                    let request = SwitchLock { to: self.me };
                    if self.process.call::<bool>(to, request, wait).await != Ok(true) {
                        self.process.sleep(RETRY).await;
                    }
                }
                _ => self.process.sleep(RETRY).await,
            }
        }
    }

    async fn command(&self, command: ReservationCommand) -> Result<Answer, IoError> {
        self.disk.reservation(command).await
    }

    /// `dsscmd kickh`: preempts another host's key. Without a key of its own this host is refused (DSS 7bcdb06).
    async fn kick(&self, victim: InstanceId) -> Result<(), IoError> {
        if !self.is_registered(victim).await? {
            return Ok(());
        }
        let (key, victim_key) = (reservation_key(self.me), reservation_key(victim));
        self.command(ReservationCommand::Preempt { key, victim_key, kind: RESERVATION }).await?;
        if !self.is_registered(victim).await? {
            let host = self.plan.node(victim).host;
            self.process.announce(events::FENCED, fields! { host: host.0, key: victim_key, instance: victim });
        }
        Ok(())
    }

    async fn is_registered(&self, instance: InstanceId) -> Result<bool, IoError> {
        let key = reservation_key(instance);
        match self.command(ReservationCommand::ReadKeys).await? {
            Answer::Registrations { registrations, .. } => Ok(registrations.iter().any(|one| one.key == key)),
            _ => Ok(false),
        }
    }
}

fn answer_of(result: Result<(), IoError>) -> DssAnswer {
    if result.is_ok() { DssAnswer::Done } else { DssAnswer::Failed }
}
