//! Puts the processes of a cluster together.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use super::cm::{cm_agent, cm_server};
use super::gaussdb::{gaussdb, recover_primary};
use super::gs_ctl;
use super::gs_guc::gs_guc;
use super::gs_om::gs_om;
use super::liveness::{self, Arbiter, Situation};
use super::parameters::Parameters;
use super::plan::{Configuration, Defects, Node, SYSTEM_ID, Shared};
use super::rules::quorum::SyncStandbys;
use super::rules::state::ServerMode;
use super::sshd::sshd;
use super::{files, rules};
use crate::parts::engine::{EngineLayout, EngineShape};
use crate::parts::service;
use crate::parts::shell::Shell;
use crate::parts::standstill::Reason;
use crate::product::{BuildError, Cluster, ClusterPlan, Content, NodeState, PortableStep, Recovery, Region, Wait};
use crate::world::World;
use crate::world::device::DeviceOptions;
use crate::world::port::Address;
use crate::world::trace::{HostId, ProcessId};

/// What a host must have to start a server.
const HBA_TEXT: &str = "host all all 9.1.14.0/24 sha256\n";
/// How many segments a node has room for.
const SEGMENTS: u64 = 64;

struct OpenGaussHa {
    world: World,
    configuration: Shared,
    shells: Vec<Shell>,
    /// The processes of CM, if there are any.
    cm: Vec<ProcessId>,
}

/// Builds a cluster: hosts, devices, processes, shells.
pub(super) fn build(world: &World, plan: &ClusterPlan) -> Result<Rc<dyn Cluster>, BuildError> {
    let parameters = Parameters::of(plan);
    let primaries = plan.hosts.iter().filter(|host| host.role == "primary").count();
    if plan.hosts.len() < 2 || primaries != 1 {
        let has = format!("{} hosts, {primaries} of them primary", plan.hosts.len());
        return Err(BuildError::Hosts { model: "opengauss_ha", needs: "one primary and at least one standby", has });
    }
    let sync = SyncStandbys::parse(&parameters.synchronous_standby_names).map_err(|error| BuildError::Hosts {
        model: "opengauss_ha",
        needs: "a synchronous_standby_names that can be read",
        has: error.to_string(),
    })?;
    let shape =
        EngineShape { segment_size: parameters.segment_size, segments: SEGMENTS, ..EngineShape::new(SYSTEM_ID) };
    let board = plan.hosts.iter().map(|host| NodeState { host: host.name.clone(), ..NodeState::default() });
    let configuration: Shared = Rc::new(Configuration {
        parameters,
        sync,
        defects: Defects(plan.defects.clone()),
        is_profile_3: plan.profile == "3.0.0",
        shape,
        nodes: OnceCell::new(),
        shells: OnceCell::new(),
        initial: plan.initial.clone(),
        board: RefCell::new(board.collect()),
        ready: RefCell::new(false),
        cm_server: OnceCell::new(),
        jobs: RefCell::default(),
    });
    let mut nodes = Vec::new();
    for (number, host) in plan.hosts.iter().enumerate() {
        nodes.push(add_node(world, plan, number, &host.name, host.role == "primary", &configuration)?);
    }
    let hosts: Vec<HostId> = nodes.iter().map(|node| node.host).collect();
    let _ = configuration.nodes.set(nodes);
    let shells: Vec<Shell> =
        hosts.iter().enumerate().map(|(number, host)| add_shell(world, *host, number, &configuration)).collect();
    let _ = configuration.shells.set(shells.clone());
    let cm = if configuration.parameters.cm { add_cm(world, &hosts, &configuration) } else { Vec::new() };
    Ok(Rc::new(OpenGaussHa { world: world.clone(), configuration, shells, cm }))
}

fn add_node(
    world: &World,
    plan: &ClusterPlan,
    number: usize,
    name: &str,
    is_static_primary: bool,
    configuration: &Shared,
) -> Result<Node, BuildError> {
    let host = world.add_host(name);
    let length = EngineLayout::at(0, &configuration.shape).end();
    let mut options = plan.devices.get("data").cloned().unwrap_or_else(|| DeviceOptions::new("data", 1));
    options.name = format!("data of {name}");
    options.capacity = options.capacity.max(length.div_ceil(options.sector_size));
    let device = world.add_local_device(host, options)?;
    let shared = configuration.clone();
    let database = world.add_process(host, "gaussdb", move |process| gaussdb(process, shared.clone(), number));
    let shared = configuration.clone();
    let gs_ctl = world.add_process(host, "gs_ctl", move |process| gs_ctl::work(process, shared.clone(), number));
    let shared = configuration.clone();
    let streamer =
        world.add_process(host, "streamer", move |process| gs_ctl::streamer(process, shared.clone(), number));
    let shared = configuration.clone();
    let sshd = world.add_process(host, "sshd", move |process| sshd(process, shared.clone(), number));
    world.set_starts_at_boot(sshd, true);
    let mode = if is_static_primary { ServerMode::Primary } else { ServerMode::Standby };
    let node = Node {
        host,
        name: name.to_owned(),
        address: format!("9.1.14.{}", 39 + number),
        database,
        gs_ctl,
        streamer,
        sshd,
        device,
        instance: 6001 + number as u64,
        is_static_primary,
    };
    world.write_file(host, files::HBA, HBA_TEXT.into());
    world.write_file(host, files::CONFIGURATION, Vec::new());
    world.write_file(host, files::TERM, rules::term::file(rules::term::FIRST));
    let options = format!("gaussdb -D {} -M {}\n", node.directory(), mode.option());
    world.write_file(host, files::OPTIONS, options.into_bytes());
    Ok(node)
}

/// The arbiter on the last host, an agent on each.
fn add_cm(world: &World, hosts: &[HostId], configuration: &Shared) -> Vec<ProcessId> {
    let Some(last) = hosts.last() else { return Vec::new() };
    let shared = configuration.clone();
    let server = world.add_process(*last, "cm_server", move |process| cm_server(process, shared.clone()));
    let _ = configuration.cm_server.set(server);
    let add_agent = |(number, host): (usize, &HostId)| {
        let shared = configuration.clone();
        world.add_process(*host, "cm_agent", move |process| cm_agent(process, shared.clone(), number))
    };
    let agents = hosts.iter().enumerate().map(add_agent);
    let processes: Vec<ProcessId> = std::iter::once(server).chain(agents).collect();
    for process in &processes {
        world.set_starts_at_boot(*process, true);
    }
    processes
}

fn add_shell(world: &World, host: HostId, number: usize, configuration: &Shared) -> Shell {
    let plan = configuration.clone();
    Shell::add(
        world,
        host,
        Rc::new(move |terminal, words: Vec<String>| {
            let plan = plan.clone();
            Box::pin(async move {
                match words.first().map(String::as_str) {
                    Some("gs_ctl") => gs_ctl::gs_ctl(terminal, words, plan, number).await,
                    Some("gs_om") => gs_om(terminal, words, plan).await,
                    Some("gs_guc") => gs_guc(terminal, words, plan, number).await,
                    program => {
                        terminal.print(format!("{}: command not found", program.unwrap_or_default()));
                        127
                    }
                }
            })
        }),
    )
}

impl OpenGaussHa {
    fn number_of(&self, host: HostId) -> Option<usize> {
        self.configuration.nodes().iter().position(|node| node.host == host)
    }

    fn is_primary(&self, state: &NodeState) -> bool {
        state.writable
    }
}

impl Cluster for OpenGaussHa {
    fn start(&self) {
        for (node, shell) in self.configuration.nodes().iter().zip(&self.shells) {
            for process in [node.sshd, shell.process(), node.database] {
                self.world.start(process);
            }
        }
        for process in &self.cm {
            self.world.start(*process);
        }
    }

    fn shell(&self, host: HostId) -> Shell {
        self.shells[self.number_of(host).unwrap_or(0)].clone()
    }

    fn database(&self, host: HostId) -> ProcessId {
        self.configuration.node(self.number_of(host).unwrap_or(0)).database
    }

    fn services(&self) -> Vec<Address> {
        self.configuration.nodes().iter().map(|node| Address::new(node.database, service::PORT)).collect()
    }

    fn select(&self, role: &str) -> Option<HostId> {
        let nodes = self.nodes();
        let wanted = |state: &&NodeState| match role {
            "primary" | "new-primary" => self.is_primary(state),
            "any-standby" => state.role == "standby",
            _ => false,
        };
        let number = nodes.iter().position(|state| wanted(&state))?;
        Some(self.configuration.node(number).host)
    }

    fn command_for(&self, step: &PortableStep) -> Option<(HostId, Vec<String>)> {
        let number = self.number_of(step.target)?;
        let directory = self.configuration.node(number).directory();
        let words: Vec<&str> = match step.verb.as_str() {
            "switchover" => vec!["gs_ctl", "switchover", "-D", &directory],
            "failover" | "promote" => vec!["gs_ctl", "failover", "-D", &directory],
            "start" => vec!["gs_ctl", "start", "-D", &directory, "-M", "standby"],
            "stop" => vec!["gs_ctl", "stop", "-D", &directory],
            _ => return None,
        };
        Some((step.target, words.into_iter().map(str::to_owned).collect()))
    }

    /// The log of a node that takes writes counts; that of any other is a copy, or what was left behind at a fork.
    fn regions(&self) -> Vec<Region> {
        let configuration = &self.configuration;
        let states = self.nodes();
        let any_primary = states.iter().any(|state| self.is_primary(state));
        let counts: Vec<bool> = states.iter().map(|state| !any_primary || self.is_primary(state)).collect();
        let layout = EngineLayout::at(0, &configuration.shape);
        let of_node = |(node, counts): (&Node, &bool)| {
            let named = |region: Region| {
                let name = match region.name.as_str() {
                    "wal" => format!("pg_xlog of {}", node.name),
                    other => format!("{other} of {}", node.name),
                };
                let content = match region.content {
                    Content::Log if !counts => Content::LogCopy,
                    other => other,
                };
                Region { name, content, ..region }
            };
            layout.regions(node.device, "").into_iter().map(named).collect::<Vec<_>>()
        };
        configuration.nodes().iter().zip(&counts).flat_map(of_node).collect()
    }

    fn recovery(&self) -> Option<Recovery> {
        let number = self.select("primary").and_then(|host| self.number_of(host)).unwrap_or(0);
        let (plan, device) = (self.configuration.clone(), self.configuration.node(number).device);
        Some(Recovery::new(move |process| recover_primary(process, plan.clone(), device)))
    }

    fn nodes(&self) -> Vec<NodeState> {
        let board = self.configuration.board.borrow();
        let nodes = self.configuration.nodes().iter().zip(&*board);
        let shown = nodes.map(|(node, state)| match self.world.status(node.database).exists() {
            true => state.clone(),
            false => NodeState { role: "Down".to_owned(), state: "Down".to_owned(), writable: false, ..state.clone() },
        });
        shown.collect()
    }

    fn recovery_path(&self) -> Vec<Wait> {
        liveness::recovery_path(&self.configuration.parameters)
    }

    fn may_stand_still(&self, whole: &[HostId]) -> Option<Reason> {
        let board = self.configuration.board.borrow();
        let nodes = self.configuration.nodes().iter().zip(&*board);
        let running =
            |(node, _): &(&Node, &NodeState)| whole.contains(&node.host) && self.world.status(node.database).exists();
        let (primaries, standbys): (Vec<_>, Vec<_>) =
            nodes.filter(running).partition(|(_, state)| self.is_primary(state));
        let parameters = &self.configuration.parameters;
        let waits =
            !parameters.most_available_sync && !["off", "local"].contains(&parameters.synchronous_commit.as_str());
        let needed = self.configuration.sync.as_ref().filter(|_| waits).map_or(0, SyncStandbys::count);
        let arbiter = self.configuration.cm_server.get().map(|server| Arbiter {
            in_core: whole.contains(&self.world.host_of(*server)) && self.world.status(*server).exists(),
            core: whole.len(),
            all: self.configuration.nodes().len(),
        });
        // What is down is started by the arbiter and follows.
        let standbys =
            if arbiter.is_some_and(|it| it.in_core) { whole.len().saturating_sub(1) } else { standbys.len() };
        liveness::may_stand_still(&Situation { primaries: primaries.len(), standbys, needed, arbiter })
    }

    fn starts_databases(&self, _: HostId) -> bool {
        self.configuration.cm_server.get().is_some()
    }

    fn waiting_for(&self) -> Vec<NodeState> {
        self.nodes().into_iter().filter(|node| node.state != "Normal").collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::HostPlan;
    use crate::world::WorldOptions;

    #[test]
    fn a_cluster_needs_one_primary_and_a_standby() {
        let world = World::new(WorldOptions::default());
        let host = HostPlan { name: "dn1".to_owned(), role: "primary".to_owned() };
        let lonely = ClusterPlan { hosts: vec![host], ..ClusterPlan::default() };
        assert!(matches!(build(&world, &lonely), Err(BuildError::Hosts { .. })));
    }
}
