//! The timers of DMS, DSS and gaussdb, under their real names where they have one (reference: section 8.3 of the
//! protocol notes; `DMS: src/dms/dms_process.c`, `OGS: src/include/ddes/dms/ss_common_attr.h`).

use crate::parts::parameters::parameters;

parameters! {
    /// The timers of one cluster.
    pub struct Timers, described by TIMERS;
    /// How often DMS and DSS ask CM who owns their lock, and how often the reformer judges.
    lock_poll: time(0) = "dms_lock_poll_interval", "500ms";
    /// How often the health thread looks during a round.
    health_tick: time(0) = "dms_health_interval", "10ms";
    /// How often the reformer polls its partners during a round. (The real thread asks on every tick; this only
    /// spares messages.)
    partner_poll: time(0) = "dms_partner_poll_interval", "100ms";
    /// How long a DMS message waits for its answer.
    message_wait: time(0) = "ss_max_message_wait_time", "10s";
    /// How long a status poll waits for its answer.
    status_wait: time(0) = "dms_status_wait", "1s";
    /// How long the CM client waits for its agent.
    client_wait: time(0) = "cm_client_wait", "5s";
    /// How long the old primary may take to become a standby.
    demote_limit: time(0) = "ss_demote_timeout", "600s";
    /// How long the new primary may take to be promoted.
    promote_limit: time(0) = "ss_promote_timeout", "120s";
    /// How long the instance latch may take.
    latch_limit: time(0) = "ss_latch_timeout", "10s";
    /// How long a standby waits to see the new primary recorded.
    confirm_limit: time(0) = "ss_confirm_timeout", "10s";
    /// How long the sessions of the old primary may take to end before gaussdb ends instead.
    backend_exit_limit: time(0) = "ss_backend_exit_timeout", "60s";
    /// How long one step that rebuilds page ownership takes on a node, at the most.
    rebuild_step: time(0) = "sim_rebuild_step", "20ms";
    /// How long others hold the instance latch when a round wants it, at the most.
    latch_held: time(0) = "sim_latch_held", "2ms";
    /// How long the sessions of the old primary take to end, at the most.
    backend_exit: time(0) = "sim_backend_exit", "300ms";
    /// How long the shutdown checkpoint of a demotion takes, at the most.
    demote_checkpoint: time(0) = "sim_demote_checkpoint", "1s";
    /// How long a dssserver takes to read the metadata when it becomes the main one, at the most.
    dss_takeover: time(0) = "sim_dss_takeover", "2200ms";
    /// How long gaussdb takes from its start until DMS is initialised, and again until it is ready to join, at the most.
    startup: time(0) = "sim_gaussdb_startup", "1500ms";
}
