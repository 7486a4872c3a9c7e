//! Connections, as TCP has them: made anew with each life, retransmitted, given up, reset.

use std::collections::VecDeque;
use std::time::Duration;

use super::Network;
use super::packet::{Body, Packet, digest_of};
use super::path::Passage;
use crate::world::World;
use crate::world::executor::Occurrence;
use crate::world::port::{Address, CallError};
use crate::world::streams::StreamKey;
use crate::world::time::Instant;
use crate::world::trace::{Incarnation, ProcessId};

/// Retransmission as Linux does it: first after 200 ms, then twice as long each time, up to two minutes.
pub(super) const FIRST_RETRANSMISSION: Duration = Duration::from_millis(200);
const LAST_RETRANSMISSION: Duration = Duration::from_secs(120);

/// One direction of the connection between two processes.
#[derive(Default)]
pub(super) struct Session {
    pub(super) stream: Option<StreamKey>,
    /// The life of the receiver this connection was made with.
    pub(super) peer: Option<Incarnation>,
    pub(super) own: Incarnation,
    pub(super) broken: bool,
    pub(super) last_delivery: Instant,
    pub(super) stalled: VecDeque<Box<Packet>>,
    pub(super) stalled_since: Option<Instant>,
    pub(super) retransmissions: u32,
    /// Goes up whenever the connection ends; packets of an older one are dead.
    pub(super) epoch: u32,
}

impl Session {
    pub(super) fn close(&mut self) {
        self.peer = None;
        self.stalled.clear();
        self.stalled_since = None;
        self.retransmissions = 0;
        self.epoch += 1;
    }
}

impl Network {
    pub(super) fn session(&mut self, from: ProcessId, to: ProcessId) -> &mut Session {
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

impl World {
    /// How long a connection waits for an acknowledgement before it is given up (15 minutes unless set).
    pub fn set_tcp_user_timeout(&self, length: Duration) {
        self.inner.network.borrow_mut().user_timeout = length;
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

    /// Leaves a packet of a connection waiting until a retransmission passes or the connection is given up.
    pub(super) fn stall(&self, packet: Box<Packet>) {
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

    pub(super) fn schedule_retransmission(&self, from: ProcessId, to: ProcessId, epoch: u32) {
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

    pub(super) fn retransmit(&self, from: ProcessId, to: ProcessId, epoch: u32) {
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

    /// The host of `from` answers a packet that nobody there takes.
    pub(super) fn send_reset(
        &self,
        from: Address,
        to: Address,
        to_incarnation: Incarnation,
        established: bool,
        epoch: u32,
    ) {
        let body = Body::Reset { established };
        let digest = digest_of(to, &body) ^ u64::from(epoch);
        let packet = Packet { from, from_incarnation: to_incarnation, to, body, digest, datagram: true, epoch };
        if let Passage::Passes { delay, lost_once: false, .. } = self.passage(&packet) {
            self.inner.executor.schedule(self.now() + delay, Occurrence::Deliver(Box::new(packet)));
        }
    }

    /// A reset arrives: `packet.from` is the dead end, `packet.from_incarnation` the life it answers.
    pub(super) fn accept_reset(&self, packet: &Packet, error: CallError) {
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

    pub(super) fn connection_ended(&self, own: ProcessId, peer: ProcessId, error: CallError) {
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
}
