//! What passed from one actor of a run to another, and who lived when.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::{HostId, Incarnation, Place, ProcessChange, ProcessId, Trace, What};

/// Somebody who acts in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// Whoever types the steps.
    Operator,
    /// One life of a process.
    Life(ProcessId, Incarnation),
}

impl Actor {
    /// Who acts at a place; none for a host as such.
    pub fn at(place: Place) -> Option<Actor> {
        match place {
            Place::Outside => Some(Actor::Operator),
            Place::Host(_) => None,
            Place::Process(process, incarnation) => Some(Actor::Life(process, incarnation)),
        }
    }
}

/// By which way something passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Medium {
    /// A message.
    Message,
    /// Bytes of a device, written by one and read by the other.
    Device,
    /// A command typed, a screen read, a process started, the remains of an earlier life.
    Other,
}

/// Something that one actor did and another took up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Who did it.
    pub from: Actor,
    /// When.
    pub left: Instant,
    /// Who took it up.
    pub to: Actor,
    /// When.
    pub arrived: Instant,
    /// By which way.
    pub medium: Medium,
    /// Whether it only repeats what passed before.
    pub repeats: bool,
}

/// The flows of a run, by who took them up.
#[derive(Clone, Debug, Default)]
pub struct Flows {
    by_receiver: BTreeMap<Actor, Vec<Flow>>,
}

impl Flows {
    /// Sorts flows by who took them up, and when.
    pub fn of(flows: impl IntoIterator<Item = Flow>) -> Flows {
        let mut by_receiver: BTreeMap<Actor, Vec<Flow>> = BTreeMap::new();
        for flow in flows {
            by_receiver.entry(flow.to).or_default().push(flow);
        }
        by_receiver.values_mut().for_each(|flows| flows.sort_by_key(|flow| flow.arrived));
        Flows { by_receiver }
    }

    /// What an actor took up after a moment, which is none before anything happened, and until another.
    pub fn taken_up(&self, by: Actor, after: Option<Instant>, until: Instant) -> &[Flow] {
        let flows = self.by_receiver.get(&by).map_or(&[][..], Vec::as_slice);
        let from = after.map_or(0, |after| flows.partition_point(|flow| flow.arrived <= after));
        let end = flows.partition_point(|flow| flow.arrived <= until);
        flows.get(from..end).unwrap_or_default()
    }
}

/// When a life was lived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Where.
    pub host: HostId,
    /// From when.
    pub started: Instant,
    /// Until when; `None` if to the end of the run.
    pub ended: Option<Instant>,
    /// Whether it ended by itself.
    pub ended_by_itself: bool,
}

impl Lifetime {
    fn covers(&self, at: Instant) -> bool {
        self.started <= at && self.ended.is_none_or(|ended| at <= ended)
    }
}

/// All lives of a run.
#[derive(Clone, Debug, Default)]
pub struct Lives {
    lives: BTreeMap<(ProcessId, Incarnation), Lifetime>,
}

impl Lives {
    /// The lives that a trace shows.
    pub fn of(trace: &Trace) -> Lives {
        let mut lives: BTreeMap<(ProcessId, Incarnation), Lifetime> = BTreeMap::new();
        for event in trace.events() {
            let (What::Process(change), Place::Process(process, incarnation)) = (&event.what, event.place) else {
                continue;
            };
            let Some(host) = trace.host_of(event.place) else { continue };
            let life = lives.entry((process, incarnation)).or_insert(Lifetime {
                host,
                started: event.at,
                ended: None,
                ended_by_itself: false,
            });
            if let ProcessChange::Exited(_) | ProcessChange::Killed = change {
                life.ended = Some(event.at);
                life.ended_by_itself = matches!(change, ProcessChange::Exited(_));
            }
        }
        Lives { lives }
    }

    /// When a life was lived.
    pub fn get(&self, process: ProcessId, incarnation: Incarnation) -> Option<&Lifetime> {
        self.lives.get(&(process, incarnation))
    }

    /// Each life with its time.
    pub fn iter(&self) -> impl Iterator<Item = (Actor, &Lifetime)> {
        self.lives.iter().map(|((process, incarnation), life)| (Actor::Life(*process, *incarnation), life))
    }

    /// The life of a process at a moment; the later one if one ended and another began then.
    pub fn at(&self, process: ProcessId, at: Instant) -> Option<Actor> {
        let mut lives = self.lives.range((process, Incarnation(0))..=(process, Incarnation(u32::MAX)));
        let then = lives.rfind(|(_, life)| life.covers(at));
        then.map(|((process, incarnation), _)| Actor::Life(*process, *incarnation))
    }
}
