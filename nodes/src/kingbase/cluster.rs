//! Puts the processes of a cluster together.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use super::conf;
use super::liveness::{self, Situation};
use super::metadata::{NodeId, NodeRecord, NodeType};
use super::parameters::Parameters;
use super::plan::{Configuration, DATA, Dress, Node, Shared};
use super::recovery;
use super::repmgrd::{self, repmgrd};
use super::server::{ARCHIVE_COMMAND, STANDBY_SIGNAL, is_paused, kingbase};
use super::speech::{Output, Speech};
use super::{ctl, ssh, tools};
use crate::parts::engine::{EngineLayout, EngineShape};
use crate::parts::service;
use crate::parts::shell::Shell;
use crate::parts::standstill::Reason;
use crate::parts::streaming_replication::directory::{self, Directory};
use crate::parts::streaming_replication::store::Place;
use crate::product::{
    Breakage, BuildError, Cluster, ClusterPlan, HostPlan, NodeState, PortableStep, Recovery, Region, Wait,
};
use crate::world::World;
use crate::world::device::DeviceOptions;
use crate::world::port::Address;
use crate::world::trace::{HostId, ProcessId};

/// The number in everything that belongs to the database of the incident.
const SYSTEM: u64 = 192_168_046;

/// Which files of a host are on its data device.
const KEPT: &[&str] = &["data/sys_wal/", "data/sys_replslot/", "archive/"];

struct Kingbase {
    world: World,
    plan: Shared,
    shells: Vec<Shell>,
}

/// Builds a cluster: hosts, devices, processes, shells.
pub(super) fn build(world: &World, plan: &ClusterPlan) -> Result<Rc<dyn Cluster>, BuildError> {
    check_hosts(plan)?;
    let parameters = Parameters::of(plan);
    let dress = if plan.profile == "repmgr-5.3" { Dress::Repmgr } else { Dress::Kingbase };
    let mut initial = plan.initial.clone();
    let records = first_records(&plan.hosts);
    initial.extend(records.iter().map(NodeRecord::change));
    let state = NodeState { role: "unknown".to_owned(), state: "down".to_owned(), ..NodeState::default() };
    let configuration: Shared = Rc::new(Configuration {
        dress,
        defects: plan.defects.clone(),
        nodes: OnceCell::new(),
        initial,
        board: RefCell::new(vec![state; plan.hosts.len()]),
        ready: Cell::default(),
        last_primary: Cell::default(),
        breakages: RefCell::default(),
        parameters,
    });
    let mut nodes = Vec::new();
    for (host, record) in plan.hosts.iter().zip(&records) {
        nodes.push(add_node(world, plan, host, record, &configuration)?);
    }
    let _ = configuration.nodes.set(nodes);
    configuration.nodes().iter().for_each(|node| write_files(world, &configuration, node));
    let shells = configuration.nodes().iter().map(|node| add_shell(world, node.host, &configuration)).collect();
    Ok(Rc::new(Kingbase { world: world.clone(), plan: configuration, shells }))
}

fn check_hosts(plan: &ClusterPlan) -> Result<(), BuildError> {
    let count = |role: &str| plan.hosts.iter().filter(|host| host.role == role).count();
    let (primaries, standbys, witnesses) = (count("primary"), count("standby"), count("witness"));
    if primaries == 1 && (1..=8).contains(&standbys) && witnesses <= 1 && plan.hosts[0].role == "primary" {
        return Ok(());
    }
    Err(BuildError::Hosts {
        model: "kingbase",
        needs: "a primary first, then one to eight standbys, and at most one witness",
        has: format!("{primaries} primaries, {standbys} standbys, {witnesses} witnesses"),
    })
}

/// The nodes table of a new cluster: everybody follows the first node.
fn first_records(hosts: &[HostPlan]) -> Vec<NodeRecord> {
    let record = |(index, host): (usize, &HostPlan)| {
        let kind = match host.role.as_str() {
            "primary" => NodeType::Primary,
            "witness" => NodeType::Witness,
            _ => NodeType::Standby,
        };
        let upstream = (kind != NodeType::Primary).then_some(1);
        NodeRecord { id: index as NodeId + 1, kind, upstream, active: true }
    };
    hosts.iter().enumerate().map(record).collect()
}

fn add_node(
    world: &World,
    plan: &ClusterPlan,
    host: &HostPlan,
    record: &NodeRecord,
    configuration: &Shared,
) -> Result<Node, BuildError> {
    let parameters = &configuration.parameters;
    let system = if record.kind == NodeType::Witness { SYSTEM + 1 } else { SYSTEM };
    let segments = (parameters.wal_disk / parameters.segment_size).max(2);
    let shape = EngineShape { segment_size: parameters.segment_size, segments, ..EngineShape::new(system) };
    let (name, id) = (host.name.clone(), record.id);
    let on = world.add_host(&name);
    let mut options = plan.devices.get("data").cloned().unwrap_or_else(|| DeviceOptions::new("data", 1));
    options.name = format!("data of {name}");
    let directory_at = EngineLayout::at(0, &shape).end().next_multiple_of(4096);
    let length = directory_at + Directory::length();
    options.capacity = options.capacity.max(length.div_ceil(options.sector_size));
    let device = world.add_local_device(on, options)?;
    let directory = Directory::new(world, on, device, directory_at, KEPT);
    let first_segment = u64::try_from(parameters.first_segment).unwrap_or(0);
    let place = Place { device, shape, first_segment };
    let shared = configuration.clone();
    let server = world.add_process(on, "kingbase", move |process| kingbase(process, shared.clone(), id));
    let shared = configuration.clone();
    let repmgrd = world.add_process(on, "repmgrd", move |process| repmgrd(process, shared.clone(), id));
    let shared = configuration.clone();
    let sshd = world.add_process(on, "sshd", move |process| ssh::sshd(process, shared.clone()));
    world.set_starts_at_boot(sshd, true);
    let kept = directory.clone();
    let filesystem = world.add_process(on, "filesystem", move |process| directory::keep(process, kept.clone()));
    world.set_starts_at_boot(filesystem, true);
    let (location, priority) = (configuration.location_of(&name), configuration.priority_of(&name));
    let first_type = record.kind;
    Ok(Node { id, name, host: on, first_type, location, priority, place, server, repmgrd, sshd, filesystem, directory })
}

/// The configuration files of a new cluster.
fn write_files(world: &World, plan: &Shared, node: &Node) {
    let parameters = &plan.parameters;
    let set = |file: &str, name: &str, value: &str| conf::set(world, node.host, file, name, value);
    let main = conf::FILES[0];
    set(main, "archive_mode", &parameters.archive_mode);
    set(main, "wal_keep_segments", &parameters.wal_keep_segments.to_string());
    set(main, "synchronous_commit", &parameters.synchronous_commit);
    set(main, "max_standby_archive_delay", "30000");
    set(conf::FILES[1], "archive_command", &parameters.archive_command);
    set(conf::FILES[1], "archive_timeout", &parameters.archive_timeout.as_secs().to_string());
    set(conf::AUTO, "primary_conninfo", "");
    world.write_file(
        node.host,
        "repmgr.conf",
        format!("node_id={}\nnode_name='{}'\ndata_directory='{DATA}'\n", node.id, node.name).into_bytes(),
    );
    let standbys: Vec<&Node> = plan.nodes().iter().filter(|node| node.first_type == NodeType::Standby).collect();
    match node.first_type {
        NodeType::Primary => {
            let names: Vec<&str> = standbys.iter().map(|node| node.name.as_str()).collect();
            let rule = match parameters.synchronous.as_str() {
                "sync" => format!("FIRST 1({})", names.join(",")),
                "quorum" => format!("ANY 1({})", names.join(",")),
                _ => String::new(),
            };
            set(conf::AUTO, "synchronous_standby_names", &rule);
            if parameters.use_replication_slots {
                for standby in standbys {
                    plan.files(world, node).write_slot(&standby.slot(), "0/0");
                }
            }
        }
        NodeType::Standby => {
            world.write_file(node.host, STANDBY_SIGNAL, Vec::new());
            if let Some(primary) = plan.node(1) {
                set(conf::AUTO, "primary_conninfo", &primary.conninfo());
            }
            if parameters.use_replication_slots {
                set(conf::AUTO, "primary_slot_name", &node.slot());
            }
        }
        NodeType::Witness => set(main, "archive_mode", "off"),
    }
}

fn add_shell(world: &World, host: HostId, plan: &Shared) -> Shell {
    let plan = plan.clone();
    Shell::add(
        world,
        host,
        Rc::new(move |terminal, words: Vec<String>| {
            let process = terminal.process().clone();
            let speech = Speech { process, output: Output::Terminal(terminal), dress: plan.dress };
            tools::run(speech, plan.clone(), words)
        }),
    )
}

impl Kingbase {
    fn node_on(&self, host: HostId) -> Option<&Node> {
        self.plan.node_on(host)
    }

    fn is_alive(&self, node: &Node) -> bool {
        self.world.status(node.server).exists()
    }

    /// The node whose log counts: who takes writes under the highest timeline, or who took them last.
    fn leading(&self) -> Option<NodeId> {
        let board = self.plan.board.borrow();
        let open = self.plan.nodes().iter().filter(|node| self.is_alive(node) && board[node.id as usize - 1].writable);
        let highest =
            open.max_by_key(|node| (board[node.id as usize - 1].epoch, self.plan.last_primary.get() == Some(node.id)));
        highest.map(|node| node.id).or(self.plan.last_primary.get())
    }
}

impl Cluster for Kingbase {
    fn start(&self) {
        for (node, shell) in self.plan.nodes().iter().zip(&self.shells) {
            for process in [node.filesystem, node.server, node.sshd, node.repmgrd, shell.process()] {
                self.world.start(process);
            }
        }
    }

    fn shell(&self, host: HostId) -> Shell {
        let index = self.plan.nodes().iter().position(|node| node.host == host).unwrap_or(0);
        self.shells[index].clone()
    }

    fn database(&self, host: HostId) -> ProcessId {
        self.node_on(host).map_or(self.plan.nodes()[0].server, |node| node.server)
    }

    fn services(&self) -> Vec<Address> {
        let serving = self.plan.nodes().iter().filter(|node| node.first_type != NodeType::Witness);
        serving.map(|node| Address::new(node.server, service::PORT)).collect()
    }

    fn select(&self, role: &str) -> Option<HostId> {
        match role {
            "primary" => self.leading().and_then(|id| self.plan.node(id)).map(|node| node.host),
            "any-standby" => {
                let leading = self.leading();
                let standby = |node: &&Node| {
                    Some(node.id) != leading && node.first_type != NodeType::Witness && self.is_alive(node)
                };
                self.plan.nodes().iter().find(standby).map(|node| node.host)
            }
            "witness" => {
                let witness = self.plan.nodes().iter().find(|node| node.first_type == NodeType::Witness);
                witness.map(|node| node.host)
            }
            _ => None,
        }
    }

    fn command_for(&self, step: &PortableStep) -> Option<(HostId, Vec<String>)> {
        self.node_on(step.target)?;
        let words: &[&str] = match step.verb.as_str() {
            "switchover" => &["repmgr", "standby", "switchover"],
            "failover" | "promote" => &["repmgr", "standby", "promote"],
            "start" => &["sys_ctl", "start"],
            "stop" => &["sys_ctl", "stop"],
            _ => return None,
        };
        Some((step.target, words.iter().map(|word| (*word).to_owned()).collect()))
    }

    fn regions(&self) -> Vec<Region> {
        let leading = self.leading();
        let data = self.plan.nodes().iter().filter(|node| node.first_type != NodeType::Witness);
        let regions = |node: &Node| {
            let mut regions = node.place.regions(&node.name, leading.is_some_and(|id| id != node.id));
            regions.push(node.directory.region(&node.name));
            regions
        };
        data.flat_map(regions).collect()
    }

    fn recovery(&self) -> Option<Recovery> {
        let node = self.plan.node(self.leading().unwrap_or(1))?;
        let (plan, place) = (self.plan.clone(), node.place.clone());
        Some(Recovery::new(move |process| recovery::recover(process, plan.clone(), place.clone())))
    }

    fn nodes(&self) -> Vec<NodeState> {
        let board = self.plan.board.borrow();
        let nodes = self.plan.nodes().iter().zip(board.iter());
        nodes
            .map(|(node, state)| {
                let host = node.name.clone();
                match self.is_alive(node) {
                    true => NodeState { host, ..state.clone() },
                    false => NodeState { host, state: "down".to_owned(), writable: false, ..state.clone() },
                }
            })
            .collect()
    }

    fn recovery_path(&self) -> Vec<Wait> {
        liveness::recovery_path(&self.plan.parameters)
    }

    fn may_stand_still(&self, whole: &[HostId]) -> Option<Reason> {
        let leading = self.leading();
        let (leader, others): (Vec<&Node>, Vec<&Node>) =
            self.plan.nodes().iter().partition(|node| Some(node.id) == leading);
        let serves = |node: &&&Node| whole.contains(&node.host) && self.is_alive(node);
        let electors: Vec<&&Node> = others.iter().filter(serves).collect();
        let candidates = || electors.iter().filter(|node| node.first_type != NodeType::Witness);
        let is_watched = |node: &&&&Node| self.world.status(node.repmgrd).exists() && !is_paused(&self.world, node);
        liveness::may_stand_still(&Situation {
            primary_serves: leader.iter().any(|node| serves(&node)),
            candidates: candidates().count(),
            watched: candidates().filter(is_watched).count(),
            electors: electors.len(),
            others: others.len(),
            automatic: self.plan.parameters.failover == "automatic",
            waits_for_standby: self.plan.parameters.synchronous != "async"
                && self.plan.parameters.synchronous_commit == "on",
            gives_up: leader.iter().any(|node| self.world.status(node.repmgrd).exists()),
        })
    }

    /// repmgrd promotes and takes back; it starts no server that has died.
    fn starts_databases(&self, _: HostId) -> bool {
        false
    }

    fn waiting_for(&self) -> Vec<NodeState> {
        self.nodes().into_iter().filter(|node| node.state != "running").collect()
    }

    fn set_external_command(&self, host: HostId, command: &str, breakage: Option<Breakage>) -> bool {
        let known = [ssh::COMMAND, ARCHIVE_COMMAND, ctl::START_COMMAND, ctl::STOP_COMMAND, repmgrd::VALIDATION_COMMAND];
        if !known.contains(&command) || self.node_on(host).is_none() {
            return false;
        }
        self.plan.set_breakage(host, command, breakage);
        true
    }

    fn broken_calls(&self, host: HostId, command: &str) -> u64 {
        self.plan.broken_calls(host, command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_follows_the_first_node() {
        let host = |name: &str, role: &str| HostPlan { name: name.to_owned(), role: role.to_owned() };
        let records = first_records(&[host("node1", "primary"), host("node2", "standby"), host("w", "witness")]);
        assert_eq!(records.iter().map(|record| record.upstream).collect::<Vec<_>>(), [None, Some(1), Some(1)]);
        assert_eq!(records[2].kind, NodeType::Witness);
    }
}
