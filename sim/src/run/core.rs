//! A healed core: from a moment on some hosts are whole and can reach each other, and everything else stays as it is for
//! ever, be it down, frozen or cut off in one direction.
//!
//! Healing everything hides the worst sort of failure: a node that can send and not hear, and keeps the others from ever
//! coming to rest, is cured by the healing itself ("Simulation Testing For Liveness", TigerBeetle). So here the world
//! and the operator do nothing any more, only the core is repaired, and the core alone must serve within a bound that
//! the product's own time-outs give. Whether it did, and whether it had to, is judged from the record.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use nodes::product::events;
use nodes::world::network::{Effect, End, Rule};
use nodes::world::process::Status;
use nodes::world::streams::{Seed, Stream};
use nodes::world::time::Instant;
use nodes::world::trace::{HostId, Place, What};
use reports::{Sentence, sentence};

use super::faults::Damage;
use super::record::CoreRecord;
use super::stage::Stage;
use super::storage::Weather;
use super::trigger;
use super::workload::Ledger;
use crate::draws::DrawnWhen;
use crate::scenario::model::{HostSelector, Promise, Scenario};

/// How many times the sum of the product's time-outs a core has: one wait may begin when another is almost over.
const PATIENCE: u32 = 3;

/// How often one looks whether the core serves.
const GLANCE: Duration = Duration::from_secs(1);

/// How long after the first announcement that the cluster is ready its nodes have their roles.
const SETTLING: Duration = Duration::from_secs(2);

/// What is wanted of a core.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    when: DrawnWhen,
    core: Option<Vec<HostSelector>>,
    within: Option<Duration>,
    /// The run lasts at least as long, for the other checks.
    time_limit: Duration,
}

impl Wanted {
    /// What a scenario asks, if it asks.
    pub(super) fn of(scenario: &Scenario, seed: u64) -> Option<Wanted> {
        scenario.checks.iter().find_map(|check| match &check.promise {
            Promise::Progress { after, core, within } => Some(Wanted {
                when: match after {
                    Some(after) => DrawnWhen::After { after: after.clone(), delay: Duration::ZERO, nth: 1 },
                    None => DrawnWhen::At { at: drawn_moment(seed, scenario.run.time_limit) },
                },
                core: core.clone(),
                within: *within,
                time_limit: scenario.run.time_limit,
            }),
            _ => None,
        })
    }
}

/// What the watcher of a core works with.
pub(super) struct Watcher {
    pub(super) stage: Stage,
    pub(super) damage: Damage,
    pub(super) weather: Weather,
    pub(super) ledger: Ledger,
    pub(super) kept: Rc<RefCell<Option<CoreRecord>>>,
}

impl Watcher {
    /// Waits for the moment, heals the core, and ends the run when it serves or its time is over.
    pub(super) async fn watch(self, wanted: Wanted) {
        let world = self.stage.world().clone();
        let limit = Instant::START + wanted.time_limit;
        let ends = self.stage.clone();
        world.spawn_outside(async move {
            // Where the moment never comes the run ends as it would have without a core.
            ends.world().sleep_until(limit).await;
            if !ends.is_frozen() {
                ends.world().stop();
            }
        });
        let normal = self.watch_for_normal_roles();
        trigger::wait(&self.stage, &wanted.when).await;
        self.stage.freeze();
        let core = self.chosen(&wanted);
        let mut record = self.heal(&core);
        record.waits =
            self.stage.cluster().recovery_path().iter().map(|wait| (wait.name.to_owned(), wait.length)).collect();
        let sum: Duration = record.waits.iter().map(|(_, length)| *length).sum();
        record.bound = wanted.within.unwrap_or(sum * PATIENCE);
        let (began, bound) = (record.began, record.bound);
        *self.kept.borrow_mut() = Some(record);
        let end = began + bound;
        while world.now() < end && !(self.serves(began, &core) && self.is_steady(&normal) && world.now() >= limit) {
            world.sleep_until((world.now() + GLANCE).min(end)).await;
        }
        let of_product = self.stage.cluster().may_stand_still(&core);
        let excuse =
            of_product.map(|reason| Sentence::new(reason.en, reason.zh)).or_else(|| self.served_outside(&core, bound));
        if let Some(record) = &mut *self.kept.borrow_mut() {
            record.excuse = excuse;
        }
        if world.now() < limit {
            world.sleep_until(limit).await;
        }
        world.stop();
    }

    /// The core: as it was written, or one of those that must be able to go on.
    fn chosen(&self, wanted: &Wanted) -> Vec<HostId> {
        if let Some(selectors) = &wanted.core {
            let mut core: Vec<HostId> = selectors.iter().flat_map(|it| self.stage.hosts(it, 0)).collect();
            core.sort();
            core.dedup();
            return core;
        }
        let mut stream = self.stage.world().stream("core").at(0);
        drawn(self.stage.nodes().to_vec(), &mut stream, |core| self.stage.cluster().may_stand_still(core).is_none())
    }

    fn heal(&self, core: &[HostId]) -> CoreRecord {
        let world = self.stage.world();
        let names = self.stage.host_names(core);
        let mut healed = self.damage.heal(&self.stage, &names);
        self.weather.end_at(world, core);
        let outside: Vec<HostId> = self.stage.nodes().iter().copied().filter(|it| !core.contains(it)).collect();
        for host in core {
            let name = world.host_name(*host);
            if !world.nic_is_up(*host) && world.is_powered(*host) {
                world.set_nic(*host, true);
                // To those outside it stays as unreachable as it was.
                let (one, others): (Vec<End>, Vec<End>) =
                    (vec![(*host).into()], outside.iter().map(|other| (*other).into()).collect());
                // No end at all would mean everybody.
                if !others.is_empty() {
                    for (from, to) in [(one.clone(), others.clone()), (others, one)] {
                        world.add_rule(Rule { from, to, message: None, effect: Effect::Cut });
                    }
                }
                healed.push(format!("the network card of {name}"));
            }
            if world.restore_power(*host) {
                healed.push(format!("the power of {name}"));
            }
            for process in world.processes_of(*host) {
                let name = self.stage.process_name(process);
                if world.resume(process) {
                    healed.push(format!("{name} goes on"));
                }
                let died = world.status(process) == Status::Killed && world.starts_at_boot(process);
                if died && world.start(process) {
                    healed.push(format!("{name} starts"));
                }
            }
        }
        let whole: Vec<HostId> = core.iter().copied().chain(self.stage.clients()).collect();
        world.heal_among(whole);
        let text = format!("healed: {}; all else stays as it is", names.join(", "));
        world.record(Place::Outside, What::Fault { name: "core".into(), text: text.into() });
        CoreRecord {
            began: world.now(),
            hosts: names,
            outside: self.stage.host_names(&outside),
            healed,
            stopped: self.stage.host_names(&self.stopped(core)),
            waits: Vec::new(),
            bound: Duration::ZERO,
            excuse: None,
        }
    }

    /// The hosts of the core whose database does not run although nothing is broken there: it ended in order, or it died
    /// where only an operator starts it again.
    fn stopped(&self, core: &[HostId]) -> Vec<HostId> {
        let cluster = self.stage.cluster();
        let is_stopped = |host: &HostId| {
            let status = self.stage.world().status(cluster.database(*host));
            matches!(status, Status::Exited(_)) || (!status.exists() && !cluster.starts_databases(*host))
        };
        core.iter().copied().filter(is_stopped).collect()
    }

    /// The roles of the nodes when the cluster has become ready, as soon as they are known.
    fn watch_for_normal_roles(&self) -> Rc<RefCell<BTreeSet<String>>> {
        let normal: Rc<RefCell<BTreeSet<String>>> = Rc::default();
        let (stage, known) = (self.stage.clone(), Rc::clone(&normal));
        self.stage.world().spawn_outside(async move {
            stage.world().announced(None, events::CLUSTER_READY, 1).await;
            stage.world().sleep_until(stage.world().now() + SETTLING).await;
            *known.borrow_mut() = stage.cluster().nodes().into_iter().map(|node| node.role).collect();
        });
        normal
    }

    /// Whether every member that owes it has one of these roles. The record is judged more strictly; this only says that
    /// there is nothing more to wait for.
    fn is_steady(&self, normal: &RefCell<BTreeSet<String>>) -> bool {
        let kept = self.kept.borrow();
        let Some(core) = &*kept else { return false };
        let owes = |host: &String| core.hosts.contains(host) && !core.stopped.contains(host);
        let nodes = self.stage.cluster().nodes();
        nodes.iter().filter(|node| owes(&node.host)).all(|node| normal.borrow().contains(&node.role))
    }

    /// That a host outside that is not cut off serves to the end: nobody has a reason to take its role.
    fn served_outside(&self, core: &[HostId], bound: Duration) -> Option<Sentence> {
        let names = self.stage.host_names(core);
        let now = self.stage.world().now();
        let lately = Instant(now.as_nanos().saturating_sub(u64::try_from((bound / 4).as_nanos()).unwrap_or(u64::MAX)));
        let nodes = self.stage.cluster().nodes();
        let serving = nodes.iter().find(|node| {
            let is_whole = !names.contains(&node.host) && !self.damage.cuts_off(&node.host);
            is_whole && node.writable && self.ledger.has_durable_write(lately, std::slice::from_ref(&node.host))
        })?;
        Some(sentence!(
            "{}, which is outside and can be reached, serves to the end, and nobody may take its role",
            "{} 在核心之外且可达,一直提供服务,任何节点都不得取代它",
            serving.host
        ))
    }

    /// Whether a write that began since is durable, and a member of the core takes writes.
    fn serves(&self, since: Instant, core: &[HostId]) -> bool {
        let names = self.stage.host_names(core);
        let nodes = self.stage.cluster().nodes();
        let takes_writes = nodes.iter().any(|node| node.writable && names.contains(&node.host));
        takes_writes && self.ledger.has_durable_write(since, &names)
    }
}

/// A moment in the middle half of a run.
fn drawn_moment(seed: u64, limit: Duration) -> Duration {
    Seed(seed).stream("core/moment").duration(limit / 4, limit * 3 / 4)
}

/// One of the sets of hosts that will do, each as likely as the next; everybody if none does.
fn drawn(hosts: Vec<HostId>, stream: &mut Stream, will_do: impl Fn(&[HostId]) -> bool) -> Vec<HostId> {
    let all = 1_u32 << hosts.len().min(16);
    let set = |members: u32| -> Vec<HostId> {
        (0..hosts.len()).filter(|number| members & (1 << number) != 0).map(|number| hosts[number]).collect()
    };
    let cores: Vec<Vec<HostId>> = (1..all).map(set).filter(|core| will_do(core)).collect();
    stream.pick(&cores).cloned().unwrap_or(hosts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_core_that_will_do_is_drawn_and_no_other() {
        let hosts: Vec<HostId> = (0..3).map(HostId).collect();
        let majority = |core: &[HostId]| core.len() >= 2;
        let drawn: BTreeSet<Vec<HostId>> =
            (0..100).map(|seed| drawn(hosts.clone(), &mut Seed(seed).stream("test"), majority)).collect();
        assert_eq!(drawn.len(), 4, "three pairs, and all three: {drawn:?}");
        let none = super::drawn(hosts.clone(), &mut Seed(1).stream("test"), |_| false);
        assert_eq!(none, hosts);
    }
}
