//! Who is who in one cluster: what its processes know from their configuration, and the board they show themselves on.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::product::NodeState;
use crate::world::disk::DeviceId;
use crate::world::port::{Address, PortNumber};
use crate::world::trace::{HostId, Incarnation, ProcessId};

use super::parameters::Parameters;
use super::pfs::{Channel, Mode};
use super::rules::Role;
use super::shared::Layout;

/// Where a server listens to walreceivers.
pub(super) const SENDER_PORT: PortNumber = PortNumber(5433);
/// Where a walreceiver gets the stream.
pub(super) const RECEIVER_PORT: PortNumber = PortNumber(5434);
/// Where the postmaster gets signals from pg_ctl.
pub(super) const SIGNAL_PORT: PortNumber = PortNumber(15);
/// Where a server answers psql.
pub(super) const QUERY_PORT: PortNumber = PortNumber(5435);

/// The name of the shared volume (`polar_disk_name`).
pub(super) const PBD: &str = "nvme1n1";
/// The shared data directory (`polar_datadir`).
pub(super) const SHARED_DIRECTORY: &str = "/nvme1n1/shared_data";

/// Which line of PolarDB is modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    /// 15: the guard of promote, no fencing.
    Pg15,
    /// 11: RWID and DEATH, no guard.
    Pg11,
}

impl Profile {
    /// The profile a scenario names.
    pub(super) fn named(name: &str) -> Self {
        if name == "pg11" { Profile::Pg11 } else { Profile::Pg15 }
    }

    /// Whether promote looks for a record behind the last one replayed.
    pub(super) fn has_guard(self) -> bool {
        self == Profile::Pg15
    }
}

/// One host and what runs on it.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) host: HostId,
    pub(super) database: ProcessId,
    pub(super) pfsd: ProcessId,
    /// The logindex background process.
    pub(super) background: ProcessId,
    /// The role it was built with.
    pub(super) first_role: Role,
    /// The disk its shared data are on.
    pub(super) device: DeviceId,
    pub(super) layout: Layout,
    /// The shared memory of pfsd.
    pub(super) channel: Rc<Channel>,
    /// The locks on host ids (`/var/run/pfs/<pbd>-paxos-hostid`).
    pub(super) host_ids: RefCell<BTreeMap<u64, (ProcessId, Incarnation)>>,
    /// How the first server of this host mounted the disk: what a server remembers that does not look again.
    pub(super) first_mode: Cell<Option<Mode>>,
}

/// How the cluster looks from outside, kept by its processes.
#[derive(Default)]
pub(super) struct Board {
    pub(super) states: Vec<NodeState>,
    pub(super) primary: Option<usize>,
    pub(super) ready: bool,
    /// Nodes whose server has reached the state in which `pg_ctl start` returns.
    pub(super) started: BTreeSet<usize>,
    /// How many sessions have ended because they read a page of the future.
    pub(super) future_reads: u64,
}

/// The configuration all processes of a cluster share.
pub(super) struct Configuration {
    pub(super) parameters: Parameters,
    pub(super) profile: Profile,
    pub(super) defects: BTreeSet<String>,
    pub(super) nodes: OnceCell<Vec<Node>>,
    pub(super) initial: BTreeMap<i64, Vec<i64>>,
    pub(super) board: RefCell<Board>,
}

/// The configuration, shared by the programs of a cluster.
pub(super) type Shared = Rc<Configuration>;

impl Configuration {
    pub(super) fn nodes(&self) -> &[Node] {
        self.nodes.get().map_or(&[], Vec::as_slice)
    }

    pub(super) fn node(&self, index: usize) -> &Node {
        &self.nodes()[index]
    }

    pub(super) fn layout(&self, index: usize) -> &Layout {
        &self.node(index).layout
    }

    pub(super) fn channel(&self, index: usize) -> Rc<Channel> {
        self.node(index).channel.clone()
    }

    /// Whether a bug is switched on.
    pub(super) fn has_defect(&self, name: &str) -> bool {
        self.defects.contains(name)
    }

    /// The node a connection string means: a name or an address.
    pub(super) fn node_called(&self, host: &str) -> Option<usize> {
        (0..self.nodes().len()).find(|index| self.node(*index).name == host || address_of(*index) == host)
    }

    /// Where the server of a node listens to walreceivers.
    pub(super) fn sender(&self, index: usize) -> Address {
        Address::new(self.node(index).database, SENDER_PORT)
    }

    /// The node whose server is this process.
    pub(super) fn node_of(&self, database: ProcessId) -> Option<usize> {
        self.nodes().iter().position(|node| node.database == database)
    }

    /// Changes how a node looks from outside.
    pub(super) fn show(&self, index: usize, change: impl FnOnce(&mut NodeState)) {
        change(&mut self.board.borrow_mut().states[index]);
    }

    /// The slots that must be connected before the drill may begin.
    pub(super) fn readers(&self) -> usize {
        self.nodes().iter().filter(|node| node.first_role != Role::Primary).count()
    }
}

/// The address of a node in the container network of the incident.
pub(super) fn address_of(index: usize) -> String {
    format!("172.17.0.{}", index + 2)
}

/// The SCSI-3 key of a host: the storage manager makes it from the address of the host.
pub(super) const fn reservation_key(index: usize) -> u64 {
    0xac11_0000 + index as u64 + 2
}

/// The slot that a node that is no writer uses, from the first: `replica1`, `standby1`.
pub(super) fn slot_name(role: Role, number: usize) -> String {
    format!("{}{number}", role.name())
}
