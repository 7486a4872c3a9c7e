//! What the primary cm_server does each second: look at the voting disk, arbitrate, walk through the members.

use std::time::Duration;

use super::Server;
use super::duty::Duty;
use crate::fields;
use crate::opengauss_dms::cm::NodeSet;
use crate::opengauss_dms::cm::arbitration::{Arbitration, Evidence, KickReason, Variant, admit};
use crate::opengauss_dms::cm::contents::{CLUSTER_KEY, Cluster, cluster_value};
use crate::opengauss_dms::cm::disk_lock::COMMAND_TIMEOUT;
use crate::opengauss_dms::cm::log::{self, Level};
use crate::opengauss_dms::cm::messages::ToAgent;
use crate::world::clock::WallTime;

const ROUND: Duration = Duration::from_secs(1);
const THREAD: &str = "MaxClusterAb";

/// How often in a row the voting disk may not be readable.
const VOTING_DISK_TRIES: u32 = 6;
/// How long a primary cm_server may have no agent but its own (`cmserver_demote_delay_on_conn_less`).
const LONELY_LIMIT: Duration = Duration::from_secs(10);
/// Fewer cm_server than this never step down for want of agents.
const MAJORITY_RULE_FROM: usize = 3;

impl Server {
    pub(super) async fn arbitrate_each_second(&self) {
        loop {
            self.process.sleep(ROUND).await;
            if !self.is_primary() {
                continue;
            }
            if !self.read_voting_disk().await {
                self.log(THREAD, Level::Log, "CheckVotingDisk failed, cms switch to standby.");
                self.must_step_down.replace(true);
                continue;
            }
            self.look_after_silent_agents();
            self.arbitrate().await;
            self.walk_through_members().await;
            self.look_after_switchover();
            self.look_after_phony_dead();
            self.look_after_majority();
        }
    }

    async fn read_voting_disk(&self) -> bool {
        for _ in 0..VOTING_DISK_TRIES {
            let reading = self.voting_disk.read(self.plan.nodes.len());
            if let Ok(Ok(times)) = self.process.timeout(COMMAND_TIMEOUT, reading).await {
                self.on_duty(|duty| duty.disk_times = times);
                return true;
            }
            self.process.sleep(ROUND).await;
        }
        false
    }

    /// An agent that is silent has no connection any more, and nobody knows how its resources are.
    fn look_after_silent_agents(&self) {
        let now = self.process.monotonic();
        let parameters = &self.plan.parameters;
        let changed = self.on_duty(|duty| duty.forget_silent(now, parameters)).unwrap_or_default();
        for resource in changed {
            self.publish(resource);
        }
        let lost = self.on_duty(|duty| duty.newly_disconnected(now, parameters)).unwrap_or_default();
        for node in lost.iter() {
            self.process.disconnect(self.agent_of(node));
        }
    }

    fn arbitration_is_off(&self) -> bool {
        if self.paused() {
            let now = self.process.monotonic();
            self.on_duty(|duty| duty.since = now);
            return true;
        }
        let halted = self.on_duty(|duty| duty.halted).unwrap_or(true);
        self.plan.defects.arbitration_off
            || self.plan.parameters.delay_arbitrate_max_cluster_timeout.is_zero()
            || (halted && !self.plan.defects.stop_kicks_members)
    }

    async fn arbitrate(&self) {
        if self.arbitration_is_off() {
            return;
        }
        let Some(Some(decision)) = self.on_duty(|duty| self.decide(duty)) else { return };
        self.log_decision(&decision);
        let value = cluster_value(decision.next);
        self.log(THREAD, Level::Log, &format!("cms will set key({CLUSTER_KEY}) value({value}) to ddb."));
        let written = self.ddb.change(|values| values.insert(CLUSTER_KEY.to_owned(), value)).await;
        if let Err(error) = written {
            return self.log(THREAD, Level::Error, &format!("the cluster stays as it was: {error}."));
        }
        self.on_duty(|duty| {
            duty.cluster = decision.next;
            duty.starting &= decision.next.nodes.len() < duty.node_count();
        });
        self.announce_decision(&decision);
    }

    fn variant(&self) -> Variant {
        Variant {
            one_way_cuts: self.plan.defects.one_way_rhb_kicks,
            unknown_never_expires: self.plan.defects.unknown_counts_as_alive,
        }
    }

    fn decide(&self, duty: &mut Duty) -> Option<Decision> {
        let now = self.process.monotonic();
        let parameters = &self.plan.parameters;
        let evidence = duty.evidence(now, self.process.wall_clock().seconds(), parameters);
        let last = duty.cluster;
        let best = Arbitration::new(&evidence, last.nodes, self.variant()).best_cluster();
        let nodes = admit(last.nodes, best, duty.may_shrink(now, parameters))?;
        let heard = duty.agents.iter().map(|known| known.as_ref().map(|known| known.report.heard.clone())).collect();
        Some(Decision { last, next: Cluster { version: last.version + 1, nodes }, evidence, heard })
    }

    fn log_decision(&self, decision: &Decision) {
        let (last, next) = (decision.last, decision.next);
        let line = format!("last({}) is different from current({}), result is 0.", last.version, next.version);
        self.log(THREAD, Level::Log, &line);
        for node in last.nodes.difference(next.nodes).iter() {
            log::write_key_event(&self.process, &format!("node({}) kick out.", node + 1));
            self.log_kick(decision, node);
        }
        for node in next.nodes.difference(last.nodes).iter() {
            log::write_key_event(&self.process, &format!("node({}) join in cluster.", node + 1));
        }
    }

    fn log_kick(&self, decision: &Decision, node: usize) {
        let reason = Arbitration::new(&decision.evidence, decision.last.nodes, self.variant()).kick_reason(node);
        let node_id = node + 1;
        match reason {
            KickReason::VotingDisk => {
                let line = format!("kick out result: node({node_id}) disk heartbeat timeout.");
                self.log(THREAD, Level::Log, &line);
            }
            KickReason::Report => {
                let line = format!("kick out result: node({node_id}) res inst manual stop or report timeout.");
                self.log(THREAD, Level::Log, &line);
            }
            KickReason::Disconnected(others) => {
                for other in others {
                    let line = format!(
                        "kick out result: (index={node},nodeId={node_id}) disconnect with (index={other},nodeId={}).",
                        other + 1
                    );
                    self.log(THREAD, Level::Log, &line);
                }
                self.log_heartbeats(&decision.heard);
            }
        }
    }

    fn log_heartbeats(&self, heard: &[Option<Vec<u64>>]) {
        for row in heard {
            let stamps: Vec<String> = match row {
                Some(row) => row.iter().map(|seconds| stamp(*seconds)).collect(),
                None => vec![stamp(0); heard.len()],
            };
            self.log(THREAD, Level::Log, &format!("[RHB] hb infos: |{}|", stamps.join("|")));
        }
    }

    fn announce_decision(&self, decision: &Decision) {
        let announce = |name, nodes: NodeSet| {
            for node in nodes.iter() {
                let host = self.plan.nodes[node].name.as_str();
                self.process.announce(name, fields! { node: node + 1, host: host });
            }
        };
        announce("member.kicked", decision.last.nodes.difference(decision.next.nodes));
        announce("member.joined", decision.next.nodes.difference(decision.last.nodes));
    }

    /// A gaussdb that has not answered for long enough is killed, but not again and again.
    fn look_after_phony_dead(&self) {
        let now = self.process.monotonic();
        let parameters = &self.plan.parameters;
        let pause = parameters.instance_phony_dead_restart_interval;
        let victims = self.on_duty(|duty| {
            let mut victims = NodeSet::EMPTY;
            for node in duty.connected(now, parameters).iter() {
                let times = duty.agents[node].as_ref().map_or(0, |known| known.report.phony_dead_times);
                let rested = duty.phony_kills[node].is_none_or(|last| now.since(last) >= pause);
                if times >= parameters.phony_dead_effective_time && rested {
                    duty.phony_kills[node] = Some(now);
                    victims = victims.with(node);
                }
            }
            victims
        });
        for node in victims.unwrap_or_default().iter() {
            let line = format!("instance({}) is phony dead, will be restarted.", 6001 + node);
            self.log("InstanceMonitor", Level::Log, &line);
            self.tell(node, ToAgent::KillPhonyDead);
        }
    }

    /// A primary cm_server that no agent talks to but that of its own node steps down, if there are enough others.
    fn look_after_majority(&self) {
        let now = self.process.monotonic();
        let parameters = &self.plan.parameters;
        let lonely = self.on_duty(|duty| {
            let others = duty.connected(now, parameters).without(self.node);
            if duty.node_count() < MAJORITY_RULE_FROM || !others.is_empty() {
                duty.lonely_since = None;
                return false;
            }
            now.since(*duty.lonely_since.get_or_insert(now)) >= LONELY_LIMIT
        });
        if lonely == Some(true) {
            self.log("CmsArbitrate", Level::Log, "cms has lost the connection with most agents, to standby.");
            self.must_step_down.replace(true);
        }
    }
}

/// A cluster that differs from the last one, and why.
struct Decision {
    last: Cluster,
    next: Cluster,
    evidence: Evidence,
    heard: Vec<Option<Vec<u64>>>,
}

fn stamp(seconds: u64) -> String {
    WallTime(seconds * 1_000_000_000).with_seconds()
}
