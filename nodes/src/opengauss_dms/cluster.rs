//! Puts the processes of a cluster together.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use crate::parts::service;
use crate::parts::shell::Shell;
use crate::product::{BuildError, Cluster, ClusterPlan, Content, Copies, NodeState, PortableStep, Recovery, Region};
use crate::world::World;
use crate::world::device::{DeviceOptions, Redundancy};
use crate::world::disk::DeviceId;
use crate::world::port::Address;
use crate::world::trace::{HostId, ProcessId, What};

use super::cm;
use super::control_page;
use super::dss::dssserver;
use super::gaussdb::gaussdb;
use super::messages::InstanceId;
use super::parameters::Timers;
use super::plan::{Board, Configuration, Layout, NodeProcesses, Shared};
use super::recovery::recover;

const MEBIBYTE: u64 = 1 << 20;
const CONTROL_LENGTH: u64 = 64 << 10;
const WAL_OFFSET: u64 = MEBIBYTE;
const WAL_LENGTH: u64 = 256 * MEBIBYTE;
const VOTING_LENGTH: u64 = MEBIBYTE;

struct OpengaussDms {
    world: World,
    configuration: Shared,
    shells: Vec<Shell>,
    data_directories: Vec<String>,
    regions: Vec<Region>,
}

/// Builds a cluster: hosts, devices, processes, shells.
pub(super) fn build(world: &World, plan: &ClusterPlan) -> Result<Rc<dyn Cluster>, BuildError> {
    let static_primary = check_hosts(plan)?;
    let shared = add_device(world, plan, "shared", WAL_OFFSET + WAL_LENGTH)?;
    let cm_device = add_device(world, plan, "cm", VOTING_LENGTH + cm::SHARE_DISK_LENGTH.max(MEBIBYTE))?;
    let layout = layout(shared);
    let configuration: Shared = Rc::new(Configuration {
        timers: Timers::of(plan),
        layout: layout.clone(),
        nodes: OnceCell::new(),
        initial: plan.initial.clone(),
        defects: plan.defects.clone(),
        board: RefCell::new(Board::new(plan.hosts.len())),
    });
    let directory = Rc::new(OnceCell::new());
    let nodes = plan.hosts.iter().enumerate().map(|(index, host)| cm_node(index, &host.name)).collect();
    let cm_plan = Rc::new(cm::Plan {
        nodes,
        static_primary,
        directory: directory.clone(),
        regions: cm::CmRegions {
            voting_disk: cm::Extent { device: cm_device, offset: 0, length: VOTING_LENGTH },
            share_disk: cm::Extent { device: cm_device, offset: VOTING_LENGTH, length: cm::SHARE_DISK_LENGTH },
        },
        volumes: vec![shared],
        parameters: cm::Parameters::from_plan(plan),
        defects: cm::Defects::from_plan(plan),
    });
    let hosts: Vec<HostId> = plan.hosts.iter().map(|host| world.add_host(&host.name)).collect();
    let nodes: Vec<NodeProcesses> =
        hosts.iter().enumerate().map(|(index, host)| add_node(world, *host, index, &configuration, &cm_plan)).collect();
    let shells = hosts.iter().map(|host| add_shell(world, *host, &cm_plan)).collect();
    let pick = |process: fn(&NodeProcesses) -> ProcessId| nodes.iter().map(process).collect();
    let _ = directory.set(cm::Directory {
        gaussdb: pick(|node| node.gaussdb),
        dssserver: pick(|node| node.dssserver),
        cm_agent: pick(|node| node.cm_agent),
        cm_server: pick(|node| node.cm_server),
    });
    let _ = configuration.nodes.set(nodes);
    let control = |name: &str, offset, length| Region {
        name: name.to_owned(),
        device: cm_device,
        offset,
        length,
        content: Content::Control,
    };
    let regions = vec![
        layout.wal,
        layout.control,
        control("voting-disk", 0, VOTING_LENGTH),
        control("share-disk", VOTING_LENGTH, cm::SHARE_DISK_LENGTH),
    ];
    let data_directories = cm_plan.nodes.iter().map(|node| node.data_directory.clone()).collect();
    Ok(Rc::new(OpengaussDms { world: world.clone(), configuration, shells, data_directories, regions }))
}

/// The place of the static primary among the hosts.
fn check_hosts(plan: &ClusterPlan) -> Result<usize, BuildError> {
    let primaries: Vec<usize> = (0..plan.hosts.len()).filter(|index| plan.hosts[*index].role == "primary").collect();
    match primaries[..] {
        [primary] if (2..=8).contains(&plan.hosts.len()) => Ok(primary),
        _ => Err(BuildError::Hosts {
            model: "opengauss_dms",
            needs: "two to eight hosts, one of them with the role primary",
            has: format!("{} hosts, {} of them primary", plan.hosts.len(), primaries.len()),
        }),
    }
}

fn add_device(world: &World, plan: &ClusterPlan, name: &str, length: u64) -> Result<DeviceId, BuildError> {
    let mut options = plan.devices.get(name).cloned().unwrap_or_else(|| DeviceOptions::new(name, 1));
    options.name = name.to_owned();
    options.capacity = options.capacity.max(length.div_ceil(options.sector_size));
    Ok(world.add_shared_device(options)?)
}

fn layout(device: DeviceId) -> Layout {
    let region =
        |name: &str, offset, length, content| Region { name: name.to_owned(), device, offset, length, content };
    Layout {
        device,
        wal: region("wal", WAL_OFFSET, WAL_LENGTH, Content::Log),
        control: region("control", 0, CONTROL_LENGTH, Content::Control),
    }
}

fn cm_node(index: usize, name: &str) -> cm::Node {
    cm::Node {
        name: name.to_owned(),
        address: format!("192.168.0.{}", 11 + index),
        cm_directory: "/data/cluster/cm".to_owned(),
        data_directory: format!("/data/cluster/dn{}", 1),
        port: 12703,
    }
}

fn add_node(
    world: &World,
    host: HostId,
    index: usize,
    configuration: &Shared,
    cm_plan: &Rc<cm::Plan>,
) -> NodeProcesses {
    let me = index as InstanceId;
    let shared = configuration.clone();
    let gaussdb = world.add_process(host, "gaussdb", move |process| gaussdb(process, shared.clone(), me));
    let shared = configuration.clone();
    let dssserver = world.add_process(host, "dssserver", move |process| dssserver(process, shared.clone(), me));
    let plan = cm_plan.clone();
    let cm_agent = world.add_process(host, "cm_agent", move |process| cm::cm_agent(process, plan.clone(), index));
    let plan = cm_plan.clone();
    let cm_server = world.add_process(host, "cm_server", move |process| cm::cm_server(process, plan.clone(), index));
    world.set_starts_at_boot(cm_agent, true);
    world.set_starts_at_boot(cm_server, true);
    NodeProcesses { host, gaussdb, dssserver, cm_agent, cm_server }
}

fn add_shell(world: &World, host: HostId, cm_plan: &Rc<cm::Plan>) -> Shell {
    let plan = cm_plan.clone();
    Shell::add(
        world,
        host,
        Rc::new(move |terminal, words: Vec<String>| {
            let plan = plan.clone();
            Box::pin(async move {
                match words.split_first() {
                    Some((program, _)) if program == "cm_ctl" => cm::cm_ctl(terminal, words, plan).await,
                    _ => {
                        terminal.print(format!("{}: command not found", words.first().map_or("", String::as_str)));
                        127
                    }
                }
            })
        }),
    )
}

impl OpengaussDms {
    fn instance_of(&self, host: HostId) -> Option<usize> {
        self.configuration.all_nodes().iter().position(|node| node.host == host)
    }

    /// The host whose cm_server said last that it is primary, while it runs and has not stepped down.
    fn cm_primary(&self) -> Option<HostId> {
        self.world.with_trace(|trace| {
            let said = trace.events().iter().rev().find_map(|event| match &event.what {
                What::Announced { name: "cms.primary", .. } => Some((true, event.place)),
                What::Announced { name: "cms.standby", .. } => Some((false, event.place)),
                _ => None,
            });
            let (_, place) = said.filter(|(is_primary, _)| *is_primary)?;
            trace.host_of(place).filter(|host| self.runs_cm_server(*host))
        })
    }

    fn runs_cm_server(&self, host: HostId) -> bool {
        let node = self.instance_of(host).map(|instance| self.configuration.all_nodes()[instance]);
        node.is_some_and(|node| self.world.status(node.cm_server).exists())
    }

    fn cm_standby(&self) -> Option<HostId> {
        let primary = self.cm_primary();
        let hosts = self.configuration.all_nodes().iter().map(|node| node.host);
        hosts.filter(|host| self.runs_cm_server(*host)).find(|host| Some(*host) != primary)
    }
}

impl Cluster for OpengaussDms {
    fn start(&self) {
        for node in self.configuration.all_nodes() {
            self.world.start(node.cm_server);
            self.world.start(node.cm_agent);
        }
        for shell in &self.shells {
            self.world.start(shell.process());
        }
    }

    fn shell(&self, host: HostId) -> Shell {
        self.shells[self.instance_of(host).unwrap_or(0)].clone()
    }

    fn database(&self, host: HostId) -> ProcessId {
        self.configuration.all_nodes()[self.instance_of(host).unwrap_or(0)].gaussdb
    }

    fn services(&self) -> Vec<Address> {
        self.configuration.all_nodes().iter().map(|node| Address::new(node.gaussdb, service::PORT)).collect()
    }

    fn select(&self, role: &str) -> Option<HostId> {
        match role {
            "cm-primary" => return self.cm_primary(),
            "cm-standby" => return self.cm_standby(),
            _ => {}
        }
        let board = self.configuration.board.borrow();
        let instance = match role {
            "primary" => board.primary(),
            "old-primary" => board.old_primary(),
            "new-primary" => board.new_primary(),
            "reformer" => board.reformer,
            "any-standby" => {
                let nodes = self.configuration.all_nodes();
                (0..nodes.len() as InstanceId).find(|instance| {
                    board.primary() != Some(*instance) && self.world.status(nodes[*instance as usize].gaussdb).exists()
                })
            }
            _ => None,
        };
        instance.map(|instance| self.configuration.node(instance).host)
    }

    fn command_for(&self, step: &PortableStep) -> Option<(HostId, Vec<String>)> {
        let node = self.instance_of(step.target)?;
        let word = match step.verb.as_str() {
            verb @ ("switchover" | "stop" | "start") => verb,
            _ => return None,
        };
        let number = (node + 1).to_string();
        let directory = &self.data_directories[node];
        let words = ["cm_ctl", word, "-n", &number, "-D", directory].map(str::to_owned).to_vec();
        let on = self.select("primary").filter(|host| self.world.is_powered(*host));
        Some((on.unwrap_or(step.target), words))
    }

    fn regions(&self) -> Vec<Region> {
        self.regions.clone()
    }

    fn recovery(&self) -> Option<Recovery> {
        let plan = self.configuration.clone();
        Some(Recovery::new(move |process| {
            let plan = plan.clone();
            async move { recover(process, plan).await.map_err(|error| error.to_string()) }
        }))
    }

    fn copies(&self) -> Vec<Copies> {
        let control = &self.configuration.layout.control;
        vec![Copies {
            name: "control page".to_owned(),
            places: control_page::COPIES.map(|offset| (control.device, control.offset + offset)).to_vec(),
            length: control_page::PAGE_SIZE,
            unit: control_page::PAGE_SIZE,
            redundancy: Redundancy::AnyCopy,
        }]
    }

    fn nodes(&self) -> Vec<NodeState> {
        let board = self.configuration.board.borrow();
        let nodes = self.configuration.all_nodes().iter().enumerate();
        nodes
            .map(|(index, node)| {
                let mut state = board.states[index].clone();
                state.host = self.world.host_name(node.host).to_string();
                if !self.world.status(node.gaussdb).exists() {
                    state.role = "Down".to_owned();
                    state.state = "Unknown".to_owned();
                    state.writable = false;
                }
                state
            })
            .collect()
    }

    fn waiting_for(&self) -> Vec<String> {
        let nodes = self.nodes();
        let waiting = nodes.iter().filter(|node| node.state != "Normal");
        waiting.map(|node| format!("{} is {} {}", node.host, node.role, node.state)).collect()
    }
}
