//! Who is who in one cluster, as every process of it knows from its configuration files.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::metadata::{NodeId, NodeType};
use super::parameters::{Parameters, value_for};
use crate::parts::service::{Key, Row};
use crate::parts::streaming_replication::directory::Directory;
use crate::parts::streaming_replication::files::WalFiles;
use crate::parts::streaming_replication::store::Place;
use crate::product::{Breakage, CommandFailure, NodeState};
use crate::world::World;
use crate::world::trace::{HostId, ProcessId};

/// Where the binaries of the incident lie.
pub(super) const BIN: &str = "/home/kingbase/cluster/V8R6/kingbase/bin";
/// Where its data directory is.
pub(super) const DATA: &str = "/home/kingbase/cluster/V8R6/kingbase/data";

/// Which product the tools are dressed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dress {
    /// KingbaseES V8R6: `[NOTICE] text`, more lines, more columns.
    Kingbase,
    /// Upstream repmgr 5.3: `NOTICE: text`.
    Repmgr,
}

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) name: String,
    pub(super) host: HostId,
    /// What it is when the cluster is new.
    pub(super) first_type: NodeType,
    pub(super) location: String,
    pub(super) priority: i64,
    pub(super) place: Place,
    pub(super) server: ProcessId,
    pub(super) repmgrd: ProcessId,
    pub(super) sshd: ProcessId,
    /// Writes the small files to the device.
    pub(super) filesystem: ProcessId,
    pub(super) directory: Directory,
}

impl Node {
    pub(super) fn address(&self) -> String {
        format!("192.168.46.{}", 21 + self.id)
    }

    /// The conninfo of the incident.
    pub(super) fn conninfo(&self) -> String {
        let address = self.address();
        format!(
            "host={address} user=esrep dbname=esrep port=54321 connect_timeout=10 keepalives=1 keepalives_idle=2 \
             keepalives_interval=2 keepalives_count=3 tcp_user_timeout=9000"
        )
    }

    pub(super) fn slot(&self) -> String {
        format!("repmgr_slot_{}", self.id)
    }
}

/// What is broken on hosts, and how often it has bitten.
#[derive(Default)]
pub(super) struct Breakages {
    broken: BTreeMap<(HostId, String), Breakage>,
    calls: BTreeMap<(HostId, String), u64>,
}

/// One cluster.
pub(super) struct Configuration {
    pub(super) parameters: Parameters,
    pub(super) dress: Dress,
    pub(super) defects: BTreeSet<String>,
    pub(super) nodes: OnceCell<Vec<Node>>,
    pub(super) initial: BTreeMap<Key, Row>,
    pub(super) board: RefCell<Vec<NodeState>>,
    pub(super) ready: Cell<bool>,
    /// The node that was last opened for writes.
    pub(super) last_primary: Cell<Option<NodeId>>,
    pub(super) breakages: RefCell<Breakages>,
}

/// Every process has it.
pub(super) type Shared = Rc<Configuration>;

impl Configuration {
    pub(super) fn nodes(&self) -> &[Node] {
        self.nodes.get().map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes().iter().find(|node| node.id == id)
    }

    pub(super) fn node_on(&self, host: HostId) -> Option<&Node> {
        self.nodes().iter().find(|node| node.host == host)
    }

    /// The node an address of a conninfo belongs to.
    pub(super) fn node_at(&self, conninfo: &str) -> Option<&Node> {
        let address = conninfo.split_whitespace().find_map(|word| word.strip_prefix("host="))?;
        self.nodes().iter().find(|node| node.address() == address || node.name == address)
    }

    pub(super) fn node_of_server(&self, server: ProcessId) -> Option<&Node> {
        self.nodes().iter().find(|node| node.server == server)
    }

    pub(super) fn files(&self, world: &World, node: &Node) -> WalFiles {
        let files = WalFiles::new(world, node.host, "data/sys_wal", self.parameters.segment_size);
        files.kept_in(&node.directory)
    }

    pub(super) fn has_defect(&self, name: &str) -> bool {
        self.defects.contains(name)
    }

    pub(super) fn priority_of(&self, name: &str) -> i64 {
        value_for(&self.parameters.priorities, name).and_then(|text| text.parse().ok()).unwrap_or(100)
    }

    pub(super) fn location_of(&self, name: &str) -> String {
        value_for(&self.parameters.locations, name).unwrap_or("default").to_owned()
    }

    pub(super) fn is_kingbase(&self) -> bool {
        self.dress == Dress::Kingbase
    }

    /// Breaks a command on a host, or mends it.
    pub(super) fn set_breakage(&self, host: HostId, command: &str, breakage: Option<Breakage>) {
        let mut breakages = self.breakages.borrow_mut();
        match breakage {
            Some(breakage) => breakages.broken.insert((host, command.to_owned()), breakage),
            None => breakages.broken.remove(&(host, command.to_owned())),
        };
    }

    /// How many calls of a command on a host have met a breakage.
    pub(super) fn broken_calls(&self, host: HostId, command: &str) -> u64 {
        self.breakages.borrow().calls.get(&(host, command.to_owned())).copied().unwrap_or(0)
    }

    /// Whether a command is broken at this moment, without calling it.
    pub(super) fn is_broken(&self, host: HostId, command: &str) -> bool {
        self.breakages.borrow().broken.contains_key(&(host, command.to_owned()))
    }

    /// What meets the next call of a command; it counts as a call.
    pub(super) fn meet(&self, host: HostId, command: &str) -> Option<CommandFailure> {
        let key = (host, command.to_owned());
        let mut breakages = self.breakages.borrow_mut();
        let breakage = breakages.broken.get_mut(&key)?;
        let how = breakage.how;
        let last = match &mut breakage.calls {
            Some(calls) => {
                *calls = calls.saturating_sub(1);
                *calls == 0
            }
            None => false,
        };
        if last {
            breakages.broken.remove(&key);
        }
        *breakages.calls.entry(key).or_default() += 1;
        Some(how)
    }
}
