//! What happens when the upstream is given up: pause, election, promotion, following.

use std::rc::Rc;
use std::time::Duration;

use super::Repmgrd;
use super::election::{Ballot, Outcome, Says, Sibling, vote};
use crate::fields;
use crate::kingbase::metadata::{NodeId, NodeRecord, NodeType};
use crate::kingbase::plan::Node;
use crate::kingbase::repmgr::{self, Options, Repmgr};
use crate::kingbase::speech::{Level, Output, Speech};
use crate::kingbase::sql::{Memory, Sql};

const SECOND: Duration = Duration::from_secs(1);

impl Repmgrd {
    pub(super) async fn decide(&self, upstream: &Node) {
        if self.is_paused().await && !self.plan.has_defect("repmgrd-ignores-pause") {
            self.log(Level::Notice, "repmgrd on this node is paused");
            self.log(Level::Detail, "no failover will be carried out");
            self.log(Level::Hint, "execute \"repmgr service unpause\" to resume normal failover mode");
            self.degrade("paused");
            return;
        }
        let ballot = self.ballot(upstream).await;
        let outcome = vote(&ballot);
        self.process.announce("election.held", fields! { outcome: word_of(outcome), visible: visible(&ballot) });
        match outcome {
            Outcome::Won => self.win(&ballot).await,
            Outcome::Lost(candidate) => {
                self.log(Level::Info, &format!("follower node awaiting notification from candidate node {candidate}"));
                self.wait_for_winner().await;
            }
            Outcome::NotCandidate => self.wait_for_winner().await,
            Outcome::Follow(primary) => {
                self.follow(primary).await;
            }
            Outcome::NetworkSplit => {
                let text = "no nodes from the primary location visible - assuming network split";
                self.log(Level::Notice, text);
                self.degrade("network-split");
            }
            Outcome::StillVisible => {
                self.log(Level::Notice, "cancelling failover as some nodes can still see the primary");
                self.degrade("still-visible");
            }
            Outcome::NoMajority => {
                self.log(Level::Notice, "unable to reach a qualified majority of nodes");
                self.log(Level::Detail, "node will enter degraded monitoring state waiting for reconnect");
                self.degrade("no-majority");
            }
        }
    }

    fn degrade(&self, why: &str) {
        self.degraded.set(true);
        self.process.announce("repmgrd.degraded", fields! { why: why });
    }

    async fn ballot(&self, upstream: &Node) -> Ballot {
        let records = self.records().await;
        let is_sibling =
            |record: &&NodeRecord| record.id != self.me.id && record.active && record.upstream == Some(upstream.id);
        let mut siblings = Vec::new();
        for record in records.iter().filter(is_sibling) {
            let Some(node) = self.plan.node(record.id) else { continue };
            siblings.push(self.look_at(node, record.kind).await);
        }
        let received = self.connections.identity(&self.me).await.map_or_else(|_| Default::default(), |it| it.log_end);
        Ballot {
            me: self.me.id,
            received,
            priority: self.me.priority,
            location: self.me.location.clone(),
            primary_location: upstream.location.clone(),
            is_automatic: self.is_automatic(),
            needs_consensus: self.plan.parameters.primary_visibility_consensus,
            fresh: 2 * self.plan.parameters.monitor_interval.as_secs(),
            counts_majority: !self.plan.has_defect("minority-may-promote"),
            siblings,
        }
    }

    async fn look_at(&self, node: &Node, kind: NodeType) -> Sibling {
        let is_witness = kind == NodeType::Witness;
        let says = match self.connections.identity(node).await {
            Ok(identity) => {
                let memory = self.connections.memory(node, Memory::Read).await.unwrap_or_default();
                if memory.pid.is_none() {
                    self.log(Level::Warning, &format!("repmgrd not running on node \"{}\", skipping", node.name));
                }
                Some(Says {
                    received: identity.log_end,
                    is_primary: !identity.in_recovery,
                    has_repmgrd: memory.pid.is_some(),
                    upstream_seen: memory.upstream_last_seen,
                })
            }
            Err(_) => None,
        };
        let (priority, location) = (node.priority, node.location.clone());
        Sibling { id: node.id, is_witness, priority, location, says }
    }

    async fn win(&self, ballot: &Ballot) {
        self.log(Level::Notice, "this node is the winner, will now promote itself and inform other nodes");
        let code = self.run(&["standby", "promote"]).await;
        if code != 0 {
            self.log(Level::Error, "promote command failed");
            self.process.announce("promotion.failed", fields! { code: code });
            self.degrade("promotion-failed");
            return;
        }
        self.log(Level::Notice, &format!("{} followers to notify", ballot.siblings.len()));
        let event = Some(("repmgrd_failover_promote", self.me.id, true));
        let _ = self.connections.query(&self.me, Sql::Change { changes: Vec::new(), event }).await;
        for sibling in &ballot.siblings {
            if let Some(node) = self.plan.node(sibling.id) {
                self.log(
                    Level::Notice,
                    &format!("notifying node \"{}\" (ID: {}) to follow node {}", node.name, node.id, self.me.id),
                );
                // A sibling whose server is down finds out when it looks for a primary.
                let _ = self.connections.memory(node, Memory::Notify(self.me.id)).await;
            }
        }
    }

    async fn wait_for_winner(&self) {
        let most = self.plan.parameters.primary_notification_timeout.as_secs();
        for _ in 0..most {
            if let Some(primary) = self.notification().await {
                self.follow(primary).await;
                return;
            }
            self.process.sleep(SECOND).await;
        }
        self.log(Level::Warning, &format!("no notification received from new primary after {most} seconds"));
        self.degrade("no-notification");
    }

    /// `follow_command`; true if the node follows.
    pub(super) async fn follow(&self, primary: NodeId) -> bool {
        if self.plan.node(self.me.id).is_some_and(|me| me.first_type == NodeType::Witness) {
            return self.run(&["witness", "register", "-F", &format!("--upstream-node-id={primary}")]).await == 0;
        }
        self.log(Level::Notice, &format!("attempting to follow new primary (node ID: {primary})"));
        let code = self.run(&["standby", "follow", &format!("--upstream-node-id={primary}")]).await;
        if code != 0 {
            self.log(Level::Error, "follow command failed");
            self.degrade("follow-failed");
            return false;
        }
        self.degraded.set(false);
        self.process.announce("repmgrd.followed", fields! { primary: primary });
        true
    }

    /// Runs `repmgr` on this node, its lines going into the log.
    async fn run(&self, words: &[&str]) -> i32 {
        let lines = Rc::default();
        let output = Output::Kept(Rc::clone(&lines));
        let speech = Speech { process: self.process.clone(), output, dress: self.plan.dress };
        let Some(run) = Repmgr::new(speech, self.plan.clone(), Options::of(words)) else { return 1 };
        let code = match words.first() {
            Some(&"witness") => repmgr::register_witness(&run).await,
            _ if words.contains(&"promote") => repmgr::promote(&run).await,
            _ => repmgr::follow(&run).await,
        };
        for line in lines.take() as Vec<String> {
            let stamp = self.process.wall_clock().with_seconds();
            self.process.log("hamgr.log", format!("[{stamp}] {line}"));
        }
        code
    }
}

fn word_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Won => "won",
        Outcome::Lost(_) => "lost",
        Outcome::NotCandidate => "not-candidate",
        Outcome::Follow(_) => "follow",
        Outcome::NetworkSplit => "network-split",
        Outcome::StillVisible => "still-visible",
        Outcome::NoMajority => "no-majority",
    }
}

fn visible(ballot: &Ballot) -> u64 {
    1 + ballot.siblings.iter().filter(|sibling| sibling.says.is_some()).count() as u64
}
