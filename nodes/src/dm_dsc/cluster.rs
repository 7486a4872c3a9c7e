//! Puts the processes of a cluster together.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::parts::service;
use crate::parts::shell::Shell;
use crate::parts::standstill::Reason;
use crate::product::{
    Breakage, BuildError, Cluster, ClusterPlan, Content, NodeState, PortableStep, Recovery, Region, VIRTUAL_ADDRESS,
    Wait,
};
use crate::world::World;
use crate::world::device::DeviceOptions;
use crate::world::disk::DeviceId;
use crate::world::port::Address;
use crate::world::trace::{HostId, ProcessId};

use super::asm::dmasmsvr;
use super::css::{self, dmcss};
use super::description::{INSTANCE, THIRD_PARTY};
use super::liveness::{self, Situation};
use super::monitor::{dmcss_console, dmcssm};
use super::network::network;
use super::parameters::Parameters;
use super::plan::{Board, Configuration, Node, Shared};
use super::server::{dmserver, recover_alone};
use super::vote;
use super::watchdog::watchdog;
use super::words::{GroupKind, Seqno};

const REDO_LENGTH: u64 = 128 << 20;
const PAGES_LENGTH: u64 = 1 << 20;
/// What the voting disk and the registry get of a device each.
const CONTROL_LENGTH: u64 = 1 << 20;
/// The devices that mirrored voting disks lie on, in order.
const VOTING_DISKS: [&str; 5] = ["vote", "vote2", "vote3", "vote4", "vote5"];

struct DmDsc {
    world: World,
    configuration: Shared,
    hosts: Vec<HostId>,
    shells: BTreeMap<HostId, Shell>,
    /// The IP stacks of hosts that are no instance.
    others: BTreeMap<HostId, ProcessId>,
}

/// Builds a cluster: hosts, devices, processes, shells.
pub(super) fn build(world: &World, plan: &ClusterPlan) -> Result<Rc<dyn Cluster>, BuildError> {
    let eps = plan.hosts.iter().filter(|host| host.role == INSTANCE).count();
    if !(2..=vote::MOST_EPS).contains(&eps) {
        let has = format!("{eps} hosts");
        return Err(BuildError::Hosts { model: "dm_dsc", needs: "two to eight hosts with the role instance", has });
    }
    let parameters = Parameters::of(plan);
    let third_party = plan.hosts.iter().position(|host| host.role == THIRD_PARTY && host.name == parameters.link_check);
    if !parameters.link_check.is_empty() && third_party.is_none() {
        let has = format!("no such host named {}", parameters.link_check);
        let needs = "a host with the role third-party that DMDCR_LINK_CHECK_IP names";
        return Err(BuildError::Hosts { model: "dm_dsc", needs, has });
    }
    let configuration = configure(world, plan, parameters, eps)?;
    let hosts: Vec<HostId> = plan.hosts.iter().map(|host| world.add_host(&host.name)).collect();
    let instances = hosts.iter().zip(&plan.hosts).filter(|(_, host)| host.role == INSTANCE).map(|(host, _)| *host);
    let nodes = (0..).zip(instances).map(|(ep, host)| add_node(world, host, ep, &configuration)).collect();
    let _ = configuration.nodes.set(nodes);
    let mut others = BTreeMap::new();
    for (place, host) in hosts.iter().enumerate().filter(|(place, _)| plan.hosts[*place].role != INSTANCE) {
        let stack = world.add_process(*host, "network", network);
        world.set_starts_at_boot(stack, true);
        others.insert(*host, stack);
        if third_party == Some(place) {
            let _ = configuration.third_party.set(stack);
        }
    }
    let shells = hosts.iter().map(|host| (*host, add_shell(world, *host, &configuration))).collect();
    Ok(Rc::new(DmDsc { world: world.clone(), configuration, hosts, shells, others }))
}

/// Adds the devices and says what is where on them.
fn configure(world: &World, plan: &ClusterPlan, parameters: Parameters, eps: usize) -> Result<Shared, BuildError> {
    let region =
        |name: &str, device, offset, length, content| Region { name: name.to_owned(), device, offset, length, content };
    let data = add_device(world, plan, "data", eps as u64 * REDO_LENGTH + PAGES_LENGTH)?;
    let copies = usize::try_from(parameters.vote_copies).unwrap_or_default();
    if ![1, 3, 5].contains(&copies) {
        let has = format!("{copies} mirrored voting disks");
        return Err(BuildError::Hosts { model: "dm_dsc", needs: "1, 3 or 5 of them (sim_vote_copies)", has });
    }
    let (mut vote, mut registry) = (Vec::new(), Vec::new());
    for name in &VOTING_DISKS[..copies] {
        let device = add_device(world, plan, name, 2 * CONTROL_LENGTH)?;
        vote.push(region("voting-disk", device, 0, CONTROL_LENGTH, Content::Control));
        registry.push(region("registry", device, CONTROL_LENGTH, CONTROL_LENGTH, Content::Control));
    }
    if copies == 1 {
        let device = add_device(world, plan, "dcr", CONTROL_LENGTH)?;
        registry = vec![region("registry", device, 0, CONTROL_LENGTH, Content::Control)];
    }
    let redo =
        (0..eps as u64).map(|ep| region(&format!("redo{ep}"), data, ep * REDO_LENGTH, REDO_LENGTH, Content::Log));
    let down = NodeState { role: "Down".to_owned(), ..NodeState::default() };
    let board = Board { states: vec![down; eps], ..Board::default() };
    Ok(Rc::new(Configuration {
        parameters,
        nodes: OnceCell::new(),
        vote,
        registry,
        redo: redo.collect(),
        pages: region("pages", data, eps as u64 * REDO_LENGTH, PAGES_LENGTH, Content::Pages),
        third_party: OnceCell::new(),
        defects: plan.defects.clone(),
        data,
        initial: plan.initial.clone(),
        board: RefCell::new(board),
        broken_vip: RefCell::default(),
        failed_vip_calls: RefCell::default(),
    }))
}

fn add_device(world: &World, plan: &ClusterPlan, name: &str, length: u64) -> Result<DeviceId, BuildError> {
    let mut options = plan.devices.get(name).cloned().unwrap_or_else(|| DeviceOptions::new(name, 1));
    options.name = name.to_owned();
    options.capacity = options.capacity.max(length.div_ceil(options.sector_size));
    Ok(world.add_shared_device(options)?)
}

fn add_node(world: &World, host: HostId, me: Seqno, configuration: &Shared) -> Node {
    let shared = configuration.clone();
    let css = world.add_process(host, "dmcss", move |process| dmcss(process, shared.clone(), me));
    let shared = configuration.clone();
    let asm = world.add_process(host, "dmasmsvr", move |process| dmasmsvr(process, shared.clone(), me));
    let shared = configuration.clone();
    let database = world.add_process(host, "dmserver", move |process| dmserver(process, shared.clone(), me));
    let shared = configuration.clone();
    let watchdog = world.add_process(host, "watchdog", move |process| watchdog(process, shared.clone(), me));
    let network = world.add_process(host, "network", network);
    world.set_starts_at_boot(css, true);
    world.set_starts_at_boot(network, true);
    world.set_starts_at_boot(watchdog, !configuration.parameters.watchdog.is_zero());
    world.write_file(host, &css::file_of(me), css::address_of(me).into_bytes());
    Node { host, css, asm, database, watchdog, network }
}

fn add_shell(world: &World, host: HostId, configuration: &Shared) -> Shell {
    let plan = configuration.clone();
    Shell::add(
        world,
        host,
        Rc::new(move |terminal, words: Vec<String>| {
            let plan = plan.clone();
            Box::pin(async move {
                match words.first().map(String::as_str) {
                    Some("dmcssm") => dmcssm(terminal, words, plan).await,
                    Some("dmcss") => dmcss_console(terminal, words, plan).await,
                    program => {
                        terminal.print(format!("{}: command not found", program.unwrap_or_default()));
                        127
                    }
                }
            })
        }),
    )
}

impl DmDsc {
    fn seqno_of(&self, host: HostId) -> Option<usize> {
        self.configuration.nodes().iter().position(|node| node.host == host)
    }

    /// Whether none of these is an EP that the DB group lists as OK.
    fn only_errors(&self, nodes: &[&Node]) -> bool {
        let board = self.configuration.board.borrow();
        let is_ok = |node: &&Node| self.seqno_of(node.host).is_some_and(|ep| board.ok.contains(&(ep as Seqno)));
        !board.ok.is_empty() && !nodes.iter().any(is_ok)
    }
}

impl Cluster for DmDsc {
    fn start(&self) {
        for process in self.others.values().copied().chain(self.shells.values().map(Shell::process)) {
            self.world.start(process);
        }
        for node in self.configuration.nodes() {
            for process in [node.network, node.css, node.asm, node.database] {
                self.world.start(process);
            }
            if !self.configuration.parameters.watchdog.is_zero() {
                self.world.start(node.watchdog);
            }
        }
    }

    fn shell(&self, host: HostId) -> Shell {
        self.shells.get(&host).unwrap_or(&self.shells[&self.hosts[0]]).clone()
    }

    fn database(&self, host: HostId) -> ProcessId {
        let database = |ep: usize| self.configuration.nodes()[ep].database;
        self.others.get(&host).copied().unwrap_or_else(|| database(self.seqno_of(host).unwrap_or(0)))
    }

    fn services(&self) -> Vec<Address> {
        self.configuration.nodes().iter().map(|node| Address::new(node.database, service::PORT)).collect()
    }

    fn serves_everywhere(&self) -> bool {
        true
    }

    fn select(&self, role: &str) -> Option<HostId> {
        let board = self.configuration.board.borrow();
        let seqno = match role {
            "primary" | "new-primary" => board.control,
            "control-css" => board.control_css,
            "any-standby" => {
                let alive = |ep: &Seqno| self.world.status(self.configuration.node(*ep).database).exists();
                self.configuration.members().into_iter().find(|ep| board.control != Some(*ep) && alive(ep))
            }
            _ => None,
        };
        seqno.map(|ep| self.configuration.node(ep).host)
    }

    fn command_for(&self, step: &PortableStep) -> Option<(HostId, Vec<String>)> {
        let seqno = self.seqno_of(step.target)? as Seqno;
        let word = match step.verb.as_str() {
            "start" => "startup",
            "stop" => "stop",
            _ => return None,
        };
        let name = format!("{}.{}", GroupKind::Db.group_name(), GroupKind::Db.ep_name(seqno));
        Some((step.target, ["dmcssm", "ep", word, &name].map(str::to_owned).to_vec()))
    }

    fn regions(&self) -> Vec<Region> {
        let configuration = &self.configuration;
        let control = configuration.vote.iter().chain(&configuration.registry);
        configuration.redo.iter().chain([&configuration.pages]).chain(control).cloned().collect()
    }

    fn recovery(&self) -> Option<Recovery> {
        let plan = self.configuration.clone();
        Some(Recovery::new(move |process| {
            let plan = plan.clone();
            async move { recover_alone(process, plan).await.map_err(|error| error.to_string()) }
        }))
    }

    fn nodes(&self) -> Vec<NodeState> {
        let board = self.configuration.board.borrow();
        let nodes = self.configuration.nodes().iter().zip(&board.states);
        nodes
            .map(|(node, state)| {
                let host = self.world.host_name(node.host).to_string();
                match self.world.status(node.database).exists() {
                    true => NodeState { host, ..state.clone() },
                    false => NodeState { host, role: "Down".to_owned(), writable: false, ..state.clone() },
                }
            })
            .collect()
    }

    fn recovery_path(&self) -> Vec<Wait> {
        liveness::recovery_path(&self.configuration.parameters)
    }

    fn may_stand_still(&self, whole: &[HostId]) -> Option<Reason> {
        let (inside, outside): (Vec<&Node>, Vec<&Node>) =
            self.configuration.nodes().iter().partition(|node| whole.contains(&node.host));
        let counted = |nodes: &[&Node]| {
            let running = nodes.iter().filter(|node| self.world.status(node.database).exists()).count();
            (nodes.len(), running)
        };
        let parameters = &self.configuration.parameters;
        liveness::may_stand_still(&Situation {
            whole: counted(&inside),
            outside: counted(&outside),
            starts: parameters.start_commands && !parameters.db_restart.is_zero(),
            opens_alone: !parameters.auto_open.is_zero(),
            only_errors: self.only_errors(&inside),
            is_open: self.nodes().iter().any(|node| node.writable),
        })
    }

    fn starts_databases(&self, _: HostId) -> bool {
        let parameters = &self.configuration.parameters;
        parameters.start_commands && !parameters.db_restart.is_zero()
    }

    fn waiting_for(&self) -> Vec<NodeState> {
        let waits = |node: &NodeState| !node.writable || node.state != "(OPEN, STARTUP)";
        self.nodes().into_iter().filter(waits).collect()
    }

    fn set_external_command(&self, host: HostId, command: &str, breakage: Option<Breakage>) -> bool {
        if command != VIRTUAL_ADDRESS {
            return false;
        }
        let mut broken = self.configuration.broken_vip.borrow_mut();
        match breakage {
            Some(breakage) => broken.insert(host, breakage.calls),
            None => broken.remove(&host),
        };
        true
    }

    fn broken_calls(&self, host: HostId, _command: &str) -> u64 {
        self.configuration.failed_vip_calls.borrow().get(&host).copied().unwrap_or(0)
    }
}
