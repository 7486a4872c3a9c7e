//! What psql sees: the views of the incident, and the few functions its runbook calls.

use std::rc::Rc;
use std::time::Duration;

use crate::parts::service;
use crate::parts::wal::Lsn;

use super::super::log::Part;
use super::super::plan::{QUERY_PORT, address_of};
use super::super::rules::Role;
use super::super::shared::slots::{NodeKind, Slot};
use super::Server;

/// How long a slot that is being created stays unknown to checkpoints, with the defect that publishes it late.
const PUBLISHED_AFTER: Duration = Duration::from_secs(2);

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::polardb) enum Query {
    /// `select * from pg_replication_slots`
    ReplicationSlots,
    /// `select * from pg_stat_replication`
    StatReplication,
    /// `select pg_is_in_recovery()`
    IsInRecovery,
    /// `select pg_xact_status(…)`
    XactStatus(u64),
    /// `checkpoint`
    Checkpoint,
    /// `select pg_create_physical_replication_slot('…')`
    CreateSlot(String),
    /// `select pg_drop_replication_slot('…')`
    DropSlot(String),
}

/// A result: columns, and rows of values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::polardb) struct Table {
    pub(in crate::polardb) columns: Vec<String>,
    pub(in crate::polardb) rows: Vec<Vec<String>>,
}

const SLOT_COLUMNS: [&str; 15] = [
    "slot_name",
    "plugin",
    "slot_type",
    "datoid",
    "database",
    "temporary",
    "active",
    "active_pid",
    "xmin",
    "catalog_xmin",
    "restart_lsn",
    "confirmed_flush_lsn",
    "wal_status",
    "safe_wal_size",
    "two_phase",
];

const STAT_COLUMNS: [&str; 20] = [
    "pid",
    "usesysid",
    "usename",
    "application_name",
    "client_addr",
    "client_hostname",
    "client_port",
    "backend_start",
    "backend_xmin",
    "state",
    "sent_lsn",
    "write_lsn",
    "flush_lsn",
    "replay_lsn",
    "write_lag",
    "flush_lag",
    "replay_lag",
    "sync_priority",
    "sync_state",
    "reply_time",
];

impl Table {
    fn new(columns: &[&str], rows: Vec<Vec<String>>) -> Self {
        Table { columns: columns.iter().map(|column| (*column).to_owned()).collect(), rows }
    }

    fn one(column: &str, value: &str) -> Self {
        Table::new(&[column], vec![vec![value.to_owned()]])
    }
}

impl Server {
    pub(super) async fn serve_queries(self: Rc<Self>) {
        let answer = |query: Query| {
            let server = self.clone();
            async move { server.answer(query).await }
        };
        service::answer_calls(&self.process, QUERY_PORT, answer).await;
    }

    async fn answer(&self, query: Query) -> Result<Table, String> {
        if self.stopping.get() {
            return Err("FATAL:  the database system is shutting down".to_owned());
        }
        if !self.accepting.get() {
            return Err("FATAL:  the database system is starting up".to_owned());
        }
        match query {
            Query::IsInRecovery => {
                let in_recovery = self.role.get() != Role::Primary;
                Ok(Table::one("pg_is_in_recovery", if in_recovery { "t" } else { "f" }))
            }
            Query::ReplicationSlots => {
                let slots = self.slots.borrow();
                Ok(Table::new(&SLOT_COLUMNS, slots.iter().map(slot_row).collect()))
            }
            Query::XactStatus(xid) => Ok(Table::one("pg_xact_status", self.clog.borrow().status(xid).name())),
            Query::StatReplication => Ok(self.stat_replication()),
            _ if self.role.get() != Role::Primary => Err("ERROR:  recovery is in progress".to_owned()),
            Query::Checkpoint => {
                self.checkpoint_wanted.set(true);
                self.changed.notify();
                self.changed.wait_until(|| !self.checkpoint_wanted.get()).await;
                Ok(Table::default())
            }
            Query::CreateSlot(name) => self.create_slot(&name).await,
            Query::DropSlot(name) => self.drop_slot(&name).await,
        }
    }

    async fn create_slot(&self, name: &str) -> Result<Table, String> {
        let restart = self.control.get().redo;
        if self.plan.has_defect("slot-published-late") {
            // The position is reserved, and no checkpoint knows of it yet.
            self.process.sleep(PUBLISHED_AFTER).await;
        }
        if !self.slots.borrow_mut().create(Slot::new(name, restart)) {
            return Err(format!("ERROR:  replication slot \"{name}\" already exists"));
        }
        self.write_slots_or_end().await;
        Ok(Table::one("pg_create_physical_replication_slot", &format!("({name},)")))
    }

    async fn drop_slot(&self, name: &str) -> Result<Table, String> {
        let pid = match self.slots.borrow().find(name) {
            None => return Err(format!("ERROR:  replication slot \"{name}\" does not exist")),
            Some(slot) => slot.active_pid,
        };
        if let Some(pid) = pid {
            return Err(format!("ERROR:  replication slot \"{name}\" is active for PID {pid}"));
        }
        self.slots.borrow_mut().drop_slot(name);
        self.changed.notify();
        self.write_slots_or_end().await;
        Ok(Table::one("pg_drop_replication_slot", ""))
    }

    async fn write_slots_or_end(&self) {
        let slots = self.slots.borrow().clone();
        if let Err(error) = self.storage().write_slots(&slots).await {
            self.panic(Part::Backend, &format!("could not write file \"pg_replslot\": {error}")).await;
        }
    }

    fn stat_replication(&self) -> Table {
        let zone = "+08";
        let row = |peer: &super::sender::Peer| -> Vec<String> {
            let index = self.plan.node_of(peer.process).unwrap_or(0);
            let lsn = |lsn: Lsn| lsn.to_string();
            vec![
                self.sender_pid(peer.process).to_string(),
                "10".to_owned(),
                "postgres".to_owned(),
                peer.slot.clone().unwrap_or_else(|| "walreceiver".to_owned()),
                address_of(index),
                String::new(),
                (57_000 + index).to_string(),
                format!("{}{zone}", peer.since),
                String::new(),
                "streaming".to_owned(),
                lsn(peer.sent),
                lsn(peer.write),
                lsn(peer.write),
                lsn(peer.apply),
                String::new(),
                String::new(),
                String::new(),
                "0".to_owned(),
                "async".to_owned(),
                format!("{}{zone}", peer.reply_time),
            ]
        };
        Table::new(&STAT_COLUMNS, self.peers.snapshot().iter().map(row).collect())
    }
}

fn slot_row(slot: &Slot) -> Vec<String> {
    let flag = |yes: bool| if yes { "t" } else { "f" }.to_owned();
    let kept = if slot.restart == Lsn::NONE { "" } else { "reserved" };
    let pid = slot.active_pid.map_or(String::new(), |pid| pid.to_string());
    let none = String::new;
    vec![
        slot.name.clone(),
        none(),
        "physical".to_owned(),
        none(),
        none(),
        flag(false),
        flag(slot.active_pid.is_some() && slot.kind != NodeKind::Unknown),
        pid,
        none(),
        none(),
        slot.restart.to_string(),
        none(),
        kept.to_owned(),
        none(),
        flag(false),
    ]
}
