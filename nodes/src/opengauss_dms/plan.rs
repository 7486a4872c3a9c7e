//! Who is who in one cluster, as every process of it knows from its configuration.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::parts::area::Area;
use crate::parts::wal::{Log, WalError};
use crate::product::Region;
use crate::world::device::ReservationType;
use crate::world::disk::{DeviceId, Disk};
use crate::world::port::Address;
use crate::world::process::Process;
use crate::world::trace::{HostId, ProcessId};

use super::messages::{AGENT_CLIENT_PORT, DSS_COMMAND_PORT, DSS_MES_PORT, InstanceId, MES_PORT};
use super::parameters::Timers;

/// The processes of one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeProcesses {
    /// The host.
    pub host: HostId,
    /// The database.
    pub gaussdb: ProcessId,
    /// The storage service.
    pub dssserver: ProcessId,
    /// The CM agent.
    pub cm_agent: ProcessId,
    /// The CM server.
    pub cm_server: ProcessId,
    /// What keeps the CM agent alive.
    pub om_monitor: ProcessId,
}

/// Where things are on the shared device.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The device.
    pub device: DeviceId,
    /// The log of the cluster ("日志合一": since late 2024 all nodes share one).
    pub wal: Region,
    /// `pg_control`: the control page of the reformer and its backup.
    pub control: Region,
}

/// The configuration all processes of a cluster share.
pub struct Configuration {
    /// The timers.
    pub timers: Timers,
    /// What is where.
    pub layout: Layout,
    /// The processes, in the order of instances; known once all are added.
    pub nodes: OnceCell<Vec<NodeProcesses>>,
    /// The rows of a fresh cluster.
    pub initial: BTreeMap<i64, Vec<i64>>,
    /// Defects switched on.
    pub defects: BTreeSet<String>,
}

/// The database system identifier of the modelled cluster: the same for all its nodes.
pub(super) const SYSTEM_ID: u64 = 600_160_026_003;

/// One segment of the log (`wal_segment_size` of openGauss).
const SEGMENT_SIZE: u64 = 16 << 20;

impl Configuration {
    /// The processes of an instance.
    pub fn node(&self, instance: InstanceId) -> NodeProcesses {
        self.all_nodes()[instance as usize]
    }

    /// All processes.
    pub fn all_nodes(&self) -> &[NodeProcesses] {
        self.nodes.get().map_or(&[], Vec::as_slice)
    }

    /// `dn_6001_6002_6003`, which every line of pg_log names.
    pub fn cluster_name(&self) -> String {
        let names: Vec<String> = (0..self.all_nodes().len()).map(|index| (6001 + index).to_string()).collect();
        format!("dn_{}", names.join("_"))
    }

    /// Whether a defect is switched on.
    pub fn has_defect(&self, name: &str) -> bool {
        self.defects.contains(name)
    }

    /// MES of another gaussdb.
    pub fn mes(&self, instance: InstanceId) -> Address {
        Address::new(self.node(instance).gaussdb, MES_PORT)
    }

    /// MES of another dssserver.
    pub fn dss_mes(&self, instance: InstanceId) -> Address {
        Address::new(self.node(instance).dssserver, DSS_MES_PORT)
    }

    /// The agent of an instance's own host.
    pub fn agent(&self, instance: InstanceId) -> Address {
        Address::new(self.node(instance).cm_agent, AGENT_CLIENT_PORT)
    }

    /// The dssserver of an instance's own host.
    pub fn dss(&self, instance: InstanceId) -> Address {
        Address::new(self.node(instance).dssserver, DSS_COMMAND_PORT)
    }

    /// The log, as a process reaches it through its disk.
    ///
    /// # Errors
    /// [`WalError`] if the region holds no log.
    pub fn log(&self, disk: &Disk) -> Result<Log, WalError> {
        Log::new(Area::new(disk.clone(), self.layout.wal.offset, self.layout.wal.length), SYSTEM_ID, SEGMENT_SIZE)
    }

    /// The shared device, stamped with this host's reservation key.
    pub fn disk(&self, process: &Process, instance: InstanceId) -> Disk {
        let disk = process.disk(self.layout.device);
        disk.set_reservation_key(reservation_key(instance));
        disk
    }
}

/// The reservation under which all hosts of a cluster work: whoever has no key may neither write nor read (type 6,
/// `CBB: src/cm_utils/cm_scsi.c`).
pub const RESERVATION: ReservationType = ReservationType::ExclusiveAccessRegistrantsOnly;

/// The SCSI-3 key of an instance: its number and one (`CBB: src/cm_utils/cm_iofence.c`).
pub const fn reservation_key(instance: InstanceId) -> u64 {
    instance as u64 + 1
}

/// The configuration, shared by the programs of a cluster.
pub type Shared = Rc<Configuration>;
