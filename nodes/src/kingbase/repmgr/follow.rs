//! `standby follow`, `standby register`, `witness register`: whom a node is attached to, and that the tables say so.

use super::{Repmgr, code};
use crate::kingbase::conf;
use crate::kingbase::metadata::{NodeId, NodeRecord, NodeType, following};
use crate::kingbase::plan::Node;
use crate::kingbase::sql::{Memory, Sql};

impl Repmgr {
    /// Writes into this node's files whom it follows, and makes its slot there.
    pub(super) async fn point_at(&self, upstream: &Node) -> Result<(), String> {
        let (world, host) = (self.process().world(), self.me.host);
        if self.plan.parameters.use_replication_slots {
            self.connections.query(upstream, Sql::CreateSlot(self.me.slot())).await?;
            conf::set(world, host, conf::AUTO, "primary_slot_name", &self.me.slot());
        }
        conf::set(world, host, conf::AUTO, "primary_conninfo", &upstream.conninfo());
        Ok(())
    }

    /// The node an option names, or the primary that the tables of this node lead to.
    async fn target(&self) -> Option<Node> {
        match self.options.value("--upstream-node-id").and_then(|text| text.parse::<NodeId>().ok()) {
            Some(id) => self.node(id),
            None => self.connections.find_primary(&self.me).await.ok().flatten().cloned(),
        }
    }
}

pub(in super::super) async fn follow(run: &Repmgr) -> i32 {
    let me = &run.me;
    let own = match run.connections.identity(me).await {
        Ok(own) => own,
        Err(why) => {
            run.say_no_connection(me, &why);
            run.speech.hint("use \"repmgr node rejoin\" to re-add an inactive node to the replication cluster");
            return code::DB_CONN;
        }
    };
    let Some(target) = run.target().await else {
        run.speech.error("unable to find a follow target");
        return code::FOLLOW_FAIL;
    };
    let Some(target_log) = run.connections.history(&target).await else {
        run.say_no_connection(&target, "no answer");
        return code::DB_CONN;
    };
    if !own.in_recovery || !target_log.continues(own.timeline, own.log_end) {
        let (name, id) = (&target.name, target.id);
        run.speech.error(&format!("this node cannot attach to follow target node \"{name}\" (ID: {id})"));
        let (theirs, ours, at) = (target_log.timeline, own.timeline, own.log_end);
        run.speech.detail(&format!(
            "follow target server's timeline {theirs} forked off current database system timeline {ours} before \
             current recovery point {at}"
        ));
        run.speech.hint("use \"repmgr node rejoin --force-rewind\" to reattach this node");
        return code::FOLLOW_FAIL;
    }
    if run.options.has("--dry-run") {
        run.speech.info("prerequisites for executing STANDBY FOLLOW are met");
        return code::SUCCESS;
    }
    run.speech.notice(&format!("attempting to find and connect to node \"{}\" (ID: {})", target.name, target.id));
    let pointed = run.point_at(&target).await;
    if pointed.is_err() || run.connections.query(me, Sql::Reload).await.is_err() {
        run.speech.error("unable to change the upstream of this node");
        return code::FOLLOW_FAIL;
    }
    write_upstream(run, &target).await;
    wait_until_attached(run, &target).await
}

/// The tables are on the primary, which is not always the upstream.
async fn write_upstream(run: &Repmgr, upstream: &Node) {
    let Ok(records) = run.connections.records(upstream).await else { return };
    let Some(changed) = following(&records, run.me.id, upstream.id) else { return };
    let primary = run.connections.find_primary(upstream).await.ok().flatten().cloned();
    let event = Some(("standby_follow", run.me.id, true));
    let target = primary.unwrap_or_else(|| upstream.clone());
    if let Err(why) = run.connections.change(&target, &[changed], event).await {
        run.speech.warning(&format!("unable to update node record: {why}"));
    }
}

async fn wait_until_attached(run: &Repmgr, upstream: &Node) -> i32 {
    for _ in 0..run.plan.parameters.standby_follow_timeout {
        if run.connections.is_attached(upstream, &run.me).await.unwrap_or(false) {
            let (name, id) = (&upstream.name, upstream.id);
            run.speech.notice("STANDBY FOLLOW successful");
            run.speech.detail(&format!("standby attached to upstream node \"{name}\" (ID: {id})"));
            return code::SUCCESS;
        }
        run.process().sleep(std::time::Duration::from_secs(1)).await;
    }
    run.speech.error("STANDBY FOLLOW failed");
    run.speech.detail(&format!("standby did not connect to node \"{}\"", upstream.name));
    code::FOLLOW_FAIL
}

/// Writes the record of this standby anew.
pub(super) async fn register(run: &Repmgr) -> i32 {
    let Some(target) = run.target().await else {
        run.speech.error("unable to connect to the primary database");
        return code::DB_CONN;
    };
    let record = NodeRecord { id: run.me.id, kind: NodeType::Standby, upstream: Some(target.id), active: true };
    match run.connections.change(&target, &[record], Some(("standby_register", run.me.id, true))).await {
        Ok(()) => {
            run.speech.notice(&format!("standby node \"{}\" (ID: {}) successfully registered", run.me.name, run.me.id));
            code::SUCCESS
        }
        Err(why) => {
            run.speech.error(&why);
            code::DB_QUERY
        }
    }
}

/// A witness belongs to a new primary: its record names it, and its own copy of the table follows.
pub(in super::super) async fn register_witness(run: &Repmgr) -> i32 {
    let Some(target) = run.target().await else {
        run.speech.error("unable to connect to the primary database");
        return code::DB_CONN;
    };
    let record = NodeRecord { id: run.me.id, kind: NodeType::Witness, upstream: Some(target.id), active: true };
    let event = Some(("witness_register", run.me.id, true));
    if let Err(why) = run.connections.change(&target, &[record], event).await {
        run.speech.error(&why);
        return code::DB_QUERY;
    }
    if let Ok(records) = run.connections.records(&target).await {
        let _ = run.connections.query(&run.me, Sql::CopyNodes(records)).await;
    }
    let _ = run.connections.memory(&run.me, Memory::Read).await;
    code::SUCCESS
}
