//! The network between hosts: latency, loss, cuts, and connections that behave as TCP does.
//!
//! Detection time is what drills measure, so connections matter: a process that dies resets its connections at once;
//! a host without power and a cut link stay silent until a time-out; a paused process accepts and never answers.
//! Messages on a connection arrive once and in order, later if packets were lost; a message sent into a cut waits
//! for the next retransmission after the cut heals. Datagrams may be lost, doubled and reordered.
//!
//! A fault is a [`Rule`] that looks at a packet and gives an effect; rules are asked in the order they were added, and
//! a cut or a drop ends the questions. Draws are keyed by the moment and the content of a message, so removing one
//! message moves no other.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::rc::Rc;
use std::time::Duration;

use super::World;
use super::digest::Digest;
use super::executor::Occurrence;
use super::latency::Latency;
use super::port::{Address, CallError};
use super::streams::{Seed, StreamKey};
use super::time::Instant;
use super::trace::{HostId, Incarnation, MessageFate, Place, ProcessId, What};

/// What can be sent: any plain type that can be printed and hashed.
pub trait Message: Any + fmt::Debug {
    /// Folds the content into a digest.
    fn fold(&self, digest: &mut Digest);
}

impl<T: Any + fmt::Debug + Hash> Message for T {
    fn fold(&self, digest: &mut Digest) {
        self.hash(digest);
    }
}

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
}

/// Names a rule, to remove it and to ask how often it bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId(u64);

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
    fn matches(&self, from: (HostId, ProcessId), to: (HostId, ProcessId), payload: Option<&Rc<dyn Message>>) -> bool {
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

struct ActiveRule {
    id: RuleId,
    rule: Rule,
    hits: u64,
}

/// Retransmission as Linux does it: first after 200 ms, then twice as long each time, up to two minutes.
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(200);
const LAST_RETRANSMISSION: Duration = Duration::from_secs(120);

/// One direction of the connection between two processes.
#[derive(Default)]
struct Session {
    stream: Option<StreamKey>,
    /// The life of the receiver this connection was made with.
    peer: Option<Incarnation>,
    own: Incarnation,
    broken: bool,
    last_delivery: Instant,
    stalled: VecDeque<Box<Packet>>,
    stalled_since: Option<Instant>,
    retransmissions: u32,
    /// Goes up whenever the connection ends; packets of an older one are dead.
    epoch: u32,
}

impl Session {
    fn close(&mut self) {
        self.peer = None;
        self.stalled.clear();
        self.stalled_since = None;
        self.retransmissions = 0;
        self.epoch += 1;
    }
}

/// What is inside a packet.
#[derive(Clone)]
pub(crate) enum Body {
    Message { payload: Rc<dyn Message>, call: Option<u64>, reply_to: Option<(u64, Incarnation)> },
    Reset { established: bool },
}

/// A packet on the wire.
pub(crate) struct Packet {
    from: Address,
    from_incarnation: Incarnation,
    to: Address,
    body: Body,
    digest: u64,
    datagram: bool,
    epoch: u32,
}

pub(crate) struct Network {
    seed: Seed,
    /// The weather of every link that has no weather of its own.
    default_link: LinkOptions,
    links: BTreeMap<(HostId, HostId), LinkOptions>,
    busy_until: BTreeMap<(HostId, HostId), Instant>,
    loopback: Latency,
    rules: Vec<ActiveRule>,
    /// Hosts among which no rule holds any more.
    healed: Vec<HostId>,
    next_rule: u64,
    sessions: Vec<Vec<Session>>,
    /// How long a connection waits for an acknowledgement before it gives up.
    user_timeout: Duration,
}

impl Network {
    pub(crate) fn new(seed: Seed) -> Self {
        Network {
            seed,
            default_link: LinkOptions::default(),
            links: BTreeMap::new(),
            busy_until: BTreeMap::new(),
            loopback: Latency::even(Duration::from_micros(10), Duration::from_micros(40)),
            rules: Vec::new(),
            healed: Vec::new(),
            next_rule: 0,
            sessions: Vec::new(),
            user_timeout: Duration::from_secs(15 * 60),
        }
    }

    fn link(&self, from: HostId, to: HostId) -> &LinkOptions {
        if self.links.is_empty() {
            return &self.default_link;
        }
        self.links.get(&(from, to)).unwrap_or(&self.default_link)
    }

    fn session(&mut self, from: ProcessId, to: ProcessId) -> &mut Session {
        let (from, to) = (usize::from(from.0), usize::from(to.0));
        if self.sessions.len() <= from {
            self.sessions.resize_with(from + 1, Vec::new);
        }
        let row = &mut self.sessions[from];
        if row.len() <= to {
            row.resize_with(to + 1, Session::default);
        }
        &mut row[to]
    }
}

/// What the path does with a packet.
enum Passage {
    Lost,
    Passes { delay: Duration, doubled: Option<Duration>, lost_once: bool },
}

/// The connection to that process is broken; the next send opens a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection was reset")]
pub struct Broken;

impl World {
    /// Sets the weather of all links that have none of their own.
    pub fn set_default_link(&self, options: LinkOptions) {
        self.inner.network.borrow_mut().default_link = options;
    }

    /// Sets the weather of one link, in one direction.
    pub fn set_link(&self, from: HostId, to: HostId, options: LinkOptions) {
        self.inner.network.borrow_mut().links.insert((from, to), options);
    }

    /// How long a connection waits for an acknowledgement before it is given up (15 minutes unless set).
    pub fn set_tcp_user_timeout(&self, length: Duration) {
        self.inner.network.borrow_mut().user_timeout = length;
    }

    /// Adds a fault.
    pub fn add_rule(&self, rule: Rule) -> RuleId {
        let mut network = self.inner.network.borrow_mut();
        let id = RuleId(network.next_rule);
        network.next_rule += 1;
        network.rules.push(ActiveRule { id, rule, hits: 0 });
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

    /// Closes the connection between two processes on the side of `own`: what is on its way is lost, open calls end,
    /// and the next message in either direction opens a new connection.
    pub(crate) fn disconnect(&self, own: ProcessId, peer: ProcessId) {
        {
            let mut network = self.inner.network.borrow_mut();
            for (from, to) in [(own, peer), (peer, own)] {
                let session = network.session(from, to);
                session.close();
                session.broken = false;
            }
        }
        self.connection_ended(own, peer, CallError::Reset);
    }

    /// Sends a message; on a broken connection a message that is no call is refused once.
    pub(crate) fn transmit(
        &self,
        from: Address,
        incarnation: Incarnation,
        to: Address,
        body: Body,
        datagram: bool,
    ) -> Result<(), Broken> {
        let digest = digest_of(to, &body);
        let mut epoch = 0;
        if !datagram {
            let mut network = self.inner.network.borrow_mut();
            let session = network.session(from.process, to.process);
            if session.own != incarnation {
                session.own = incarnation;
                session.broken = false;
                session.close();
            }
            if std::mem::take(&mut session.broken) && is_plain(&body) {
                return Err(Broken);
            }
            epoch = session.epoch;
        }
        self.note(from, to, incarnation, MessageFate::Sent, digest, &body);
        let packet = Box::new(Packet { from, from_incarnation: incarnation, to, body, digest, datagram, epoch });
        self.launch(packet);
        Ok(())
    }

    /// Puts a packet on its way, or leaves it waiting for a retransmission.
    fn launch(&self, packet: Box<Packet>) {
        let now = self.now();
        let (from, to) = (packet.from.process, packet.to.process);
        let stalled = {
            let mut network = self.inner.network.borrow_mut();
            !packet.datagram && network.session(from, to).stalled_since.is_some()
        };
        let passage = if stalled { Passage::Lost } else { self.passage(&packet) };
        match passage {
            Passage::Lost if packet.datagram => self.note_dropped(&packet),
            Passage::Lost => self.stall(packet),
            Passage::Passes { delay, doubled, lost_once } => {
                let mut at = now + delay;
                if packet.datagram {
                    if lost_once {
                        return self.note_dropped(&packet);
                    }
                    if let Some(later) = doubled {
                        let copy = Box::new(Packet { body: packet.body.clone(), ..*packet });
                        self.inner.executor.schedule(at + later, Occurrence::Deliver(copy));
                    }
                } else {
                    if lost_once {
                        at += FIRST_RETRANSMISSION;
                    }
                    let mut network = self.inner.network.borrow_mut();
                    let session = network.session(from, to);
                    at = at.max(session.last_delivery);
                    session.last_delivery = at;
                }
                self.inner.executor.schedule(at, Occurrence::Deliver(packet));
            }
        }
    }

    /// What the path between two hosts does with a packet, drawn from the link's own stream.
    fn passage(&self, packet: &Packet) -> Passage {
        let (from, to) = (self.host_of(packet.from.process), self.host_of(packet.to.process));
        let now = self.now();
        let mut network = self.inner.network.borrow_mut();
        let network = &mut *network;
        let seed = network.seed;
        let stream = *network.session(packet.from.process, packet.to.process).stream.get_or_insert_with(|| {
            let trace = self.inner.trace.borrow();
            let (from, to) = (trace.process_name(packet.from.process), trace.process_name(packet.to.process));
            seed.stream_key(&format!("network/{from}>{to}"))
        });
        let mut draws = stream.at(now.as_nanos() ^ packet.digest);
        if from == to {
            return Passage::Passes { delay: network.loopback.draw(&mut draws), doubled: None, lost_once: false };
        }
        {
            let hosts = self.inner.hosts.borrow();
            let is_up = |host: HostId| hosts[usize::from(host.0)].powered && hosts[usize::from(host.0)].nic_up;
            if !is_up(from) || !is_up(to) {
                drop(hosts);
                self.note_lost_at_card(from);
                self.note_lost_at_card(to);
                return Passage::Lost;
            }
        }
        let link = *network.link(from, to);
        let mut delay = link.latency.draw(&mut draws);
        let mut lost_once = draws.chance(link.loss.0, link.loss.1);
        let mut doubled = draws.chance(link.duplicate.0, link.duplicate.1).then(|| link.latency.draw(&mut draws));
        let mut bandwidth = link.bandwidth;
        let payload = packet.body.payload();
        let is_healed = network.healed.contains(&from) && network.healed.contains(&to);
        for active in &mut network.rules {
            if is_healed || !active.rule.matches((from, packet.from.process), (to, packet.to.process), payload) {
                continue;
            }
            // Each rule draws from its own child, so that adding one moves no other's draws.
            let mut draws = stream.child(active.id.0 + 1).at(now.as_nanos() ^ packet.digest);
            let bit = match active.rule.effect {
                Effect::Cut => {
                    active.hits += 1;
                    return Passage::Lost;
                }
                Effect::Drop((n, d)) => {
                    let drop = draws.chance(n, d);
                    lost_once |= drop;
                    drop
                }
                Effect::Delay(latency) => {
                    delay += latency.draw(&mut draws);
                    true
                }
                Effect::Duplicate((n, d)) => {
                    let double = packet.datagram && draws.chance(n, d);
                    if double {
                        doubled = Some(link.latency.draw(&mut draws));
                    }
                    double
                }
                Effect::Reorder((n, d), by) => {
                    let hold = packet.datagram && draws.chance(n, d);
                    if hold {
                        delay += by.draw(&mut draws);
                    }
                    hold
                }
                Effect::Bandwidth(bytes) => {
                    bandwidth = Some(bandwidth.map_or(bytes, |now| now.min(bytes)));
                    true
                }
            };
            active.hits += u64::from(bit);
        }
        if let Some(bytes_per_second) = bandwidth {
            let size = packet.body.size();
            let busy = network.busy_until.entry((from, to)).or_default();
            let begin = (*busy).max(now);
            *busy = begin + Duration::from_nanos(size.saturating_mul(1_000_000_000) / bytes_per_second.max(1));
            delay += busy.since(now);
        }
        Passage::Passes { delay, doubled, lost_once }
    }

    fn note_lost_at_card(&self, host: HostId) {
        self.with_host(host, |state| state.lost_at_card += u64::from(!state.nic_up));
    }

    /// Leaves a packet of a connection waiting until a retransmission passes or the connection is given up.
    fn stall(&self, packet: Box<Packet>) {
        let now = self.now();
        let (from, to, epoch) = (packet.from.process, packet.to.process, packet.epoch);
        let mut network = self.inner.network.borrow_mut();
        let session = network.session(from, to);
        let first = session.stalled_since.is_none();
        session.stalled.push_back(packet);
        if first {
            session.stalled_since = Some(now);
            session.retransmissions = 0;
            drop(network);
            self.schedule_retransmission(from, to, epoch);
        }
    }

    fn schedule_retransmission(&self, from: ProcessId, to: ProcessId, epoch: u32) {
        let backoff = {
            let mut network = self.inner.network.borrow_mut();
            let session = network.session(from, to);
            let backoff = FIRST_RETRANSMISSION.saturating_mul(1 << session.retransmissions.min(16));
            session.retransmissions += 1;
            backoff.min(LAST_RETRANSMISSION)
        };
        let retransmit = Box::new(move |world: &World| world.retransmit(from, to, epoch));
        self.inner.executor.schedule(self.now() + backoff, Occurrence::Call(retransmit));
    }

    fn retransmit(&self, from: ProcessId, to: ProcessId, epoch: u32) {
        let now = self.now();
        let waiting = {
            let mut network = self.inner.network.borrow_mut();
            let limit = network.user_timeout;
            let session = network.session(from, to);
            let Some(since) = session.stalled_since.filter(|_| session.epoch == epoch) else { return };
            if now.since(since) >= limit {
                session.close();
                session.broken = true;
                None
            } else {
                Some(std::mem::take(&mut session.stalled))
            }
        };
        let Some(mut waiting) = waiting else {
            return self.connection_ended(from, to, CallError::TimedOut);
        };
        let passes = waiting.front().is_some_and(|packet| matches!(self.passage(packet), Passage::Passes { .. }));
        if !passes {
            let mut network = self.inner.network.borrow_mut();
            network.session(from, to).stalled = waiting;
            drop(network);
            return self.schedule_retransmission(from, to, epoch);
        }
        self.inner.network.borrow_mut().session(from, to).stalled_since = None;
        while let Some(packet) = waiting.pop_front() {
            self.launch(packet);
        }
    }

    /// A packet reaches its receiver's host.
    pub(crate) fn deliver(&self, packet: Box<Packet>) {
        let (from, to) = (packet.from.process, packet.to.process);
        let to_host = self.host_of(to);
        let reachable = self.with_host(to_host, |host| host.powered && host.nic_up);
        if !reachable && (self.host_of(from) != to_host || !self.is_powered(to_host)) {
            self.note_lost_at_card(to_host);
            if packet.datagram || matches!(packet.body, Body::Reset { .. }) {
                return self.note_dropped(&packet);
            }
            return self.stall(packet);
        }
        match &packet.body {
            Body::Reset { established } => {
                let error = if *established { CallError::Reset } else { CallError::Refused };
                self.accept_reset(&packet, error)
            }
            Body::Message { .. } => self.accept_message(*packet),
        }
    }

    fn accept_message(&self, packet: Packet) {
        let Packet { from, to, datagram, epoch, digest, from_incarnation, .. } = packet;
        let incarnation = self.incarnation(to.process);
        let listening = self.status(to.process).exists()
            && self.with_process(to.process, |state| state.ports.is_bound(to.port) || packet.body.is_reply());
        if !datagram {
            let mut network = self.inner.network.borrow_mut();
            let session = network.session(from.process, to.process);
            if session.epoch != epoch {
                drop(network);
                return self.note_dropped_parts(from, to, digest, &packet.body);
            }
            let established = session.peer.is_some();
            let same_life = session.peer.is_none_or(|peer| peer == incarnation);
            if !listening || !same_life {
                drop(network);
                self.note_dropped_parts(from, to, digest, &packet.body);
                return self.send_reset(to, from, from_incarnation, established, epoch);
            }
            session.peer = Some(incarnation);
        } else if !listening {
            return self.note_dropped_parts(from, to, digest, &packet.body);
        }
        self.note(from, to, incarnation, MessageFate::Delivered, digest, &packet.body);
        if let Body::Message { payload, call, reply_to } = packet.body {
            self.with_process(to.process, |state| match reply_to {
                Some((call, life)) if life == incarnation => state.ports.answer(call, Ok(payload)),
                Some(_) => {}
                None => state.ports.put(to.port, from, from_incarnation, payload, call),
            });
        }
    }

    /// The host of `from` answers a packet that nobody there takes.
    fn send_reset(&self, from: Address, to: Address, to_incarnation: Incarnation, established: bool, epoch: u32) {
        let body = Body::Reset { established };
        let digest = digest_of(to, &body) ^ u64::from(epoch);
        let packet = Packet { from, from_incarnation: to_incarnation, to, body, digest, datagram: true, epoch };
        if let Passage::Passes { delay, lost_once: false, .. } = self.passage(&packet) {
            self.inner.executor.schedule(self.now() + delay, Occurrence::Deliver(Box::new(packet)));
        }
    }

    /// A reset arrives: `packet.from` is the dead end, `packet.from_incarnation` the life it answers.
    fn accept_reset(&self, packet: &Packet, error: CallError) {
        let (own, peer) = (packet.to.process, packet.from.process);
        if !self.status(own).exists() || self.incarnation(own) != packet.from_incarnation {
            return;
        }
        {
            let mut network = self.inner.network.borrow_mut();
            let session = network.session(own, peer);
            if session.epoch != packet.epoch {
                return;
            }
            session.broken = session.peer.is_some() && error == CallError::Reset;
            session.close();
        }
        self.connection_ended(own, peer, error);
    }

    fn connection_ended(&self, own: ProcessId, peer: ProcessId, error: CallError) {
        if self.status(own).exists() {
            self.with_process(own, |state| state.ports.connection_ended(peer, error));
        }
    }

    /// A process died on a living host: the kernel resets its connections.
    pub(crate) fn reset_connections_of(&self, process: ProcessId) {
        let count = self.inner.processes.borrow().len();
        for peer in (0..count).map(|index| ProcessId(index as u16)).filter(|peer| *peer != process) {
            let (to_dead, from_dead) = {
                let mut network = self.inner.network.borrow_mut();
                let outgoing = network.session(process, peer);
                let from_dead = outgoing.peer.is_some();
                outgoing.close();
                let incoming = network.session(peer, process);
                ((incoming.peer.is_some() || from_dead, incoming.own, incoming.epoch), from_dead)
            };
            let (connected, own, epoch) = to_dead;
            if connected && self.status(peer).exists() {
                // A peer that only ever answered has no session of its own yet: the reset names its present life.
                let life = if from_dead && own == Incarnation(0) { self.incarnation(peer) } else { own };
                let (from, to) = (Address::of(process), Address::of(peer));
                self.send_reset(from, to, life, true, epoch);
            }
        }
    }

    fn note(&self, from: Address, to: Address, incarnation: Incarnation, fate: MessageFate, digest: u64, body: &Body) {
        let (process, folded) = match fate {
            MessageFate::Sent => (from.process, 1),
            MessageFate::Delivered => (to.process, 2),
            MessageFate::Dropped => (to.process, 3),
        };
        let place = Place::Process(process, incarnation);
        let mut folding = Digest::new();
        folding.word(digest);
        folding.word(u64::from(from.process.0) << 40 | u64::from(to.process.0) << 16 | folded);
        self.inner.trace.borrow_mut().record_detail(self.now(), place, folding.value(), || What::Message {
            from: from.process,
            to: to.process,
            fate,
            text: body.printed().into(),
            digest,
        });
    }

    fn note_dropped(&self, packet: &Packet) {
        self.note_dropped_parts(packet.from, packet.to, packet.digest, &packet.body);
    }

    fn note_dropped_parts(&self, from: Address, to: Address, digest: u64, body: &Body) {
        let incarnation = self.incarnation(to.process);
        self.note(from, to, incarnation, MessageFate::Dropped, digest, body);
    }
}

impl Body {
    fn payload(&self) -> Option<&Rc<dyn Message>> {
        match self {
            Body::Message { payload, .. } => Some(payload),
            Body::Reset { .. } => None,
        }
    }

    fn is_reply(&self) -> bool {
        matches!(self, Body::Message { reply_to: Some(_), .. })
    }

    /// A rough size on the wire: the memory of the value and a header.
    fn size(&self) -> u64 {
        self.payload().map_or(60, |payload| 60 + size_of_val(&**payload) as u64)
    }

    fn printed(&self) -> String {
        match self {
            Body::Message { payload, reply_to: None, .. } => format!("{payload:?}"),
            Body::Message { payload, .. } => format!("reply {payload:?}"),
            Body::Reset { .. } => "reset".to_owned(),
        }
    }
}

fn is_plain(body: &Body) -> bool {
    matches!(body, Body::Message { call: None, reply_to: None, .. })
}

fn digest_of(to: Address, body: &Body) -> u64 {
    let mut digest = Digest::new();
    digest.word(u64::from(to.port.0));
    match body {
        Body::Message { payload, call, reply_to } => {
            digest.word(u64::from(call.is_some()) | u64::from(reply_to.is_some()) << 1);
            payload.fold(&mut digest);
        }
        Body::Reset { .. } => digest.word(4),
    }
    digest.value()
}
