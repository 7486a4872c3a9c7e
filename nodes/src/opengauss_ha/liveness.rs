//! When a part of the cluster that is whole must serve, and how soon.

use crate::parts::standstill::Reason;
use crate::product::Wait;

use super::parameters::Parameters;

/// The waits until a primary serves again whose standbys are gone: their streams are given up, the heartbeat is old, a
/// demotion that nobody took over is given up.
pub(super) fn recovery_path(parameters: &Parameters) -> Vec<Wait> {
    let wait = |name, length| Wait { name, length };
    vec![
        wait("wal_sender_timeout", parameters.wal_sender_timeout),
        wait("wal_receiver_timeout", parameters.wal_receiver_timeout),
        wait("wal_receiver_connect_timeout", parameters.connect_timeout),
        wait("wal_receiver_status_interval", parameters.status_interval),
        wait("demotion", parameters.demote_time),
        wait("start", parameters.start_time),
    ]
}

/// What is so in the cluster at a moment.
pub(super) struct Situation {
    /// How many running servers of the core are primary.
    pub(super) primaries: usize,
    /// How many are standbys.
    pub(super) standbys: usize,
    /// For how many standbys a commit waits, if it waits at all costs.
    pub(super) needed: usize,
}

/// Why the core may stand still: without CM nobody promotes a standby by himself, and a commit waits for its standbys.
pub(super) fn may_stand_still(now: &Situation) -> Option<Reason> {
    if now.primaries == 0 {
        return Some(Reason::new(
            "no server of the core is primary, and without CM nobody promotes a standby by himself",
            "核心中没有主库,且没有 CM 时不会有人自动提升备机",
        ));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_needs_a_primary_and_the_standbys_that_commits_wait_for() {
        let now = |primaries, standbys, needed| may_stand_still(&Situation { primaries, standbys, needed });
        assert!(now(0, 2, 1).is_some_and(|why| why.en.contains("primary")));
        assert!(now(1, 0, 1).is_some_and(|why| why.en.contains("waits for 1")));
        assert_eq!(now(1, 1, 1), None);
        assert_eq!(now(1, 0, 0), None);
    }
}
