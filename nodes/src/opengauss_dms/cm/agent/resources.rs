//! Two loops over the resources of the node: one starts what should run, the other stops what should not.

use std::time::Duration;

use super::operator::{NODE_STOP_FILE, instance_stop_file};
use super::{Agent, resource_index};
use crate::fields;
use crate::opengauss_dms::cm::contents::RESOURCES;
use crate::opengauss_dms::cm::log::Level;
use crate::opengauss_dms::cm::supervision::{Order, Seen, StartOutcome, Wanted};
use crate::opengauss_dms::messages::{InstanceId, Resource};
use crate::world::process::Status;

/// dssserver first, because gaussdb does not start without it.
const START_ORDER: [Resource; 2] = [Resource::Dss, Resource::Dms];

const STOP_ROUND: Duration = Duration::from_secs(1);

impl Agent {
    /// The start loop. Its scripts run one after the other, so a slow one delays every check of the node.
    pub(super) async fn start_resources(&self) {
        loop {
            for resource in START_ORDER {
                self.check(resource).await;
            }
            self.process.sleep(self.plan.parameters.check_interval).await;
        }
    }

    async fn check(&self, resource: Resource) {
        let now = self.process.monotonic();
        let (seen, wanted) = (self.seen(resource), self.wanted(resource));
        let limits = &self.plan.parameters;
        let order = self.state.borrow_mut().supervision[resource_index(resource)].check(now, seen, wanted, limits);
        match order {
            Order::Nothing => {}
            Order::Start => self.start(resource).await,
            Order::Clean => self.clean(resource).await,
            Order::ManualStop { starts } => self.give_up(resource, seen, starts),
        }
    }

    /// The `-check` script: a dssserver that is stopped in its tracks is abnormal, a gaussdb is not noticed.
    fn seen(&self, resource: Resource) -> Seen {
        match (resource, self.process.local_state(self.process_of(resource))) {
            (Resource::Dss, Some(Status::Paused)) => Seen::Abnormal,
            (_, Some(status)) if status.exists() => Seen::Online,
            _ => Seen::Offline,
        }
    }

    fn wanted(&self, resource: Resource) -> Wanted {
        let stopped = self.process.read_file(&self.stop_file(resource)).is_some()
            || self.process.read_file(NODE_STOP_FILE).is_some()
            || self.state.borrow().nic_down;
        match (stopped, self.is_member(resource)) {
            (true, _) => Wanted::Stopped,
            (false, false) => Wanted::Kicked,
            (false, true) => Wanted::Running,
        }
    }

    pub(super) fn stop_file(&self, resource: Resource) -> String {
        instance_stop_file(resource.cm_instance(self.node as InstanceId))
    }

    async fn start(&self, resource: Resource) {
        let outcome = match resource {
            Resource::Dss => self.start_dssserver().await,
            Resource::Dms => self.start_gaussdb().await,
        };
        let counts = !self.plan.defects.failed_registration_not_counted;
        let starts = {
            let supervision = &mut self.state.borrow_mut().supervision[resource_index(resource)];
            supervision.started(outcome, counts);
            supervision.starts()
        };
        let (name, instance) = (resource.name(), resource.cm_instance(self.node as InstanceId));
        let line = match outcome {
            StartOutcome::Ran => {
                self.process.announce("resource.started", fields! { resource: name, starts: starts });
                format!(
                    "res({name}) inst({instance}) has been restart ({starts}) times, restart more than ({}) time will \
                     manually stop.",
                    self.plan.parameters.restart_times
                )
            }
            StartOutcome::DependencyMissing => format!(
                "StartOneResInst: res({name}) inst({instance}) can't do restart, cause depend resource inst not alive."
            ),
            StartOutcome::RegistrationFailed => {
                format!("cur inst({instance}) isreg stat=(0), and reg failed, restart failed.")
            }
        };
        self.log("StartAndStop", Level::Log, &line);
    }

    /// Too many starts: every resource of this node is stopped, which makes cm_server kick the node.
    fn give_up(&self, resource: Resource, seen: Seen, starts: i64) {
        let (name, instance) = (resource.name(), resource.cm_instance(self.node as InstanceId));
        let state = if seen == Seen::Abnormal { "abnormal" } else { "offline" };
        let line = format!(
            "res({name}) inst({instance}) is {state}, but restart times ({starts}) >= limit ({}), can't do restart \
             again, will do manually stop.",
            self.plan.parameters.restart_times
        );
        self.log("StartAndStop", Level::Log, &line);
        for resource in RESOURCES {
            self.process.write_file(&self.stop_file(resource), *b"1");
        }
        self.process.announce("manual-stop.written", fields! { resource: name, starts: starts });
    }

    /// The stop loop.
    pub(super) async fn stop_resources(&self) {
        loop {
            for resource in RESOURCES {
                if let Some(mode) = self.process.read_file(&self.stop_file(resource)) {
                    self.shut_down(resource, mode == *b"i").await;
                }
                let kicked = !self.is_member(resource) && !self.paused();
                if kicked || self.process.read_file(NODE_STOP_FILE).is_some() {
                    self.clean(resource).await;
                }
            }
            self.process.sleep(STOP_ROUND).await;
        }
    }

    async fn shut_down(&self, resource: Resource, immediate: bool) {
        if !self.exists(self.process_of(resource)) {
            return;
        }
        if immediate {
            return self.clean(resource).await;
        }
        let instance = resource.cm_instance(self.node as InstanceId);
        self.log("StartAndStop", Level::Log, &format!("custom resource({}:{instance}) shutdown.", resource.name()));
        self.stop_script(resource).await;
    }
}
