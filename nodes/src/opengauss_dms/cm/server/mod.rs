//! cm_server: one on each node, one of them primary.
//!
//! Five tasks: the contest for the disk lock (`role`), arbitration once a second (`rounds`), the requests that change
//! the DDB (`requests`), and here the mailbox of agents and cm_ctl. What the primary knows is its [`duty::Duty`], made
//! anew with each promotion; a standby has none.

mod duty;
mod membership;
mod requests;
mod role;
mod rounds;
mod switchover;

use std::cell::RefCell;
use std::rc::Rc;

use super::ddb::Ddb;
use super::log::{self, Level};
use super::messages::{AGENT_PORT, AgentReport, ClusterView, SERVER_PORT, ServerAnswer, ToAgent, ToServer};
use super::queue::Queue;
use super::voting_disk::VotingDisk;
use super::{Plan, SERVER_LOG};
use crate::fields;
use crate::opengauss_dms::messages::{ClientAnswer, ClientRequest, Resource};
use crate::world::port::{Incoming, Port};
use crate::world::process::Process;
use crate::world::trace::ProcessId;

use duty::Duty;
use requests::Job;

/// What a node's file system says while `cm_ctl pause` is in force.
pub(super) const PAUSE_FILE: &str = "cluster_manual_pause";

/// What the tasks of one cm_server share.
struct Server {
    process: Process,
    plan: Rc<Plan>,
    node: usize,
    port: Port<ToServer>,
    ddb: Ddb,
    voting_disk: VotingDisk,
    /// `Some` while this cm_server is primary.
    duty: RefCell<Option<Duty>>,
    /// Set by whoever finds that this cm_server must not be primary; the contest takes it.
    must_step_down: RefCell<bool>,
    jobs: Queue<Job>,
}

/// The program of cm_server on a node.
pub async fn cm_server(process: Process, plan: Rc<Plan>, node: usize) -> i32 {
    let port = process.bind::<ToServer>(SERVER_PORT);
    let server = Rc::new(Server {
        ddb: Ddb::open(&process, plan.regions.share_disk),
        voting_disk: VotingDisk::open(&process, plan.regions.voting_disk),
        duty: RefCell::new(None),
        must_step_down: RefCell::new(false),
        jobs: Queue::default(),
        process: process.clone(),
        plan,
        node,
        port,
    });
    let contest = server.clone();
    process.spawn(async move { contest.contest_for_the_disk_lock().await });
    let rounds = server.clone();
    process.spawn(async move { rounds.arbitrate_each_second().await });
    let requests = server.clone();
    process.spawn(async move { requests.work_on_requests().await });
    loop {
        let incoming = server.port.recv().await;
        server.receive(incoming);
    }
}

impl Server {
    fn log(&self, thread: &'static str, level: Level, text: &str) {
        log::write(&self.process, SERVER_LOG, thread, level, text);
    }

    fn is_primary(&self) -> bool {
        self.duty.borrow().is_some()
    }

    /// Looks at what the primary knows, or changes it; `None` if this cm_server is not the primary.
    fn on_duty<T>(&self, look: impl FnOnce(&mut Duty) -> T) -> Option<T> {
        self.duty.borrow_mut().as_mut().map(look)
    }

    fn paused(&self) -> bool {
        self.process.read_file(PAUSE_FILE).is_some()
    }

    fn agent_of(&self, node: usize) -> ProcessId {
        self.plan.processes().cm_agent[node]
    }

    /// Sends to an agent; if the old connection is broken, on a new one.
    fn tell(&self, node: usize, message: ToAgent) {
        let to = self.plan.address(self.agent_of(node), AGENT_PORT);
        if self.port.send(to, message.clone()).is_err() {
            let _ = self.port.send(to, message);
        }
    }

    /// Sends to every agent that has a connection, which is one that reported lately.
    fn tell_connected(&self, message: &ToAgent) {
        let now = self.process.monotonic();
        let connected = self.on_duty(|duty| duty.connected(now, &self.plan.parameters)).unwrap_or_default();
        for node in connected.iter() {
            self.tell(node, message.clone());
        }
    }

    fn receive(&self, incoming: Incoming<ToServer>) {
        match incoming.message {
            ToServer::Report(report) => self.receive_report(report),
            ToServer::ClientRequest { number, ref request } => {
                self.receive_client_request(incoming.from.process, number, request.clone());
            }
            ref question => {
                let answer = self.answer_operator(question);
                self.port.reply(&incoming, answer);
            }
        }
    }

    fn receive_report(&self, report: AgentReport) {
        let now = self.process.monotonic();
        let node = report.node;
        let Some(outcome) = self.on_duty(|duty| duty.take_report(now, report, &self.plan.parameters)) else { return };
        self.tell(node, ToAgent::Heartbeat);
        for (resource, list) in outcome.lists_for_reporter {
            self.tell(node, ToAgent::StatusList(resource, list));
        }
        if let Some(list) = outcome.check_list {
            self.tell(node, ToAgent::CheckList(list));
        }
        for resource in outcome.changed {
            self.publish(resource);
        }
        if let Some(text) = outcome.registrations_changed {
            self.log("ResIsreg", Level::Log, &text);
        }
    }

    /// Sends a status list to the agents and has it written down.
    fn publish(&self, resource: Resource) {
        if let Some(list) = self.on_duty(|duty| duty.list(resource).clone()) {
            self.tell_connected(&ToAgent::StatusList(resource, list));
            self.jobs.push(Job::SaveStatus(resource));
        }
    }

    /// Owners are read from memory, everything else goes to the DDB.
    fn receive_client_request(&self, agent: ProcessId, number: u64, request: ClientRequest) {
        let Some(node) = self.plan.processes().cm_agent.iter().position(|process| *process == agent) else { return };
        let answer = match request {
            ClientRequest::GetOwner(resource, _) => self.on_duty(|duty| duty.locks.owner(resource)),
            ClientRequest::Status(resource) => self.on_duty(|duty| ClientAnswer::Status(duty.list(resource).clone())),
            _ if self.is_primary() => return self.jobs.push(Job::Client { node, number, request }),
            _ => None,
        };
        let answer = answer.unwrap_or(ClientAnswer::ConnectionError);
        self.tell(node, ToAgent::ClientAnswer { number, answer });
    }

    fn answer_operator(&self, question: &ToServer) -> ServerAnswer {
        if !self.is_primary() {
            return ServerAnswer::NotPrimary;
        }
        match question {
            ToServer::Query => self.cluster_view().map_or(ServerAnswer::NotPrimary, ServerAnswer::State),
            ToServer::Switchover { node, wait_seconds } => self.accept_switchover(*node, *wait_seconds),
            ToServer::ClusterStops => {
                self.on_duty(|duty| duty.halted = true);
                self.process.announce("arbitration.halted", fields! {});
                ServerAnswer::Accepted
            }
            ToServer::ClusterStarts => {
                let now = self.process.monotonic();
                self.on_duty(|duty| duty.cluster_starts(now));
                self.process.announce("arbitration.resumed", fields! {});
                ServerAnswer::Accepted
            }
            _ => ServerAnswer::Accepted,
        }
    }

    fn cluster_view(&self) -> Option<ClusterView> {
        let now = self.process.monotonic();
        self.on_duty(|duty| ClusterView {
            databases: duty.databases(now, &self.plan.parameters),
            resources: duty.lists.clone(),
            pausing: self.paused(),
        })
    }
}
