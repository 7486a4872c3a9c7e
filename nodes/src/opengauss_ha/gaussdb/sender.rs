//! Walsenders: one for each standby that asked for the log.

use std::rc::Rc;

use super::super::messages::{
    Bytes, Down, HANDSHAKE_PORT, Handshake, HandshakeReply, SENDER_PORT, SenderShown, Streamed, Up,
};
use super::super::rules::state::ServerMode;
use super::{Sender, SenderState, Server};
use crate::fields;
use crate::parts::wal::Lsn;
use crate::world::port::{Address, Delivery};

/// The most bytes that go into one message; a message ends at a multiple of it, so that a standby writes whole sectors.
const CHUNK: u64 = 64 * 1024;

impl Server {
    pub(super) async fn serve_handshakes(self: Rc<Self>) {
        let port = self.process.bind::<Handshake>(HANDSHAKE_PORT);
        loop {
            let incoming = port.recv().await;
            let reply = match incoming.message {
                _ if self.recovering.get() && self.mode.get().is_follower() => HandshakeReply::NotReady,
                Handshake::Identify => HandshakeReply::Identity(self.identity()),
                Handshake::Consistence(lsn) => match (self.mark_at(lsn).await, self.last_mark().await) {
                    (Ok(asked), Ok(last)) => HandshakeReply::Consistence { asked, last },
                    _ => HandshakeReply::NotReady,
                },
            };
            port.reply(&incoming, reply);
        }
    }

    /// Takes what standbys say and hands it to their walsenders.
    pub(super) async fn serve_standbys(self: Rc<Self>) {
        let port = self.process.bind::<Streamed<Up>>(SENDER_PORT);
        loop {
            match port.recv_any().await {
                Delivery::Closed(peer, _) => {
                    if let Some(node) = self.plan.number_of(peer) {
                        self.forget_sender(node, "connection lost");
                    }
                }
                Delivery::Message(incoming) => {
                    let Some(node) = self.plan.number_of(incoming.from.process) else { continue };
                    let Streamed { attempt, say } = incoming.message;
                    match say {
                        Up::Start { from, flushed } => {
                            self.clone().begin_sender(node, incoming.from, attempt, from, flushed);
                        }
                        said => self.note_said(node, attempt, said),
                    }
                }
            }
        }
    }

    fn begin_sender(self: Rc<Self>, node: usize, to: Address, attempt: u64, from: u64, flushed: Lsn) {
        if self.mode.get() != ServerMode::Primary || self.writer.borrow().is_none() || self.demoting.get() {
            let _ = self.process.send(to, Streamed { attempt, say: Down::Ending });
            return;
        }
        let segment = from / self.store.log.shape().segment_size;
        if segment < self.oldest_segment.get() {
            self.log("ERROR", &format!("requested WAL segment {segment} has already been removed"));
            let _ = self.process.send(to, Streamed { attempt, say: Down::SegmentRemoved { segment } });
            return;
        }
        let sender = Sender {
            attempt,
            to,
            state: SenderState::Catchup,
            sent: from,
            receive: Lsn(from),
            write: Lsn(from),
            flush: flushed.min(Lsn(from)),
            apply: Lsn(from),
            heard: self.process.monotonic(),
        };
        self.senders.borrow_mut().insert(node, sender);
        self.reconnections.set(self.reconnections.get() + 1);
        self.process.announce("standby.connected", fields! { standby: node, from: from });
        self.count_confirmations(None);
        self.process.spawn(self.clone().send(node, attempt, from));
    }

    fn note_said(&self, node: usize, attempt: u64, said: Up) {
        let now = self.process.monotonic();
        {
            let mut senders = self.senders.borrow_mut();
            let Some(sender) = senders.get_mut(&node).filter(|sender| sender.attempt == attempt) else { return };
            sender.heard = now;
            if let Up::Reply { receive, write, flush, apply } = said {
                (sender.receive, sender.write, sender.flush, sender.apply) = (receive, write, flush, apply);
            }
        }
        match said {
            Up::SwitchRequest => self.request_demotion(node),
            _ => self.count_confirmations(Some(node)),
        }
    }

    pub(super) fn forget_sender(&self, node: usize, why: &str) {
        if self.senders.borrow_mut().remove(&node).is_some() {
            self.process.announce("standby.lost", fields! { standby: node, reason: why });
            self.count_confirmations(None);
        }
        self.changed.notify();
    }

    /// Says something to a standby; a connection that is broken is found out by its end.
    pub(super) fn say(&self, node: usize, say: Down) {
        let to = self.senders.borrow().get(&node).map(|sender| (sender.to, sender.attempt));
        if let Some((to, attempt)) = to {
            let _ = self.process.send(to, Streamed { attempt, say });
        }
    }

    /// How far the bytes of the log are durable here.
    fn durable(&self) -> Option<u64> {
        self.writer.borrow().as_ref().map(|writer| self.store.reach(writer.flushed()))
    }

    fn is_current(&self, node: usize, attempt: u64) -> bool {
        self.senders.borrow().get(&node).is_some_and(|sender| sender.attempt == attempt)
    }

    async fn send(self: Rc<Self>, node: usize, attempt: u64, from: u64) {
        let mut position = from;
        self.say(node, Down::Keepalive { end: Lsn(from), catchup: true, reply_requested: false });
        let half = self.plan.parameters.wal_sender_timeout / 2;
        let mut looked = self.process.monotonic();
        while self.is_current(node, attempt) {
            let Some(durable) = self.durable() else { return };
            if self.process.monotonic().since(looked) >= half {
                looked = self.process.monotonic();
                if !self.is_alive(node) {
                    return self.give_up(node);
                }
            }
            if position < durable {
                position = self.send_some(node, position, durable).await;
                continue;
            }
            self.note_caught_up(node, durable);
            let more = self
                .changed
                .wait_until(|| !self.is_current(node, attempt) || self.durable().is_none_or(|end| end > position));
            // Whichever comes first.
            let _ = self.process.timeout(half, more).await;
        }
    }

    fn give_up(&self, node: usize) {
        self.log("LOG", "terminating Walsender process due to replication timeout");
        let peer = self.plan.node(node).database;
        self.forget_sender(node, "timeout");
        self.process.disconnect(peer);
    }

    async fn send_some(&self, node: usize, position: u64, durable: u64) -> u64 {
        let segment_size = self.store.log.shape().segment_size;
        let next_chunk = (position / CHUNK + 1) * CHUNK;
        let to = durable.min(next_chunk).min((position / segment_size + 1) * segment_size);
        let bytes = match self.store.read_bytes(position, to).await {
            Ok(bytes) => bytes,
            Err(error) => self.panic(error).await,
        };
        let catchup = {
            let mut senders = self.senders.borrow_mut();
            let Some(sender) = senders.get_mut(&node) else { return to };
            sender.sent = to;
            sender.state == SenderState::Catchup
        };
        let end = Lsn(durable);
        self.say(node, Down::Wal { from: position, bytes: Bytes(bytes.into()), end, catchup });
        to
    }

    fn note_caught_up(&self, node: usize, durable: u64) {
        let was_behind = {
            let mut senders = self.senders.borrow_mut();
            let Some(sender) = senders.get_mut(&node) else { return };
            std::mem::replace(&mut sender.state, SenderState::Streaming) == SenderState::Catchup
        };
        if was_behind {
            self.process.announce("standby.caught-up", fields! { standby: node, lsn: durable });
            self.say(node, Down::Keepalive { end: Lsn(durable), catchup: false, reply_requested: true });
            self.count_confirmations(None);
        }
    }

    /// Asks a silent standby for a reply; false when neither it nor its heartbeat was heard for the whole time-out.
    fn is_alive(&self, node: usize) -> bool {
        let (limit, now) = (self.plan.parameters.wal_sender_timeout, self.process.monotonic());
        let heard = {
            let senders = self.senders.borrow();
            match self.plan.has_defect("last-reply-shared") {
                true => senders.values().map(|sender| sender.heard).max(),
                false => senders.get(&node).map(|sender| sender.heard),
            }
        };
        let heartbeat = match self.plan.has_defect("last-reply-shared") {
            true => None,
            false => self.heartbeats.borrow().get(&node).copied(),
        };
        let Some(newest) = heard.max(heartbeat) else { return false };
        let end = Lsn(self.durable().unwrap_or_default());
        self.say(node, Down::Keepalive { end, catchup: false, reply_requested: true });
        now.since(newest) < limit
    }

    /// Tells every standby that this server ends its streams.
    pub(super) fn end_streams(&self) {
        let nodes: Vec<usize> = self.senders.borrow().keys().copied().collect();
        for node in nodes {
            self.say(node, Down::Ending);
        }
    }

    /// The walsenders as `gs_ctl query` shows them.
    pub(super) fn senders_shown(&self) -> Vec<SenderShown> {
        let senders = self.senders.borrow();
        let (me, durable) = (self.plan.node(self.me), Lsn(self.durable().unwrap_or_default()));
        let show = |(node, sender): (&usize, &Sender)| {
            let standby = self.plan.node(*node);
            SenderShown {
                pid: 140_000 + sender.attempt * 17 + *node as u64,
                state: if sender.state == SenderState::Streaming { "Streaming" } else { "Catchup" },
                end: durable,
                sent: Lsn(sender.sent),
                write: sender.write,
                flush: sender.flush,
                replay: sender.apply,
                sync_state: self.plan.sync.as_ref().map_or("Async", |rule| rule.sync_state(&standby.name)),
                most_available: self.most_available.get(),
                channel: format!("{}:{}-->{}:{}", me.address, me.port() + 1, standby.address, 40_000 + sender.attempt),
            }
        };
        senders.iter().map(show).collect()
    }
}
