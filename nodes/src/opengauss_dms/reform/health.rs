//! The health check of a running round: when does a node give it up, and when does it end itself?
//! (`DMS: src/rc/dms_reform_health.c`)

use std::time::Duration;

use super::super::messages::InstanceId;
use super::steps::Step;
use super::{Bitmap, ReformType, ShareInfo, Status, Version};

/// Row 1: has another life of the reformer shown itself? `local` is the version last seen in a status poll.
pub fn reformer_aborted(local: Version, share: &ShareInfo) -> bool {
    let other_reformer = local != share.reformer;
    match share.reform_type {
        ReformType::Switchover => other_reformer && Some(local) != share.switch_version,
        _ => other_reformer,
    }
}

/// Why the reformer gives a round up because of a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerAborted {
    /// It is not in CM's online list any more.
    Offline(InstanceId),
    /// Its status went down, it began another life, or it is not inside during a switchover.
    Changed(InstanceId),
}

/// Row 2: has a partner left the round? Failed queries count as healthy, so `now` holds only those that answered.
pub fn partner_aborted(share: &ShareInfo, online: Bitmap, now: &[(Version, Status)]) -> Option<PartnerAborted> {
    let gone = share.bitmap().minus(online).iter().next();
    if let Some(instance) = gone {
        return Some(PartnerAborted::Offline(instance));
    }
    let switchover = share.reform_type == ReformType::Switchover;
    now.iter().find_map(|(version, status)| {
        let was = share.participants.iter().find(|was| was.instance == version.instance)?;
        let restarted = was.start_time != version.start_time;
        let changed = if switchover {
            *status != Status::In
        } else {
            restarted || (*status == Status::Out && !share.joining.contains(version.instance))
        };
        changed.then_some(PartnerAborted::Changed(version.instance))
    })
}

/// Row 3: must the old primary of a failed switchover end itself? It must if the lock is no longer its own.
pub fn old_primary_must_exit(share: &ShareInfo, myself: InstanceId, owner_now: Option<InstanceId>) -> bool {
    share.reform_type == ReformType::Switchover
        && share.demote == Some(myself)
        && owner_now.is_some_and(|owner| owner != myself)
}

/// Row 5: how long a step may stand still before the process ends itself; `None` where nothing watches it. The real
/// check looks at the items of a rebuild and at the position of a replay; the model has no finer clock than the step
/// (`OGS: src/gausskernel/ddes/adapter/ss_dms_callback.cpp` CBReformHealthCheck).
pub const fn longest_step(step: Step) -> Option<Duration> {
    match step {
        Step::Rebuild | Step::Repair | Step::Done => Some(Duration::from_secs(120)),
        Step::Recovery => Some(Duration::from_secs(300)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_that_rebuild_record_or_replay_are_watched() {
        let watched: Vec<&Step> = Step::ALL.iter().filter(|step| longest_step(**step).is_some()).collect();
        assert_eq!(watched, [&Step::Rebuild, &Step::Repair, &Step::Recovery, &Step::Done]);
        assert!(longest_step(Step::Recovery) > longest_step(Step::Done));
    }

    fn version(instance: InstanceId, start_time: u64) -> Version {
        Version { instance, start_time }
    }

    fn share(reform_type: ReformType) -> ShareInfo {
        ShareInfo {
            reform_type,
            version_number: 1,
            judge_time: 1,
            reformer: version(0, 10),
            switch_version: Some(version(1, 20)),
            demote: Some(0),
            last_primary: 0,
            participants: vec![version(0, 10), version(1, 20), version(2, 30)],
            joining: Bitmap::default(),
            steps: vec![],
        }
    }

    #[test]
    fn a_restarted_new_primary_aborts_the_switchover() {
        let share = share(ReformType::Switchover);
        assert!(!reformer_aborted(version(0, 10), &share));
        assert!(!reformer_aborted(version(1, 20), &share));
        assert!(reformer_aborted(version(1, 21), &share));
    }

    #[test]
    fn in_other_rounds_only_the_reformer_itself_may_poll() {
        let share = share(ReformType::Normal);
        assert!(!reformer_aborted(version(0, 10), &share));
        assert!(reformer_aborted(version(1, 20), &share));
    }

    #[test]
    fn a_partner_that_left_or_restarted_aborts_the_round() {
        let normal = share(ReformType::Normal);
        let all = Bitmap(0b111);
        assert_eq!(partner_aborted(&normal, Bitmap(0b011), &[]), Some(PartnerAborted::Offline(2)));
        assert_eq!(partner_aborted(&normal, all, &[(version(2, 30), Status::In)]), None);
        let restarted = [(version(2, 31), Status::Join)];
        assert_eq!(partner_aborted(&normal, all, &restarted), Some(PartnerAborted::Changed(2)));
        let switchover = share(ReformType::Switchover);
        assert_eq!(partner_aborted(&switchover, all, &restarted), Some(PartnerAborted::Changed(2)));
    }

    #[test]
    fn the_old_primary_exits_only_when_the_lock_has_left_it() {
        let share = share(ReformType::Switchover);
        assert!(old_primary_must_exit(&share, 0, Some(1)));
        assert!(!old_primary_must_exit(&share, 0, Some(0)));
        assert!(!old_primary_must_exit(&share, 0, None));
        assert!(!old_primary_must_exit(&share, 2, Some(1)));
    }
}
