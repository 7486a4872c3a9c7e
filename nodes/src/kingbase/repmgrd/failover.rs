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
use crate::kingbase::sql::{Identity, Memory, Sql, VOTE_AGAIN};
use crate::product::CommandFailure;

/// The name under which a fault breaks the command that must agree to a promotion.
pub(in super::super) const VALIDATION_COMMAND: &str = "failover_validation_command";

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
        if self.records().await.iter().any(|it| it.id == upstream.id && it.kind == NodeType::Standby) {
            return self.leave_standby(upstream).await;
        }
        // A server that was restarted meanwhile has forgotten who watches it.
        self.register().await;
        let Some(ballot) = self.ballot(upstream).await else {
            self.log(Level::Error, "unable to determine electoral term");
            self.process.announce("election.held", fields! { outcome: word_of(Outcome::NotCandidate), visible: 0_u64 });
            return self.wait_for_winner().await;
        };
        let mut outcome = vote(&ballot);
        if outcome == Outcome::Won && !self.is_validated().await {
            outcome = Outcome::Rerun;
        }
        self.process.announce("election.held", fields! { outcome: word_of(outcome), visible: visible(&ballot) });
        match outcome {
            Outcome::Won => self.win(&ballot).await,
            Outcome::Lost(_) => {
                self.log(Level::Info, "follower node awaiting notification from a candidate node");
                self.wait_for_winner().await;
            }
            Outcome::NotCandidate => self.wait_for_winner().await,
            Outcome::Follow(primary) => {
                self.follow(primary).await;
            }
            Outcome::NetworkSplit => {
                let location = &upstream.location;
                let text =
                    format!("no nodes from the primary location \"{location}\" visible - assuming network split");
                self.log(Level::Notice, &text);
                self.log(Level::Detail, "node will enter degraded monitoring state waiting for reconnect");
                self.degrade("network-split");
            }
            Outcome::StillVisible => {
                self.log(Level::Notice, "cancelling failover as some nodes can still see the primary");
                self.degrade("still-visible");
            }
            Outcome::Rerun => self.ask_for_another_vote(&ballot).await,
            Outcome::NoMajority => {
                self.log(Level::Notice, "unable to reach a qualified majority of nodes");
                self.log(Level::Detail, "node will enter degraded monitoring state waiting for reconnect");
                self.degrade("no-majority");
            }
        }
    }

    /// The upstream was a standby itself: no election, the node goes to the primary.
    async fn leave_standby(&self, upstream: &Node) {
        let (name, id) = (&upstream.name, upstream.id);
        self.log(Level::Notice, &format!("upstream standby \"{name}\" (ID: {id}) has failed, looking for the primary"));
        let primary = self.connections.find_primary(&self.me).await.ok().flatten().map(|node| node.id);
        match primary {
            Some(_) if !self.is_automatic() => self.degrade("manual"),
            Some(primary) => {
                if self.follow(primary).await {
                    let event = Some(("repmgrd_failover_follow", self.me.id, true));
                    if let Some(primary) = self.plan.node(primary) {
                        // The event is for the record; following has succeeded either way.
                        let _ = self.connections.query(primary, Sql::Change { changes: Vec::new(), event }).await;
                    }
                }
            }
            None => {
                self.log(Level::Error, "unable to connect to the primary node");
                self.degrade("no-primary");
            }
        }
    }

    /// Asks the command that must agree to a promotion; without one everybody is let through.
    async fn is_validated(&self) -> bool {
        let command = &self.plan.parameters.failover_validation_command;
        if command.is_empty() {
            return true;
        }
        self.log(Level::Notice, "executing \"failover_validation_command\"");
        self.log(Level::Detail, command);
        match self.plan.meet(self.me.host, VALIDATION_COMMAND) {
            None => true,
            Some(CommandFailure::Fails | CommandFailure::Refused) => {
                self.log(Level::Warning, "failover validation command returned a non-zero value: 1");
                false
            }
            Some(CommandFailure::Hangs) => {
                while self.plan.is_broken(self.me.host, VALIDATION_COMMAND) {
                    self.process.sleep(SECOND).await;
                }
                true
            }
        }
    }

    /// The winner was not let through: everybody votes again after a while, from new probes on.
    async fn ask_for_another_vote(&self, ballot: &Ballot) {
        for sibling in &ballot.siblings {
            if let Some(node) = self.plan.node(sibling.id) {
                // A sibling whose server is down does not vote either.
                let _ = self.connections.memory(node, Memory::Notify(VOTE_AGAIN)).await;
            }
        }
        self.wait_for_another_vote().await;
    }

    async fn wait_for_another_vote(&self) {
        let seconds = self.plan.parameters.election_rerun_interval.as_secs();
        self.log(Level::Notice, &format!("rerunning election after {seconds} seconds (\"election_rerun_interval\")"));
        self.process.sleep(self.plan.parameters.election_rerun_interval).await;
        self.log(Level::Info, "election rerun will now commence");
    }

    fn degrade(&self, why: &str) {
        if !self.degraded.replace(true) {
            self.degraded_since.set(self.process.monotonic());
        }
        self.process.announce("repmgrd.degraded", fields! { why: why });
    }

    /// What this node knows; nothing if its own server does not answer.
    async fn ballot(&self, upstream: &Node) -> Option<Ballot> {
        let own = self.connections.identity(&self.me).await.ok()?;
        let records = self.connections.records(&self.me).await.ok()?;
        let is_sibling =
            |record: &&NodeRecord| record.id != self.me.id && record.active && record.upstream == Some(upstream.id);
        let mut siblings = Vec::new();
        for record in records.iter().filter(is_sibling) {
            let Some(node) = self.plan.node(record.id) else { continue };
            siblings.push(self.look_at(node, record.kind, &own).await);
        }
        Some(Ballot {
            me: self.me.id,
            received: own.last_received,
            priority: self.me.priority,
            location: self.me.location.clone(),
            primary_location: upstream.location.clone(),
            is_automatic: self.is_automatic(),
            needs_consensus: self.plan.parameters.primary_visibility_consensus,
            fresh: 2 * self.plan.parameters.monitor_interval.as_secs(),
            counts_majority: !self.plan.has_defect("minority-may-promote"),
            siblings,
        })
    }

    async fn look_at(&self, node: &Node, kind: NodeType, own: &Identity) -> Sibling {
        let is_witness = kind == NodeType::Witness;
        let says = match self.connections.identity(node).await {
            Ok(identity) => {
                let memory = self.connections.memory(node, Memory::Read).await.unwrap_or_default();
                if memory.pid.is_none() {
                    self.log(
                        Level::Warning,
                        &format!("repmgrd not running on node \"{}\" (ID: {}), skipping", node.name, node.id),
                    );
                }
                let is_primary = !identity.in_recovery;
                Some(Says {
                    received: identity.last_received,
                    is_primary,
                    can_be_followed: is_primary && !is_witness && self.can_follow(node, own).await,
                    has_repmgrd: memory.pid.is_some(),
                    upstream_seen: memory.upstream_last_seen,
                })
            }
            Err(_) => None,
        };
        let (priority, location) = (node.priority, node.location.clone());
        Sibling { id: node.id, is_witness, priority, location, says }
    }

    /// Whether what this node has is the beginning of what another one has.
    async fn can_follow(&self, node: &Node, own: &Identity) -> bool {
        let history = self.connections.history(node).await;
        history.is_some_and(|history| history.continues(own.timeline, own.log_end))
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
        self.log(Level::Info, &format!("{} followers to notify", ballot.siblings.len()));
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
            match self.notification().await {
                Some(VOTE_AGAIN) => return self.wait_for_another_vote().await,
                Some(primary) => {
                    self.follow(primary).await;
                    return;
                }
                None => self.process.sleep(SECOND).await,
            }
        }
        self.log(Level::Warning, &format!("no notification received from new primary after {most} seconds"));
        self.degrade("no-notification");
    }

    /// `follow_command`; true if the node follows.
    pub(super) async fn follow(&self, primary: NodeId) -> bool {
        if self.plan.node(self.me.id).is_some_and(|me| me.first_type == NodeType::Witness) {
            return self.run(&["witness", "register", "-F", &format!("--upstream-node-id={primary}")]).await == 0;
        }
        let name = self.plan.node(primary).map_or("", |node| node.name.as_str());
        self.log(Level::Notice, &format!("attempting to follow new primary \"{name}\" (node ID: {primary})"));
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
        Outcome::Rerun => "rerun",
    }
}

fn visible(ballot: &Ballot) -> u64 {
    1 + ballot.siblings.iter().filter(|sibling| sibling.says.is_some()).count() as u64
}
