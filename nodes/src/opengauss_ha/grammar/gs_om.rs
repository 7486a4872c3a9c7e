//! gs_om: what it shows of the cluster, and what it says while it starts and stops it.
//!
//! The state of the cluster is judged by the rule the model shows it by: it must be what the states of the nodes come to.
//! `gs_om -t status` has three forms: the state of the cluster alone; with `--detail` a table of nodes, side by side
//! (2021) or one a line with its port (later); with `-h HOST` or `--all` a list of what is known of each node.
//! Source: the output of the incident of July 2021, reference section 2.3 (`DbClusterInfo.py`), and the tool reference.

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
    row("heads", "node {}node_ip {}", &[Free, Free], &["datanodes"]),
    row("rule", "----------{}", &[Own("rule")], &["heads"]),
    first("short", "----------{}", &[Own("rule")]),
    row("short name", "cluster_name{}", &[Own("label")], &["short"]),
    row("short state", "cluster_state{}", &[Own("labelled state")], &["short", "short name"]),
    row("short redistributing", "redistributing{}", &[Own("label")], &["short state"]),
    row("short balanced", "balanced{}", &[Own("label")], &["short redistributing"]),
    row("short az", "current_az{}", &[Own("label")], &["short redistributing", "short balanced"]),
    row("short end", "----------{}", &[Own("rule")], &["short redistributing", "short balanced", "short az", "known"]),
    row("known", "{}: {}", &[Own("key"), Own("value")], &["short end", "known"]),
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
    row("nodes", "{}", &[Own("nodes")], &["rule", "nodes"]),
];

/// A line that gs_om prints.
pub(super) fn split(line: &str) -> Option<LogLine<'_>> {
    let message = line.trim();
    let fixed = ROWS.iter().filter(|row| !matches!(row.name, "nodes" | "known"));
    let is_known = fixed.into_iter().any(|row| crate::grammar::holes(row.pattern, message).is_some());
    let is_key = message.split_once(": ").is_some_and(|(key, _)| is_key(key.trim_end()));
    (is_known || is_key || nodes(message).is_some()).then_some(LogLine { at: None, message })
}

/// What `-h` and `--all` tell of a node.
const KEYS: &[&str] = &[
    "node",
    "node_name",
    "instance_id",
    "node_ip",
    "data_path",
    "type",
    "instance_state",
    "instance_role",
    "az_name",
    "static_connections",
    "HA_state",
    "reason",
];

fn is_key(key: &str) -> bool {
    let is_position = ["sender_", "receiver_", "sync_", "secondary_", "upstream_"].iter().any(|it| key.starts_with(it));
    KEYS.contains(&key) || is_position && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A row of the table, nodes side by side or one of them: `1  wzsy01 9.1.14.39 6001 DIRECTORY P Primary Normal | 2  …`.
fn nodes(line: &str) -> Option<Vec<NodeStatus>> {
    line.split(" | ").map(node).collect()
}

fn node(column: &str) -> Option<NodeStatus> {
    let mut words = column.split_whitespace();
    words.next()?.parse::<u32>().ok()?;
    let (_name, address, instance) = (words.next()?, words.next()?, words.next()?);
    // Later versions have the port before the instance.
    let mut directory = words.next()?;
    if directory.parse::<u32>().is_ok() {
        directory = words.next()?;
    }
    let (letter, role) = (words.next()?, words.next()?);
    let is_node = address.contains('.')
        && instance.parse::<u32>().is_ok()
        && !directory.is_empty()
        && matches!(letter, "P" | "S" | "C" | "R");
    let state = words.collect::<Vec<_>>().join(" ");
    is_node.then(|| NodeStatus { role: role.to_owned(), state })
}

/// What the rules keep of a command.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    state: String,
    started: Vec<String>,
    /// Rows of a table with one node a line.
    shown: Vec<NodeStatus>,
    /// The key whose value comes next.
    key: String,
    /// How many nodes of a list are primaries.
    primaries: usize,
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
            "label" => labelled(value).is_some(),
            "labelled state" => {
                said.own.state = labelled(value).unwrap_or_default().to_owned();
                matches!(said.own.state.as_str(), "Normal" | "Degraded" | "Unavailable")
            }
            "key" => {
                said.own.key = value.trim_end().to_owned();
                is_key(&said.own.key)
            }
            "value" => fits(&mut said.own, value.trim()),
            _ if !value.contains(" | ") => nodes(value).is_some_and(|mut nodes| {
                said.own.shown.append(&mut nodes);
                said.own.shown.iter().all(can_be) && may_come_to(&said.own.shown, &said.own.state)
            }),
            _ => nodes(value).is_some_and(|nodes| nodes.iter().all(can_be) && cluster_state(&nodes) == said.own.state),
        }
    }
}

/// `   : Normal`: what stands behind the colon.
fn labelled(value: &str) -> Option<&str> {
    value.trim_start().strip_prefix(':').map(str::trim).filter(|value| !value.is_empty())
}

/// Whether the rows so far can be the first ones of a table of such a cluster.
fn may_come_to(nodes: &[NodeStatus], state: &str) -> bool {
    let is_primary = |node: &&NodeStatus| node.role == "Primary";
    let (primaries, others): (Vec<&NodeStatus>, Vec<&NodeStatus>) = nodes.iter().partition(is_primary);
    let one_at_most = primaries.len() <= 1 && primaries.iter().all(|node| node.state == "Normal");
    match state {
        "Normal" => one_at_most && others.iter().all(|node| node.state == "Normal"),
        "Degraded" => one_at_most,
        _ => true,
    }
}

const ROLES: [&str; 7] = ["Primary", "Standby", "Cascade", "Cascade Standby", "Pending", "Unknown", "Down"];

/// Whether a node of a list can have this value, in a cluster of this state. Versions differ in what they call the state
/// of an instance: its role, or the state of its database.
fn fits(kept: &mut Kept, value: &str) -> bool {
    let is_sound = kept.state == "Normal";
    match kept.key.as_str() {
        "node" | "instance_id" | "static_connections" => value.parse::<u32>().is_ok(),
        "instance_role" | "instance_state" if ROLES.contains(&value) => {
            kept.primaries += usize::from(value == "Primary");
            !is_sound || kept.primaries <= 1 && !matches!(value, "Pending" | "Unknown" | "Down")
        }
        "instance_role" => value == "Normal",
        "instance_state" | "HA_state" => {
            let known = ALL_STATES.iter().any(|known| known.words() == value) || value.starts_with("Need repair");
            let of_stream = kept.key == "HA_state" && value == "Streaming";
            let stopped = value == "Manually stopped";
            (known || of_stream || stopped) && (!is_sound || matches!(value, "Normal" | "Streaming"))
        }
        "sync_percent" => value.ends_with('%'),
        _ => !value.is_empty(),
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
    use crate::grammar::Machine;
    use crate::grammar::script::{Script, mistakes};

    #[test]
    fn the_table_is_whole() {
        assert_eq!(mistakes(ROWS), Vec::<String>::new());
    }

    /// The first line that nothing explains.
    fn stray(text: &str) -> Option<&str> {
        let machine = Script(GsOm);
        let mut states: Option<Vec<Said<Kept>>> = None;
        for line in text.lines() {
            let Some(LogLine { message, .. }) = split(line) else { continue };
            let next: Vec<Said<Kept>> = match &states {
                Some(states) => states.iter().flat_map(|state| machine.after(state, message)).collect(),
                None => machine.begin(message),
            };
            if next.is_empty() {
                return Some(line);
            }
            states = Some(next);
        }
        assert!(states.is_some(), "no line of gs_om");
        None
    }

    const SHORT: &str = "-----------------------------------------------------------------------

cluster_name      : dbCluster
cluster_state     : Normal
redistributing    : No

-----------------------------------------------------------------------
";

    const TABLE: &str = "[   Cluster State   ]

cluster_state   : Degraded
redistributing  : No
current_az      : AZ_ALL

[  Datanode State   ]

    node     node_ip         port      instance                     state
--------------------------------------------------------------------------
1  plat1    192.168.0.11    5432      6001 /opt/gaussdb/dn1 P Primary Normal
2  plat2    192.168.0.12    5432      6002 /opt/gaussdb/dn1 S Standby Normal
3  plat3    192.168.0.13    5432      6003 /opt/gaussdb/dn1 S Down    Manually stopped
";

    const OF_A_HOST: &str = "-----------------------------------------------------------------------

cluster_state             : Normal
redistributing            : No

-----------------------------------------------------------------------

node                      : 1
node_name                 : plat1
instance_id               : 6001
node_ip                   : 192.168.0.11
data_path                 : /opt/gaussdb/dn1
type                      : Datanode
instance_state            : Normal
static_connections        : 2
HA_state                  : Normal
instance_role             : Primary
-----------------------------------------------------------------------

node                      : 2
node_name                 : plat2
instance_id               : 6002
node_ip                   : 192.168.0.12
data_path                 : /opt/gaussdb/dn1
type                      : Datanode
instance_state            : Normal
instance_role             : Standby
HA_state                  : Streaming
sender_sent_location      : 0/7006260
receiver_replay_location  : 0/7006260
sync_percent              : 100%
sync_state                : Quorum
";

    #[test]
    fn every_published_form_of_the_status_is_explained() {
        for text in [SHORT, TABLE, OF_A_HOST] {
            assert_eq!(stray(text), None);
        }
        // The form of 2020 calls the role of an instance its state.
        let older = OF_A_HOST
            .replace("instance_state            : Normal\nstatic", "instance_state            : Primary\nstatic")
            .replace("instance_role             : Primary\n", "")
            .replace(
                "instance_state            : Normal\ninstance_role",
                "instance_state            : Standby\nreason",
            );
        assert_eq!(stray(&older), None);
    }

    #[test]
    fn what_cannot_be_is_found_in_every_form() {
        let broken = [
            (SHORT, "cluster_state     : Normal", "cluster_state     : Fine"),
            (SHORT, "cluster_state     : Normal\n", ""),
            (TABLE, "P Primary Normal", "P Primary Demoting"),
            (TABLE, "S Standby Normal", "S Primary Normal"),
            (TABLE, "cluster_state   : Degraded", "cluster_state   : Normal"),
            (TABLE, "Down    Manually stopped", "Down    Normal"),
            (OF_A_HOST, "HA_state                  : Normal", "HA_state                  : Building"),
            (OF_A_HOST, "instance_role             : Standby", "instance_role             : Primary"),
            (OF_A_HOST, "static_connections        : 2", "static_connections        : many"),
            (OF_A_HOST, "redistributing            : No\n", ""),
        ];
        for (text, was, is) in broken {
            assert!(text.contains(was), "{was}");
            assert!(stray(&text.replacen(was, is, 1)).is_some(), "{was} -> {is}");
        }
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
