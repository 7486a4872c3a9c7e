//! cm_agent: one on each node.
//!
//! It starts, checks and kills gaussdb and dssserver (`resources`), reports to the primary cm_server and hears other
//! agents (`heartbeat`), runs `dsscmd` (`fencing`), passes on what the CM clients of its node ask (`clients`), and
//! looks whether gaussdb still answers (`database`). Here are its start, its mailbox and what the tasks share.

mod clients;
mod database;
mod fencing;
mod heartbeat;
mod operator;
mod resources;
mod scripts;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::log::{self, Level};
use super::messages::{AGENT_PORT, DatabaseView, Registration, ToAgent};
use super::queue::Queue;
use super::supervision::Supervision;
use super::voting_disk::VotingDisk;
use super::{AGENT_LOG, Plan};
use crate::opengauss_dms::messages::{
    AGENT_CLIENT_PORT, ClientRequest, GAUSSDB_CONTROL_PORT, GaussdbControl, GaussdbStatus, InstanceId, Resource,
    StatusList,
};
use crate::world::port::{Delivery, Incoming, Port};
use crate::world::process::Process;
use crate::world::time::Instant;
use crate::world::trace::ProcessId;

use clients::Waiting;
use fencing::FenceOrder;

pub(super) use operator::NODE_STOP_FILE;

/// How often the agent looks after its network card.
const NIC_CHECK: Duration = Duration::from_secs(5);

/// What the tasks of one agent share.
struct Agent {
    process: Process,
    plan: Rc<Plan>,
    node: usize,
    port: Port<ToAgent>,
    clients: Port<ClientRequest>,
    voting_disk: VotingDisk,
    fence_orders: Queue<FenceOrder>,
    state: RefCell<State>,
}

/// What changes.
struct State {
    /// The cm_server that answers heartbeats.
    primary: Option<usize>,
    last_heartbeat: Instant,
    last_give_up: Instant,
    lists: [StatusList; 2],
    /// When each other node was last heard, in seconds of this host's wall clock.
    heard: Vec<u64>,
    supervision: [Supervision; 2],
    database: DatabaseView,
    phony_dead_times: i64,
    registrations: BTreeMap<InstanceId, Registration>,
    last_unregister: BTreeMap<InstanceId, Instant>,
    waiting: BTreeMap<u64, Waiting>,
    next_number: u64,
    nic_down: bool,
}

/// The program of cm_agent on a node.
pub async fn cm_agent(process: Process, plan: Rc<Plan>, node: usize) -> i32 {
    let state = State {
        primary: None,
        last_heartbeat: process.monotonic(),
        last_give_up: process.monotonic(),
        lists: Default::default(),
        heard: vec![0; plan.nodes.len()],
        supervision: Default::default(),
        database: DatabaseView::Starting,
        phony_dead_times: 0,
        registrations: BTreeMap::from([(node as InstanceId, Registration::Init)]),
        last_unregister: BTreeMap::new(),
        waiting: BTreeMap::new(),
        next_number: 0,
        nic_down: false,
    };
    let agent = Rc::new(Agent {
        port: process.bind(AGENT_PORT),
        clients: process.bind(AGENT_CLIENT_PORT),
        voting_disk: VotingDisk::open(&process, plan.regions.voting_disk),
        fence_orders: Queue::default(),
        state: RefCell::new(state),
        process,
        plan,
        node,
    });
    agent.log("main", Level::Log, "cm_agent start.");
    agent.clone().spawn(async |agent| agent.report_to_server().await);
    agent.clone().spawn(async |agent| agent.send_heartbeats().await);
    agent.clone().spawn(async |agent| agent.write_voting_disk().await);
    agent.clone().spawn(async |agent| agent.start_resources().await);
    agent.clone().spawn(async |agent| agent.stop_resources().await);
    agent.clone().spawn(async |agent| agent.watch_database().await);
    agent.clone().spawn(async |agent| agent.count_phony_dead().await);
    agent.clone().spawn(async |agent| agent.inquire_registrations().await);
    agent.clone().spawn(async |agent| agent.carry_out_fence_orders().await);
    agent.clone().spawn(async |agent| agent.serve_clients().await);
    agent.clone().spawn(async |agent| agent.watch_network_card().await);
    agent.clone().spawn(async |agent| agent.watch_cm_server().await);
    loop {
        match agent.port.recv_any().await {
            Delivery::Message(incoming) => agent.receive(incoming),
            Delivery::Closed(peer, _) => agent.connection_closed(peer),
        }
    }
}

impl Agent {
    fn spawn(self: Rc<Self>, task: impl AsyncFnOnce(Rc<Self>) + 'static) {
        let process = self.process.clone();
        process.spawn(async move { task(self).await });
    }

    fn log(&self, thread: &'static str, level: Level, text: &str) {
        log::write(&self.process, AGENT_LOG, thread, level, text);
    }

    fn gaussdb(&self) -> ProcessId {
        self.plan.processes().gaussdb[self.node]
    }

    fn dssserver(&self) -> ProcessId {
        self.plan.processes().dssserver[self.node]
    }

    fn exists(&self, process: ProcessId) -> bool {
        self.process.local_state(process).is_some_and(|status| status.exists())
    }

    fn process_of(&self, resource: Resource) -> ProcessId {
        match resource {
            Resource::Dms => self.gaussdb(),
            Resource::Dss => self.dssserver(),
        }
    }

    fn receive(self: &Rc<Self>, incoming: Incoming<ToAgent>) {
        match incoming.message {
            ToAgent::Heartbeat => self.heartbeat_from(incoming.from.process),
            ToAgent::Rhb { node } => self.heard(node),
            ToAgent::StatusList(resource, list) => self.take_list(resource, list),
            ToAgent::ClientAnswer { number, answer } => self.answer_client(number, answer),
            ToAgent::Unregister(instance) => self.order_fence(FenceOrder::Unregister(instance)),
            ToAgent::Register => self.order_fence(FenceOrder::Register),
            ToAgent::CheckList(instances) => self.take_check_list(&instances),
            ToAgent::Switchover { wait_seconds } => self.switch_over(wait_seconds),
            ToAgent::KillPhonyDead => self.kill(Resource::Dms, "phony dead"),
            ToAgent::Node(command) => {
                let answer = self.obey(command);
                self.port.reply(&incoming, answer);
            }
        }
    }

    fn take_list(&self, resource: Resource, list: StatusList) {
        self.state.borrow_mut().lists[resource_index(resource)] = list;
    }

    /// Whether this node's instance of a resource is a work member, as far as the agent was told; before the first
    /// list it takes it for granted.
    fn is_member(&self, resource: Resource) -> bool {
        let state = self.state.borrow();
        let list = &state.lists[resource_index(resource)];
        list.instances.iter().find(|known| known.0 == self.node as InstanceId).is_none_or(|(_, _, member)| *member)
    }

    /// `gs_ctl switchover`, in the background.
    fn switch_over(self: &Rc<Self>, wait_seconds: u64) {
        let directory = &self.plan.nodes[self.node].data_directory;
        let text = format!("switchover msg from cm_server, data_dir :{directory}  nodeType is 2");
        self.log("main", Level::Log, &text);
        self.clone().spawn(async move |agent| {
            let to = agent.plan.address(agent.gaussdb(), GAUSSDB_CONTROL_PORT);
            let limit = Duration::from_secs(wait_seconds);
            let answer = agent.process.call::<GaussdbStatus>(to, GaussdbControl::Switchover, limit).await;
            let command =
                format!("gs_ctl switchover -D {} -T {wait_seconds}", agent.plan.nodes[agent.node].data_directory);
            match answer {
                Ok(_) => agent.log("main", Level::Log, &format!("run success switchover cmd({command}).")),
                Err(error) => {
                    agent.log("main", Level::Error, &format!("run switchover command failed {command}: {error}."));
                }
            }
        });
    }

    /// Without a network card nothing of this node may go on, but cm_server does.
    async fn watch_network_card(&self) {
        loop {
            let down = !self.process.world().nic_is_up(self.process.host());
            let before = std::mem::replace(&mut self.state.borrow_mut().nic_down, down);
            if down && !before {
                self.log("NicCheck", Level::Warning, "nic is down, stop all local resources.");
            }
            if down {
                self.kill(Resource::Dms, "nic down");
                self.kill(Resource::Dss, "nic down");
            }
            self.process.sleep(NIC_CHECK).await;
        }
    }

    /// The agent starts the cm_server of its node when it finds it dead.
    async fn watch_cm_server(&self) {
        loop {
            self.process.sleep(self.plan.parameters.agent_check_interval).await;
            let server = self.plan.processes().cm_server[self.node];
            if !self.exists(server) && self.process.start_local(server) {
                self.log("StartAndStop", Level::Log, "start cm_server.");
            }
        }
    }
}

fn resource_index(resource: Resource) -> usize {
    match resource {
        Resource::Dms => 0,
        Resource::Dss => 1,
    }
}
