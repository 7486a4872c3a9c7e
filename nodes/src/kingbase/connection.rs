//! A tool's connection to a database: ping, login, query.

use super::metadata::{NodeId, NodeRecord, NodeType};
use super::plan::{Node, Shared};
use super::sql::{Identity, Memory, MemoryView, SQL_PORT, Sql, SqlAnswer};
use crate::parts::streaming_replication::history::History;
use crate::parts::streaming_replication::messages::{COPY_PORT, CopyAnswer, CopyRequest};
use crate::parts::streaming_replication::server::StandbyView;
use crate::world::port::{Address, CallError};
use crate::world::process::Process;

/// What a ping finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ping {
    /// The server takes connections.
    Ok,
    /// It answers and takes nobody in: it starts or stops.
    Reject,
    /// Nobody answers.
    NoResponse,
}

/// Why a connection or a query failed, in libpq's words.
pub(super) type Refusal = String;

/// Connections of one process.
#[derive(Clone)]
pub(super) struct Connections {
    pub(super) process: Process,
    pub(super) plan: Shared,
}

impl Connections {
    pub(super) async fn ping(&self, node: &Node) -> Ping {
        match self.call(node, Sql::Ping).await {
            Ok(SqlAnswer::Accepts) => Ping::Ok,
            Ok(_) => Ping::Reject,
            Err(_) => Ping::NoResponse,
        }
    }

    async fn call(&self, node: &Node, statement: Sql) -> Result<SqlAnswer, CallError> {
        let limit = self.plan.parameters.connect_timeout;
        let to = Address::new(node.server, SQL_PORT);
        let answer = self.process.call(to, statement, limit).await;
        if answer == Err(CallError::TimedOut) {
            // tcp_user_timeout: the connection is given up, the next one begins anew.
            self.process.disconnect(node.server);
        }
        answer
    }

    pub(super) async fn query(&self, node: &Node, statement: Sql) -> Result<SqlAnswer, Refusal> {
        match self.call(node, statement).await {
            Ok(SqlAnswer::Rejects(why) | SqlAnswer::Error(why)) => Err(why),
            Ok(answer) => Ok(answer),
            Err(error) => {
                let address = node.address();
                Err(match error {
                    CallError::Refused => format!(
                        "could not connect to server: Connection refused\n\tIs the server running on host \"{address}\" \
                         and accepting\n\tTCP/IP connections on port 54321?"
                    ),
                    CallError::Reset => "server closed the connection unexpectedly".to_owned(),
                    CallError::TimedOut => "timeout expired".to_owned(),
                })
            }
        }
    }

    pub(super) async fn identity(&self, node: &Node) -> Result<Identity, Refusal> {
        match self.query(node, Sql::Identity).await? {
            SqlAnswer::Identity(identity) => Ok(identity),
            _ => Err("unexpected answer".to_owned()),
        }
    }

    /// Asks a server for the history of its timelines.
    pub(super) async fn history(&self, node: &Node) -> Option<History> {
        let to = Address::new(node.server, COPY_PORT);
        match self.process.call(to, CopyRequest::Identify, self.plan.parameters.connect_timeout).await {
            Ok(CopyAnswer::Identity { timeline, history, .. }) => History::parse(timeline, &history).ok(),
            _ => None,
        }
    }

    pub(super) async fn records(&self, node: &Node) -> Result<Vec<NodeRecord>, Refusal> {
        match self.query(node, Sql::Nodes).await? {
            SqlAnswer::Nodes(records) => Ok(records),
            _ => Err("unexpected answer".to_owned()),
        }
    }

    pub(super) async fn standbys(&self, node: &Node) -> Result<Vec<StandbyView>, Refusal> {
        match self.query(node, Sql::Standbys).await? {
            SqlAnswer::Standbys(standbys) => Ok(standbys),
            _ => Err("unexpected answer".to_owned()),
        }
    }

    pub(super) async fn slots(&self, node: &Node) -> Result<Vec<(String, bool, crate::parts::wal::Lsn)>, Refusal> {
        match self.query(node, Sql::Slots).await? {
            SqlAnswer::Slots(slots) => Ok(slots),
            _ => Err("unexpected answer".to_owned()),
        }
    }

    pub(super) async fn show(&self, node: &Node, name: &str) -> Result<String, Refusal> {
        match self.query(node, Sql::Show(name.to_owned())).await? {
            SqlAnswer::Text(text) => Ok(text),
            _ => Err("unexpected answer".to_owned()),
        }
    }

    pub(super) async fn memory(&self, node: &Node, request: Memory) -> Result<MemoryView, Refusal> {
        match self.query(node, Sql::Memory(request)).await? {
            SqlAnswer::Memory(view) => Ok(view),
            _ => Ok(MemoryView::default()),
        }
    }

    /// Whether `standby` streams from `upstream`, as the upstream sees it.
    pub(super) async fn is_attached(&self, upstream: &Node, standby: &Node) -> Result<bool, Refusal> {
        let standbys = self.standbys(upstream).await?;
        Ok(standbys.iter().any(|view| view.name == standby.name && view.streaming))
    }

    /// The primary that the table of `node` names and that can be reached; a node registered as primary that is not one
    /// is passed over.
    pub(super) async fn find_primary<'a>(&'a self, node: &Node) -> Result<Option<&'a Node>, Refusal> {
        let records = self.records(node).await?;
        let mut candidates: Vec<&NodeRecord> = records.iter().filter(|it| it.kind != NodeType::Witness).collect();
        candidates.sort_by_key(|record| (record.kind != NodeType::Primary, !record.active, record.id));
        for record in candidates {
            let Some(found) = self.plan.node(record.id) else { continue };
            if self.identity(found).await.is_ok_and(|identity| !identity.in_recovery) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Updates the tables on a primary.
    pub(super) async fn change(
        &self,
        node: &Node,
        records: &[NodeRecord],
        event: Option<(&'static str, NodeId, bool)>,
    ) -> Result<(), Refusal> {
        let changes = records.iter().map(NodeRecord::change).collect();
        self.query(node, Sql::Change { changes, event }).await.map(|_| ())
    }
}
