//! When a part of the cluster that is whole must serve, and how soon.

use crate::parts::standstill::Reason;
use crate::product::Wait;

use super::parameters::Parameters;
use super::rules::arbitration::may_choose;

/// The waits until a primary serves again whose standbys are gone: their streams are given up, the heartbeat is old, a
/// demotion that nobody took over is given up. With CM the arbiter also waits for a primary before it makes another one.
pub(super) fn recovery_path(parameters: &Parameters) -> Vec<Wait> {
    let wait = |name, length| Wait { name, length };
    let mut path = vec![
        wait("wal_sender_timeout", parameters.wal_sender_timeout),
        wait("wal_receiver_timeout", parameters.wal_receiver_timeout),
        wait("wal_receiver_connect_timeout", parameters.connect_timeout),
        wait("wal_receiver_status_interval", parameters.status_interval),
        wait("demotion", parameters.demote_time),
        wait("start", parameters.start_time),
    ];
    if parameters.cm {
        path.push(wait("instance_heartbeat_timeout", parameters.instance_heartbeat_timeout));
        path.push(wait("failover_delay", parameters.failover_delay));
    }
    if parameters.cm && parameters.enable_fence_dn {
        path.push(wait("enable_fence_dn", parameters.fence_after));
    }
    path
}

/// What is so in the cluster at a moment.
pub(super) struct Situation {
    /// How many running servers of the core are primary.
    pub(super) primaries: usize,
    /// How many are standbys, or would be made one by the arbiter.
    pub(super) standbys: usize,
    /// The arbiter of a cluster with CM.
    pub(super) arbiter: Option<Arbiter>,
    /// For how many standbys a commit waits, if it waits at all costs.
    pub(super) needed: usize,
}

/// Where the arbiter of CM is, and whom it hears for certain.
#[derive(Clone, Copy)]
pub(super) struct Arbiter {
    /// Whether it runs in the core.
    pub(super) in_core: bool,
    /// How many nodes the core has.
    pub(super) core: usize,
    /// How many there are.
    pub(super) all: usize,
}

/// Why the core may stand still: somebody must promote a standby, and a commit waits for its standbys.
pub(super) fn may_stand_still(now: &Situation) -> Option<Reason> {
    if now.primaries == 0
        && let Some(nobody) = nobody_promotes(now.arbiter)
    {
        return Some(nobody);
    }
    (now.standbys < now.needed).then(|| {
        let Situation { needed, standbys, .. } = now;
        Reason::new(
            format!(
                "a commit waits for {needed} synchronous standbys, {standbys} run in the core, and most_available_sync \
                 is off"
            ),
            format!("提交需等待 {needed} 个同步备,核心中只有 {standbys} 个在运行,且 most_available_sync 关闭"),
        )
    })
}

/// Why nobody makes a primary: without CM nobody does by himself, and its arbiter does with half of the nodes
/// (`rules::arbitration`).
fn nobody_promotes(arbiter: Option<Arbiter>) -> Option<Reason> {
    match arbiter {
        None => Some(Reason::new(
            "no server of the core is primary, and without CM nobody promotes a standby by himself",
            "核心中没有主库,且没有 CM 时不会有人自动提升备机",
        )),
        Some(Arbiter { in_core: false, .. }) => Some(Reason::new(
            "no server of the core is primary, and the arbiter that could promote one is not in the core",
            "核心中没有主库,而能够提升备机的仲裁者不在核心中",
        )),
        Some(Arbiter { core, all, .. }) => (!may_choose(core, all)).then(|| {
            Reason::new(
                format!(
                    "no server of the core is primary, and the arbiter hears for certain only {core} of {all} nodes"
                ),
                format!("核心中没有主库,而仲裁者确定只能听到 {all} 个节点中的 {core} 个"),
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_needs_a_primary_and_the_standbys_that_commits_wait_for() {
        let now =
            |primaries, standbys, needed| may_stand_still(&Situation { primaries, standbys, needed, arbiter: None });
        assert!(now(0, 2, 1).is_some_and(|why| why.en.contains("primary")));
        assert!(now(1, 0, 1).is_some_and(|why| why.en.contains("waits for 1")));
        assert_eq!(now(1, 1, 1), None);
        assert_eq!(now(1, 0, 0), None);
    }

    #[test]
    fn an_arbiter_in_the_core_must_promote_somebody() {
        let now = |in_core, core| {
            let arbiter = Some(Arbiter { in_core, core, all: 3 });
            may_stand_still(&Situation { primaries: 0, standbys: 1, needed: 0, arbiter })
        };
        assert_eq!(now(true, 2), None);
        assert!(now(false, 2).is_some_and(|why| why.en.contains("not in the core")));
        assert!(now(true, 1).is_some_and(|why| why.en.contains("1 of 3")));
    }
}
