//! The parameters of CM under their real names, with their real defaults.
//!
//! They come from `cm_server.conf`, `cm_agent.conf` and the resource file that OM installs; times without a unit are
//! seconds, as there. Sources: `CM: src/cm_server/cm_server.centralized_new.conf.sample`,
//! `CM: src/cm_agent/cm_agent.centralized_new.conf.sample`, `OM: script/gspylib/component/CM/CM.py`.

use crate::parts::parameters::parameters;

parameters! {
    /// What can be set about CM.
    pub struct Parameters, described by PARAMETERS;
    /// How often cm_agent reports to cm_server.
    agent_report_interval: time(1000) = "agent_report_interval", "1s";
    /// How long cm_agent keeps a connection on which cm_server is silent.
    agent_heartbeat_timeout: time(1000) = "agent_heartbeat_timeout", "5s";
    /// How often cm_agent looks after the cm_server of its host.
    agent_check_interval: time(1000) = "agent_check_interval", "2s";
    /// How often cm_agents send heartbeats to each other.
    agent_rhb_interval: time(1) = "agent_rhb_interval", "1s";
    /// How old a report or a heartbeat between agents may be.
    agent_network_timeout: time(1000) = "agent_network_timeout", "6s";
    /// How old the heartbeat of a node may be.
    instance_heartbeat_timeout: time(1000) = "instance_heartbeat_timeout", "6s";
    /// How old a time on the voting disk may be; 0 for any.
    disk_timeout: time(1000) = "disk_timeout", "200s";
    /// How long the cluster may not shrink while it is starting; 0 switches arbitration off.
    delay_arbitrate_max_cluster_timeout: time(1000) = "delay_arbitrate_max_cluster_timeout", "300s";
    /// How long the disk lock must stand still before a standby cm_server takes it.
    cmserver_ha_heartbeat_timeout: time(1000) = "cmserver_ha_heartbeat_timeout", "6s";
    /// How often a resource is checked.
    check_interval: time(1000) = "check_interval", "1s";
    /// How long a resource must be away before it is started again.
    restart_delay: time(1000) = "restart_delay", "1s";
    /// How long after a start of a resource the next one may follow.
    restart_period: time(1000) = "restart_period", "1s";
    /// After how many starts without success all resources of the node are stopped; -1 for never.
    restart_times: number(-1, 9999) = "restart_times", "5";
    /// How long a resource may be abnormal before it is killed.
    abnormal_timeout: time(1000) = "abnormal_timeout", "30s";
    /// How long a script of a resource may take.
    time_out: time(1000) = "time_out", "10s";
    /// How often cm_agent tries whether gaussdb answers.
    agent_phony_dead_check_interval: time(1000) = "agent_phony_dead_check_interval", "10s";
    /// How often in a row gaussdb must not answer to be killed.
    phony_dead_effective_time: number(1, 2_147_483_647) = "phony_dead_effective_time", "5";
    /// How long after a kill for not answering the next one may follow.
    instance_phony_dead_restart_interval: time(1000) = "instance_phony_dead_restart_interval", "21600s";
    /// Whether a cm_agent that has lost every cm_server for 30 s stops its node.
    enable_fence_dn: switch = "enable_fence_dn", "off";
}
