//! Puts the processes of a cluster together.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use crate::parts::control::COPY_LENGTH;
use crate::parts::shell::Shell;
use crate::parts::standstill::Reason;
use crate::parts::{assembly, service};
use crate::product::{
    BuildError, Cluster, ClusterPlan, Content, Copies, NodeState, PortableStep, Recovery, Region, Wait,
};
use crate::world::World;
use crate::world::device::Redundancy;
use crate::world::disk::DeviceId;
use crate::world::executor::LocalFuture;
use crate::world::port::Address;
use crate::world::trace::{HostId, ProcessId};

use super::cm;
use super::control_page;
use super::dss::dssserver;
use super::gaussdb::gaussdb;
use super::liveness;
use super::messages::InstanceId;
use super::parameters::Timers;
use super::plan::{Configuration, Layout, NodeProcesses, Shared};
use super::recovery::recover;
use super::view::View;

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
    view: RefCell<View>,
    recovery_path: Vec<Wait>,
}

/// Builds a cluster: hosts, devices, processes, shells.
pub(super) fn build(world: &World, plan: &ClusterPlan) -> Result<Rc<dyn Cluster>, BuildError> {
    let static_primary = check_hosts(plan)?;
    let shared = assembly::shared_device(world, plan, "shared", WAL_OFFSET + WAL_LENGTH)?;
    let cm_length = VOTING_LENGTH + cm::SHARE_DISK_LENGTH.max(MEBIBYTE);
    let cm_device = assembly::shared_device(world, plan, "cm", cm_length)?;
    let layout = Layout {
        device: shared,
        wal: Region::new("wal", shared, WAL_OFFSET, WAL_LENGTH, Content::Log),
        control: Region::new("control", shared, 0, CONTROL_LENGTH, Content::Control),
    };
    let configuration: Shared = Rc::new(Configuration {
        timers: Timers::of(plan),
        layout: layout.clone(),
        nodes: OnceCell::new(),
        initial: plan.initial.clone(),
        defects: plan.defects.clone(),
    });
    let cm_plan = cm_plan(plan, static_primary, shared, cm_device);
    let hosts: Vec<HostId> = plan.hosts.iter().map(|host| world.add_host(&host.name)).collect();
    let nodes: Vec<NodeProcesses> =
        hosts.iter().enumerate().map(|(index, host)| add_node(world, *host, index, &configuration, &cm_plan)).collect();
    let shells = hosts.iter().map(|host| add_shell(world, *host, &cm_plan)).collect();
    let pick = |process: fn(&NodeProcesses) -> ProcessId| nodes.iter().map(process).collect();
    let _ = cm_plan.directory.set(cm::Directory {
        gaussdb: pick(|node| node.gaussdb),
        dssserver: pick(|node| node.dssserver),
        cm_agent: pick(|node| node.cm_agent),
        cm_server: pick(|node| node.cm_server),
    });
    let view = RefCell::new(View::new(nodes.len()));
    let _ = configuration.nodes.set(nodes);
    let cm_region = |name: &str, extent: cm::Extent| {
        Region::new(name, extent.device, extent.offset, extent.length, Content::Control)
    };
    let regions = vec![
        layout.wal,
        layout.control,
        cm_region("voting-disk", cm_plan.regions.voting_disk),
        cm_region("share-disk", cm_plan.regions.share_disk),
    ];
    let data_directories = cm_plan.nodes.iter().map(|node| node.data_directory.clone()).collect();
    let recovery_path = liveness::recovery_path(&cm_plan.parameters, &configuration.timers);
    Ok(Rc::new(OpengaussDms {
        world: world.clone(),
        configuration,
        shells,
        data_directories,
        regions,
        view,
        recovery_path,
    }))
}

/// The place of the static primary among the hosts.
fn check_hosts(plan: &ClusterPlan) -> Result<usize, BuildError> {
    let primaries = plan.with_role("primary");
    match primaries[..] {
        [primary] if (2..=8).contains(&plan.hosts.len()) => Ok(primary),
        _ => Err(BuildError::Hosts {
            model: "opengauss_dms",
            needs: "two to eight hosts, one of them with the role primary",
            has: format!("{} hosts, {} of them primary", plan.hosts.len(), primaries.len()),
        }),
    }
}

/// What CM is told of the cluster; it learns the numbers of the processes when all are added.
fn cm_plan(plan: &ClusterPlan, static_primary: usize, volume: DeviceId, device: DeviceId) -> Rc<cm::Plan> {
    let node = |(index, host): (usize, &crate::product::HostPlan)| cm::Node {
        name: host.name.clone(),
        address: format!("192.168.0.{}", 11 + index),
        cm_directory: "/data/cluster/cm".to_owned(),
        data_directory: "/data/cluster/dn1".to_owned(),
        port: 12703,
    };
    Rc::new(cm::Plan {
        nodes: plan.hosts.iter().enumerate().map(node).collect(),
        static_primary,
        directory: Rc::default(),
        regions: cm::CmRegions {
            voting_disk: cm::Extent { device, offset: 0, length: VOTING_LENGTH },
            share_disk: cm::Extent { device, offset: VOTING_LENGTH, length: cm::SHARE_DISK_LENGTH },
        },
        volumes: vec![volume],
        parameters: cm::Parameters::of(plan),
        defects: cm::Defects::from_plan(plan),
    })
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
    let plan = cm_plan.clone();
    let om_monitor = world.add_process(host, "om_monitor", move |process| cm::om_monitor(process, plan.clone(), index));
    for process in [cm_agent, cm_server, om_monitor] {
        world.set_starts_at_boot(process, true);
    }
    NodeProcesses { host, gaussdb, dssserver, cm_agent, cm_server, om_monitor }
}

fn add_shell(world: &World, host: HostId, cm_plan: &Rc<cm::Plan>) -> Shell {
    let plan = cm_plan.clone();
    assembly::shell(world, host, move |terminal, words| {
        let plan = plan.clone();
        (words.first()? == "cm_ctl").then(|| -> LocalFuture<i32> { Box::pin(cm::cm_ctl(terminal, words, plan)) })
    })
}

impl OpengaussDms {
    fn instance_of(&self, host: HostId) -> Option<usize> {
        self.configuration.all_nodes().iter().position(|node| node.host == host)
    }

    /// Looks at the cluster as it is now, by what its processes have announced.
    fn look<T>(&self, at: impl FnOnce(&View) -> T) -> T {
        let mut view = self.view.borrow_mut();
        self.world.with_trace(|trace| view.follow(trace.events(), self.configuration.all_nodes()));
        at(&view)
    }

    /// The host whose cm_server said last that it is primary, while it runs and has not stepped down.
    fn cm_primary(&self) -> Option<HostId> {
        let instance = self.look(View::cm_primary)?;
        Some(self.configuration.node(instance).host).filter(|host| self.runs_cm_server(*host))
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
            self.world.start(node.om_monitor);
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
        let instance = match role {
            "primary" => self.look(View::primary),
            "old-primary" => self.look(View::old_primary),
            "new-primary" => self.look(View::new_primary),
            "reformer" => self.look(View::reformer),
            "any-standby" => {
                let (nodes, primary) = (self.configuration.all_nodes(), self.look(View::primary));
                (0..nodes.len() as InstanceId).find(|instance| {
                    primary != Some(*instance) && self.world.status(nodes[*instance as usize].gaussdb).exists()
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
            length: COPY_LENGTH,
            unit: COPY_LENGTH,
            redundancy: Redundancy::AnyCopy,
        }]
    }

    fn nodes(&self) -> Vec<NodeState> {
        let states = self.look(|view| view.states().to_vec());
        let nodes = self.configuration.all_nodes().iter().zip(states);
        nodes
            .map(|(node, mut state)| {
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

    fn recovery_path(&self) -> Vec<Wait> {
        self.recovery_path.clone()
    }

    fn may_stand_still(&self, whole: &[HostId]) -> Option<Reason> {
        liveness::may_stand_still(whole.len(), self.configuration.all_nodes().len())
    }

    fn waiting_for(&self) -> Vec<NodeState> {
        self.nodes().into_iter().filter(|node| node.state != "Normal").collect()
    }
}
