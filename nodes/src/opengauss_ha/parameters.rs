//! What can be set: parameters of openGauss under their real names, and what the model must be told (`sim_`).

use std::time::Duration;

use crate::product::{ClusterPlan, ParameterKind, ParameterWord};

macro_rules! parameters {
    ($($(#[doc = $doc:literal])* $field:ident : $kind:ident = $name:literal, $text:literal, $default:expr;)*) => {
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
            kind: parameters!(@kind $kind),
            default: $text,
        },)*];
    };
    (@type time) => { Duration };
    (@type switch) => { bool };
    (@type number) => { i64 };
    (@type size) => { u64 };
    (@type text) => { String };
    (@type level) => { String };
    (@read time, $plan:ident, $name:literal, $default:expr) => {
        $plan.duration($name, Duration::from_millis($default))
    };
    (@read switch, $plan:ident, $name:literal, $default:expr) => { $plan.boolean($name, $default) };
    (@read number, $plan:ident, $name:literal, $default:expr) => { $plan.integer($name, $default) };
    (@read size, $plan:ident, $name:literal, $default:expr) => { $plan.size($name, $default) };
    (@read text, $plan:ident, $name:literal, $default:expr) => { $plan.text($name, $default) };
    (@read level, $plan:ident, $name:literal, $default:expr) => { $plan.text($name, $default) };
    (@kind time) => { ParameterKind::Duration { bare_unit_ms: 1000 } };
    (@kind switch) => { ParameterKind::Boolean };
    (@kind number) => { ParameterKind::Integer { low: 0, high: 1_000_000 } };
    (@kind size) => { ParameterKind::Size };
    (@kind text) => { ParameterKind::Text };
    (@kind level) => {
        ParameterKind::OneOf(&["off", "local", "remote_receive", "remote_write", "on", "remote_apply"])
    };
}

parameters! {
    /// When a walsender gives a silent standby up, unless its heartbeat is fresh; it asks for a reply at half.
    wal_sender_timeout: time = "wal_sender_timeout", "6s", 6_000;
    /// When a walreceiver gives a silent primary up: it pings at half, and gives up after another half.
    wal_receiver_timeout: time = "wal_receiver_timeout", "6s", 6_000;
    /// How often a node sends a heartbeat.
    heartbeat_interval: time = "dn_heartbeat_interval", "1s", 1_000;
    /// How often a standby tells its position when nothing changes.
    status_interval: time = "wal_receiver_status_interval", "5s", 5_000;
    /// How long a standby waits for a connection.
    connect_timeout: time = "wal_receiver_connect_timeout", "2s", 2_000;
    /// Between two checkpoints, with incremental checkpoints.
    checkpoint_timeout: time = "incremental_checkpoint_timeout", "60s", 60_000;
    /// What a commit waits for.
    synchronous_commit: level = "synchronous_commit", "on", "on";
    /// Which standbys a commit waits for.
    synchronous_standby_names: text = "synchronous_standby_names", "*", "*";
    /// Whether commits go on while no synchronous standby is alive.
    most_available_sync: switch = "most_available_sync", "off", false;
    /// How many segments before the redo position are kept.
    wal_keep_segments: number = "wal_keep_segments", "16", 16;
    /// Bytes of a segment of the log.
    segment_size: size = "sim_wal_segment_size", "16MB", 16 << 20;
    /// How long a server needs until recovery begins.
    start_time: time = "sim_start_time", "1200ms", 1_200;
    /// How long the backends of a primary need to end when it is stopped.
    stop_time: time = "sim_stop_time", "1s", 1_000;
    /// How long the backends of a primary need to end when it is demoted.
    demote_time: time = "sim_demote_time", "8s", 8_000;
    /// How long a standby waits before it asks for the log again.
    retry_interval: time = "sim_recovery_retry", "150ms", 150;
    /// How often the log streamer of gs_rewind looks whether it has passed the end.
    streamer_look: time = "sim_streamer_look", "4900ms", 4_900;
    /// Whether there is an arbiter: cm_server on the last host, cm_agent on each.
    cm: switch = "sim_cm", "off", false;
    /// Whether cm_agent ends a server whose arbiter it does not hear.
    enable_fence_dn: switch = "enable_fence_dn", "off", false;
    /// After how long it does.
    fence_after: time = "sim_fence_after", "30s", 30_000;
    /// How long a report of an agent counts.
    instance_heartbeat_timeout: time = "instance_heartbeat_timeout", "6s", 6_000;
    /// How long the arbiter waits for a primary before it makes another one.
    failover_delay: time = "sim_failover_delay", "6s", 6_000;
    /// How long a build needs for each step that is not given by devices and network.
    build_step: time = "sim_build_step", "50ms", 50;
}
