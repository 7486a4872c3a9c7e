//! When a part of the cluster that is whole must serve, and how soon.

use crate::parts::standstill::{Reason, no_majority};
use crate::product::Wait;

use super::cm::Parameters;
use super::parameters::Timers;

/// The waits from the death of a primary to the next one: CM sees it, takes over itself if its own primary is gone too,
/// judges the voting disk, restarts what is down; DSS and DMS follow (reference, sections 8.1 and 8.3).
pub(super) fn recovery_path(cm: &Parameters, timers: &Timers) -> Vec<Wait> {
    let wait = |name, length| Wait { name, length };
    vec![
        wait("agent_heartbeat_timeout", cm.agent_heartbeat_timeout),
        wait("agent_network_timeout", cm.agent_network_timeout),
        wait("instance_heartbeat_timeout", cm.instance_heartbeat_timeout),
        wait("cmserver_ha_heartbeat_timeout", cm.cmserver_ha_heartbeat_timeout),
        wait("disk_timeout", cm.disk_timeout),
        wait("abnormal_timeout", cm.abnormal_timeout),
        wait("restart_delay", cm.restart_delay),
        wait("time_out", cm.time_out),
        wait("dss takeover", timers.dss_takeover),
        wait("gaussdb startup", timers.startup * 2),
        wait("ss_max_message_wait_time", timers.message_wait),
        wait("ss_latch_timeout", timers.latch_limit),
        wait("ss_confirm_timeout", timers.confirm_limit),
    ]
}

/// CM keeps the largest group of nodes that see each other and kicks the rest, so fewer than a majority may be kicked by
/// those outside.
pub(super) fn may_stand_still(whole: usize, all: usize) -> Option<Reason> {
    no_majority(whole, all, ("the arbitration of CM, which keeps the larger group,", "CM 仲裁(保留较大的一组)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::ClusterPlan;
    use std::time::Duration;

    #[test]
    fn the_path_is_made_of_what_is_set() {
        let sum = |plan: &ClusterPlan| {
            let path = recovery_path(&Parameters::of(plan), &Timers::of(plan));
            path.iter().map(|wait| wait.length).sum::<Duration>()
        };
        let mut quicker = ClusterPlan::default();
        let length = crate::product::ParameterValue::Duration(Duration::from_secs(20));
        quicker.set.insert("disk_timeout".to_owned(), length);
        assert_eq!(sum(&ClusterPlan::default()) - sum(&quicker), Duration::from_secs(180));
        assert!(may_stand_still(1, 3).is_some() && may_stand_still(2, 3).is_none());
    }
}
