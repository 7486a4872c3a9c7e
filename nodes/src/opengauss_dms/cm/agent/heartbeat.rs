//! What an agent says each second: a report to cm_server, a sign of life to other agents, a time on the voting disk.

use std::time::Duration;

use super::operator::NODE_STOP_FILE;
use super::{Agent, resource_index};
use crate::opengauss_dms::cm::contents::RESOURCES;
use crate::opengauss_dms::cm::log::Level;
use crate::opengauss_dms::cm::messages::{AGENT_PORT, AgentReport, SERVER_PORT, ToAgent, ToServer};
use crate::opengauss_dms::messages::{Health, Resource};
use crate::world::trace::ProcessId;

const ROUND: Duration = Duration::from_secs(1);

/// How long an agent without any cm_server waits before it stops its node, if `enable_fence_dn` is on: 15 attempts
/// to connect of 1 s each, and 1 s after each.
const FENCE_WITHOUT_SERVER: Duration = Duration::from_secs(30);

impl Agent {
    /// Reports for ever: to the primary if it is known, else to every cm_server, of which only the primary answers.
    pub(super) async fn report_to_server(&self) {
        loop {
            self.give_up_silent_server();
            self.expire_waiting();
            let report = self.report();
            let primary = self.state.borrow().primary;
            let servers = &self.plan.processes().cm_server;
            for (node, server) in servers.iter().enumerate() {
                if primary.is_none_or(|primary| primary == node) {
                    self.tell_server(*server, ToServer::Report(report.clone()));
                }
            }
            self.fence_without_server();
            self.process.sleep(self.plan.parameters.agent_report_interval).await;
        }
    }

    pub(super) fn tell_server(&self, server: ProcessId, message: ToServer) {
        let to = self.plan.address(server, SERVER_PORT);
        if self.port.send(to, message.clone()).is_err() {
            let _ = self.port.send(to, message);
        }
    }

    /// A connection on which nothing came for too long is given up, and all of them are tried anew.
    fn give_up_silent_server(&self) {
        let now = self.process.monotonic();
        let limit = self.plan.parameters.agent_heartbeat_timeout;
        let primary = {
            let mut state = self.state.borrow_mut();
            if now.since(state.last_heartbeat.max(state.last_give_up)) <= limit {
                return;
            }
            state.last_give_up = now;
            state.primary.take()
        };
        if let Some(node) = primary {
            self.log("ConnCms", Level::Log, "cm_agent heartbeat timeout, will close the connection of cm_server.");
            self.process.disconnect(self.plan.processes().cm_server[node]);
        } else {
            // Attempts that got no answer would otherwise wait for the retransmissions of the first of them.
            for server in &self.plan.processes().cm_server {
                self.process.disconnect(*server);
            }
        }
    }

    fn fence_without_server(&self) {
        let now = self.process.monotonic();
        let without = now.since(self.state.borrow().last_heartbeat);
        if self.plan.parameters.enable_fence_dn && without >= FENCE_WITHOUT_SERVER {
            self.kill(Resource::Dms, "no cm_server");
            self.kill(Resource::Dss, "no cm_server");
        }
    }

    pub(super) fn heartbeat_from(&self, server: ProcessId) {
        let node = self.plan.processes().cm_server.iter().position(|process| *process == server);
        let mut state = self.state.borrow_mut();
        state.last_heartbeat = self.process.monotonic();
        if state.primary != node {
            state.primary = node;
            drop(state);
            if let Some(node) = node {
                self.log(
                    "ConnCms",
                    Level::Log,
                    &format!("cm_agent connect to cm_server successfully, node({}).", node + 1),
                );
            }
        }
    }

    /// A process this agent had a connection with is gone.
    pub(super) fn connection_closed(&self, peer: ProcessId) {
        let node = self.plan.processes().cm_server.iter().position(|process| *process == peer);
        if node.is_some() && self.state.borrow().primary == node {
            self.state.borrow_mut().primary = None;
            self.fail_waiting();
        }
    }

    fn report(&self) -> AgentReport {
        let state = self.state.borrow();
        AgentReport {
            node: self.node,
            health: RESOURCES.map(|resource| self.health(resource)),
            manually_stopped: self.manually_stopped(),
            database: state.database,
            phony_dead_times: state.phony_dead_times,
            heard: state.heard.clone(),
            registrations: state.registrations.iter().map(|(instance, found)| (*instance, *found)).collect(),
            list_versions: RESOURCES.map(|resource| state.lists[resource_index(resource)].version),
        }
    }

    fn health(&self, resource: Resource) -> Health {
        if self.exists(self.process_of(resource)) { Health::Online } else { Health::Offline }
    }

    /// Tells the other agents that this node lives. The real connections are made anew within seconds when they
    /// break, so a datagram is the nearer picture.
    pub(super) async fn send_heartbeats(&self) {
        loop {
            for (node, agent) in self.plan.processes().cm_agent.iter().enumerate() {
                if node != self.node {
                    let to = self.plan.address(*agent, AGENT_PORT);
                    self.process.send_datagram(to, ToAgent::Rhb { node: self.node });
                }
            }
            self.process.sleep(self.plan.parameters.agent_rhb_interval).await;
        }
    }

    pub(super) fn heard(&self, node: usize) {
        let seconds = self.process.wall_clock().seconds();
        if let Some(stamp) = self.state.borrow_mut().heard.get_mut(node) {
            *stamp = seconds;
        }
    }

    /// Writes the time for ever. A node that cannot for `disk_timeout` stops itself.
    pub(super) async fn write_voting_disk(&self) {
        let limit = self.plan.parameters.disk_timeout;
        let mut last_success = self.process.monotonic();
        loop {
            if limit.is_zero() {
                return;
            }
            let writing = self.voting_disk.write(self.node, self.process.wall_clock().seconds());
            let written = self.process.timeout(limit, writing).await;
            let now = self.process.monotonic();
            if matches!(written, Ok(Ok(()))) {
                last_success = now;
            } else {
                self.log("VotingDisk", Level::Error, "update voting disk status failed.");
                if now.since(last_success) >= limit {
                    self.log("VotingDisk", Level::Warning, "update voting disk status timeout, stop current node!");
                    self.process.write_file(NODE_STOP_FILE, *b"1");
                }
            }
            self.process.sleep(ROUND).await;
        }
    }
}
