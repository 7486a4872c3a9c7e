//! What one good outcome of a run rests on, and which faults take it away.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nodes::product::Product;
use nodes::world::time::Instant;
use nodes::world::trace::{Place, ProcessId, Trace};

use super::cone::{Cone, Goal};
use super::flow::{Actor, Flow, Flows, Lives, Medium};
use super::universe::Fault;
use super::{deeds, devices, messages};
use crate::run::Record;
use crate::scenario::Scenario;
use crate::sweep::events::{self, Moment, Placed};
use crate::sweep::faults::{Aim, FaultKind, Hits, Target};

/// A run as a graph: who passed what to whom, and what was announced.
pub struct Ground<'a> {
    trace: &'a Trace,
    lives: Lives,
    flows: Flows,
    moments: Vec<Placed>,
    /// When each of them came, by host, event and number.
    times: BTreeMap<(String, String, u32), Instant>,
    /// How many messages arrived.
    messages: usize,
    /// The hosts of the scenario, and what can be killed on each.
    processes: Vec<(String, Vec<&'static str>)>,
}

impl<'a> Ground<'a> {
    /// The graph of a run that keeps its details. Faults come at announcements that `wanted` keeps.
    pub fn of(
        scenario: &Scenario,
        product: &Product,
        record: &'a Record,
        wanted: impl Fn(Vec<Placed>) -> Vec<Placed>,
    ) -> Ground<'a> {
        let lives = Lives::of(&record.trace);
        let messages = messages::messages(&record.trace);
        let arrived = messages.len();
        let flows =
            [messages, devices::readings(&record.trace), deeds::starts(&lives), deeds::steps(scenario, record, &lives)];
        let killable = |role: &str| product.roles.iter().find(|known| known.name == role).map(|role| role.processes);
        let processes = scenario
            .nodes
            .iter()
            .map(|node| (node.name.clone(), killable(&node.role).unwrap_or_default().to_vec()))
            .collect();
        let moments = wanted(events::placed_moments(scenario, record));
        Ground {
            trace: &record.trace,
            lives,
            flows: Flows::of(flows.into_iter().flatten()),
            times: moments.iter().map(|placed| (name(&placed.moment), when(&placed.moment))).collect(),
            moments,
            messages: arrived,
            processes,
        }
    }

    /// The lives of the run.
    pub fn lives(&self) -> &Lives {
        &self.lives
    }

    /// The announcements at which faults are wanted.
    pub fn moments(&self) -> &[Placed] {
        &self.moments
    }

    /// How many messages arrived, from processes that are no clients.
    pub fn messages(&self) -> usize {
        self.messages
    }

    /// When a moment came in this run, if it did.
    fn time_of(&self, moment: &Moment) -> Option<Instant> {
        self.times.get(&name(moment)).copied()
    }

    fn host_of(&self, actor: Actor) -> Option<&str> {
        let Actor::Life(process, incarnation) = actor else { return None };
        let host = self.trace.host_of(Place::Process(process, incarnation))?;
        Some(self.trace.host_name(host))
    }

    fn killable_on(&self, host: &str) -> &[&'static str] {
        self.processes.iter().find(|(name, _)| name == host).map_or(&[], |(_, processes)| processes)
    }

    /// Whether a process, told as `host/process`, is one that its role names.
    fn is_killable(&self, process: &str) -> bool {
        let parts = process.split_once('/');
        parts.is_some_and(|(host, name)| self.killable_on(host).contains(&name))
    }

    /// The number of the last announcement of some hosts before a moment.
    fn last_before(&self, at: Instant, counts: impl Fn(&Moment) -> bool) -> Option<usize> {
        let earlier = self.moments.partition_point(|placed| when(&placed.moment) < at);
        self.moments[..earlier].iter().rposition(|placed| counts(&placed.moment))
    }

    fn name_of(&self, process: ProcessId) -> String {
        self.trace.process_name(process)
    }
}

/// What a moment is called in every run.
fn name(moment: &Moment) -> (String, String, u32) {
    (moment.host.clone(), moment.event.clone(), moment.nth)
}

fn when(moment: &Moment) -> Instant {
    Instant::START + moment.at
}

/// A life that was needed, on a host of the scenario.
struct NeededLife {
    host: String,
    /// `host/process`.
    process: String,
    started: Instant,
    until: Instant,
}

/// Something that was needed and left a process of the scenario's hosts.
struct Leaving {
    /// `host/process`.
    process: String,
    left: Instant,
}

/// A message that was needed, between two hosts of the scenario.
struct Crossing {
    from: String,
    to: String,
    left: Instant,
    arrived: Instant,
}

/// A message, told from others by who sent it when to whom, and when it arrived.
pub type Passed = (Actor, Instant, Actor, Instant);

/// What one good outcome rests on.
pub struct Support {
    lives: Vec<NeededLife>,
    crossings: Vec<Crossing>,
    leaving: Vec<Leaving>,
    /// Which announcements are on it.
    announced: Vec<usize>,
    /// The messages that are on it.
    messages: BTreeSet<Passed>,
}

impl Support {
    /// What a goal rests on in a run.
    pub fn of(ground: &Ground<'_>, goal: &Goal) -> Support {
        let cone = Cone::of(goal, &ground.flows);
        let is_on_it =
            |placed: &Placed| Actor::at(placed.place).is_some_and(|actor| cone.needs(actor, when(&placed.moment)));
        let numbered = ground.moments.iter().enumerate();
        let announced = numbered.filter(|(_, placed)| is_on_it(placed)).map(|(number, _)| number).collect();
        let messages = cone.flows.iter().filter(|flow| flow.medium == Medium::Message);
        Support {
            lives: needed_lives(ground, &cone),
            crossings: messages.clone().filter_map(|flow| crossing(ground, flow)).collect(),
            leaving: cone.flows.iter().filter_map(|flow| leaving(ground, flow)).collect(),
            announced,
            messages: messages.map(|flow| (flow.from, flow.left, flow.to, flow.arrived)).collect(),
        }
    }

    /// The numbers of the announcements on it.
    pub fn announced(&self) -> &[usize] {
        &self.announced
    }

    /// The messages that are on it.
    pub fn messages(&self) -> &BTreeSet<Passed> {
        &self.messages
    }

    /// Whether a fault takes something away from it, in the run that it is of.
    pub fn is_broken_by(&self, ground: &Ground<'_>, fault: &Fault) -> bool {
        ground.time_of(&fault.moment).is_some_and(|at| self.is_hit(&fault.aim, at))
    }

    fn is_hit(&self, aim: &Aim, at: Instant) -> bool {
        let over = at + aim.kind().lasts.unwrap_or(Duration::ZERO);
        let during = |moment: Instant| at < moment && moment <= over;
        match (aim.kind().hits, aim.target()) {
            (Hits::Process, Target::Node(process)) => {
                self.lives.iter().any(|life| life.process == *process && life.started <= at && at < life.until)
            }
            // Who would be started while it has no power is not.
            (Hits::Host, Target::Node(host)) => {
                self.lives.iter().any(|life| life.host == *host && life.started <= over && at < life.until)
            }
            (Hits::NetworkCard, Target::Node(host)) => self.crossings.iter().any(|message| {
                message.from == *host && during(message.left) || message.to == *host && during(message.arrived)
            }),
            (Hits::Link, Target::Way { from, to }) => {
                self.crossings.iter().any(|message| (&message.from, &message.to) == (from, to) && during(message.left))
            }
            _ => false,
        }
    }

    /// Every fault of these kinds that takes something away from it.
    ///
    /// A process is met where it announces something itself, and at the last announcement of anybody before it passes
    /// something on: between two of these a death takes away the same. What a command announces in a shell, the
    /// processes of its host meet. A way is cut at the last announcement of its sender's host before a message leaves.
    /// What comes at one instant is one moment, the last of it.
    pub fn faults(&self, ground: &Ground<'_>, kinds: &[FaultKind]) -> Vec<Fault> {
        let met = self.met(ground);
        let mut faults: Vec<Fault> = Vec::new();
        for kind in kinds {
            let targets: BTreeSet<(String, usize)> = match kind.hits {
                Hits::Process => met.clone(),
                Hits::Host | Hits::NetworkCard => met.iter().map(|(process, at)| (host(process), *at)).collect(),
                Hits::Link => BTreeSet::new(),
            };
            let nodes = targets.into_iter().map(|(target, at)| (Aim::at_node(*kind, target), at));
            let ways = self.crossings.iter().filter(|_| kind.hits == Hits::Link).filter_map(|message| {
                let aim = Aim::on_way(*kind, message.from.clone(), message.to.clone());
                Some((aim, ground.last_before(message.left, |moment| moment.host == message.from)?))
            });
            for (aim, at) in nodes.chain(ways) {
                let moment = &ground.moments[at].moment;
                if self.is_hit(&aim, when(moment)) {
                    faults.push(Fault { aim, moment: moment.clone() });
                }
            }
        }
        one_at_an_instant(faults)
    }

    /// Processes that can be hit, each with the numbers of the announcements at which it is to be.
    fn met(&self, ground: &Ground<'_>) -> BTreeSet<(String, usize)> {
        let announcing = self.announced.iter().flat_map(|number| {
            let Placed { moment, place } = &ground.moments[*number];
            processes_met(ground, moment, *place).into_iter().map(|process| (process, *number))
        });
        let passing_on = self.leaving.iter().filter_map(|leaving| {
            let at = ground.last_before(leaving.left, |_| true)?;
            ground.is_killable(&leaving.process).then(|| (leaving.process.clone(), at))
        });
        announcing.chain(passing_on).collect()
    }
}

/// The host of `host/process`.
fn host(process: &str) -> String {
    process.split('/').next().unwrap_or_default().to_owned()
}

fn needed_lives(ground: &Ground<'_>, cone: &Cone) -> Vec<NeededLife> {
    let needed = |(actor, until): (&Actor, &Instant)| {
        let Actor::Life(process, incarnation) = *actor else { return None };
        let host = ground.host_of(*actor).filter(|host| is_of_the_scenario(ground, host))?;
        let started = ground.lives.get(process, incarnation)?.started;
        Some(NeededLife { host: host.to_owned(), process: ground.name_of(process), started, until: *until })
    };
    cone.needed.iter().filter_map(needed).collect()
}

fn crossing(ground: &Ground<'_>, flow: &Flow) -> Option<Crossing> {
    let host = |actor| ground.host_of(actor).filter(|host| is_of_the_scenario(ground, host));
    let (from, to) = (host(flow.from)?, host(flow.to)?);
    let crossing = Crossing { from: from.to_owned(), to: to.to_owned(), left: flow.left, arrived: flow.arrived };
    (from != to).then_some(crossing)
}

fn leaving(ground: &Ground<'_>, flow: &Flow) -> Option<Leaving> {
    let Actor::Life(process, _) = flow.from else { return None };
    ground.host_of(flow.from).filter(|host| is_of_the_scenario(ground, host))?;
    Some(Leaving { process: ground.name_of(process), left: flow.left })
}

fn is_of_the_scenario(ground: &Ground<'_>, host: &str) -> bool {
    ground.processes.iter().any(|(name, _)| name == host)
}

/// The processes that a fault can hit at an announcement.
fn processes_met(ground: &Ground<'_>, moment: &Moment, place: Place) -> Vec<String> {
    let killable = ground.killable_on(&moment.host);
    let named = |process: &str| format!("{}/{process}", moment.host);
    let own = match place {
        Place::Process(process, _) => ground.name_of(process),
        Place::Outside | Place::Host(_) => String::new(),
    };
    if killable.iter().any(|process| named(process) == own) {
        return vec![own];
    }
    killable.iter().map(|process| named(process)).collect()
}

/// Of the same fault at several announcements of one instant, the last.
fn one_at_an_instant(mut faults: Vec<Fault>) -> Vec<Fault> {
    // Sorting keeps the order of what is equal.
    faults.sort_by(|one, other| (one.moment.at, &one.aim).cmp(&(other.moment.at, &other.aim)));
    faults.dedup_by(|later, earlier| {
        let is_same = (later.moment.at, &later.aim) == (earlier.moment.at, &earlier.aim);
        if is_same {
            earlier.clone_from(later);
        }
        is_same
    });
    faults
}
