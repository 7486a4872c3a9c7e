//! repmgrd: watches the upstream of its node, and promotes or follows when it is gone for good.
//!
//! Whether it is paused is not its own state but the server's, and a pause stops the decision, never the watching. Once
//! an upstream is given up without a failover it never votes again by itself: only the return of the primary or an
//! operator helps (KingbaseES reference, section 3.3).

mod election;
mod failover;
mod primary;
mod standby;
mod witness;

pub(super) use failover::VALIDATION_COMMAND;

use std::cell::Cell;

use super::connection::{Connections, Ping};
use super::metadata::{NodeId, NodeRecord, NodeType};
use super::plan::{Node, Shared};
use super::server::pid_of;
use super::speech::Level;
use super::sql::Memory;
use crate::world::process::Process;
use crate::world::time::Instant;

/// One life of repmgrd.
struct Repmgrd {
    process: Process,
    plan: Shared,
    connections: Connections,
    me: Node,
    /// The upstream was given up without a failover.
    degraded: Cell<bool>,
    /// Since when.
    degraded_since: Cell<Instant>,
    /// Whether it has watched an upstream before: only the first start insists on one that runs.
    has_begun: Cell<bool>,
}

/// The program.
pub(super) async fn repmgrd(process: Process, plan: Shared, id: NodeId) -> i32 {
    let Some(me) = plan.node(id).cloned() else { return 1 };
    let connections = Connections { process: process.clone(), plan: plan.clone() };
    let (degraded, degraded_since, has_begun) = (Cell::default(), Cell::new(Instant::START), Cell::default());
    let daemon = Repmgrd { process, plan, connections, me, degraded, degraded_since, has_begun };
    daemon.wait_for_server().await;
    loop {
        let ended = daemon.watch().await;
        if let Some(code) = ended {
            return code;
        }
    }
}

impl Repmgrd {
    fn log(&self, level: Level, text: &str) {
        let stamp = self.process.wall_clock().with_seconds();
        for line in text.split('\n') {
            self.process.log("hamgr.log", format!("[{stamp}] [{}] {line}", level.word()));
        }
    }

    async fn wait_for_server(&self) {
        while self.connections.identity(&self.me).await.is_err() {
            self.process.sleep(std::time::Duration::from_secs(1)).await;
        }
    }

    /// Watches as long as the roles stay as they are; an exit code if repmgrd ends.
    async fn watch(&self) -> Option<i32> {
        self.register().await;
        let Ok(identity) = self.connections.identity(&self.me).await else {
            self.process.sleep(self.plan.parameters.monitor_interval).await;
            return None;
        };
        let own = self.own_record().await;
        match (own.map(|own| own.kind), identity.in_recovery) {
            (Some(NodeType::Witness), _) => self.watch_as_witness().await,
            (_, false) => self.watch_as_primary().await,
            (_, true) => self.watch_as_standby().await,
        }
    }

    /// Says to the server that it runs; a server that was restarted has forgotten.
    async fn register(&self) {
        let pid = pid_of(&self.process, self.process.id());
        let known = self.connections.memory(&self.me, Memory::Read).await;
        if known.is_ok_and(|view| view.pid != Some(pid)) {
            // A server that has just gone is told at the next look.
            let _ = self.connections.memory(&self.me, Memory::Register { pid }).await;
        }
    }

    async fn records(&self) -> Vec<NodeRecord> {
        self.connections.records(&self.me).await.unwrap_or_default()
    }

    async fn own_record(&self) -> Option<NodeRecord> {
        self.records().await.into_iter().find(|record| record.id == self.me.id)
    }

    async fn is_paused(&self) -> bool {
        self.connections.memory(&self.me, Memory::Read).await.is_ok_and(|view| view.paused)
    }

    fn is_automatic(&self) -> bool {
        self.plan.parameters.failover == "automatic"
    }

    /// Whether the server of a node answers pings.
    async fn answers(&self, node: &Node) -> bool {
        self.connections.ping(node).await != Ping::NoResponse
    }
}
