//! Who is who in one cluster, as every process of it knows from its configuration files.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::parts::area::Area;
use crate::parts::voting_disk::Copies;
use crate::parts::wal::{Log, WalError};
use crate::product::{NodeState, Region};
use crate::world::disk::{DeviceId, Disk};
use crate::world::port::{Address, PortNumber};
use crate::world::process::Process;
use crate::world::trace::{HostId, ProcessId};

use super::parameters::Parameters;
use super::vote::{Registry, VotingDisk};
use super::words::{GroupKind, Seqno};

/// Where EPs talk to each other (MAL).
pub(super) const MAL_PORT: PortNumber = PortNumber(5237);
/// Where a dmcss listens to monitors and to other dmcss.
pub(super) const CSS_PORT: PortNumber = PortNumber(9341);
/// Where the IP stack of a host answers pings.
pub(super) const PING_PORT: PortNumber = PortNumber(1);
/// Where an ASM or a database listens to the CSS of its host: a signal to end in order.
pub(super) const STOP_PORT: PortNumber = PortNumber(15);

/// The processes of one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) host: HostId,
    pub(super) css: ProcessId,
    pub(super) asm: ProcessId,
    pub(super) database: ProcessId,
    pub(super) watchdog: ProcessId,
    pub(super) network: ProcessId,
}

impl Node {
    pub(super) const fn process(&self, kind: GroupKind) -> ProcessId {
        match kind {
            GroupKind::Css => self.css,
            GroupKind::Asm => self.asm,
            GroupKind::Db => self.database,
        }
    }
}

/// How the cluster looks from outside, kept by its processes.
#[derive(Clone, Debug, Default)]
pub(super) struct Board {
    pub(super) states: Vec<NodeState>,
    pub(super) control_css: Option<Seqno>,
    pub(super) control: Option<Seqno>,
    /// The EPs of the DB group that are not ERROR EPs, as the control CSS has it.
    pub(super) ok: BTreeSet<Seqno>,
    pub(super) ready: bool,
}

/// The configuration all processes of a cluster share.
pub(super) struct Configuration {
    pub(super) parameters: Parameters,
    pub(super) nodes: OnceCell<Vec<Node>>,
    /// The voting disk; several mirrored ones with `sim_vote_copies`.
    pub(super) vote: Vec<Region>,
    pub(super) registry: Vec<Region>,
    pub(super) redo: Vec<Region>,
    pub(super) pages: Region,
    /// The host that EPs ping when a link is down.
    pub(super) third_party: OnceCell<ProcessId>,
    pub(super) defects: BTreeSet<String>,
    pub(super) data: DeviceId,
    pub(super) initial: BTreeMap<i64, Vec<i64>>,
    pub(super) board: RefCell<Board>,
    /// The hosts on which `css_vip_config` fails, and for how many more calls (`None`: for all).
    pub(super) broken_vip: RefCell<BTreeMap<HostId, Option<u64>>>,
    /// How many calls have failed so, by host.
    pub(super) failed_vip_calls: RefCell<BTreeMap<HostId, u64>>,
}

/// The configuration, shared by the programs of a cluster.
pub(super) type Shared = Rc<Configuration>;

/// The same in the redo logs of one database.
const SYSTEM_ID: u64 = 0x7000a;
const SEGMENT_SIZE: u64 = 4 << 20;

impl Configuration {
    pub(super) fn nodes(&self) -> &[Node] {
        self.nodes.get().map_or(&[], Vec::as_slice)
    }

    pub(super) fn node(&self, ep: Seqno) -> Node {
        self.nodes()[usize::from(ep)]
    }

    /// Every EP of a group.
    pub(super) fn members(&self) -> BTreeSet<Seqno> {
        (0..self.nodes().len() as Seqno).collect()
    }

    pub(super) fn mal(&self, ep: Seqno) -> Address {
        Address::new(self.node(ep).database, MAL_PORT)
    }

    pub(super) fn css(&self, ep: Seqno) -> Address {
        Address::new(self.node(ep).css, CSS_PORT)
    }

    pub(super) fn voting_disk(&self, process: &Process) -> VotingDisk {
        let copies = copies_of(process, &self.vote);
        match self.has_defect("one-mirror-is-believed") {
            true => VotingDisk::reading_from(copies_of(process, &self.vote[..1]), copies),
            false => VotingDisk::new(copies),
        }
    }

    pub(super) fn registry(&self, process: &Process) -> Registry {
        Registry::new(copies_of(process, &self.registry))
    }

    pub(super) fn has_defect(&self, name: &str) -> bool {
        self.defects.contains(name)
    }

    /// The redo log of an EP, as a process reaches it through its disk.
    pub(super) fn redo_log(&self, disk: &Disk, ep: Seqno) -> Result<Log, WalError> {
        let region = &self.redo[usize::from(ep)];
        Log::new(Area::new(disk.clone(), region.offset, region.length), SYSTEM_ID, SEGMENT_SIZE)
    }

    /// Whether a call of `css_vip_config` on a host fails now; each call counts.
    pub(super) fn address_call_fails(&self, host: HostId) -> bool {
        let mut broken = self.broken_vip.borrow_mut();
        let Some(remaining) = broken.get_mut(&host) else { return false };
        match remaining {
            Some(0) => return false,
            Some(calls) => *calls -= 1,
            None => {}
        }
        *self.failed_vip_calls.borrow_mut().entry(host).or_default() += 1;
        true
    }

    /// Changes how a node looks from outside. Who observes the cluster looks when something is announced, so whoever
    /// changes a look announces it afterwards.
    pub(super) fn show(&self, ep: Seqno, change: impl FnOnce(&mut NodeState)) {
        change(&mut self.board.borrow_mut().states[usize::from(ep)]);
    }
}

fn copies_of(process: &Process, regions: &[Region]) -> Copies {
    Copies::new(regions.iter().map(|region| Area::open(process, region)).collect())
}

/// The SCSI-3 key of a host: its number and one.
pub(super) const fn reservation_key(ep: Seqno) -> u64 {
    ep as u64 + 1
}
