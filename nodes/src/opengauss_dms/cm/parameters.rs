//! The parameters of CM under their real names, with their real defaults.
//!
//! They come from `cm_server.conf`, `cm_agent.conf` and the resource file that OM installs; times without a unit are
//! seconds, as there. Sources: `CM: src/cm_server/cm_server.centralized_new.conf.sample`,
//! `CM: src/cm_agent/cm_agent.centralized_new.conf.sample`, `OM: script/gspylib/component/CM/CM.py`.

use std::time::Duration;

use crate::product::{ClusterPlan, ParameterKind, ParameterWord};

/// What can be set about CM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// How often an agent reports to cm_server.
    pub agent_report_interval: Duration,
    /// How long an agent keeps a connection on which cm_server is silent.
    pub agent_heartbeat_timeout: Duration,
    /// How often an agent looks after the cm_server of its host.
    pub agent_check_interval: Duration,
    /// How often agents say to each other that they live.
    pub agent_rhb_interval: Duration,
    /// How old a report or a heartbeat between agents may be.
    pub agent_network_timeout: Duration,
    /// How old the heartbeat of a node may be.
    pub instance_heartbeat_timeout: Duration,
    /// How old a time on the voting disk may be; zero for any.
    pub disk_timeout: Duration,
    /// How long the cluster may not shrink while it is starting; zero switches arbitration off.
    pub delay_arbitrate_max_cluster_timeout: Duration,
    /// After how many rounds without a sign of the primary a standby cm_server takes over.
    pub cmserver_ha_heartbeat_timeout: Duration,
    /// How often a resource is checked.
    pub check_interval: Duration,
    /// How long a resource must be away before it is started again.
    pub restart_delay: Duration,
    /// How long after a start the next one may follow.
    pub restart_period: Duration,
    /// After how many starts without success the node is given up; -1 for never.
    pub restart_times: i64,
    /// How long a resource may be abnormal before it is killed.
    pub abnormal_timeout: Duration,
    /// How long a script of a resource may take.
    pub time_out: Duration,
    /// How often the agent tries whether gaussdb still answers.
    pub agent_phony_dead_check_interval: Duration,
    /// How often in a row gaussdb must not answer to be killed.
    pub phony_dead_effective_time: i64,
    /// How long after such a kill the next one may follow.
    pub instance_phony_dead_restart_interval: Duration,
    /// Whether an agent that has lost every cm_server stops its node.
    pub enable_fence_dn: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Parameters::from_plan(&ClusterPlan::default())
    }
}

impl Parameters {
    /// What a plan sets, and defaults for the rest.
    pub fn from_plan(plan: &ClusterPlan) -> Self {
        let seconds = |name, default| plan.duration(name, Duration::from_secs(default));
        Parameters {
            agent_report_interval: seconds("agent_report_interval", 1),
            agent_heartbeat_timeout: seconds("agent_heartbeat_timeout", 5),
            agent_check_interval: seconds("agent_check_interval", 2),
            agent_rhb_interval: seconds("agent_rhb_interval", 1),
            agent_network_timeout: seconds("agent_network_timeout", 6),
            instance_heartbeat_timeout: seconds("instance_heartbeat_timeout", 6),
            disk_timeout: seconds("disk_timeout", 200),
            delay_arbitrate_max_cluster_timeout: seconds("delay_arbitrate_max_cluster_timeout", 300),
            cmserver_ha_heartbeat_timeout: seconds("cmserver_ha_heartbeat_timeout", 6),
            check_interval: seconds("check_interval", 1),
            restart_delay: seconds("restart_delay", 1),
            restart_period: seconds("restart_period", 1),
            restart_times: plan.integer("restart_times", 5),
            abnormal_timeout: seconds("abnormal_timeout", 30),
            time_out: seconds("time_out", 10),
            agent_phony_dead_check_interval: seconds("agent_phony_dead_check_interval", 10),
            phony_dead_effective_time: plan.integer("phony_dead_effective_time", 5),
            instance_phony_dead_restart_interval: seconds("instance_phony_dead_restart_interval", 21_600),
            enable_fence_dn: plan.boolean("enable_fence_dn", false),
        }
    }
}

const SECONDS: ParameterKind = ParameterKind::Duration { bare_unit_ms: 1000 };
const MILLISECONDS: ParameterKind = ParameterKind::Duration { bare_unit_ms: 1 };

const fn word(name: &'static str, doc: &'static str, kind: ParameterKind, default: &'static str) -> ParameterWord {
    ParameterWord { name, doc, kind, default }
}

/// The parameters of CM, for the product's description.
pub const PARAMETERS: &[ParameterWord] = &[
    word("agent_report_interval", "how often cm_agent reports to cm_server", SECONDS, "1s"),
    word("agent_heartbeat_timeout", "how long cm_agent keeps a silent connection to cm_server", SECONDS, "5s"),
    word("agent_check_interval", "how often cm_agent looks after the cm_server of its host", SECONDS, "2s"),
    word("agent_rhb_interval", "how often cm_agents send heartbeats to each other", MILLISECONDS, "1s"),
    word("agent_network_timeout", "how old a report or a heartbeat between agents may be", SECONDS, "6s"),
    word("instance_heartbeat_timeout", "how old the heartbeat of a node may be", SECONDS, "6s"),
    word("disk_timeout", "how old a time on the voting disk may be; 0 for any", SECONDS, "200s"),
    word(
        "delay_arbitrate_max_cluster_timeout",
        "how long the cluster may not shrink while it is starting; 0 switches arbitration off",
        SECONDS,
        "300s",
    ),
    word(
        "cmserver_ha_heartbeat_timeout",
        "how long the disk lock must stand still before a standby cm_server takes it",
        SECONDS,
        "6s",
    ),
    word("check_interval", "how often a resource is checked", SECONDS, "1s"),
    word("restart_delay", "how long a resource must be away before it is started again", SECONDS, "1s"),
    word("restart_period", "how long after a start of a resource the next one may follow", SECONDS, "1s"),
    word(
        "restart_times",
        "after how many starts without success all resources of the node are stopped; -1 for never",
        ParameterKind::Integer { low: -1, high: 9999 },
        "5",
    ),
    word("abnormal_timeout", "how long a resource may be abnormal before it is killed", SECONDS, "30s"),
    word("time_out", "how long a resource script may take", SECONDS, "10s"),
    word("agent_phony_dead_check_interval", "how often cm_agent tries whether gaussdb answers", SECONDS, "10s"),
    word(
        "phony_dead_effective_time",
        "how often in a row gaussdb must not answer to be killed",
        ParameterKind::Integer { low: 1, high: 2_147_483_647 },
        "5",
    ),
    word(
        "instance_phony_dead_restart_interval",
        "how long after a kill for not answering the next one may follow",
        SECONDS,
        "21600s",
    ),
    word(
        "enable_fence_dn",
        "whether a cm_agent that has lost every cm_server for 30 s stops its node",
        ParameterKind::Boolean,
        "off",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::ParameterValue;

    #[test]
    fn every_word_sets_something() {
        for word in PARAMETERS {
            let mut plan = ClusterPlan::default();
            let value = match word.kind {
                ParameterKind::Integer { .. } => ParameterValue::Integer(77),
                ParameterKind::Boolean => ParameterValue::Boolean(true),
                _ => ParameterValue::Duration(Duration::from_secs(77)),
            };
            plan.set.insert(word.name.to_owned(), value);
            assert_ne!(Parameters::from_plan(&plan), Parameters::default(), "{} sets nothing", word.name);
        }
    }
}
