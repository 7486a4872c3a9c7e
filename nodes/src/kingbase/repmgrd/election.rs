//! An election: what one standby makes of what it sees. No votes are exchanged; every standby computes for itself, at its
//! own moment, from its own look at the others (KingbaseES reference, section 3.4).

use crate::kingbase::metadata::NodeId;
use crate::parts::wal::Lsn;

/// Another standby or witness with the same upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sibling {
    pub(super) id: NodeId,
    pub(super) is_witness: bool,
    pub(super) priority: i64,
    pub(super) location: String,
    /// What it says; `None` if it cannot be reached.
    pub(super) says: Option<Says>,
}

/// What a sibling says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Says {
    /// What it was sent since its server started: a standby that was restarted and finds no primary says less than it
    /// has.
    pub(super) received: Lsn,
    /// A primary, and whether this node could follow it with what it has.
    pub(super) is_primary: bool,
    pub(super) can_be_followed: bool,
    /// Without a repmgrd of which its server knows it is counted, and nothing else is asked of it.
    pub(super) has_repmgrd: bool,
    /// How many seconds ago it saw the upstream.
    pub(super) upstream_seen: Option<u64>,
}

/// What a standby knows when it votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ballot {
    pub(super) me: NodeId,
    pub(super) received: Lsn,
    pub(super) priority: i64,
    pub(super) location: String,
    pub(super) primary_location: String,
    pub(super) is_automatic: bool,
    pub(super) needs_consensus: bool,
    /// Twice the monitoring interval, in seconds: whoever saw the primary later still sees it.
    pub(super) fresh: u64,
    pub(super) counts_majority: bool,
    pub(super) siblings: Vec<Sibling>,
}

/// What comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// This node promotes itself.
    Won,
    /// Another one should.
    Lost(NodeId),
    /// This node never does.
    NotCandidate,
    /// A sibling is primary already.
    Follow(NodeId),
    /// Nobody of the primary's location can be seen.
    NetworkSplit,
    /// Somebody still sees the primary.
    StillVisible,
    /// Too few can be seen.
    NoMajority,
    /// This node won and was not let through by the command that must agree.
    Rerun,
}

/// Computes the outcome.
pub(super) fn vote(ballot: &Ballot) -> Outcome {
    if !ballot.is_automatic {
        return Outcome::NotCandidate;
    }
    if ballot.siblings.is_empty() {
        return match ballot.location == ballot.primary_location && ballot.priority > 0 {
            true => Outcome::Won,
            false => Outcome::NotCandidate,
        };
    }
    let seen: Vec<(&Sibling, Says)> =
        ballot.siblings.iter().filter_map(|sibling| Some((sibling, sibling.says?))).collect();
    let asked = || seen.iter().filter(|(_, says)| says.has_repmgrd);
    let new_primary =
        |(sibling, says): &&(&Sibling, Says)| says.is_primary && says.can_be_followed && !sibling.is_witness;
    if let Some((sibling, _)) = asked().find(new_primary) {
        return Outcome::Follow(sibling.id);
    }
    let near_primary = |location: &str| location == ballot.primary_location;
    if !near_primary(&ballot.location) && !seen.iter().any(|(sibling, _)| near_primary(&sibling.location)) {
        return Outcome::NetworkSplit;
    }
    let still_sees = |says: &Says| says.upstream_seen.is_some_and(|seconds| seconds < ballot.fresh);
    if ballot.needs_consensus && asked().any(|(_, says)| still_sees(says)) {
        return Outcome::StillVisible;
    }
    let (shared, visible) = (ballot.siblings.len() + 1, seen.len() + 1);
    if ballot.counts_majority && visible <= shared / 2 {
        return Outcome::NoMajority;
    }
    best(ballot, &seen)
}

/// The longest log wins, then the highest priority, then the lowest number.
fn best(ballot: &Ballot, seen: &[(&Sibling, Says)]) -> Outcome {
    let own = (ballot.received, ballot.priority, -ballot.me);
    let is_candidate = |(sibling, says): &&(&Sibling, Says)| {
        !sibling.is_witness && sibling.priority > 0 && says.has_repmgrd && !says.is_primary
    };
    let eligible = seen.iter().filter(is_candidate);
    let others = eligible.map(|(sibling, says)| (says.received, sibling.priority, -sibling.id));
    match others.max() {
        Some(best) if ballot.priority <= 0 || best > own => Outcome::Lost(-best.2),
        None if ballot.priority <= 0 => Outcome::NotCandidate,
        _ => Outcome::Won,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sibling(id: NodeId, received: u64) -> Sibling {
        let says = Says {
            received: Lsn(received),
            is_primary: false,
            can_be_followed: false,
            has_repmgrd: true,
            upstream_seen: Some(30),
        };
        Sibling { id, is_witness: false, priority: 100, location: "default".to_owned(), says: Some(says) }
    }

    fn ballot(siblings: Vec<Sibling>) -> Ballot {
        Ballot {
            me: 2,
            received: Lsn(500),
            priority: 100,
            location: "default".to_owned(),
            primary_location: "default".to_owned(),
            is_automatic: true,
            needs_consensus: false,
            fresh: 4,
            counts_majority: true,
            siblings,
        }
    }

    #[test]
    fn a_standby_without_siblings_wins_by_default_in_the_primarys_location() {
        assert_eq!(vote(&ballot(vec![])), Outcome::Won);
        assert_eq!(vote(&Ballot { location: "dr".to_owned(), ..ballot(vec![]) }), Outcome::NotCandidate);
        assert_eq!(vote(&Ballot { is_automatic: false, ..ballot(vec![]) }), Outcome::NotCandidate);
    }

    #[test]
    fn the_longest_log_wins_then_priority_then_the_lowest_number() {
        assert_eq!(vote(&ballot(vec![sibling(3, 501)])), Outcome::Lost(3));
        assert_eq!(vote(&ballot(vec![sibling(3, 500)])), Outcome::Won);
        assert_eq!(vote(&ballot(vec![Sibling { priority: 200, ..sibling(3, 500) }])), Outcome::Lost(3));
        assert_eq!(vote(&Ballot { priority: 0, ..ballot(vec![sibling(3, 1)]) }), Outcome::Lost(3));
    }

    #[test]
    fn a_minority_promotes_nobody() {
        let unseen = |id| Sibling { says: None, ..sibling(id, 0) };
        assert_eq!(vote(&ballot(vec![unseen(3)])), Outcome::NoMajority);
        assert_eq!(vote(&ballot(vec![unseen(3), sibling(4, 1)])), Outcome::Won);
        assert_eq!(vote(&ballot(vec![unseen(3), unseen(4)])), Outcome::NoMajority);
    }

    #[test]
    fn consensus_and_location_stop_an_election() {
        let mut fresh = sibling(3, 1);
        fresh.says = fresh.says.map(|says| Says { upstream_seen: Some(1), ..says });
        assert_eq!(vote(&ballot(vec![fresh.clone()])), Outcome::Won, "off by default");
        assert_eq!(vote(&Ballot { needs_consensus: true, ..ballot(vec![fresh]) }), Outcome::StillVisible);
        let away = Ballot {
            location: "dr".to_owned(),
            ..ballot(vec![Sibling { location: "dr".to_owned(), ..sibling(3, 1) }])
        };
        assert_eq!(vote(&away), Outcome::NetworkSplit);
    }

    #[test]
    fn a_sibling_that_is_primary_is_followed() {
        let mut promoted = sibling(3, 1);
        promoted.says = promoted.says.map(|says| Says { is_primary: true, can_be_followed: true, ..says });
        assert_eq!(vote(&ballot(vec![promoted])), Outcome::Follow(3));
    }

    #[test]
    fn a_primary_that_went_its_own_way_is_no_reason_not_to_win() {
        let mut rogue = sibling(3, 900);
        rogue.says = rogue.says.map(|says| Says { is_primary: true, ..says });
        assert_eq!(vote(&ballot(vec![rogue])), Outcome::Won);
    }

    #[test]
    fn a_sibling_without_a_repmgrd_is_counted_and_asked_nothing() {
        let mut silent = sibling(3, 900);
        silent.says = silent.says.map(|says| Says {
            is_primary: true,
            can_be_followed: true,
            has_repmgrd: false,
            upstream_seen: Some(0),
            ..says
        });
        let ballot = Ballot { needs_consensus: true, ..ballot(vec![silent]) };
        assert_eq!(vote(&ballot), Outcome::Won, "it is the second of two that are seen, and neither primary nor ahead");
    }

    #[test]
    fn who_was_restarted_and_finds_no_primary_stands_behind_the_others() {
        assert_eq!(vote(&Ballot { received: Lsn::NONE, ..ballot(vec![sibling(3, 500)]) }), Outcome::Lost(3));
    }
}
