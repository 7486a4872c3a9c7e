//! Watching from a standby: UP, then probing, then a decision or degraded monitoring.

use std::time::Duration;

use super::Repmgrd;
use crate::fields;
use crate::kingbase::connection::Ping;
use crate::kingbase::plan::Node;
use crate::kingbase::repmgr::code;
use crate::kingbase::speech::Level;
use crate::kingbase::sql::{Memory, VOTE_AGAIN};

const SECOND: Duration = Duration::from_secs(1);

impl Repmgrd {
    /// Until the roles change; an exit code if this repmgrd ends.
    pub(super) async fn watch_as_standby(&self) -> Option<i32> {
        let Some(upstream) = self.own_record().await.and_then(|own| own.upstream).and_then(|id| self.plan.node(id))
        else {
            self.process.sleep(self.plan.parameters.monitor_interval).await;
            return None;
        };
        if !self.has_begun.replace(true) && self.connections.ping(upstream).await != Ping::Ok {
            self.log(Level::Error, &format!("unable connect to upstream node (ID: {}), terminating", upstream.id));
            self.log(Level::Hint, "upstream node must be running before repmgrd can start");
            return Some(6);
        }
        self.log(
            Level::Info,
            &format!("monitoring connection to upstream node \"{}\" (ID: {})", upstream.name, upstream.id),
        );
        loop {
            self.process.sleep(self.plan.parameters.monitor_interval).await;
            self.register().await;
            if self.roles_have_changed(upstream).await {
                return None;
            }
            match (self.answers_well(upstream).await, self.degraded.get()) {
                (true, was_degraded) => {
                    self.saw(upstream).await;
                    if was_degraded {
                        self.degraded.set(false);
                        let (name, id) = (&upstream.name, upstream.id);
                        let seconds = self.process.monotonic().since(self.degraded_since.get()).as_secs();
                        self.log(
                            Level::Notice,
                            &format!(
                                "reconnected to upstream node \"{name}\" (ID: {id}) after {seconds} seconds, resuming \
                                 monitoring"
                            ),
                        );
                    }
                }
                (false, false) => {
                    if self.upstream_is_gone(upstream).await {
                        self.decide(upstream).await;
                        return None;
                    }
                }
                (false, true) => {
                    if let Some(code) = self.has_been_degraded_too_long() {
                        return Some(code);
                    }
                    if self.follow_a_new_primary(upstream).await {
                        return None;
                    }
                }
            }
        }
    }

    /// `PQping` without a rejection: a server that starts or stops is not up. With another `connection_check_type` it
    /// must let this node in, too.
    async fn answers_well(&self, upstream: &Node) -> bool {
        match self.plan.parameters.connection_check_type.as_str() {
            "ping" => self.connections.ping(upstream).await == Ping::Ok,
            _ => self.connections.identity(upstream).await.is_ok(),
        }
    }

    /// `degraded_monitoring_timeout`: the exit code, once it is over.
    fn has_been_degraded_too_long(&self) -> Option<i32> {
        let limit = u64::try_from(self.plan.parameters.degraded_monitoring_timeout).ok().filter(|limit| *limit > 0)?;
        let elapsed = self.process.monotonic().since(self.degraded_since.get()).as_secs();
        if elapsed <= limit {
            return None;
        }
        self.log(Level::Notice, &format!("degraded monitoring timeout ({elapsed} seconds) exceeded, terminating"));
        Some(code::MONITORING_TIMEOUT)
    }

    async fn saw(&self, upstream: &Node) {
        // A local server that has just gone is noticed elsewhere.
        let _ = self.connections.memory(&self.me, Memory::SawUpstream(upstream.id)).await;
    }

    /// This node was promoted or follows somebody else by now, or its upstream is no primary any more.
    async fn roles_have_changed(&self, upstream: &Node) -> bool {
        let Ok(identity) = self.connections.identity(&self.me).await else { return false };
        if !identity.in_recovery {
            self.log(Level::Notice, "node is now a primary, switching to primary monitoring");
            self.degraded.set(false);
            return true;
        }
        let follows = self.own_record().await.and_then(|own| own.upstream);
        if follows.is_some_and(|id| id != upstream.id) {
            self.degraded.set(false);
            return true;
        }
        false
    }

    /// The probes: `reconnect_attempts` of them, with a sleep between two. True if all failed.
    async fn upstream_is_gone(&self, upstream: &Node) -> bool {
        let (name, id) = (&upstream.name, upstream.id);
        self.log(Level::Warning, &format!("unable to ping \"{}\"", upstream.conninfo()));
        self.log(Level::Detail, "PQping() returned \"PQPING_NO_RESPONSE\"");
        self.log(Level::Warning, &format!("unable to connect to upstream node \"{name}\" (ID: {id})"));
        self.process.announce("upstream.lost", fields! { upstream: name.as_str() });
        let parameters = &self.plan.parameters;
        let attempts = parameters.reconnect_attempts;
        for attempt in 1..=attempts {
            self.log(
                Level::Info,
                &format!("checking state of node \"{name}\" (ID: {id}), {attempt} of {attempts} attempts"),
            );
            if self.answers_well(upstream).await {
                self.log(Level::Notice, &format!("node \"{name}\" (ID: {id}) has recovered, reconnecting"));
                self.saw(upstream).await;
                return false;
            }
            if attempt < attempts {
                let seconds = parameters.reconnect_interval.as_secs();
                self.log(Level::Info, &format!("sleeping up to {seconds} seconds until next reconnection attempt"));
                if self.sleep_unless_told().await {
                    return false;
                }
            }
        }
        self.log(
            Level::Warning,
            &format!("unable to reconnect to node \"{name}\" (ID: {id}) after {attempts} attempts"),
        );
        self.process.announce("upstream.down", fields! { upstream: name.as_str() });
        true
    }

    /// Sleeps one reconnect interval; true if somebody says meanwhile who the new primary is.
    async fn sleep_unless_told(&self) -> bool {
        let mut left = self.plan.parameters.reconnect_interval;
        while !left.is_zero() {
            let step = left.min(SECOND);
            self.process.sleep(step).await;
            left -= step;
            // Asked to vote again by a winner that was not let through: the own probes go on.
            if let Some(primary) = self.notification().await.filter(|node| *node != VOTE_AGAIN) {
                self.follow(primary).await;
                return true;
            }
        }
        false
    }

    /// Takes a notification out of the shared memory.
    pub(super) async fn notification(&self) -> Option<i64> {
        let view = self.connections.memory(&self.me, Memory::Read).await.ok()?;
        view.notified?;
        let taken = self.connections.memory(&self.me, Memory::TakeNotification).await.ok()?;
        taken.notified
    }

    /// Degraded: each interval a look whether a sibling has become the primary. It never votes again.
    async fn follow_a_new_primary(&self, upstream: &Node) -> bool {
        if !self.is_automatic() || self.is_paused().await {
            return false;
        }
        match self.notification().await {
            // A winner that was not let through asks everybody: this node leaves the degraded state and probes anew.
            Some(VOTE_AGAIN) => {
                self.degraded.set(false);
                return true;
            }
            Some(primary) => return self.follow(primary).await,
            None => {}
        }
        let Ok(Some(primary)) = self.connections.find_primary(&self.me).await else { return false };
        if primary.id == upstream.id || primary.id == self.me.id {
            return false;
        }
        let id = primary.id;
        self.follow(id).await
    }
}
