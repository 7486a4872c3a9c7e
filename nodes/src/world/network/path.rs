//! The way of a packet: what links and rules do with it, and what its receiver does.

use std::time::Duration;

use super::Broken;
use super::connection::FIRST_RETRANSMISSION;
use super::links::Effect;
use super::packet::{Body, Packet, digest_of, is_plain};
use crate::world::World;
use crate::world::executor::Occurrence;
use crate::world::port::{Address, CallError};
use crate::world::trace::{HostId, Incarnation, MessageFate};

/// What the path does with a packet.
pub(super) enum Passage {
    Lost,
    Passes { delay: Duration, doubled: Option<Duration>, lost_once: bool },
}

impl World {
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
    pub(super) fn launch(&self, packet: Box<Packet>) {
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
    pub(super) fn passage(&self, packet: &Packet) -> Passage {
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
                Effect::Priorities(options) => {
                    let held_up = active.priorities.hold_up(options, packet.from.process, &mut draws);
                    delay += held_up;
                    !held_up.is_zero()
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

    pub(super) fn note_lost_at_card(&self, host: HostId) {
        self.with_host(host, |state| state.lost_at_card += u64::from(!state.nic_up));
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

    pub(super) fn accept_message(&self, packet: Packet) {
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
}
