//! What the primary cm_server knows: reports and their ages, the voting disk, registrations, the pending switchover.
//!
//! Only the locks, the cluster and the status lists are in the DDB; the rest is learnt anew after each promotion,
//! which is why a new primary must not shrink the cluster for a while.

use std::time::Duration;

use crate::opengauss_dms::cm::NodeSet;
use crate::opengauss_dms::cm::arbitration::{Evidence, Expired, NodeEvidence, Sight};
use crate::opengauss_dms::cm::contents::{self, Cluster, RESOURCES};
use crate::opengauss_dms::cm::ddb::KeyValues;
use crate::opengauss_dms::cm::locks::Locks;
use crate::opengauss_dms::cm::messages::{AgentReport, DatabaseView, Registration};
use crate::opengauss_dms::cm::parameters::Parameters;
use crate::opengauss_dms::cm::voting_disk;
use crate::opengauss_dms::messages::{Health, InstanceId, Resource, StatusList};
use crate::world::time::Instant;

use super::switchover::PendingSwitchover;

/// How long the cluster may not shrink after a change of the primary cm_server (`CHECK_DELAY_IN_ROLE_CHANGING`).
const DELAY_AFTER_ROLE_CHANGE: Duration = Duration::from_secs(10);

/// What is known of one agent.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) at: Instant,
    pub(super) report: AgentReport,
}

/// What the primary cm_server knows.
#[derive(Debug)]
pub(super) struct Duty {
    /// Since when it may count time without news: promotion, or the end of a pause.
    pub(super) since: Instant,
    /// Whether `cm_ctl start` was given and the cluster has not been whole since.
    pub(super) starting: bool,
    /// Whether `cm_ctl stop` was given.
    pub(super) halted: bool,
    pub(super) cluster: Cluster,
    pub(super) locks: Locks,
    pub(super) lists: [StatusList; 2],
    pub(super) agents: Vec<Option<Known>>,
    pub(super) disk_times: Vec<Option<u64>>,
    /// Of dssserver; gaussdb has no registration.
    pub(super) registrations: Vec<Registration>,
    pub(super) switchover: Option<PendingSwitchover>,
    pub(super) phony_kills: Vec<Option<Instant>>,
    pub(super) lonely_since: Option<Instant>,
    /// By node: when its voting-disk time, its report and its connections were last known, good or bad.
    known_at: Vec<[Instant; 3]>,
    registration_version: u64,
    connected_before: NodeSet,
}

/// What a report brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ReportOutcome {
    /// Resources whose status list has changed.
    pub(super) changed: Vec<Resource>,
    /// Lists the reporter has not got.
    pub(super) lists_for_reporter: Vec<(Resource, StatusList)>,
    /// The registrations it shall look after, if it looks after others.
    pub(super) check_list: Option<Vec<InstanceId>>,
    /// A line for the log if a registration has changed.
    pub(super) registrations_changed: Option<String>,
}

impl Duty {
    pub(super) fn new(now: Instant, values: &KeyValues, node_count: usize) -> Self {
        Duty {
            since: now,
            starting: false,
            halted: false,
            cluster: contents::cluster(values, node_count),
            locks: contents::locks(values),
            lists: RESOURCES.map(|resource| contents::status_list(values, resource, node_count)),
            agents: vec![None; node_count],
            disk_times: vec![None; node_count],
            registrations: vec![Registration::Init; node_count],
            switchover: None,
            phony_kills: vec![None; node_count],
            lonely_since: None,
            known_at: vec![[now; 3]; node_count],
            registration_version: 0,
            connected_before: NodeSet::EMPTY,
        }
    }

    pub(super) fn node_count(&self) -> usize {
        self.agents.len()
    }

    pub(super) fn list(&self, resource: Resource) -> &StatusList {
        &self.lists[index_of(resource)]
    }

    pub(super) fn list_mut(&mut self, resource: Resource) -> &mut StatusList {
        &mut self.lists[index_of(resource)]
    }

    pub(super) fn is_member(&self, resource: Resource, instance: InstanceId) -> bool {
        self.list(resource).instances.iter().any(|(known, _, member)| *known == instance && *member)
    }

    /// `cm_ctl start`: arbitration begins anew, with the patience of a starting cluster.
    pub(super) fn cluster_starts(&mut self, now: Instant) {
        self.halted = false;
        self.starting = true;
        self.since = now;
    }

    fn age(&self, now: Instant, node: usize) -> Option<Duration> {
        self.agents[node].as_ref().map(|known| now.since(known.at))
    }

    /// The agents that have a connection with this cm_server.
    pub(super) fn connected(&self, now: Instant, parameters: &Parameters) -> NodeSet {
        let limit = parameters.instance_heartbeat_timeout;
        (0..self.node_count()).filter(|node| self.age(now, *node).is_some_and(|age| age <= limit)).collect()
    }

    /// The agents whose connection was lost since this was last asked.
    pub(super) fn newly_disconnected(&mut self, now: Instant, parameters: &Parameters) -> NodeSet {
        let connected = self.connected(now, parameters);
        std::mem::replace(&mut self.connected_before, connected).difference(connected)
    }

    /// gaussdb of each node as a status command shows it.
    pub(super) fn databases(&self, now: Instant, parameters: &Parameters) -> Vec<Option<DatabaseView>> {
        let connected = self.connected(now, parameters);
        let view = |node: usize| self.agents[node].as_ref().map(|known| known.report.database);
        (0..self.node_count()).map(|node| view(node).filter(|_| connected.contains(node))).collect()
    }

    /// Which node looks after the registration of each instance: its own, or while that does not report the one of
    /// the others that has the least to look after.
    fn keepers(&self, now: Instant, parameters: &Parameters) -> Vec<usize> {
        let limit = parameters.agent_network_timeout;
        // Who has not reported since the promotion may still do so.
        let reports = |node: usize| self.age(now, node).unwrap_or(now.since(self.since)) <= limit;
        let mut load = vec![1; self.node_count()];
        (0..self.node_count())
            .map(|instance| {
                if reports(instance) {
                    return instance;
                }
                let keeper = (0..load.len()).filter(|node| reports(*node)).min_by_key(|node| load[*node]);
                keeper.inspect(|node| load[*node] += 1).unwrap_or(instance)
            })
            .collect()
    }

    /// Takes in a report.
    pub(super) fn take_report(&mut self, now: Instant, report: AgentReport, parameters: &Parameters) -> ReportOutcome {
        let node = report.node;
        let mut outcome = ReportOutcome::default();
        for (resource, health) in RESOURCES.into_iter().zip(report.health) {
            if self.set_health(resource, node as InstanceId, health) {
                outcome.changed.push(resource);
            }
        }
        for (resource, version) in RESOURCES.into_iter().zip(report.list_versions) {
            if version != self.list(resource).version && !outcome.changed.contains(&resource) {
                outcome.lists_for_reporter.push((resource, self.list(resource).clone()));
            }
        }
        self.agents[node] = Some(Known { at: now, report });
        let keepers = self.keepers(now, parameters);
        let mine: Vec<InstanceId> =
            (0..self.node_count()).filter(|instance| keepers[*instance] == node).map(|i| i as InstanceId).collect();
        let reported = self.agents[node].as_ref().map(|known| known.report.registrations.clone()).unwrap_or_default();
        outcome.registrations_changed = self.take_registrations(&mine, &reported);
        if !reported.iter().map(|(instance, _)| *instance).eq(mine.iter().copied()) {
            outcome.check_list = Some(mine);
        }
        outcome
    }

    fn take_registrations(&mut self, mine: &[InstanceId], reported: &[(InstanceId, Registration)]) -> Option<String> {
        let before = self.registrations.clone();
        for (instance, found) in reported {
            if mine.contains(instance) && *found != Registration::Init {
                self.registrations[*instance as usize] = *found;
            }
        }
        if self.registrations == before {
            return None;
        }
        self.registration_version += 1;
        let list: Vec<String> = (0u32..)
            .zip(&self.registrations)
            .map(|(instance, found)| format!("{}:{}", Resource::Dss.cm_instance(instance), word_of(*found)))
            .collect();
        Some(format!(
            "isreg status list, version:{}. res(dss) isreg list: {}",
            self.registration_version,
            list.join(", ")
        ))
    }

    /// Sets how an instance is; whether that is news.
    fn set_health(&mut self, resource: Resource, instance: InstanceId, health: Health) -> bool {
        let list = self.list_mut(resource);
        let Some(known) = list.instances.iter_mut().find(|known| known.0 == instance) else { return false };
        if known.1 == health {
            return false;
        }
        known.1 = health;
        list.version += 1;
        true
    }

    /// Nobody knows how the instances are whose agents have not reported for `agent_network_timeout`.
    pub(super) fn forget_silent(&mut self, now: Instant, parameters: &Parameters) -> Vec<Resource> {
        let limit = parameters.agent_network_timeout;
        let since = now.since(self.since);
        let silent: Vec<InstanceId> = (0..self.node_count())
            .filter(|node| self.age(now, *node).unwrap_or(since) >= limit)
            .map(|node| node as InstanceId)
            .collect();
        let mut changed = Vec::new();
        for resource in RESOURCES {
            let before = self.list(resource).version;
            for instance in &silent {
                self.set_health(resource, *instance, Health::Unknown);
            }
            if self.list(resource).version != before {
                changed.push(resource);
            }
        }
        changed
    }

    /// What arbitration goes by. `seconds` is the wall clock of this host, against which stamps are judged.
    pub(super) fn evidence(&mut self, now: Instant, seconds: u64, parameters: &Parameters) -> Evidence {
        let mut evidence = self.sights(now, seconds, parameters);
        self.note_known(now, &evidence);
        // Counted down each second from `instance_heartbeat_timeout` (`SetMaxClusterHeartBeatTimeout`).
        let is_old = |known: Instant| now.since(known.max(self.since)) > parameters.instance_heartbeat_timeout;
        let expired = |[disk, report, network]: [Instant; 3]| Expired {
            voting_disk: is_old(disk),
            report: is_old(report),
            network: is_old(network),
        };
        evidence.expired = self.known_at.iter().copied().map(expired).collect();
        evidence
    }

    /// Remembers what is known now.
    fn note_known(&mut self, now: Instant, evidence: &Evidence) {
        for (node, known_at) in self.known_at.iter_mut().enumerate() {
            let seen = &evidence.nodes[node];
            let hears = |listener: usize, speaker: usize| evidence.hears[listener].get(speaker).copied();
            let connected = |other: usize| {
                other != node && [hears(node, other), hears(other, node)].iter().all(|sight| is_known(*sight))
            };
            let known = [
                is_known(Some(seen.voting_disk)),
                is_known(Some(seen.report)),
                (0..evidence.nodes.len()).any(connected),
            ];
            for (at, known) in known_at.iter_mut().zip(known) {
                if known {
                    *at = now;
                }
            }
        }
    }

    fn sights(&self, now: Instant, seconds: u64, parameters: &Parameters) -> Evidence {
        let heard = |listener: &Option<Known>| -> Vec<Sight> {
            let stamps = listener.as_ref().map(|known| known.report.heard.as_slice()).unwrap_or_default();
            let judge = |speaker: usize| match stamps.get(speaker) {
                None | Some(0) => Sight::Unknown,
                Some(stamp) if voting_disk::is_stale(*stamp, seconds, parameters.agent_network_timeout) => Sight::Stale,
                Some(_) => Sight::Fresh,
            };
            (0..self.node_count()).map(judge).collect()
        };
        Evidence {
            nodes: (0..self.node_count()).map(|node| self.node_evidence(now, seconds, node, parameters)).collect(),
            hears: self.agents.iter().map(heard).collect(),
            expired: Vec::new(),
        }
    }

    fn node_evidence(&self, now: Instant, seconds: u64, node: usize, parameters: &Parameters) -> NodeEvidence {
        let voting_disk = voting_disk::judge(self.disk_times[node], seconds, parameters.disk_timeout);
        let Some(known) = &self.agents[node] else {
            return NodeEvidence { voting_disk, ..NodeEvidence::default() };
        };
        let age = now.since(known.at);
        let sight = |stale: bool| if stale { Sight::Stale } else { Sight::Fresh };
        NodeEvidence {
            voting_disk,
            report: sight(known.report.manually_stopped || age >= parameters.agent_network_timeout),
            heartbeat: sight(age > parameters.instance_heartbeat_timeout),
        }
    }

    /// Whether the cluster may lose nodes now.
    pub(super) fn may_shrink(&self, now: Instant, parameters: &Parameters) -> bool {
        let delay =
            if self.starting { parameters.delay_arbitrate_max_cluster_timeout } else { DELAY_AFTER_ROLE_CHANGE };
        now.since(self.since) >= delay
    }
}

fn is_known(sight: Option<Sight>) -> bool {
    sight.is_some_and(|sight| sight != Sight::Unknown)
}

fn index_of(resource: Resource) -> usize {
    match resource {
        Resource::Dms => 0,
        Resource::Dss => 1,
    }
}

const fn word_of(registration: Registration) -> &'static str {
    match registration {
        Registration::Init => "init",
        Registration::Unknown => "unknown",
        Registration::Unregistered => "unreg",
        Registration::Pending => "pending",
        Registration::Registered => "reg",
        Registration::NotSupported => "not_support",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    fn report(node: usize) -> AgentReport {
        AgentReport {
            node,
            health: [Health::Online; 2],
            manually_stopped: false,
            database: DatabaseView::Starting,
            phony_dead_times: 0,
            heard: vec![100; 3],
            registrations: vec![(node as InstanceId, Registration::Registered)],
            list_versions: [1, 1],
        }
    }

    fn duty() -> Duty {
        Duty::new(at(0), &KeyValues::new(), 3)
    }

    #[test]
    fn a_report_changes_the_lists_once() {
        let mut duty = duty();
        let parameters = Parameters::default();
        let first = duty.take_report(at(1), report(0), &parameters);
        assert_eq!(first.changed, RESOURCES);
        assert_eq!(duty.list(Resource::Dms).version, 2);
        let second = duty.take_report(at(2), report(0), &parameters);
        assert_eq!(second.changed, []);
        assert_eq!(second.lists_for_reporter.len(), 2, "it still says it has version 1");
    }

    #[test]
    fn the_registration_of_a_silent_node_becomes_the_duty_of_another() {
        let mut duty = duty();
        let parameters = Parameters::default();
        for node in 0..3 {
            assert_eq!(duty.take_report(at(1), report(node), &parameters).check_list, None);
        }
        duty.take_report(at(9), report(1), &parameters);
        duty.take_report(at(9), report(2), &parameters);
        let check_list = duty.take_report(at(9), report(1), &parameters).check_list;
        assert_eq!(check_list, Some(vec![0, 1]));
        let mut took_over = report(1);
        took_over.registrations = vec![(0, Registration::Unregistered), (1, Registration::Registered)];
        duty.take_report(at(10), took_over, &parameters);
        assert_eq!(duty.registrations[0], Registration::Unregistered);
    }

    #[test]
    fn a_node_that_does_not_look_after_a_registration_is_not_believed() {
        let mut duty = duty();
        let parameters = Parameters::default();
        duty.take_report(at(1), report(0), &parameters);
        let mut liar = report(1);
        liar.registrations = vec![(0, Registration::Unregistered), (1, Registration::Registered)];
        assert_eq!(duty.take_report(at(1), liar, &parameters).check_list, Some(vec![1]));
        assert_eq!(duty.registrations[0], Registration::Registered);
    }

    #[test]
    fn silence_makes_health_unknown_and_evidence_stale() {
        let mut duty = duty();
        let parameters = Parameters::default();
        duty.take_report(at(1), report(0), &parameters);
        assert_eq!(duty.forget_silent(at(5), &parameters), []);
        assert_eq!(duty.evidence(at(6), 100, &parameters).nodes[0].report, Sight::Fresh);
        assert_eq!(duty.evidence(at(7), 100, &parameters).nodes[0].report, Sight::Stale);
        assert_eq!(duty.evidence(at(7), 100, &parameters).nodes[0].heartbeat, Sight::Fresh);
        assert_eq!(duty.forget_silent(at(7), &parameters), RESOURCES);
        assert_eq!(duty.list(Resource::Dms).instances[0].1, Health::Unknown);
    }

    #[test]
    fn heartbeats_are_judged_by_the_wall_clock_of_this_host() {
        let mut duty = duty();
        let parameters = Parameters::default();
        duty.take_report(at(1), report(0), &parameters);
        assert_eq!(duty.evidence(at(1), 106, &parameters).hears[0][1], Sight::Fresh);
        assert_eq!(duty.evidence(at(1), 107, &parameters).hears[0][1], Sight::Stale);
        assert_eq!(duty.evidence(at(1), 90, &parameters).hears[0][1], Sight::Fresh);
        assert_eq!(duty.evidence(at(1), 106, &parameters).hears[1][0], Sight::Unknown);
    }

    #[test]
    fn a_new_primary_waits_and_a_starting_cluster_waits_longer() {
        let mut duty = duty();
        let parameters = Parameters::default();
        assert!(!duty.may_shrink(at(9), &parameters));
        assert!(duty.may_shrink(at(10), &parameters));
        duty.cluster_starts(at(10));
        assert!(!duty.may_shrink(at(309), &parameters));
        assert!(duty.may_shrink(at(310), &parameters));
    }
}
