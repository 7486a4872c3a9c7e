//! `cluster show` and `service status`: the table of one node's database, and what a look at each node says to it.

use super::format::table;
use super::{Repmgr, code};
use crate::kingbase::connection::Ping;
use crate::kingbase::metadata::{NodeRecord, NodeType};
use crate::kingbase::plan::Node;
use crate::kingbase::sql::{Identity, Memory};

/// What a look at a node finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Primary,
    Standby,
    /// The server answers pings and takes nobody in.
    NoLogin,
    Unreachable,
}

/// The status cell. Source: the table in section 3.2 of the KingbaseES reference.
pub(super) fn status_cell(kind: NodeType, active: bool, seen: Seen) -> &'static str {
    use NodeType::{Primary, Standby, Witness};
    match (kind, active, seen) {
        (_, true, Seen::NoLogin) => "? running",
        (_, false, Seen::NoLogin) => "! running",
        (_, true, Seen::Unreachable) => "? unreachable",
        (_, false, Seen::Unreachable) => "- failed",
        (Witness, true, _) => "* running",
        (Primary, true, Seen::Primary) => "* running",
        (Primary | Witness, false, Seen::Primary) | (Witness, false, Seen::Standby) => "! running",
        (Primary, _, Seen::Standby) => "! running as standby",
        (Standby, true, Seen::Standby) => "  running",
        (Standby, false, Seen::Standby) => "! running",
        (Standby, _, Seen::Primary) => "! running as primary",
    }
}

/// Every status that a node of this type can have.
pub(in super::super) fn statuses(kind: NodeType) -> Vec<&'static str> {
    let seen = [Seen::Primary, Seen::Standby, Seen::NoLogin, Seen::Unreachable];
    seen.into_iter().flat_map(|seen| [true, false].map(|active| status_cell(kind, active, seen))).collect()
}

/// A row of the table with what was seen of its node.
struct Line {
    record: NodeRecord,
    node: Node,
    seen: Seen,
    identity: Option<Identity>,
    upstream: String,
    warning: Option<String>,
}

impl Repmgr {
    async fn look_at(&self, node: &Node) -> (Seen, Option<Identity>) {
        match self.connections.identity(node).await {
            Ok(identity) => (if identity.in_recovery { Seen::Standby } else { Seen::Primary }, Some(identity)),
            Err(_) if self.connections.ping(node).await == Ping::NoResponse => (Seen::Unreachable, None),
            Err(_) => (Seen::NoLogin, None),
        }
    }

    async fn lines(&self) -> Result<Vec<Line>, i32> {
        let records = match self.connections.records(&self.me).await {
            Ok(records) => records,
            Err(why) => {
                self.say_no_connection(&self.me, &why);
                return Err(code::DB_CONN);
            }
        };
        let mut lines = Vec::new();
        for record in records {
            let Some(node) = self.node(record.id) else { continue };
            let (seen, identity) = self.look_at(&node).await;
            let upstream = self.upstream_cell(&record, &node, seen).await;
            let status = status_cell(record.kind, record.active, seen);
            let named = format!("node \"{}\" (ID: {})", node.name, node.id);
            let odd = status.starts_with(['?', '!', '-']) || upstream.starts_with(['?', '!']);
            let what = status.trim_start_matches(['?', '!', '-', '*', ' ']);
            let warning = match (seen, odd) {
                (_, false) => None,
                (Seen::Unreachable | Seen::NoLogin, true) => Some(format!("unable to connect to {named}")),
                (_, true) if upstream.starts_with('!') => Some(format!(
                    "{named} is not attached to its upstream node \"{}\"",
                    upstream.trim_start_matches("! ")
                )),
                // The upstream does not answer, so that nobody can say.
                (_, true) if !status.starts_with('!') => {
                    let up = record.upstream.and_then(|id| self.node(id));
                    up.map(|up| {
                        format!(
                            "unable to determine if {named} is attached to its upstream node \"{}\" (ID: {})",
                            up.name, up.id
                        )
                    })
                }
                (_, true) if !record.active => {
                    Some(format!("{named} is running but the repmgr node record is inactive"))
                }
                (_, true) => Some(format!("{named} is registered as {} but {what}", record.kind.word())),
            };
            lines.push(Line { record, node, seen, identity, upstream, warning });
        }
        Ok(lines)
    }

    /// The name of the upstream, marked if the node is not attached to it.
    async fn upstream_cell(&self, record: &NodeRecord, node: &Node, seen: Seen) -> String {
        let Some(upstream) = record.upstream.and_then(|id| self.node(id)) else { return String::new() };
        if seen == Seen::Unreachable || seen == Seen::NoLogin {
            return if record.active { format!("? {}", upstream.name) } else { upstream.name };
        }
        if record.kind == NodeType::Witness {
            return upstream.name;
        }
        match self.connections.is_attached(&upstream, node).await {
            Ok(true) => upstream.name,
            Ok(false) => format!("! {}", upstream.name),
            Err(_) => format!("? {}", upstream.name),
        }
    }

    fn print_warnings(&self, lines: &[Line]) -> bool {
        let warnings: Vec<&String> = lines.iter().filter_map(|line| line.warning.as_ref()).collect();
        if warnings.is_empty() {
            return false;
        }
        self.speech.warning("following issues were detected");
        for warning in warnings {
            self.speech.print(&format!("  - {warning}"));
        }
        self.speech.print("");
        true
    }
}

pub(super) async fn cluster_show(run: &Repmgr) -> i32 {
    let lines = match run.lines().await {
        Ok(lines) => lines,
        Err(code) => return code,
    };
    if run.options.has("--csv") {
        for line in &lines {
            let (available, recovery) = match line.seen {
                Seen::Primary => (0, 0),
                Seen::Standby => (0, 1),
                Seen::NoLogin | Seen::Unreachable => (-1, -1),
            };
            run.speech.print(&format!("{},{available},{recovery}", line.record.id));
        }
        return code::SUCCESS;
    }
    let warned = run.print_warnings(&lines);
    let compact = run.options.has("--compact");
    let with_lag = run.plan.is_kingbase();
    let mut header = vec!["ID", "Name", "Role", "Status", "Upstream", "Location"];
    header.extend(if compact { ["Prio.", "TLI"] } else { ["Priority", "Timeline"] });
    if with_lag {
        header.push("LSN_Lag");
    }
    if !compact {
        header.push("Connection string");
    }
    let end = lines.iter().filter(|line| line.seen == Seen::Primary).find_map(|line| line.identity.as_ref());
    let end = end.map(|identity| identity.log_end);
    let row = |line: &Line| {
        let timeline = line.identity.as_ref().filter(|_| line.record.kind != NodeType::Witness);
        let mut cells = vec![
            line.record.id.to_string(),
            line.node.name.clone(),
            line.record.kind.word().to_owned(),
            status_cell(line.record.kind, line.record.active, line.seen).to_owned(),
            line.upstream.clone(),
            line.node.location.clone(),
            line.node.priority.to_string(),
            timeline.map_or("n/a".to_owned(), |identity| identity.control_timeline.to_string()),
        ];
        if with_lag {
            let standby = line.identity.as_ref().filter(|identity| identity.in_recovery);
            let lag = standby.zip(end).map(|(standby, end)| end.0.saturating_sub(standby.replayed.0));
            cells.push(lag.map_or(String::new(), |bytes| format!("{bytes} bytes")));
        }
        if !compact {
            cells.push(line.node.conninfo());
        }
        cells
    };
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    table(&header, &rows).iter().for_each(|line| run.speech.print(line));
    if warned { code::NODE_STATUS } else { code::SUCCESS }
}

pub(super) async fn service_status(run: &Repmgr) -> i32 {
    let lines = match run.lines().await {
        Ok(lines) => lines,
        Err(code) => return code,
    };
    run.print_warnings(&lines);
    let mut rows = Vec::new();
    for line in &lines {
        let memory = run.connections.memory(&line.node, Memory::Read).await.ok();
        let (running, pid, paused) = match &memory {
            None => ("n/a", "n/a".to_owned(), "n/a"),
            Some(view) => match view.pid {
                Some(pid) => ("running", pid.to_string(), if view.paused { "yes" } else { "no" }),
                None => ("not running", "n/a".to_owned(), "n/a"),
            },
        };
        let seen = memory.filter(|view| view.pid.is_some() && line.seen != Seen::Primary);
        let seen = seen.and_then(|view| view.upstream_last_seen);
        rows.push(vec![
            line.record.id.to_string(),
            line.node.name.clone(),
            line.record.kind.word().to_owned(),
            status_cell(line.record.kind, line.record.active, line.seen).to_owned(),
            line.upstream.clone(),
            running.to_owned(),
            pid,
            paused.to_owned(),
            seen.map_or("n/a".to_owned(), |seconds| format!("{seconds} second(s) ago")),
        ]);
    }
    let header = ["ID", "Name", "Role", "Status", "Upstream", "repmgrd", "PID", "Paused?", "Upstream last seen"];
    table(&header, &rows).iter().for_each(|line| run.speech.print(line));
    code::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_cell_tells_what_is_registered_from_what_is() {
        use NodeType::{Primary, Standby};
        assert_eq!(status_cell(Primary, true, Seen::Primary), "* running");
        assert_eq!(status_cell(Standby, true, Seen::Standby), "  running");
        assert_eq!(status_cell(Standby, true, Seen::Primary), "! running as primary");
        assert_eq!(status_cell(Primary, false, Seen::Primary), "! running");
        assert_eq!(status_cell(Primary, true, Seen::Standby), "! running as standby");
        assert_eq!(status_cell(Primary, false, Seen::Unreachable), "- failed");
        assert_eq!(status_cell(Standby, true, Seen::Unreachable), "? unreachable");
        assert_eq!(status_cell(Standby, true, Seen::NoLogin), "? running");
    }
}
