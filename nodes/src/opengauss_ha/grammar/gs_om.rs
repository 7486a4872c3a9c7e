//! gs_om: what it shows of the cluster, and what it says while it starts and stops it.
//!
//! The state of the cluster is judged by the rule the model shows it by: it must be what the states of the nodes come to.
//! Source: the output of the incident of July 2021 and reference section 2.3 (`DbClusterInfo.py`).

use crate::grammar::LogLine;
use crate::grammar::script::Hole::{Free, Own};
use crate::grammar::script::{Procedure, Row, Said, first, row};
use crate::opengauss_ha::rules::om_status::{NodeStatus, cluster_state};
use crate::opengauss_ha::rules::state::{DbState, RebuildReason};

const ALL_STATES: [DbState; 10] = [
    DbState::Unknown,
    DbState::Normal,
    DbState::NeedRepair,
    DbState::Starting,
    DbState::WaitPromoting,
    DbState::Promoting,
    DbState::Demoting,
    DbState::Building,
    DbState::Catchup,
    DbState::Coredump,
];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    first("status", "[   Cluster State   ]", &[]),
    row("state", "cluster_state   : {}", &[Own("state")], &["status"]),
    row("redistributing", "redistributing  : {}", &[Free], &["state"]),
    row("az", "current_az      : {}", &[Free], &["redistributing"]),
    row("datanodes", "[  Datanode State   ]", &[], &["az"]),
    row("heads", "node      node_ip {}", &[Free], &["datanodes"]),
    row("rule", "----------{}", &[Own("rule")], &["heads"]),
    first("stop", "Stopping cluster.", &[]),
    row("stopped", "Successfully stopped cluster.", &[], &["stop"]),
    row("stop ended", "End stop cluster.", &[], &["stopped", "failed"]),
    first("start", "Starting cluster.", &[]),
    row("node started", "[SUCCESS] {}", &[Own("started")], &["start", "node started"]),
    row("not started", "[GAUSS-53600]: Can not start the database,{}", &[Free], &["start", "node started"]),
    row("failed", "[FAILURE] {}:", &[Own("failed")], &["not started", "why", "stop", "failed"]),
    row("why", "[GAUSS-51607] : Failed to start instance. Error: Please check the gs_ctl log for failure details.", &[], &["failed"]),
    row("checks", "Waiting for check cluster state...", &[], &["node started"]),
    row("started", "Successfully started.", &[], &["checks"]),
    row("not normal", "[GAUSS-51607] : Failed to start cluster: {}", &[Free], &["checks"]),
    first("refreshconf", "Generating dynamic configuration file for all nodes.", &[]),
    row("refreshed", "Successfully generated dynamic configuration file.", &[], &["refreshconf"]),
    row("primaries", "[GAUSS-51637] : The cluster has {} primary nodes, exactly one is needed.", &[Free], &["refreshconf"]),
    // Last: any row of the table has this shape.
    row("nodes", "{}", &[Own("nodes")], &["rule"]),
];

/// A line that gs_om prints.
pub(super) fn split(line: &str) -> Option<LogLine<'_>> {
    let message = line.trim();
    let (_, fixed) = ROWS.split_last()?;
    let known = fixed.iter().any(|row| crate::grammar::holes(row.pattern, message).is_some());
    (known || nodes(message).is_some()).then_some(LogLine { at: None, message })
}

/// A row of the table, nodes side by side: `1  wzsy01 9.1.14.39 6001 DIRECTORY P Primary Normal | 2  …`.
fn nodes(line: &str) -> Option<Vec<NodeStatus>> {
    line.split(" | ").map(node).collect()
}

fn node(column: &str) -> Option<NodeStatus> {
    let mut words = column.split_whitespace();
    words.next()?.parse::<u32>().ok()?;
    let (_name, address, instance) = (words.next()?, words.next()?, words.next()?);
    let (_directory, letter, role) = (words.next()?, words.next()?, words.next()?);
    let is_node = address.contains('.') && instance.parse::<u32>().is_ok() && matches!(letter, "P" | "S" | "C");
    let state = words.collect::<Vec<_>>().join(" ");
    is_node.then(|| NodeStatus { role: role.to_owned(), state })
}

/// What the rules keep of a command.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    state: String,
    started: Vec<String>,
}

/// What gs_om prints.
pub(super) struct GsOm;

impl Procedure for GsOm {
    type Memory = Kept;

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn may_follow(&self, said: &Said<Kept>, row: &Row) -> bool {
        match row.name {
            "failed" if matches!(said.last_of(""), "stop" | "failed") => said.procedure == "stop",
            "stop ended" => said.procedure == "stop",
            "why" => said.procedure == "start",
            _ => true,
        }
    }

    fn take(&self, said: &mut Said<Kept>, _row: &Row, hole: &'static str, value: &str) -> bool {
        match hole {
            "state" => {
                said.own.state = value.to_owned();
                matches!(value, "Normal" | "Degraded" | "Unavailable")
            }
            "rule" => value.bytes().all(|byte| byte == b'-'),
            "started" => {
                let anew = !said.own.started.iter().any(|node| node == value);
                said.own.started.push(value.to_owned());
                anew
            }
            "failed" => !said.own.started.iter().any(|node| node == value),
            _ => nodes(value).is_some_and(|nodes| nodes.iter().all(can_be) && cluster_state(&nodes) == said.own.state),
        }
    }
}

/// Whether a node can be shown like this.
fn can_be(node: &NodeStatus) -> bool {
    let NodeStatus { role, state } = node;
    let first_word = |text: &'static str| text.split_whitespace().next().unwrap_or_default().trim_end_matches('.');
    match role.as_str() {
        "Down" => state == "Manually stopped",
        "Unknown" if state == "Unknown" => true,
        "Primary" | "Standby" | "Cascade" | "Pending" | "Normal" | "Unknown" => {
            let reason = state.strip_prefix("Need repair(").and_then(|rest| rest.strip_suffix(')'));
            match reason {
                // While a server comes up its state file answers, and that has no reason.
                Some(reason) => {
                    reason == "the" || RebuildReason::ALL.iter().any(|known| first_word(known.words()) == reason)
                }
                None => ALL_STATES.iter().any(|known| first_word(known.words()) == state && state != "Need"),
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::script::mistakes;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(mistakes(ROWS), Vec::<String>::new());
    }

    #[test]
    fn a_row_of_the_incident_is_read() {
        let row = "1  wzsy01 9.1.14.39       6001 opt/d1 P Down    Manually stopped | 2  wzsy02 9.1.14.40       6002 \
                   opt/d2 S Standby Need repair(Disconnected)";
        let read = nodes(row).expect("a row");
        assert_eq!(read[1].state, "Need repair(Disconnected)");
        assert!(read.iter().all(can_be));
        assert_eq!(nodes("1 of 2 nodes"), None);
        assert!(!can_be(&NodeStatus { role: "Standby".into(), state: "Need repair(Broken)".into() }));
        assert!(!can_be(&NodeStatus { role: "Leader".into(), state: "Normal".into() }));
    }
}
