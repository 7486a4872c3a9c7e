//! When a part of the cluster that is whole must serve, and how soon.

use crate::parts::standstill::{Reason, no_majority};
use crate::product::Wait;

use super::parameters::Parameters;

/// The waits from the death of a primary to the next one: repmgrd probes it, the nodes vote, one is promoted and the
/// others are told (reference, section 1.4).
pub(super) fn recovery_path(parameters: &Parameters) -> Vec<Wait> {
    let wait = |name, length| Wait { name, length };
    let attempts = u32::try_from(parameters.reconnect_attempts).unwrap_or(0);
    vec![
        wait("monitor_interval_secs", parameters.monitor_interval),
        wait("connect_timeout", parameters.connect_timeout),
        wait("reconnect_attempts * reconnect_interval", parameters.reconnect_interval * attempts),
        wait("promote_check_timeout", parameters.promote_check_timeout),
        wait("primary_notification_timeout", parameters.primary_notification_timeout),
        wait("wal_receiver_timeout", parameters.wal_receiver_timeout),
        wait("child_nodes_check_interval", parameters.child_nodes_check_interval),
        wait("start", parameters.start_time),
    ]
}

/// What is so in the cluster at a moment.
pub(super) struct Situation {
    /// Whether the leading node is in the core and its server runs.
    pub(super) primary_serves: bool,
    /// How many other nodes of the core have a running server, witnesses too.
    pub(super) electors: usize,
    /// How many of them can be promoted.
    pub(super) candidates: usize,
    /// How many of these have a repmgrd that runs and is not paused.
    pub(super) watched: usize,
    /// How many nodes there are beside the leading one.
    pub(super) others: usize,
    /// Whether repmgrd promotes by itself.
    pub(super) automatic: bool,
    /// Whether commits wait for a standby.
    pub(super) waits_for_standby: bool,
    /// Whether repmgrd runs beside the leading node: it gives up standbys that are gone.
    pub(super) gives_up: bool,
}

/// Why the core may stand still.
pub(super) fn may_stand_still(now: &Situation) -> Option<Reason> {
    if now.primary_serves {
        let waits = now.waits_for_standby && now.candidates == 0 && !now.gives_up;
        return waits.then(|| {
            Reason::new(
                "a commit waits for a standby, none runs, and no repmgrd gives it up",
                "提交在等待备机,没有备机在运行,也没有 repmgrd 放弃等待",
            )
        });
    }
    if !now.automatic {
        return Some(Reason::new(
            "its primary is gone, and with failover = manual nobody promotes a standby",
            "主库已不在,而 failover = manual 时不会有人提升备机",
        ));
    }
    if now.candidates == 0 {
        return Some(Reason::new(
            "its primary is gone, and no standby of the core runs that could be promoted",
            "主库已不在,核心中也没有可提升的备机在运行",
        ));
    }
    if now.watched == 0 {
        return Some(Reason::new(
            "its primary is gone, and the repmgrd of every standby of the core is paused or does not run",
            "主库已不在,而核心中每个备机的 repmgrd 都已暂停或未运行",
        ));
    }
    no_majority(now.electors, now.others, ("the election of repmgrd", "repmgrd 选举"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_election_needs_a_majority_and_somebody_to_elect() {
        let mut now = Situation {
            primary_serves: true,
            electors: 0,
            candidates: 0,
            watched: 0,
            others: 2,
            automatic: false,
            waits_for_standby: true,
            gives_up: true,
        };
        assert_eq!(may_stand_still(&now), None);
        now.gives_up = false;
        assert!(may_stand_still(&now).is_some_and(|why| why.en.contains("no repmgrd")));
        now.waits_for_standby = false;
        assert_eq!(may_stand_still(&now), None);
        now.primary_serves = false;
        assert!(may_stand_still(&now).is_some_and(|why| why.en.contains("manual")));
        now.automatic = true;
        assert!(may_stand_still(&now).is_some_and(|why| why.en.contains("no standby")));
        (now.candidates, now.electors) = (1, 1);
        assert!(may_stand_still(&now).is_some_and(|why| why.en.contains("paused")));
        now.watched = 1;
        assert!(may_stand_still(&now).is_some_and(|why| why.en.contains("no majority")));
        now.electors = 2;
        assert_eq!(may_stand_still(&now), None);
    }
}
