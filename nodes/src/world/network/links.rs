//! Links: their weather, and the rules that faults lay over them.

use std::rc::Rc;
use std::time::Duration;

use super::priorities::{Priorities, PriorityOptions};
use super::{Message, Network};
use crate::world::World;
use crate::world::latency::Latency;
use crate::world::trace::{HostId, ProcessId};

/// A ratio `numerator / denominator`; `0/1` is never.
pub type Ratio = (u64, u64);

const NEVER: Ratio = (0, 1);

/// The weather of a link when nothing is wrong.
#[derive(Clone, Copy, Debug)]
pub struct LinkOptions {
    /// One way.
    pub latency: Latency,
    /// How many packets are lost: a datagram is gone, a message on a connection comes a retransmission later.
    pub loss: Ratio,
    /// How many datagrams arrive twice.
    pub duplicate: Ratio,
    /// Bytes per second; `None` is without limit.
    pub bandwidth: Option<u64>,
}

impl Default for LinkOptions {
    fn default() -> Self {
        let latency = Latency::even(Duration::from_micros(100), Duration::from_micros(500))
            .with_tail(1000, Duration::from_millis(10));
        LinkOptions { latency, loss: NEVER, duplicate: NEVER, bandwidth: None }
    }
}

/// What a rule does to a packet it matches.
#[derive(Clone, Copy, Debug)]
pub enum Effect {
    /// Nothing passes.
    Cut,
    /// This share of packets is lost.
    Drop(Ratio),
    /// Packets take so much longer.
    Delay(Latency),
    /// This share of datagrams arrives twice.
    Duplicate(Ratio),
    /// This share of datagrams is held back for so long, so that later ones pass them.
    Reorder(Ratio, Latency),
    /// The link carries so many bytes per second.
    Bandwidth(u64),
    /// Packets are held up by the priority of their sender.
    Priorities(PriorityOptions),
}

/// Names a rule, to remove it and to ask how often it bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId(pub(super) u64);

/// An end of a link that a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Every process of a host.
    Host(HostId),
    /// One process.
    Process(ProcessId),
}

impl From<HostId> for End {
    fn from(host: HostId) -> Self {
        End::Host(host)
    }
}

impl From<ProcessId> for End {
    fn from(process: ProcessId) -> Self {
        End::Process(process)
    }
}

/// A fault of the network: which packets, and what happens to them.
#[derive(Clone, Debug)]
pub struct Rule {
    /// From these ends (empty: from all).
    pub from: Vec<End>,
    /// To these ends (empty: to all).
    pub to: Vec<End>,
    /// Only messages whose printed form begins with this.
    pub message: Option<String>,
    /// What happens to them.
    pub effect: Effect,
}

impl Rule {
    pub(super) fn matches(
        &self,
        from: (HostId, ProcessId),
        to: (HostId, ProcessId),
        payload: Option<&Rc<dyn Message>>,
    ) -> bool {
        is_one_of(from, &self.from)
            && is_one_of(to, &self.to)
            && self
                .message
                .as_ref()
                .is_none_or(|begin| payload.is_some_and(|payload| format!("{payload:?}").starts_with(begin.as_str())))
    }
}

/// Whether a process of a host is meant by `ends`; no end at all means everybody.
fn is_one_of((host, process): (HostId, ProcessId), ends: &[End]) -> bool {
    let is_meant = |end: &End| match *end {
        End::Host(meant) => meant == host,
        End::Process(meant) => meant == process,
    };
    ends.is_empty() || ends.iter().any(is_meant)
}

pub(super) struct ActiveRule {
    pub(super) id: RuleId,
    pub(super) rule: Rule,
    pub(super) hits: u64,
    /// Used by rules that know priorities.
    pub(super) priorities: Priorities,
}

impl Network {
    pub(super) fn link(&self, from: HostId, to: HostId) -> &LinkOptions {
        if self.links.is_empty() {
            return &self.default_link;
        }
        self.links.get(&(from, to)).unwrap_or(&self.default_link)
    }
}

impl World {
    /// Sets the weather of all links that have none of their own.
    pub fn set_default_link(&self, options: LinkOptions) {
        self.inner.network.borrow_mut().default_link = options;
    }

    /// Sets the weather of one link, in one direction.
    pub fn set_link(&self, from: HostId, to: HostId, options: LinkOptions) {
        self.inner.network.borrow_mut().links.insert((from, to), options);
    }

    /// Adds a fault.
    pub fn add_rule(&self, rule: Rule) -> RuleId {
        let mut network = self.inner.network.borrow_mut();
        let id = RuleId(network.next_rule);
        network.next_rule += 1;
        let priorities = Priorities::new(network.seed.stream_key("network/priorities").child(id.0));
        network.rules.push(ActiveRule { id, rule, hits: 0, priorities });
        id
    }

    /// Removes a fault; how many packets it touched.
    pub fn remove_rule(&self, id: RuleId) -> u64 {
        let mut network = self.inner.network.borrow_mut();
        let position = network.rules.iter().position(|active| active.id == id);
        position.map_or(0, |position| network.rules.remove(position).hits)
    }

    /// From now on no fault touches a packet from one of these hosts to another of them; the links to all others stay as
    /// they are.
    pub fn heal_among(&self, hosts: Vec<HostId>) {
        self.inner.network.borrow_mut().healed = hosts;
    }

    /// How many packets a fault has touched so far.
    pub fn rule_hits(&self, id: RuleId) -> u64 {
        let network = self.inner.network.borrow();
        network.rules.iter().find(|active| active.id == id).map_or(0, |active| active.hits)
    }
}
