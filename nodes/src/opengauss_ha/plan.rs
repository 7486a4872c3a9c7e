//! Who is who in one cluster, as every process of it knows from its configuration files.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use super::parameters::Parameters;
use super::rules::quorum::SyncStandbys;
use crate::parts::engine::EngineShape;
use crate::parts::service::{Key, Row};
use crate::parts::shell::{Shell, Terminal};
use crate::product::NodeState;
use crate::world::disk::DeviceId;
use crate::world::trace::{HostId, ProcessId};

/// The same in everything that belongs to one database.
pub(super) const SYSTEM_ID: u64 = 0x6_0fe6;

/// Real bugs of the product, and planted ones, that can be switched on.
#[derive(Clone, Debug, Default)]
pub(super) struct Defects(pub(super) BTreeSet<String>);

impl Defects {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// A node: its host, processes, device and names.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) host: HostId,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) database: ProcessId,
    pub(super) gs_ctl: ProcessId,
    pub(super) streamer: ProcessId,
    pub(super) sshd: ProcessId,
    pub(super) device: DeviceId,
    /// The number of its instance: 6001 and up.
    pub(super) instance: u64,
    /// Its role in the static configuration.
    pub(super) is_static_primary: bool,
}

impl Node {
    /// The data directory, as commands name it.
    pub(super) fn directory(&self) -> String {
        format!("/opt/huawei/install/data/d{}", self.instance - 6000)
    }

    /// Where the data directory is on the host's file system.
    pub(super) fn port(&self) -> u64 {
        15_400 + (self.instance - 6001)
    }
}

/// A `gs_ctl` command that runs in a process of its own.
pub(super) struct Job {
    pub(super) terminal: Terminal,
    pub(super) words: Vec<String>,
}

/// The configuration all processes of a cluster share.
pub(super) struct Configuration {
    pub(super) parameters: Parameters,
    pub(super) sync: Option<SyncStandbys>,
    pub(super) defects: Defects,
    pub(super) is_profile_3: bool,
    pub(super) shape: EngineShape,
    pub(super) nodes: OnceCell<Vec<Node>>,
    pub(super) shells: OnceCell<Vec<Shell>>,
    pub(super) initial: BTreeMap<Key, Row>,
    /// How the nodes look from outside, kept by their processes.
    pub(super) board: RefCell<Vec<NodeState>>,
    /// Whether every node has been normal once.
    pub(super) ready: RefCell<bool>,
    /// The arbiter, where there is one.
    pub(super) cm_server: OnceCell<ProcessId>,
    /// Commands that wait to be taken up by the `gs_ctl` process of a node.
    pub(super) jobs: RefCell<BTreeMap<usize, VecDeque<Job>>>,
}

/// The configuration, shared by the programs of a cluster.
pub(super) type Shared = Rc<Configuration>;

impl Configuration {
    pub(super) fn nodes(&self) -> &[Node] {
        self.nodes.get().map_or(&[], Vec::as_slice)
    }

    pub(super) fn node(&self, number: usize) -> &Node {
        &self.nodes()[number]
    }

    /// The number of the node whose database a process is.
    pub(super) fn number_of(&self, database: ProcessId) -> Option<usize> {
        self.nodes().iter().position(|node| node.database == database)
    }

    /// Every other node, in the order of `replconninfo1..N`.
    pub(super) fn peers_of(&self, me: usize) -> Vec<usize> {
        (0..self.nodes().len()).filter(|number| *number != me).collect()
    }

    /// The name of the cluster in log lines: `dn_6001_6002`.
    pub(super) fn cluster_name(&self) -> String {
        let instances = self.nodes().iter().map(|node| format!("_{}", node.instance));
        format!("dn{}", instances.collect::<String>())
    }

    pub(super) fn has_defect(&self, name: &str) -> bool {
        self.defects.has(name)
    }

    /// Changes how a node looks from outside.
    pub(super) fn show(&self, number: usize, change: impl FnOnce(&mut NodeState)) {
        change(&mut self.board.borrow_mut()[number]);
    }
}
