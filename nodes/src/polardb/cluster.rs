//! Puts the processes of a cluster together.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::parts::service;
use crate::parts::shell::Shell;
use crate::parts::standstill::Reason;
use crate::product::{BuildError, Cluster, ClusterPlan, NodeState, PortableStep, Recovery, Region, Wait};
use crate::world::World;
use crate::world::device::DeviceOptions;
use crate::world::disk::DeviceId;
use crate::world::port::Address;
use crate::world::process::{Process, Status};
use crate::world::trace::{HostId, ProcessId};

use super::data_directory::{
    CONFIGURATION_FILE, DataDirectory, PGDATA_FILE, REPLICA_SIGNAL, STANDBY_SIGNAL, VERSION_FILE,
};
use super::liveness;
use super::parameters::Parameters;
use super::pfs::{Channel, pfsd};
use super::plan::{Board, Configuration, Node, Profile, Shared, address_of, slot_name};
use super::rules::Role;
use super::server::{postgres, recover_alone};
use super::shared::Layout;
use super::tools;

struct PolarDb {
    world: World,
    configuration: Shared,
    shells: Vec<Shell>,
}

/// Builds a cluster: hosts, devices, local directories, processes, shells.
pub(super) fn build(world: &World, plan: &ClusterPlan) -> Result<Rc<dyn Cluster>, BuildError> {
    let roles: Vec<Role> = plan.hosts.iter().map(|host| role_named(&host.role)).collect();
    let count = |role| roles.iter().filter(|other| **other == role).count();
    if count(Role::Primary) != 1 || roles.len() > 10 {
        let has = format!("{} rw of {} hosts", count(Role::Primary), roles.len());
        return Err(BuildError::Hosts { model: "polardb", needs: "one rw and at most nine ro and standby", has });
    }
    let shared = add_device(world, plan, "shared")?;
    let configuration: Shared = Rc::new(Configuration {
        parameters: Parameters::of(plan),
        profile: Profile::named(&plan.profile),
        defects: plan.defects.clone(),
        nodes: OnceCell::new(),
        initial: plan.initial.clone(),
        board: RefCell::new(Board { states: vec![NodeState::default(); roles.len()], ..Board::default() }),
    });
    let mut nodes = Vec::new();
    let mut numbers: BTreeMap<Role, usize> = BTreeMap::new();
    for (index, (host, role)) in plan.hosts.iter().zip(&roles).enumerate() {
        let number = numbers.entry(*role).or_default();
        *number += 1;
        let (device, prefix) = match (*role, *number) {
            (Role::Standby, 1) => (add_device(world, plan, "standby")?, "standby ".to_owned()),
            (Role::Standby, number) => {
                (add_device(world, plan, &format!("standby{number}"))?, format!("standby{number} "))
            }
            _ => (shared, String::new()),
        };
        let host = world.add_host(&host.name);
        let layout = Layout::on(device, &prefix);
        nodes.push(add_node(world, host, index, *role, device, layout, &configuration));
        write_directory(world, host, index, *role, *number, plan, &nodes[0].name);
    }
    let hosts: Vec<HostId> = nodes.iter().map(|node| node.host).collect();
    let _ = configuration.nodes.set(nodes);
    let shells = hosts.iter().enumerate().map(|(me, host)| add_shell(world, *host, me, &configuration)).collect();
    Ok(Rc::new(PolarDb { world: world.clone(), configuration, shells }))
}

fn role_named(word: &str) -> Role {
    match word {
        "rw" => Role::Primary,
        "standby" => Role::Standby,
        _ => Role::Replica,
    }
}

fn add_device(world: &World, plan: &ClusterPlan, name: &str) -> Result<DeviceId, BuildError> {
    let mut options = plan.devices.get(name).cloned().unwrap_or_else(|| DeviceOptions::new(name, 1));
    options.name = name.to_owned();
    options.capacity = options.capacity.max(Layout::length().div_ceil(options.sector_size));
    Ok(world.add_shared_device(options)?)
}

fn add_node(
    world: &World,
    host: HostId,
    me: usize,
    first_role: Role,
    device: DeviceId,
    layout: Layout,
    configuration: &Shared,
) -> Node {
    let shared = configuration.clone();
    let daemon = world.add_process(host, "pfsd", move |process| pfsd(process, shared.clone(), me));
    let shared = configuration.clone();
    let database = world.add_process(host, "postgres", move |process| postgres(process, shared.clone(), me));
    let background = world.add_process(host, "logindex-bg", move |process| end_with(process, database));
    world.set_starts_at_boot(daemon, true);
    Node {
        name: world.host_name(host).to_string(),
        host,
        database,
        pfsd: daemon,
        background,
        first_role,
        device,
        layout,
        channel: Rc::new(Channel::default()),
        host_ids: RefCell::default(),
        first_mode: Cell::default(),
    }
}

/// The logindex background process: a child of the postmaster, gone with it.
async fn end_with(process: Process, database: ProcessId) -> i32 {
    process.local_exit(database).await;
    0
}

/// The local directory of a node as its configuration was before the drill.
fn write_directory(
    world: &World,
    host: HostId,
    index: usize,
    role: Role,
    number: usize,
    plan: &ClusterPlan,
    primary: &str,
) {
    let name = if role == Role::Primary { "primary".to_owned() } else { slot_name(role, number) };
    let directory = DataDirectory::new(world, host, &format!("~/{name}"));
    let logindex = Parameters::of(plan).logindex_mem_size;
    let mut text = format!(
        "port=5432\npolar_hostid={}\npolar_enable_shared_storage_mode=on\npolar_disk_name='nvme1n1'\n\
         polar_datadir='/nvme1n1/shared_data/'\npolar_logindex_mem_size={logindex}\nfull_page_writes=off\n\
         polar_has_partial_write=off\n",
        index + 1
    );
    if role != Role::Primary {
        let slot = slot_name(role, number);
        text += &format!(
            "primary_slot_name='{slot}'\nprimary_conninfo='host={} port=5432 user=postgres dbname=postgres \
             application_name={slot}' # {primary}\n",
            address_of(0)
        );
    }
    directory.write(VERSION_FILE, "15\n");
    directory.write(CONFIGURATION_FILE, text);
    match role {
        Role::Primary => {}
        Role::Replica => directory.write(REPLICA_SIGNAL, ""),
        Role::Standby => directory.write(STANDBY_SIGNAL, ""),
    }
    world.write_file(host, PGDATA_FILE, directory.path.into_bytes());
}

fn add_shell(world: &World, host: HostId, me: usize, configuration: &Shared) -> Shell {
    let plan = configuration.clone();
    Shell::add(world, host, Rc::new(move |terminal, words| Box::pin(tools::run(terminal, words, plan.clone(), me))))
}

impl PolarDb {
    fn index_of(&self, host: HostId) -> usize {
        self.configuration.nodes().iter().position(|node| node.host == host).unwrap_or(0)
    }

    fn directory_of(&self, host: HostId) -> String {
        let path = self.world.read_file(host, PGDATA_FILE).unwrap_or_default();
        String::from_utf8(path).unwrap_or_default()
    }
}

impl Cluster for PolarDb {
    fn start(&self) {
        for (node, shell) in self.configuration.nodes().iter().zip(&self.shells) {
            for process in [node.pfsd, shell.process(), node.database] {
                self.world.start(process);
            }
        }
    }

    fn shell(&self, host: HostId) -> Shell {
        self.shells[self.index_of(host)].clone()
    }

    fn database(&self, host: HostId) -> ProcessId {
        self.configuration.node(self.index_of(host)).database
    }

    fn services(&self) -> Vec<Address> {
        self.configuration.nodes().iter().map(|node| Address::new(node.database, service::PORT)).collect()
    }

    fn select(&self, role: &str) -> Option<HostId> {
        let board = self.configuration.board.borrow();
        let index = match role {
            "primary" | "new-primary" => board.primary,
            "any-standby" => {
                let nodes = self.configuration.nodes();
                let alive = |index: &usize| self.world.status(nodes[*index].database).exists();
                (0..nodes.len()).find(|index| board.primary != Some(*index) && alive(index))
            }
            _ => None,
        };
        index.map(|index| self.configuration.node(index).host)
    }

    fn command_for(&self, step: &PortableStep) -> Option<(HostId, Vec<String>)> {
        let words: &[&str] = match step.verb.as_str() {
            "start" => &["start"],
            "stop" => &["stop", "-m", "fast"],
            "restart" => &["restart", "-m", "fast"],
            "promote" => &["promote"],
            _ => return None,
        };
        let directory = self.directory_of(step.target);
        let line = ["pg_ctl"].iter().chain(words).chain(&["-D", &directory]).map(|word| (*word).to_owned()).collect();
        Some((step.target, line))
    }

    fn regions(&self) -> Vec<Region> {
        let mut regions: Vec<Region> = Vec::new();
        for node in self.configuration.nodes() {
            if regions.iter().all(|region| region.device != node.device) {
                regions.extend(node.layout.regions().into_iter().cloned());
            }
        }
        regions
    }

    fn recovery(&self) -> Option<Recovery> {
        let index = self.configuration.board.borrow().primary.unwrap_or(0);
        let (plan, node) = (self.configuration.clone(), self.configuration.node(index));
        let (device, layout) = (node.device, node.layout.clone());
        Some(Recovery::new(move |process| recover_alone(process, plan.clone(), device, layout.clone())))
    }

    fn nodes(&self) -> Vec<NodeState> {
        let board = self.configuration.board.borrow();
        let shown = self.configuration.nodes().iter().zip(&board.states).map(|(node, state)| {
            let host = node.name.clone();
            match self.world.status(node.database) {
                Status::Running | Status::Paused => NodeState { host, ..state.clone() },
                _ => NodeState { host, state: "down".to_owned(), writable: false, ..state.clone() },
            }
        });
        shown.collect()
    }

    fn recovery_path(&self) -> Vec<Wait> {
        liveness::recovery_path(&self.configuration.parameters)
    }

    fn may_stand_still(&self, whole: &[HostId]) -> Option<Reason> {
        let board = self.configuration.board.borrow();
        let nodes = self.configuration.nodes().iter().zip(&board.states);
        let writers = nodes.filter(|(node, state)| {
            whole.contains(&node.host) && state.writable && self.world.status(node.database).exists()
        });
        let has_storage: Vec<bool> = writers.map(|(node, _)| self.world.status(node.pfsd).exists()).collect();
        liveness::may_stand_still(&has_storage)
    }

    /// The containers are started by hand.
    fn starts_databases(&self, _: HostId) -> bool {
        false
    }

    fn waiting_for(&self) -> Vec<NodeState> {
        self.nodes().into_iter().filter(|node| node.state != "running").collect()
    }
}
