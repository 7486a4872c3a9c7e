//! `dsscmd` as the agent's scripts run it: register, unregister, ask, kick.
//!
//! `reghl`, `unreghl` and `inq_reg` open the volumes by themselves and need no dssserver; `kickh` goes through the
//! local one. A key is the number of the instance plus one. Source: `OGS: src/gausskernel/ddes/script/dss_contrl.sh`,
//! `CM: src/cm_agent/cma_process_messages_client.cpp`.

use std::time::Duration;

use super::Agent;
use crate::fields;
use crate::opengauss_dms::cm::log::Level;
use crate::opengauss_dms::cm::messages::Registration;
use crate::opengauss_dms::messages::{DSS_COMMAND_PORT, DssAnswer, DssCommand, InstanceId, Resource};
use crate::opengauss_dms::plan::RESERVATION;
use crate::world::device::{Answer, IoError, ReservationCommand};
use crate::world::disk::DeviceId;

const ROUND: Duration = Duration::from_secs(1);

/// How often at most an order to preempt one key is obeyed.
const UNREGISTER_THROTTLE: Duration = Duration::from_secs(1);

/// An order of cm_server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FenceOrder {
    /// Remove the key of an instance.
    Unregister(InstanceId),
    /// Register the own key.
    Register,
}

/// The key of an instance.
fn key_of(instance: InstanceId) -> u64 {
    u64::from(instance) + 1
}

impl Agent {
    /// Takes an order, unless it comes again too soon.
    pub(super) fn order_fence(&self, order: FenceOrder) {
        if let FenceOrder::Unregister(instance) = order {
            let now = self.process.monotonic();
            let mut state = self.state.borrow_mut();
            let too_soon =
                state.last_unregister.get(&instance).is_some_and(|last| now.since(*last) < UNREGISTER_THROTTLE);
            if too_soon {
                return;
            }
            state.last_unregister.insert(instance, now);
        }
        self.fence_orders.push(order);
    }

    pub(super) async fn carry_out_fence_orders(&self) {
        loop {
            match self.fence_orders.next().await {
                FenceOrder::Unregister(instance) => self.unregister(instance).await,
                FenceOrder::Register => self.register().await,
            }
        }
    }

    async fn unregister(&self, instance: InstanceId) {
        let number = Resource::Dss.cm_instance(instance);
        match self.inquire(instance).await {
            Registration::Unregistered => {
                self.log("ResReg", Level::Log, &format!("local res inst[dss:{number}] has been unreg."));
            }
            Registration::Registered | Registration::Pending if instance == self.node as InstanceId => {
                let done = self.on_volumes(unregister_command(instance)).await.is_ok();
                self.log("ResReg", Level::Log, &format!("dsscmd unreghl -i {instance}: {}.", result_word(done)));
            }
            Registration::Registered | Registration::Pending => self.kick(instance).await,
            Registration::NotSupported => {
                let line = format!("res inst[dss:{number}] don't support reg, not need unreg.");
                self.log("ResReg", Level::Log, &line);
            }
            Registration::Init | Registration::Unknown => {
                let line = format!("res inst[dss:{number}] isreg:unknown, can't do unreg.");
                self.log("ResReg", Level::Error, &line);
            }
        }
    }

    /// `dsscmd kickh`, through the local dssserver.
    async fn kick(&self, instance: InstanceId) {
        let to = self.plan.address(self.dssserver(), DSS_COMMAND_PORT);
        let limit = self.plan.parameters.time_out;
        let answer = self.process.call::<DssAnswer>(to, DssCommand::Kick(instance), limit).await;
        let done = answer == Ok(DssAnswer::Done);
        self.log("ResReg", Level::Log, &format!("dsscmd kickh -i {instance}: {}.", result_word(done)));
    }

    /// What cm_server asks of a member without a key: kill what runs, then register.
    async fn register(&self) {
        let own = self.node as InstanceId;
        let number = Resource::Dss.cm_instance(own);
        match self.inquire(own).await {
            Registration::Registered => {
                self.log("ResReg", Level::Log, &format!("local res inst[dss:{number}] has been reg."));
            }
            Registration::NotSupported => {}
            Registration::Pending => {
                self.register_own_key().await;
            }
            Registration::Init | Registration::Unknown | Registration::Unregistered => {
                let line = "This res is abnormaly, before reg res inst, need clean res inst first.";
                self.log("ResReg", Level::Log, line);
                self.clean(Resource::Dss).await;
                self.register_own_key().await;
            }
        }
    }

    /// `dsscmd reghl`: the own key on every volume; whoever comes first takes the reservation.
    pub(super) async fn register_own_key(&self) -> bool {
        let key = key_of(self.node as InstanceId);
        let registered = self.on_volumes(ReservationCommand::RegisterAndIgnore { new_key: key }).await.is_ok();
        if registered {
            // A conflict means that another node holds the reservation already, which is as good.
            let _ = self.on_volumes(ReservationCommand::Reserve { key, kind: RESERVATION }).await;
            self.process.announce("scsi.registered", fields! { key: key });
        }
        self.log("ResReg", Level::Log, &format!("dsscmd reghl -i {}: {}.", self.node, result_word(registered)));
        registered
    }

    async fn on_volumes(&self, command: ReservationCommand) -> Result<(), IoError> {
        let mut result = Ok(());
        for volume in &self.plan.volumes {
            let done = self.on_volume(*volume, command).await.map(drop);
            result = result.and(done);
        }
        result
    }

    /// One command on one volume, killed like any script after `time_out`.
    async fn on_volume(&self, volume: DeviceId, command: ReservationCommand) -> Result<Answer, IoError> {
        let disk = self.process.disk(volume);
        let limit = self.plan.parameters.time_out;
        self.process.timeout(limit, disk.reservation(command)).await.unwrap_or(Err(IoError::TimedOut))
    }

    /// `dsscmd inq_reg`.
    pub(super) async fn inquire(&self, instance: InstanceId) -> Registration {
        let (mut registered, mut missing) = (false, false);
        for volume in &self.plan.volumes {
            match self.on_volume(*volume, ReservationCommand::ReadKeys).await {
                Ok(Answer::Registrations { registrations, .. }) => {
                    let found = registrations.iter().any(|known| known.key == key_of(instance));
                    registered |= found;
                    missing |= !found;
                }
                Ok(_) | Err(_) => return Registration::Unknown,
            }
        }
        match (registered, missing) {
            (true, true) => Registration::Pending,
            (true, false) => Registration::Registered,
            (false, true) => Registration::Unregistered,
            (false, false) => Registration::NotSupported,
        }
    }

    /// Looks after the registrations on the list for ever.
    pub(super) async fn inquire_registrations(&self) {
        loop {
            let instances: Vec<InstanceId> = self.state.borrow().registrations.keys().copied().collect();
            for instance in instances {
                let found = self.inquire(instance).await;
                if let Some(known) = self.state.borrow_mut().registrations.get_mut(&instance) {
                    *known = found;
                }
            }
            self.process.sleep(ROUND).await;
        }
    }

    pub(super) fn take_check_list(&self, instances: &[InstanceId]) {
        let mut state = self.state.borrow_mut();
        state.registrations.retain(|instance, _| instances.contains(instance));
        for instance in instances {
            state.registrations.entry(*instance).or_default();
        }
        drop(state);
        let line = format!("node({}) report isreg list is wrong, need update.", self.node + 1);
        self.log("ResReg", Level::Log, &line);
    }
}

fn unregister_command(instance: InstanceId) -> ReservationCommand {
    ReservationCommand::Unregister { current_key: key_of(instance) }
}

const fn result_word(done: bool) -> &'static str {
    if done { "success" } else { "failed" }
}
