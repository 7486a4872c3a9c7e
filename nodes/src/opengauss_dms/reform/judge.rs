//! The judgement: does the cluster need a round, and of which kind? (`DMS: src/rc/dms_reform_judge.c`)

use super::super::messages::{Health, InstanceId, StatusList};
use super::steps::{Conditions, steps_of};
use super::{Bitmap, ReformType, ShareInfo, Status, Version};

/// What CM says of the work members, as sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// The check script finds them.
    pub online: Bitmap,
    /// Their process is not there.
    pub offline: Bitmap,
    /// Nobody knows.
    pub unknown: Bitmap,
}

impl Lists {
    /// Reads a status list; only work members count.
    pub fn of(list: &StatusList) -> Self {
        let mut lists = Lists::default();
        for (instance, health, _) in list.instances.iter().filter(|(_, _, member)| *member) {
            let set = match health {
                Health::Online => &mut lists.online,
                Health::Offline => &mut lists.offline,
                Health::Unknown => &mut lists.unknown,
            };
            *set = set.with(*instance);
        }
        lists
    }
}

/// What one online instance answered to the status poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polled {
    /// Which life it is.
    pub version: Version,
    /// How it stands.
    pub status: Status,
    /// Whether its last round failed after START.
    pub last_fail: bool,
}

/// A recorded request to move the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwitchRequest {
    /// Who wants to become primary, and in which life it asked.
    pub promote: Version,
}

/// All that the judgement looks at.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The reformer itself.
    pub myself: InstanceId,
    /// CM's lists.
    pub lists: Lists,
    /// The members recorded by the last finished round.
    pub stable: Bitmap,
    /// The primary recorded on the control page; `None` if none ever was.
    pub recorded_primary: Option<InstanceId>,
    /// One answer for each online instance.
    pub polled: &'a [Polled],
    /// The request slot.
    pub switch_request: Option<SwitchRequest>,
}

/// Why no round begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRound {
    /// CM does not know of every member.
    UnknownMembers(Bitmap),
    /// This node itself is not online for CM.
    NotOnline,
    /// A member is down and neither restarted nor kicked yet: "offline exists".
    OfflineExists(Bitmap),
    /// Somebody is not ready for a round.
    NotReady(Bitmap),
    /// Nothing changed.
    Unchanged,
}

/// The kind of round and who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The kind of round.
    pub reform_type: ReformType,
    /// Who takes part.
    pub participants: Bitmap,
    /// Who of them begins a life with it.
    pub joining: Bitmap,
    /// Which steps are needed.
    pub conditions: Conditions,
    /// Whether the recorded switchover request is void and has to be dropped.
    pub drop_request: bool,
}

/// CM's lists as the judgement takes them. Before the first round of a cluster the reformer goes alone.
///
/// # Errors
/// [`NoRound`] if the lists forbid a round.
pub fn usable_lists(myself: InstanceId, lists: Lists, stable: Bitmap) -> Result<Lists, NoRound> {
    if !lists.unknown.is_empty() {
        return Err(NoRound::UnknownMembers(lists.unknown));
    }
    if !lists.online.contains(myself) {
        return Err(NoRound::NotOnline);
    }
    if stable.is_empty() {
        return Ok(Lists { online: Bitmap::of(myself), ..Lists::default() });
    }
    if !lists.offline.is_empty() {
        return Err(NoRound::OfflineExists(lists.offline));
    }
    Ok(lists)
}

/// Judges a situation whose lists are usable and whose online members all answered.
///
/// # Errors
/// [`NoRound`] if no round begins.
pub fn judge(situation: &Situation) -> Result<Judged, NoRound> {
    let Situation { myself, lists, stable, recorded_primary, polled, switch_request } = situation;
    let with = |wanted: Status| -> Bitmap {
        polled.iter().filter(|one| one.status == wanted).map(|one| one.version.instance).collect()
    };
    let (joining, inside) = (with(Status::Join), with(Status::In));
    let removed = stable.minus(lists.online);
    let came = lists.online.minus(*stable);
    let not_ready = Bitmap(with(Status::Out).0 | with(Status::Reform).0);
    let connections = Conditions { disconnect: !removed.is_empty(), reconnect: !came.is_empty(), ..Default::default() };
    let valid_request = switch_request.filter(|request| {
        let promote = request.promote;
        polled.iter().any(|one| one.version == promote)
    });
    let drop_request = switch_request.is_some() && valid_request.is_none();
    let whole =
        |reform_type, conditions| Judged { reform_type, participants: lists.online, joining, conditions, drop_request };

    if lists.online == *stable && inside == *stable && polled.iter().any(|one| one.last_fail) {
        return Ok(whole(ReformType::FullClean, Conditions::default()));
    }
    if !not_ready.is_empty() {
        return Err(NoRound::NotReady(not_ready));
    }
    if let Some(primary) = recorded_primary.filter(|primary| primary != myself) {
        // The old primary would write from its checkpoint into the log that this round replays: it waits for the
        // next round (DMS a396662).
        return Ok(Judged {
            participants: lists.online.without(primary),
            joining: joining.without(primary),
            ..whole(ReformType::Failover, connections)
        });
    }
    if !joining.is_empty() || !removed.is_empty() {
        let recovery = joining.contains(*myself);
        return Ok(whole(ReformType::Normal, Conditions { recovery, ..connections }));
    }
    match valid_request {
        Some(_) => Ok(whole(ReformType::Switchover, Conditions { migrate: true, ..Default::default() })),
        None => Err(NoRound::Unchanged),
    }
}

/// What the participants of a judged round are told.
pub fn share_info(
    situation: &Situation,
    judged: &Judged,
    reformer: Version,
    version_number: u64,
    judge_time: u64,
) -> ShareInfo {
    let switchover = judged.reform_type == ReformType::Switchover;
    let mut participants: Vec<Version> = situation
        .polled
        .iter()
        .map(|one| one.version)
        .filter(|version| judged.participants.contains(version.instance))
        .collect();
    participants.sort_by_key(|version| version.instance);
    ShareInfo {
        reform_type: judged.reform_type,
        version_number,
        judge_time,
        reformer,
        switch_version: situation.switch_request.filter(|_| switchover).map(|request| request.promote),
        demote: switchover.then_some(reformer.instance),
        last_primary: situation.recorded_primary.unwrap_or(reformer.instance),
        participants,
        joining: judged.joining,
        steps: steps_of(judged.reform_type, judged.conditions),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polled(instance: InstanceId, status: Status) -> Polled {
        Polled { version: Version { instance, start_time: 100 }, status, last_fail: false }
    }

    fn three(status: Status) -> [Polled; 3] {
        [polled(0, status), polled(1, Status::In), polled(2, Status::In)]
    }

    fn situation<'a>(polled: &'a [Polled], myself: InstanceId, primary: InstanceId) -> Situation<'a> {
        let online = polled.iter().map(|one| one.version.instance).collect();
        Situation {
            myself,
            lists: Lists { online, ..Lists::default() },
            stable: Bitmap(0b111),
            recorded_primary: Some(primary),
            polled,
            switch_request: None,
        }
    }

    #[test]
    fn a_quiet_cluster_needs_no_round() {
        assert_eq!(judge(&situation(&three(Status::In), 0, 0)), Err(NoRound::Unchanged));
    }

    #[test]
    fn a_restarted_primary_that_kept_the_lock_is_a_normal_round_with_replay() {
        let judged = judge(&situation(&three(Status::Join), 0, 0)).expect("a round");
        assert_eq!(judged.reform_type, ReformType::Normal);
        assert_eq!(judged.joining, Bitmap::of(0));
        assert!(judged.conditions.recovery);
    }

    #[test]
    fn an_owner_that_is_not_the_recorded_primary_fails_over_without_that_primary() {
        let judged = judge(&situation(&three(Status::Join), 1, 0)).expect("a round");
        assert_eq!(judged.reform_type, ReformType::Failover);
        assert_eq!(judged.participants, Bitmap(0b110));
        assert!(judged.joining.is_empty());
    }

    #[test]
    fn a_switchover_needs_the_same_life_of_the_requester_and_an_unchanged_cluster() {
        let all = three(Status::In);
        let mut situation = situation(&all, 0, 0);
        situation.switch_request = Some(SwitchRequest { promote: Version { instance: 1, start_time: 100 } });
        let judged = judge(&situation).expect("a round");
        assert_eq!(judged.reform_type, ReformType::Switchover);
        let share = share_info(&situation, &judged, Version { instance: 0, start_time: 100 }, 4, 9);
        assert_eq!((share.demote, share.promote()), (Some(0), Some(1)));

        situation.switch_request = Some(SwitchRequest { promote: Version { instance: 1, start_time: 99 } });
        assert_eq!(judge(&situation), Err(NoRound::Unchanged));
    }

    #[test]
    fn a_join_goes_before_a_switchover() {
        let all = [polled(0, Status::In), polled(1, Status::In), polled(2, Status::Join)];
        let mut situation = situation(&all, 0, 0);
        situation.switch_request = Some(SwitchRequest { promote: Version { instance: 1, start_time: 100 } });
        assert_eq!(judge(&situation).map(|judged| judged.reform_type), Ok(ReformType::Normal));
    }

    #[test]
    fn a_failed_round_in_an_unchanged_cluster_is_cleaned() {
        let mut all = three(Status::In);
        all[2].last_fail = true;
        assert_eq!(judge(&situation(&all, 0, 0)).map(|judged| judged.reform_type), Ok(ReformType::FullClean));
    }

    #[test]
    fn nobody_starts_a_round_while_somebody_is_down_or_not_ready() {
        let lists = Lists { online: Bitmap(0b101), offline: Bitmap(0b010), unknown: Bitmap(0) };
        assert_eq!(usable_lists(0, lists, Bitmap(0b111)), Err(NoRound::OfflineExists(Bitmap(0b010))));
        let out = [polled(0, Status::In), polled(1, Status::Out), polled(2, Status::In)];
        assert_eq!(judge(&situation(&out, 0, 0)), Err(NoRound::NotReady(Bitmap(0b010))));
    }

    #[test]
    fn the_first_reformer_of_a_cluster_goes_alone() {
        let lists = Lists { online: Bitmap(0b011), offline: Bitmap(0b100), unknown: Bitmap(0) };
        assert_eq!(usable_lists(0, lists, Bitmap(0)).map(|lists| lists.online), Ok(Bitmap::of(0)));
    }
}
