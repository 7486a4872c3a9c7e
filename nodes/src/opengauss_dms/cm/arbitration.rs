//! Which nodes form the cluster: the largest set of sound nodes that all hear each other.
//!
//! A node is a candidate if its voting-disk time, its resource report and its heartbeat are fresh; two candidates
//! are connected unless both directions of their heartbeat are stale. Of several largest sets the one with more
//! members of the last cluster wins, then the one with the smaller indices. What is not known counts for members of the
//! last cluster for a while after it was last known, so that neither a new primary cm_server nor a restarted agent,
//! which has heard nobody yet, kicks anybody.
//! Source: `CM: src/cm_server/cms_arbitrate_cluster.cpp`.

use super::node_set::NodeSet;

/// What is known of something that should be refreshed all the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sight {
    /// Nothing yet.
    #[default]
    Unknown,
    /// It is fresh.
    Fresh,
    /// It is too old, or says that the node is out of service.
    Stale,
}

/// What is known of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeEvidence {
    /// Its time on the voting disk.
    pub voting_disk: Sight,
    /// Its resource report.
    pub report: Sight,
    /// The age of its heartbeat at cm_server.
    pub heartbeat: Sight,
}

/// What is known of all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// By node.
    pub nodes: Vec<NodeEvidence>,
    /// By listener and speaker: whether the listener hears the speaker.
    pub hears: Vec<Vec<Sight>>,
    /// By node: of what, when it is unknown, the last knowledge is too old to count.
    pub expired: Vec<Expired>,
}

/// Of what about a node the last knowledge is too old to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Its time on the voting disk.
    pub voting_disk: bool,
    /// Its report and its heartbeat at cm_server.
    pub report: bool,
    /// Its connection with others.
    pub network: bool,
}

/// Variants of the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// Defect: one stale direction cuts a pair.
    pub one_way_cuts: bool,
    /// Defect: what is unknown counts for ever.
    pub unknown_never_expires: bool,
}

/// Why a node is no longer in the cluster, in the words of cm_server's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KickReason {
    /// Its time on the voting disk is too old.
    VotingDisk,
    /// It does not report, or is stopped.
    Report,
    /// It has no connection with these nodes of the last cluster.
    Disconnected(Vec<usize>),
}

/// Evidence, the last cluster and the rules, together.
pub struct Arbitration<'a> {
    evidence: &'a Evidence,
    last: NodeSet,
    variant: Variant,
}

impl<'a> Arbitration<'a> {
    /// Prepares a decision.
    pub fn new(evidence: &'a Evidence, last: NodeSet, variant: Variant) -> Self {
        Arbitration { evidence, last, variant }
    }

    fn counts(&self, node: usize, sight: Sight, of: fn(&Expired) -> bool) -> bool {
        match sight {
            Sight::Fresh => true,
            Sight::Stale => false,
            Sight::Unknown => {
                let expired = self.evidence.expired.get(node).is_none_or(of);
                self.last.contains(node) && (!expired || self.variant.unknown_never_expires)
            }
        }
    }

    /// Whether a node is sound by itself.
    pub fn is_candidate(&self, node: usize) -> bool {
        self.evidence.nodes.get(node).is_some_and(|known| {
            self.counts(node, known.voting_disk, |expired| expired.voting_disk)
                && [known.report, known.heartbeat]
                    .into_iter()
                    .all(|sight| self.counts(node, sight, |expired| expired.report))
        })
    }

    /// Whether two nodes have a connection.
    pub fn connected(&self, one: usize, other: usize) -> bool {
        let hears = |listener: usize, speaker: usize| {
            self.evidence.hears.get(listener).and_then(|row| row.get(speaker)).copied().unwrap_or_default()
        };
        match (hears(one, other), hears(other, one)) {
            (Sight::Unknown, _) | (_, Sight::Unknown) => {
                [one, other].into_iter().all(|node| self.counts(node, Sight::Unknown, |expired| expired.network))
            }
            (Sight::Stale, Sight::Stale) => false,
            (Sight::Stale, Sight::Fresh) | (Sight::Fresh, Sight::Stale) => !self.variant.one_way_cuts,
            (Sight::Fresh, Sight::Fresh) => true,
        }
    }

    /// The best cluster of today.
    pub fn best_cluster(&self) -> NodeSet {
        let candidates: NodeSet = (0..self.evidence.nodes.len()).filter(|node| self.is_candidate(*node)).collect();
        let neighbours: Vec<NodeSet> = (0..self.evidence.nodes.len())
            .map(|node| candidates.iter().filter(|other| *other != node && self.connected(node, *other)).collect())
            .collect();
        let mut best = NodeSet::EMPTY;
        self.extend(&neighbours, NodeSet::EMPTY, candidates, NodeSet::EMPTY, &mut best);
        best
    }

    /// Bron and Kerbosch with a pivot: every maximal set that holds `chosen`, may hold `open` and none of `closed`.
    fn extend(&self, neighbours: &[NodeSet], chosen: NodeSet, open: NodeSet, closed: NodeSet, best: &mut NodeSet) {
        let Some(pivot) = open.union(closed).iter().max_by_key(|node| open.intersection(neighbours[*node]).len())
        else {
            if self.is_better(chosen, *best) {
                *best = chosen;
            }
            return;
        };
        let (mut open, mut closed) = (open, closed);
        for node in open.difference(neighbours[pivot]).iter() {
            let near = neighbours[node];
            self.extend(neighbours, chosen.with(node), open.intersection(near), closed.intersection(near), best);
            open = open.without(node);
            closed = closed.with(node);
        }
    }

    fn is_better(&self, one: NodeSet, other: NodeSet) -> bool {
        let rank = |set: NodeSet| (set.len(), set.intersection(self.last).len());
        match rank(one).cmp(&rank(other)) {
            std::cmp::Ordering::Equal => one.iter().lt(other.iter()),
            order => order.is_gt(),
        }
    }

    /// Why a node of the last cluster is out.
    pub fn kick_reason(&self, node: usize) -> KickReason {
        let known = self.evidence.nodes.get(node).copied().unwrap_or_default();
        if !self.counts(node, known.voting_disk, |expired| expired.voting_disk) {
            return KickReason::VotingDisk;
        }
        if !self.is_candidate(node) {
            return KickReason::Report;
        }
        let unheard = |other: &usize| *other != node && !self.connected(node, *other);
        KickReason::Disconnected(self.last.iter().filter(unheard).collect())
    }
}

/// What becomes of the cluster: `None` if it stays as it is. While it may not shrink, members that went missing stay,
/// and the result is taken only if it has more nodes than before.
pub fn admit(last: NodeSet, current: NodeSet, may_shrink: bool) -> Option<NodeSet> {
    if current.is_empty() {
        return None;
    }
    let kept = if may_shrink { current } else { current.union(last) };
    let allowed = may_shrink || kept == current || kept.len() > last.len();
    (allowed && kept != last).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_fresh(count: usize) -> Evidence {
        let fresh = NodeEvidence { voting_disk: Sight::Fresh, report: Sight::Fresh, heartbeat: Sight::Fresh };
        Evidence {
            nodes: vec![fresh; count],
            hears: vec![vec![Sight::Fresh; count]; count],
            expired: vec![Expired { voting_disk: true, report: true, network: true }; count],
        }
    }

    fn cut(evidence: &mut Evidence, one: usize, other: usize) {
        evidence.hears[one][other] = Sight::Stale;
        evidence.hears[other][one] = Sight::Stale;
    }

    fn set(nodes: &[usize]) -> NodeSet {
        nodes.iter().copied().collect()
    }

    fn best(evidence: &Evidence, last: &[usize]) -> NodeSet {
        Arbitration::new(evidence, set(last), Variant::default()).best_cluster()
    }

    #[test]
    fn sound_nodes_form_the_cluster() {
        let mut evidence = all_fresh(3);
        assert_eq!(best(&evidence, &[0, 1, 2]), set(&[0, 1, 2]));
        evidence.nodes[1].report = Sight::Stale;
        assert_eq!(best(&evidence, &[0, 1, 2]), set(&[0, 2]));
        evidence.nodes[2].voting_disk = Sight::Stale;
        assert_eq!(best(&evidence, &[0, 1, 2]), set(&[0]));
        evidence.nodes[0].heartbeat = Sight::Stale;
        assert_eq!(best(&evidence, &[0, 1, 2]), NodeSet::EMPTY);
    }

    #[test]
    fn the_largest_set_that_hears_each_other_wins() {
        let mut evidence = all_fresh(5);
        cut(&mut evidence, 0, 1);
        cut(&mut evidence, 0, 2);
        assert_eq!(best(&evidence, &[0, 1, 2, 3, 4]), set(&[1, 2, 3, 4]));
    }

    #[test]
    fn of_equal_sets_the_one_with_more_old_members_wins_then_the_smaller_index() {
        let mut evidence = all_fresh(4);
        for (one, other) in [(0, 2), (0, 3), (1, 2), (1, 3)] {
            cut(&mut evidence, one, other);
        }
        assert_eq!(best(&evidence, &[0, 1, 2, 3]), set(&[0, 1]));
        assert_eq!(best(&evidence, &[1, 2, 3]), set(&[2, 3]));
    }

    #[test]
    fn one_direction_is_enough_but_not_with_the_defect() {
        let mut evidence = all_fresh(2);
        evidence.hears[0][1] = Sight::Stale;
        assert_eq!(best(&evidence, &[0, 1]), set(&[0, 1]));
        let variant = Variant { one_way_cuts: true, ..Variant::default() };
        assert_eq!(Arbitration::new(&evidence, set(&[0, 1]), variant).best_cluster(), set(&[0]));
    }

    #[test]
    fn the_unknown_counts_for_old_members_until_it_expires() {
        let mut evidence = all_fresh(3);
        evidence.nodes[1].report = Sight::Unknown;
        evidence.nodes[2].report = Sight::Unknown;
        evidence.expired = vec![Expired::default(); 3];
        assert_eq!(best(&evidence, &[0, 1]), set(&[0, 1]));
        evidence.expired[1].report = true;
        assert_eq!(best(&evidence, &[0, 1]), set(&[0]));
        let variant = Variant { unknown_never_expires: true, ..Variant::default() };
        assert_eq!(Arbitration::new(&evidence, set(&[0, 1]), variant).best_cluster(), set(&[0, 1]));
    }

    #[test]
    fn an_agent_that_has_heard_nobody_yet_cuts_nobody_off_for_a_while() {
        let mut evidence = all_fresh(3);
        evidence.hears[0] = vec![Sight::Unknown; 3];
        evidence.expired = vec![Expired::default(); 3];
        assert_eq!(best(&evidence, &[0, 1, 2]), set(&[0, 1, 2]));
        assert_eq!(best(&evidence, &[1, 2]), set(&[1, 2]), "but it joins nobody");
        evidence.expired[0].network = true;
        assert_eq!(best(&evidence, &[0, 1, 2]), set(&[1, 2]));
    }

    #[test]
    fn many_connected_nodes_are_found_at_once() {
        assert_eq!(best(&all_fresh(64), &[]).len(), 64);
    }

    #[test]
    fn the_reason_names_the_first_thing_that_is_wrong() {
        let last = [0, 1, 2];
        let reason = |evidence: &Evidence| Arbitration::new(evidence, set(&last), Variant::default()).kick_reason(2);
        let mut evidence = all_fresh(3);
        cut(&mut evidence, 2, 0);
        cut(&mut evidence, 2, 1);
        assert_eq!(reason(&evidence), KickReason::Disconnected(vec![0, 1]));
        evidence.nodes[2].heartbeat = Sight::Stale;
        assert_eq!(reason(&evidence), KickReason::Report);
        evidence.nodes[2].voting_disk = Sight::Stale;
        assert_eq!(reason(&evidence), KickReason::VotingDisk);
    }

    #[test]
    fn growing_is_allowed_at_once_and_shrinking_must_wait() {
        let last = set(&[0, 1]);
        assert_eq!(admit(last, last, true), None);
        assert_eq!(admit(last, set(&[0]), false), None);
        assert_eq!(admit(last, set(&[0]), true), Some(set(&[0])));
        assert_eq!(admit(last, set(&[0, 1, 2]), false), Some(set(&[0, 1, 2])));
        assert_eq!(
            admit(last, set(&[1, 2]), false),
            Some(set(&[0, 1, 2])),
            "the newcomer joins, the missing one stays"
        );
        assert_eq!(admit(last, NodeSet::EMPTY, true), None);
    }
}
