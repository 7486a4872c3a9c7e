//! What can be set: PolarDB's and PostgreSQL's parameters under their real names, and what the model must be told
//! (`sim_`).

use std::time::Duration;

use crate::product::{ClusterPlan, ParameterKind, ParameterWord};

macro_rules! parameters {
    ($($(#[doc = $doc:literal])* $field:ident : $kind:ident = $name:literal, $text:literal, $default:expr;)*) => {
        /// The parameters of one cluster.
        #[derive(Clone, Debug)]
        pub(super) struct Parameters { $($(#[doc = $doc])* pub(super) $field: parameters!(@type $kind),)* }

        impl Parameters {
            /// The parameters a plan asks for.
            pub(super) fn of(plan: &ClusterPlan) -> Self {
                Parameters { $($field: parameters!(@read $kind, plan, $name, $default),)* }
            }
        }

        /// Their description.
        pub(super) const PARAMETERS: &[ParameterWord] = &[$(ParameterWord {
            name: $name,
            doc: concat!($($doc),*),
            kind: parameters!(@kind $kind),
            default: $text,
        },)*];
    };
    (@type time) => { Duration };
    (@type switch) => { bool };
    (@type number) => { u64 };
    (@type size) => { u64 };
    (@read time, $plan:ident, $name:literal, $default:expr) => {
        $plan.duration($name, Duration::from_millis($default))
    };
    (@read switch, $plan:ident, $name:literal, $default:expr) => { $plan.boolean($name, $default) };
    (@read number, $plan:ident, $name:literal, $default:expr) => {
        $plan.integer($name, $default).unsigned_abs()
    };
    (@read size, $plan:ident, $name:literal, $default:expr) => { $plan.size($name, $default) };
    (@kind time) => { ParameterKind::Duration { bare_unit_ms: 1 } };
    (@kind switch) => { ParameterKind::Boolean };
    (@kind number) => { ParameterKind::Integer { low: 1, high: 64 } };
    (@kind size) => { ParameterKind::Size };
}

parameters! {
    /// Memory for logindex in the configuration the nodes begin with; 0B switches logindex and online promote off.
    logindex_mem_size: size = "polar_logindex_mem_size", "64MB", 64 << 20;
    /// How long a replica waits for an older version of a page of the future before the session ends with FATAL.
    old_version_timeout: time = "polar_wait_old_version_page_timeout", "30s", 30_000;
    /// How often the background writer writes dirty pages; the shutdown loop sleeps as long.
    bgwriter_delay: time = "bgwriter_delay", "200ms", 200;
    /// How often a checkpoint is made.
    checkpoint_timeout: time = "checkpoint_timeout", "5m", 300_000;
    /// After how long without a word from its peer a walsender ends.
    sender_timeout: time = "wal_sender_timeout", "60s", 60_000;
    /// After how long without a word from its peer a walreceiver ends.
    receiver_timeout: time = "wal_receiver_timeout", "60s", 60_000;
    /// How often a walreceiver reports its positions at least.
    status_interval: time = "wal_receiver_status_interval", "10s", 10_000;
    /// After how long a replica without a stream reads the log from the disk and tries to connect again.
    retry_interval: time = "wal_retrieve_retry_interval", "5s", 5_000;
    /// How much log is kept whatever recovery and slots need; PolarDB has 0, the model keeps all so that it can be read at the end.
    wal_keep_size: size = "wal_keep_size", "1GB", 1 << 30;
    /// How many requests pfsd carries at a time (its option -w).
    pfsd_workers: number = "sim_pfsd_workers", "1", 1;
    /// Whether a storage manager fences the old writer with a SCSI-3 reservation at promote, as PolarDB Stack does.
    pr_fence: switch = "sim_pr_fence", "off", false;
    /// How often a session on each replica reads a page; 0s for never.
    replica_reads: time = "sim_replica_reads", "100ms", 100;
    /// How many pages a replica keeps in memory.
    replica_buffers: number = "sim_replica_buffers", "8", 8;
    /// How long the startup process needs at promote to end the walreceiver before it looks at the end of the log.
    receiver_shutdown: time = "sim_receiver_shutdown", "3ms", 3;
}
