//! The timers of DMS, DSS and gaussdb, under their real names where they have one (reference: section 8.3 of the
//! protocol notes; `DMS: src/dms/dms_process.c`, `OGS: src/include/ddes/dms/ss_common_attr.h`).

use std::time::Duration;

use crate::product::{ClusterPlan, ParameterKind, ParameterWord};

macro_rules! timers {
    ($($(#[doc = $doc:literal])* $field:ident = $name:literal, $default:literal, $millis:expr;)*) => {
        /// The timers of one cluster.
        #[derive(Clone, Debug)]
        pub struct Timers { $($(#[doc = $doc])* pub $field: Duration,)* }

        impl Timers {
            /// The timers a plan asks for.
            pub fn of(plan: &ClusterPlan) -> Self {
                Timers { $($field: plan.duration($name, Duration::from_millis($millis)),)* }
            }
        }

        /// Their description.
        pub const TIMERS: &[ParameterWord] = &[$(ParameterWord {
            name: $name,
            doc: concat!($($doc),*),
            kind: ParameterKind::Duration { bare_unit_ms: 0 },
            default: $default,
        },)*];
    };
}

timers! {
    /// How often DMS and DSS ask CM who owns their lock, and how often the reformer judges.
    lock_poll = "dms_lock_poll_interval", "500ms", 500;
    /// How often the health thread looks during a round.
    health_tick = "dms_health_interval", "10ms", 10;
    /// How often the reformer polls its partners during a round. (The real thread asks on every tick; this only
    /// spares messages.)
    partner_poll = "dms_partner_poll_interval", "100ms", 100;
    /// How long a DMS message waits for its answer.
    message_wait = "ss_max_message_wait_time", "10s", 10_000;
    /// How long a status poll waits for its answer.
    status_wait = "dms_status_wait", "1s", 1_000;
    /// How long the CM client waits for its agent.
    client_wait = "cm_client_wait", "5s", 5_000;
    /// How long the old primary may take to become a standby.
    demote_limit = "ss_demote_timeout", "600s", 600_000;
    /// How long the new primary may take to be promoted.
    promote_limit = "ss_promote_timeout", "120s", 120_000;
    /// How long the instance latch may take.
    latch_limit = "ss_latch_timeout", "10s", 10_000;
    /// How long a standby waits to see the new primary recorded.
    confirm_limit = "ss_confirm_timeout", "10s", 10_000;
    /// How long one step that rebuilds page ownership takes on a node, at the most.
    rebuild_step = "sim_rebuild_step", "20ms", 20;
    /// How long the sessions of the old primary take to end, at the most.
    backend_exit = "sim_backend_exit", "300ms", 300;
    /// How long the shutdown checkpoint of a demotion takes, at the most.
    demote_checkpoint = "sim_demote_checkpoint", "1s", 1_000;
    /// How long a dssserver takes to read the metadata when it becomes the main one, at the most.
    dss_takeover = "sim_dss_takeover", "2200ms", 2_200;
    /// How long gaussdb takes from its start until DMS is initialised, and again until it is ready to join, at the most.
    startup = "sim_gaussdb_startup", "1500ms", 1_500;
}
