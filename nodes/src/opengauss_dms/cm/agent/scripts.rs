//! The scripts `dms_contrl.sh` and `dss_contrl.sh`, as far as they start and stop something.
//!
//! Their waits are those of the scripts. Source: `OGS: src/gausskernel/ddes/script/`.

use std::time::Duration;

use super::Agent;
use crate::fields;
use crate::opengauss_dms::cm::log::Level;
use crate::opengauss_dms::cm::messages::Registration;
use crate::opengauss_dms::cm::supervision::StartOutcome;
use crate::opengauss_dms::messages::{
    DSS_COMMAND_PORT, DssAnswer, DssCommand, GAUSSDB_CONTROL_PORT, GaussdbControl, GaussdbStatus, InstanceId, Resource,
};
use crate::world::port::CallError;

/// `dms_contrl.sh -start` sleeps after it has put gaussdb into the background.
const AFTER_START: Duration = Duration::from_secs(3);
/// The scripts sleep after a kill.
const AFTER_KILL: Duration = Duration::from_secs(3);
/// `dms_contrl.sh -stop` sleeps after `gs_ctl stop`.
const AFTER_STOP: Duration = Duration::from_secs(5);
/// How long the script looks for the socket of dssserver.
const SOCKET_CHECK: Duration = Duration::from_secs(1);

impl Agent {
    /// Registers this node's key if it is not registered, kills a gaussdb that is there, and starts dssserver.
    pub(super) async fn start_dssserver(&self) -> StartOutcome {
        let own = self.node as InstanceId;
        let registration = self.inquire(own).await;
        let registered = matches!(registration, Registration::Registered | Registration::NotSupported);
        if !registered && !self.register_own_key().await {
            return StartOutcome::RegistrationFailed;
        }
        if self.process.kill_local(self.gaussdb()) {
            self.process.sleep(AFTER_KILL).await;
        }
        self.process.start_local(self.dssserver());
        StartOutcome::Ran
    }

    /// Starts gaussdb, unless dssserver or its socket is missing.
    pub(super) async fn start_gaussdb(&self) -> StartOutcome {
        if !self.exists(self.dssserver()) || !self.dss_socket_is_there().await {
            return StartOutcome::DependencyMissing;
        }
        self.process.start_local(self.gaussdb());
        self.process.sleep(AFTER_START).await;
        StartOutcome::Ran
    }

    async fn dss_socket_is_there(&self) -> bool {
        let to = self.plan.address(self.dssserver(), DSS_COMMAND_PORT);
        let question = DssCommand::InquireRegistration(self.node as InstanceId);
        let answer = self.process.call::<DssAnswer>(to, question, SOCKET_CHECK).await;
        !matches!(answer, Err(CallError::Refused | CallError::Reset))
    }

    /// `-stop`: in order if possible, by force if not.
    pub(super) async fn stop_script(&self, resource: Resource) {
        if self.exists(self.gaussdb()) {
            let to = self.plan.address(self.gaussdb(), GAUSSDB_CONTROL_PORT);
            let limit = self.plan.parameters.time_out;
            // Whatever it answers, what counts is whether it is there afterwards.
            let _ = self.process.call::<GaussdbStatus>(to, GaussdbControl::Stop, limit).await;
            self.process.sleep(AFTER_STOP).await;
            self.kill(Resource::Dms, "stop");
        }
        if resource == Resource::Dss {
            self.kill(Resource::Dss, "stop");
        }
    }

    /// `-clean`: by force. dssserver does not go before gaussdb is gone.
    pub(super) async fn clean(&self, resource: Resource) {
        if !self.exists(self.process_of(resource)) {
            return;
        }
        if resource == Resource::Dss && self.exists(self.gaussdb()) {
            self.kill(Resource::Dms, "clean");
            self.process.sleep(AFTER_KILL).await;
        }
        self.kill(resource, "clean");
    }

    /// Kills a resource (SIGKILL), if it is there.
    pub(super) fn kill(&self, resource: Resource, why: &str) {
        if self.process.kill_local(self.process_of(resource)) {
            let instance = resource.cm_instance(self.node as InstanceId);
            let line = format!("kill inst({instance}) of res({}) ({why}).", resource.name());
            self.log("StartAndStop", Level::Log, &line);
            self.process.announce("resource.stopped", fields! { resource: resource.name() });
        }
    }
}
