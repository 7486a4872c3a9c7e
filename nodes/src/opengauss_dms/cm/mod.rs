//! CM, the cluster manager of openGauss: cm_server, cm_agent, om_monitor and cm_ctl.
//!
//! One cm_server is primary: it decides which nodes form the cluster, keeps the locks in its DDB on the share disk,
//! and orders the fence of a node it has taken out. On each node a cm_agent starts, checks and kills gaussdb and
//! dssserver, reports to the primary cm_server, and passes on what its local CM clients ask; om_monitor starts the
//! agent again when it is gone. cm_ctl is the operator's tool. Everything hereafter follows section 4 of the protocol reference.
//!
//! Rules that need no time and no network are in files of their own, each with its tests: [`locks`],
//! [`arbitration`], `supervision`, `disk_lock`, `voting_disk`, `contents`, [`display`]. The processes around them are
//! in `server`, `agent` and `ctl`.
//!
//! Left out: the realtime-build preference of the lock service, forced kicks by kernel alarms, and the modification
//! time of the data directory in the check for a gaussdb that is as good as dead.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::product::Word;
use crate::world::disk::DeviceId;
use crate::world::trace::ProcessId;

mod agent;
pub mod arbitration;
mod contents;
mod ctl;
mod ddb;
mod defects;
mod disk_lock;
pub mod display;
mod gate;
pub mod locks;
mod log;
pub mod messages;
mod monitor;
mod node_set;
mod parameters;
mod queue;
mod sealed;
mod server;
mod supervision;
mod voting_disk;

pub use agent::cm_agent;
pub use contents::{CLUSTER_KEY, Cluster, lock_key};
pub use ctl::{COMMANDS, cm_ctl};
pub use ddb::{DdbError, SHARE_DISK_LENGTH, read_share_disk};
pub use defects::{DEFECTS, Defects};
pub use log::{AGENT_LOG, KEY_EVENT_LOG, MONITOR_LOG, SERVER_LOG};
pub use monitor::om_monitor;
pub use node_set::NodeSet;
pub use parameters::{PARAMETERS, Parameters};
pub use server::cm_server;

/// Events that CM announces beyond those of every product.
pub const EVENTS: &[Word] = &[
    Word { name: "cms.primary", doc: "a cm_server has become primary: { node }" },
    Word { name: "cms.standby", doc: "a cm_server is no longer primary: { node }" },
    Word { name: "member.kicked", doc: "a node was taken out of the cluster: { node, host }" },
    Word { name: "member.joined", doc: "a node was taken into the cluster: { node, host }" },
    Word {
        name: "instance.excluded",
        doc: "an instance of a resource is no work member any more: { resource, lock, instance }",
    },
    Word {
        name: "instance.included",
        doc: "an instance of a resource is a work member again: { resource, lock, instance }",
    },
    Word { name: "agent.restarted", doc: "om_monitor started the cm_agent of its node: { node }" },
    Word { name: "unreg.ordered", doc: "cm_server told the agents to preempt a node's key: { node }" },
    Word { name: "resource.started", doc: "cm_agent started a resource: { resource, starts }" },
    Word { name: "resource.stopped", doc: "cm_agent stopped or killed a resource: { resource }" },
    Word {
        name: "manual-stop.written",
        doc: "cm_agent gave its node up after too many restarts: { resource, starts }",
    },
];

/// Files of CM that a fault can remove, by their prefix.
pub const FILES: &[Word] = &[
    Word { name: "instance_manual_start_", doc: "a resource of this node shall not run (cm_ctl stop, restart limit)" },
    Word { name: "cluster_manual_start", doc: "nothing of this node shall run" },
    Word { name: "cluster_manual_pause", doc: "cm_ctl pause is in force" },
];

/// Part of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The device. It must carry no SCSI reservation: a fenced node still writes its voting slot.
    pub device: DeviceId,
    /// Its first byte; whole sectors.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
}

/// The parts of the shared storage that belong to CM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CmRegions {
    /// `voting_disk_path`: one sector for each node.
    pub voting_disk: Extent,
    /// `share_disk_path`: the disk lock and the DDB, [`SHARE_DISK_LENGTH`] bytes.
    pub share_disk: Extent,
}

/// A node of the cluster, as the static configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The name of its host.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Where CM is.
    pub cm_directory: String,
    /// Where the data is: the `-D` of commands.
    pub data_directory: String,
    /// The port of the database.
    pub port: u16,
}

/// The processes, by node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// gaussdb.
    pub gaussdb: Vec<ProcessId>,
    /// dssserver.
    pub dssserver: Vec<ProcessId>,
    /// cm_agent.
    pub cm_agent: Vec<ProcessId>,
    /// cm_server.
    pub cm_server: Vec<ProcessId>,
}

/// Everything CM's processes need to know about the cluster.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The nodes; node 1 of the commands is the first.
    pub nodes: Vec<Node>,
    /// The node with the static role P.
    pub static_primary: usize,
    /// Filled once every process of the cluster has its number, before the first one is started.
    pub directory: Rc<OnceCell<Directory>>,
    /// Where CM's own data lies.
    pub regions: CmRegions,
    /// The volumes of DSS, which carry the SCSI-3 keys.
    pub volumes: Vec<DeviceId>,
    /// Parameters.
    pub parameters: Parameters,
    /// Defects that are switched on.
    pub defects: Defects,
}

impl Plan {
    /// The processes of the cluster.
    ///
    /// # Panics
    /// If a process of the cluster was started before the directory was filled.
    pub fn processes(&self) -> &Directory {
        self.directory.get().expect("the directory of processes is filled before the cluster starts")
    }

    fn address(&self, process: ProcessId, port: crate::world::port::PortNumber) -> crate::world::port::Address {
        crate::world::port::Address::new(process, port)
    }
}
