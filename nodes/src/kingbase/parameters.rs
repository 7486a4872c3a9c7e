//! What can be set: parameters of the server and of repmgr under their real names, and what the model must be told
//! (`sim_`). Defaults are those of the KingbaseES reference, section 1.4, where it names any.

use std::time::Duration;

use crate::product::{ClusterPlan, ParameterKind, ParameterWord};

macro_rules! parameters {
    ($($(#[doc = $doc:literal])* $field:ident : $kind:ident $(($($word:literal),+))? = $name:literal, $text:literal, $default:expr;)*) => {
        /// The parameters of one cluster.
        #[derive(Clone, Debug)]
        pub struct Parameters { $($(#[doc = $doc])* pub $field: parameters!(@type $kind),)* }

        impl Parameters {
            /// The parameters a plan asks for.
            pub fn of(plan: &ClusterPlan) -> Self {
                Parameters { $($field: parameters!(@read $kind, plan, $name, $default),)* }
            }
        }

        /// Their description.
        pub const PARAMETERS: &[ParameterWord] = &[$(ParameterWord {
            name: $name,
            doc: concat!($($doc),*),
            kind: parameters!(@kind $kind $(($($word),+))?),
            default: $text,
        },)*];
    };
    (@type time) => { Duration };
    (@type switch) => { bool };
    (@type number) => { i64 };
    (@type size) => { u64 };
    (@type text) => { String };
    (@type word) => { String };
    (@read time, $plan:ident, $name:literal, $default:expr) => {
        $plan.duration($name, Duration::from_millis($default))
    };
    (@read switch, $plan:ident, $name:literal, $default:expr) => { $plan.boolean($name, $default) };
    (@read number, $plan:ident, $name:literal, $default:expr) => { $plan.integer($name, $default) };
    (@read size, $plan:ident, $name:literal, $default:expr) => { $plan.size($name, $default) };
    (@read text, $plan:ident, $name:literal, $default:expr) => { $plan.text($name, $default) };
    (@read word, $plan:ident, $name:literal, $default:expr) => { $plan.text($name, $default) };
    (@kind time) => { ParameterKind::Duration { bare_unit_ms: 1000 } };
    (@kind switch) => { ParameterKind::Boolean };
    (@kind number) => { ParameterKind::Integer { low: -1, high: i64::MAX } };
    (@kind size) => { ParameterKind::Size };
    (@kind text) => { ParameterKind::Text };
    (@kind word($($word:literal),+)) => { ParameterKind::OneOf(&[$($word),+]) };
}

parameters! {
    /// Whether finished WAL files are archived; needs a restart.
    archive_mode: word("on", "off", "always") = "archive_mode", "on", "on";
    /// The command that archives one file; empty: none is configured, and files wait for ever.
    archive_command: text = "archive_command", "/bin/cp -f %p archive/%f", "/bin/cp -f %p archive/%f";
    /// After how long a segment with writes is ended; 0 for never.
    archive_timeout: time = "archive_timeout", "0s", 0;
    /// How the first primary replicates: quorum (ANY 1), sync (FIRST 1) or async.
    synchronous: word("quorum", "sync", "async") = "synchronous", "quorum", "quorum";
    /// What a commit waits for: its standbys (on), its own device (local), nothing (off).
    synchronous_commit: word("on", "local", "off") = "synchronous_commit", "on", "on";
    /// How many segments behind the current one are kept; the real default depends on the build.
    wal_keep_segments: number = "wal_keep_segments", "256", 256;
    /// When a walsender gives a silent standby up.
    wal_sender_timeout: time = "wal_sender_timeout", "60s", 60_000;
    /// When a walreceiver gives a silent primary up.
    wal_receiver_timeout: time = "wal_receiver_timeout", "60s", 60_000;
    /// Between two attempts of a walreceiver.
    wal_retrieve_retry_interval: time = "wal_retrieve_retry_interval", "5s", 5_000;
    /// Between two checkpoints.
    checkpoint_timeout: time = "checkpoint_timeout", "300s", 300_000;
    /// How many walsenders there may be.
    max_wal_senders: number = "max_wal_senders", "32", 32;
    /// How many replication slots there may be.
    max_replication_slots: number = "max_replication_slots", "10", 10;
    /// How many pending files are a warning (strictly more).
    archive_ready_warning: number = "archive_ready_warning", "16", 16;
    /// How many pending files are critical (strictly more).
    archive_ready_critical: number = "archive_ready_critical", "128", 128;
    /// How much replay lag is a warning.
    replication_lag_warning: time = "replication_lag_warning", "300s", 300_000;
    /// How much replay lag is critical.
    replication_lag_critical: time = "replication_lag_critical", "600s", 600_000;
    /// How often, a second apart, a switchover looks whether the old primary is down.
    shutdown_check_timeout: number = "shutdown_check_timeout", "60", 60;
    /// How many seconds a switchover waits for the standby's receive position.
    wal_receive_check_timeout: number = "wal_receive_check_timeout", "30", 30;
    /// How long a promotion may take.
    promote_check_timeout: time = "promote_check_timeout", "60s", 60_000;
    /// Between two looks at a promotion.
    promote_check_interval: time = "promote_check_interval", "1s", 1_000;
    /// How many seconds a switchover tries to reach the demoted node.
    standby_reconnect_timeout: number = "standby_reconnect_timeout", "60", 60;
    /// How many seconds a rejoined node has to stream.
    node_rejoin_timeout: number = "node_rejoin_timeout", "60", 60;
    /// Whether repmgrd promotes by itself (stock default: manual; a KingbaseES cluster is installed with automatic).
    failover: word("automatic", "manual") = "failover", "automatic", "automatic";
    /// Between two looks of repmgrd.
    monitor_interval: time = "monitor_interval_secs", "2s", 2_000;
    /// How repmgrd looks at its upstream: whether it answers (ping), lets it in (connection) or answers a query.
    connection_check_type: word("ping", "connection", "query") = "connection_check_type", "ping", "ping";
    /// After how many seconds without an upstream repmgrd ends; -1 for never.
    degraded_monitoring_timeout: number = "degraded_monitoring_timeout", "-1", -1;
    /// How many seconds a standby that follows another node has to attach.
    standby_follow_timeout: number = "standby_follow_timeout", "30", 30;
    /// How often repmgrd tries again before it believes that an upstream is gone.
    reconnect_attempts: number = "reconnect_attempts", "6", 6;
    /// Between two of these.
    reconnect_interval: time = "reconnect_interval", "10s", 10_000;
    /// How long a follower waits to hear of the new primary.
    primary_notification_timeout: time = "primary_notification_timeout", "60s", 60_000;
    /// Whether a node that still sees the primary stops a failover.
    primary_visibility_consensus: switch = "primary_visibility_consensus", "false", false;
    /// The command that must agree before a winner promotes itself; empty: nobody is asked.
    failover_validation_command: text = "failover_validation_command", "", "";
    /// How long a winner waits that was not let through, before the next election.
    election_rerun_interval: time = "election_rerun_interval", "15s", 15_000;
    /// Whether a switchover promotes although the candidate is behind (`--always-promote` of every switchover).
    always_promote: switch = "always_promote", "false", false;
    /// How often a witness copies the nodes table.
    witness_sync_interval: time = "witness_sync_interval", "15s", 15_000;
    /// How often the repmgrd of a primary looks at its standbys.
    child_nodes_check_interval: time = "child_nodes_check_interval", "5s", 5_000;
    /// Whether standbys use replication slots.
    use_replication_slots: switch = "use_replication_slots", "true", true;
    /// How long a connection to a database may take.
    connect_timeout: time = "connect_timeout", "10s", 10_000;
    /// Whether full pages are logged for every change after a checkpoint, without which nothing can be rewound.
    wal_log_hints: switch = "wal_log_hints", "on", true;
    /// `NODE=NUMBER,...`: the priority of nodes in an election; 100 for the others, 0 is never elected.
    priorities: text = "priority", "", "";
    /// `NODE=LOCATION,...`: where nodes are; `default` for the others.
    locations: text = "location", "", "";
    /// The first segment of the database, as if it had been used before.
    first_segment: number = "sim_first_segment", "6", 6;
    /// Bytes of a segment.
    segment_size: size = "wal_segment_size", "16MB", 16 << 20;
    /// The size of the disk that holds sys_wal.
    wal_disk: size = "sim_wal_disk", "8GB", 8 << 30;
    /// How long the archive command takes for one file.
    archive_time: time = "sim_archive_time", "50ms", 50;
    /// How long an ssh session takes to begin.
    ssh_time: time = "sim_ssh_time", "200ms", 200;
    /// How long a server takes to start.
    start_time: time = "sim_start_time", "500ms", 500;
    /// How long a spread checkpoint takes after a promotion.
    spread_checkpoint: time = "sim_spread_checkpoint", "900ms", 900;
}

/// The value for a node in `NODE=VALUE,...`.
pub(super) fn value_for<'a>(list: &'a str, node: &str) -> Option<&'a str> {
    let mut entries = list.split(',').filter_map(|entry| entry.trim().split_once('='));
    entries.find(|(name, _)| name.trim() == node).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_finds_its_own_value() {
        assert_eq!(value_for("node1=100, node2=0", "node2"), Some("0"));
        assert_eq!(value_for("", "node2"), None);
    }
}
