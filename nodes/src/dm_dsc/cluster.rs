//! Puts the processes of a cluster together.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use crate::parts::service;
use crate::parts::shell::Shell;
use crate::product::{
    Breakage, BuildError, Cluster, ClusterPlan, Content, NodeState, PortableStep, Recovery, Region, VIRTUAL_ADDRESS,
};
use crate::world::World;
use crate::world::device::DeviceOptions;
use crate::world::disk::DeviceId;
use crate::world::port::Address;
use crate::world::trace::{HostId, ProcessId};

use super::asm::dmasmsvr;
use super::css::{self, dmcss};
use super::monitor::dmcssm;
use super::parameters::Parameters;
use super::plan::{Board, Configuration, Node, Shared};
use super::server::{dmserver, recover_alone};
use super::vote;
use super::watchdog::watchdog;
use super::words::{GroupKind, Seqno};

const REDO_LENGTH: u64 = 128 << 20;

struct DmDsc {
    world: World,
    configuration: Shared,
    shells: Vec<Shell>,
}

/// Builds a cluster: hosts, devices, processes, shells.
pub(super) fn build(world: &World, plan: &ClusterPlan) -> Result<Rc<dyn Cluster>, BuildError> {
    let eps = plan.hosts.len();
    if !(2..=vote::MOST_EPS).contains(&eps) {
        let has = format!("{eps} hosts");
        return Err(BuildError::Hosts { model: "dm_dsc", needs: "two to eight hosts with the role instance", has });
    }
    let data = add_device(world, plan, "data", eps as u64 * REDO_LENGTH)?;
    let vote = add_device(world, plan, "vote", 1 << 20)?;
    let dcr = add_device(world, plan, "dcr", 1 << 20)?;
    let board = Board {
        states: vec![NodeState { role: "Down".to_owned(), ..NodeState::default() }; eps],
        control_css: None,
        control: None,
        ready: false,
    };
    let region =
        |name: &str, device, offset, length, content| Region { name: name.to_owned(), device, offset, length, content };
    let redo =
        (0..eps as u64).map(|ep| region(&format!("redo{ep}"), data, ep * REDO_LENGTH, REDO_LENGTH, Content::Log));
    let configuration: Shared = Rc::new(Configuration {
        parameters: Parameters::of(plan),
        nodes: OnceCell::new(),
        vote: region("voting-disk", vote, 0, 1 << 20, Content::Control),
        registry: region("registry", dcr, 0, 1 << 20, Content::Control),
        redo: redo.collect(),
        data,
        initial: plan.initial.clone(),
        board: RefCell::new(board),
        broken_vip: RefCell::default(),
        failed_vip_calls: RefCell::default(),
    });
    let hosts: Vec<HostId> = plan.hosts.iter().map(|host| world.add_host(&host.name)).collect();
    let nodes =
        hosts.iter().enumerate().map(|(ep, host)| add_node(world, *host, ep as Seqno, &configuration)).collect();
    let _ = configuration.nodes.set(nodes);
    let shells = hosts.iter().map(|host| add_shell(world, *host, &configuration)).collect();
    Ok(Rc::new(DmDsc { world: world.clone(), configuration, shells }))
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
    world.set_starts_at_boot(css, true);
    world.set_starts_at_boot(watchdog, !configuration.parameters.watchdog.is_zero());
    world.write_file(host, &css::file_of(me), css::address_of(me).into_bytes());
    Node { host, css, asm, database, watchdog }
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
}

impl Cluster for DmDsc {
    fn start(&self) {
        for (node, shell) in self.configuration.nodes().iter().zip(&self.shells) {
            for process in [node.css, node.asm, node.database, shell.process()] {
                self.world.start(process);
            }
            if !self.configuration.parameters.watchdog.is_zero() {
                self.world.start(node.watchdog);
            }
        }
    }

    fn shell(&self, host: HostId) -> Shell {
        self.shells[self.seqno_of(host).unwrap_or(0)].clone()
    }

    fn database(&self, host: HostId) -> ProcessId {
        self.configuration.nodes()[self.seqno_of(host).unwrap_or(0)].database
    }

    fn services(&self) -> Vec<Address> {
        self.configuration.nodes().iter().map(|node| Address::new(node.database, service::PORT)).collect()
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
        let control = [&configuration.vote, &configuration.registry];
        configuration.redo.iter().chain(control).cloned().collect()
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

    fn waiting_for(&self) -> Vec<String> {
        let nodes = self.nodes();
        let waiting = nodes.iter().filter(|node| !node.writable || node.state != "(OPEN, STARTUP)");
        waiting.map(|node| format!("{} is {} {}", node.host, node.role, node.state)).collect()
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
