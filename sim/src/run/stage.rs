//! The stage of a run: the world, the cluster in it, and who is who at this moment.
//!
//! Steps and faults act on the stage. It binds the names of a scenario (`dn2`, `new-primary`, `primary/cm_agent`) to
//! hosts and processes at the moment they are needed, because a drill says "kill the new primary" and means whoever
//! that is by then.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use nodes::product::{Cluster, events};
use nodes::world::World;
use nodes::world::trace::{Event, HostId, ProcessId, Trace, What, field};

use super::signals::Signals;
use crate::scenario::model::{HostSelector, NodeSelector, RoleSelector};

/// The stage of one run; clones share it.
#[derive(Clone)]
pub(super) struct Stage {
    inner: Rc<Inner>,
}

struct Inner {
    world: World,
    cluster: Rc<dyn Cluster>,
    hosts: Vec<HostId>,
    clients: Option<HostId>,
    signals: Signals,
    reigns: RefCell<Reigns>,
    frozen: Cell<bool>,
}

/// Who has been primary, in order, and whom the operator is making primary just now.
#[derive(Default)]
struct Reigns {
    /// How many kept events of the trace have been looked at.
    read: usize,
    primaries: Vec<HostId>,
    aiming_at: Option<HostId>,
}

impl Reigns {
    fn read_on(&mut self, trace: &Trace) {
        let events = trace.events();
        for event in &events[self.read.min(events.len())..] {
            if let Some(host) = became_primary(trace, event)
                && self.primaries.last() != Some(&host)
            {
                self.primaries.push(host);
            }
        }
        self.read = events.len();
    }

    fn newest(&self) -> Option<HostId> {
        self.aiming_at.or_else(|| self.primaries.last().copied())
    }

    fn before_the_newest(&self) -> Option<HostId> {
        let newest = self.newest();
        self.primaries.iter().rev().copied().find(|host| Some(*host) != newest)
    }
}

fn became_primary(trace: &Trace, event: &Event) -> Option<HostId> {
    let What::Announced { name: events::ROLE_CHANGED, fields } = &event.what else { return None };
    let role = field(fields, "role")?.text()?;
    (role == "primary").then(|| trace.host_of(event.place)).flatten()
}

impl Stage {
    pub(super) fn new(world: &World, cluster: Rc<dyn Cluster>, hosts: Vec<HostId>, clients: Option<HostId>) -> Self {
        let (signals, reigns) = (Signals::default(), RefCell::default());
        Stage {
            inner: Rc::new(Inner {
                world: world.clone(),
                cluster,
                hosts,
                clients,
                signals,
                reigns,
                frozen: Cell::new(false),
            }),
        }
    }

    pub(super) fn world(&self) -> &World {
        &self.inner.world
    }

    pub(super) fn cluster(&self) -> &dyn Cluster {
        &*self.inner.cluster
    }

    pub(super) fn signals(&self) -> &Signals {
        &self.inner.signals
    }

    /// The machine of the clients.
    pub(super) fn clients(&self) -> Option<HostId> {
        self.inner.clients
    }

    /// The hosts of the scenario, in its order.
    pub(super) fn nodes(&self) -> &[HostId] {
        &self.inner.hosts
    }

    /// From now on nobody does anything any more: no step, no fault, and no end of one.
    pub(super) fn freeze(&self) {
        self.inner.frozen.set(true);
    }

    /// Whether that is so.
    pub(super) fn is_frozen(&self) -> bool {
        self.inner.frozen.get()
    }

    /// Returns at once, or never if everything has been frozen.
    pub(super) async fn unless_frozen(&self) {
        if self.is_frozen() {
            std::future::pending::<()>().await;
        }
    }

    /// Every host, that of the clients too.
    pub(super) fn everyone(&self) -> Vec<HostId> {
        self.inner.hosts.iter().copied().chain(self.inner.clients).collect()
    }

    /// The operator begins to make a host primary; roles follow at once.
    pub(super) fn aim_at(&self, host: Option<HostId>) {
        self.inner.reigns.borrow_mut().aiming_at = host;
    }

    /// The hosts that are meant now. `pick` decides where one of several is meant.
    pub(super) fn hosts(&self, selector: &HostSelector, pick: u32) -> Vec<HostId> {
        match selector {
            HostSelector::Named(name) => self.world().find_host(name).into_iter().collect(),
            HostSelector::Role(role) => self.hosts_of_role(role, pick),
        }
    }

    fn hosts_of_role(&self, role: &RoleSelector, pick: u32) -> Vec<HostId> {
        let one = |host: Option<HostId>| host.into_iter().collect();
        match role {
            RoleSelector::All => self.inner.hosts.clone(),
            RoleSelector::Clients => one(self.inner.clients),
            RoleSelector::EveryStandby => self.standbys(),
            RoleSelector::AnyStandby => {
                let standing = self.living(self.standbys());
                let index = (pick as usize).checked_rem(standing.len());
                one(index.map(|index| standing[index]).or_else(|| self.cluster().select(role.word())))
            }
            RoleSelector::Primary => one(self.primary()),
            RoleSelector::NewPrimary => one(self.with_reigns(Reigns::newest)),
            RoleSelector::OldPrimary => one(self.with_reigns(Reigns::before_the_newest)),
            RoleSelector::Product(word) => one(self.cluster().select(word)),
        }
    }

    /// The primary by the product's own account; while there is none, the last one.
    fn primary(&self) -> Option<HostId> {
        let last = || self.with_reigns(|reigns| reigns.primaries.last().copied());
        self.cluster().select(RoleSelector::Primary.word()).or_else(last)
    }

    fn with_reigns<T>(&self, look: impl FnOnce(&Reigns) -> T) -> T {
        let mut reigns = self.inner.reigns.borrow_mut();
        self.world().with_trace(|trace| reigns.read_on(trace));
        look(&reigns)
    }

    /// The hosts with a database that are not primary.
    fn standbys(&self) -> Vec<HostId> {
        let primary = self.primary();
        let nodes = self.cluster().nodes();
        let found = nodes.iter().filter_map(|node| self.world().find_host(&node.host));
        found.filter(|host| Some(*host) != primary).collect()
    }

    fn living(&self, mut hosts: Vec<HostId>) -> Vec<HostId> {
        hosts.retain(|host| self.world().status(self.cluster().database(*host)).exists());
        hosts
    }

    /// The processes that are meant now; without a process in the selector, the database processes.
    pub(super) fn processes(&self, selector: &NodeSelector, pick: u32) -> Vec<ProcessId> {
        let hosts = self.hosts(&selector.host, pick);
        hosts.into_iter().filter_map(|host| self.process(host, selector.process.as_deref())).collect()
    }

    fn process(&self, host: HostId, name: Option<&str>) -> Option<ProcessId> {
        match name {
            Some(name) => self.world().find_process(host, name),
            None => Some(self.cluster().database(host)),
        }
    }

    /// Whether an event happened where `selector` says.
    pub(super) fn is_from(&self, trace: &Trace, event: &Event, selector: &NodeSelector) -> bool {
        let Some(host) = trace.host_of(event.place) else { return false };
        let process_fits = selector.process.as_ref().is_none_or(|wanted| match event.place {
            nodes::world::trace::Place::Process(process, _) => {
                trace.processes.get(usize::from(process.0)).is_some_and(|name| *name.name == **wanted)
            }
            _ => false,
        });
        process_fits && self.hosts(&selector.host, 0).contains(&host)
    }

    /// Names of hosts, for people.
    pub(super) fn host_names(&self, hosts: &[HostId]) -> Vec<String> {
        hosts.iter().map(|host| self.world().host_name(*host).to_string()).collect()
    }

    /// The name of a process, for people: `dn2/gaussdb`.
    pub(super) fn process_name(&self, process: ProcessId) -> String {
        self.world().with_trace(|trace| trace.process_name(process))
    }
}
