//! The writer's side of streaming: walsenders, and the slots in which the progress of their peers is kept.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::fields;
use crate::parts::wal::Lsn;
use crate::product::events;
use crate::world::port::{Address, Delivery, Incoming};
use crate::world::time::Instant;
use crate::world::trace::ProcessId;

use super::super::log::{Level, Part};
use super::super::plan::{RECEIVER_PORT, SENDER_PORT};
use super::super::rules::Role;
use super::super::shared::slots::NodeKind;
use super::Server;
use super::stream::{Feedback, StartAnswer, StartReplication, ToReceiver, ToSender};

/// How often a walsender speaks when it has nothing to say.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// The most bytes of log in one message to a standby.
const LARGEST_BATCH: u64 = 1 << 20;

/// A connected receiver.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) process: ProcessId,
    pub(super) slot: Option<String>,
    pub(super) kind: NodeKind,
    pub(super) sent: Lsn,
    pub(super) write: Lsn,
    pub(super) apply: Lsn,
    pub(super) since: String,
    pub(super) reply_time: String,
    replied: Instant,
}

/// Every connected receiver.
#[derive(Default)]
pub(super) struct Peers {
    list: RefCell<Vec<Peer>>,
}

impl Peers {
    /// They as they are now.
    pub(super) fn snapshot(&self) -> Vec<Peer> {
        self.list.borrow().clone()
    }

    /// Whether every one of them has applied the log up to `position`.
    pub(super) fn have_applied(&self, position: Lsn) -> bool {
        self.list.borrow().iter().all(|peer| peer.apply >= position)
    }

    fn forget(&self, process: ProcessId) -> Option<Peer> {
        let mut list = self.list.borrow_mut();
        let at = list.iter().position(|peer| peer.process == process)?;
        Some(list.remove(at))
    }
}

impl Server {
    pub(super) async fn serve_peers(self: Rc<Self>) {
        let port = self.process.bind::<ToSender>(SENDER_PORT);
        loop {
            match port.recv_any().await {
                Delivery::Closed(process, _) => self.lose_peer(process, "connection closed"),
                Delivery::Message(incoming) => match incoming.message.clone() {
                    ToSender::Start(start) => port.reply(&incoming, self.start_replication(&incoming, start)),
                    ToSender::Reply(feedback) => self.take_feedback(incoming.from.process, feedback),
                    ToSender::Finish => self.lose_peer(incoming.from.process, "the receiver has ended the stream"),
                },
            }
        }
    }

    fn start_replication(&self, incoming: &Incoming<ToSender>, start: StartReplication) -> StartAnswer {
        let refused = |text: String| {
            self.log.write(Part::Walsender, Level::Error, &text);
            StartAnswer::Refused(text)
        };
        if self.stopping.get() {
            return refused("the database system is shutting down".to_owned());
        }
        if self.role.get() != Role::Primary || !self.accepting.get() {
            return refused("the database system is not the writer of this volume".to_owned());
        }
        if start.timeline > self.control.get().timeline {
            return refused(format!("requested timeline {} is not in this server's history", start.timeline));
        }
        let process = incoming.from.process;
        self.peers.forget(process);
        if let Some(name) = &start.slot {
            let mut slots = self.slots.borrow_mut();
            let Some(slot) = slots.find_mut(name) else {
                return refused(format!("replication slot \"{name}\" does not exist"));
            };
            let taken = self.peers.list.borrow().iter().any(|peer| peer.slot.as_ref() == Some(name));
            if taken {
                return refused(format!(
                    "replication slot \"{name}\" is active for PID {}",
                    self.log.pid(Part::Walsender)
                ));
            }
            slot.active_pid = Some(self.sender_pid(process));
            slot.kind = start.kind();
            slot.apply = start.from;
            slot.restart = slot.restart.max(start.from);
        }
        let stamp = self.process.wall_clock().with_millis();
        self.peers.list.borrow_mut().push(Peer {
            process,
            kind: start.kind(),
            slot: start.slot,
            sent: start.from,
            write: start.from,
            apply: start.from,
            since: stamp.clone(),
            reply_time: stamp,
            replied: self.process.monotonic(),
        });
        self.changed.notify();
        StartAnswer::Streaming
    }

    /// The number of the walsender for a peer.
    pub(super) fn sender_pid(&self, peer: ProcessId) -> u64 {
        self.log.pid(Part::Walsender) + u64::from(peer.0)
    }

    fn take_feedback(&self, process: ProcessId, feedback: Feedback) {
        let mut list = self.peers.list.borrow_mut();
        let Some(peer) = list.iter_mut().find(|peer| peer.process == process) else { return };
        peer.write = peer.write.max(feedback.write);
        peer.apply = peer.apply.max(feedback.apply);
        peer.replied = self.process.monotonic();
        peer.reply_time = self.process.wall_clock().with_millis();
        let mut slots = self.slots.borrow_mut();
        if let Some(slot) = peer.slot.as_ref().and_then(|name| slots.find_mut(name)) {
            slot.apply = slot.apply.max(feedback.apply);
            slot.restart = slot.restart.max(feedback.apply);
        }
        drop(slots);
        drop(list);
        self.changed.notify();
    }

    fn lose_peer(&self, process: ProcessId, why: &str) {
        let Some(peer) = self.peers.forget(process) else { return };
        if let Some(name) = &peer.slot {
            if let Some(slot) = self.slots.borrow_mut().find_mut(name) {
                slot.active_pid = None;
            }
            let peer = self.plan.node_of(process).map_or("?", |index| &self.plan.node(index).name);
            self.process.announce("slot.inactive", fields! { slot: name, peer: peer });
        }
        self.info(Part::Walsender, &format!("terminating walsender process: {why}"));
        self.changed.notify();
    }

    /// Tells every peer how far the log is, whenever it has grown and now and then.
    pub(super) async fn pump_stream(self: Rc<Self>) {
        loop {
            let news = self.changed.wait_until(|| self.has_news());
            let _ = self.process.timeout(KEEPALIVE, news).await;
            self.drop_silent_peers();
            for peer in self.peers.snapshot() {
                let told = match peer.kind {
                    NodeKind::Standby => self.send_log(&peer).await,
                    NodeKind::Replica | NodeKind::Unknown => self.send_positions(&peer),
                };
                if !told {
                    self.lose_peer(peer.process, "could not send");
                }
            }
        }
    }

    fn has_news(&self) -> bool {
        let flushed = self.flushed();
        let peers = self.peers.list.borrow();
        peers.iter().any(|peer| peer.sent < flushed)
    }

    fn drop_silent_peers(&self) {
        let now = self.process.monotonic();
        for peer in self.peers.snapshot() {
            if now.since(peer.replied) >= self.plan.parameters.sender_timeout {
                self.process.disconnect(peer.process);
                self.lose_peer(peer.process, "replication timeout");
            }
        }
    }

    fn send_positions(&self, peer: &Peer) -> bool {
        let (flushed, consistent) = (self.flushed(), self.consistent());
        self.sent(peer, flushed);
        self.process.send(receiver_of(peer), ToReceiver::Meta { flushed, consistent }).is_ok()
    }

    /// Sends a standby the bytes it lacks, read from the disk in whole sectors.
    async fn send_log(&self, peer: &Peer) -> bool {
        let (flushed, sector) = (self.flushed(), self.storage().disk.sector_size());
        let from = peer.sent.0 - peer.sent.0 % sector;
        let until = flushed.0.next_multiple_of(sector).min(from + LARGEST_BATCH);
        let covered = if until >= flushed.0 { flushed } else { Lsn(until) };
        let log = &self.storage().log;
        let bytes = match until > from {
            true => match log.area().read(log.shape().place(from), until - from).await {
                Ok(bytes) => bytes.to_vec(),
                Err(_) => return false,
            },
            false => Vec::new(),
        };
        self.sent(peer, covered);
        self.process.send(receiver_of(peer), ToReceiver::Wal { from, bytes, flushed: covered }).is_ok()
    }

    fn sent(&self, peer: &Peer, position: Lsn) {
        let mut list = self.peers.list.borrow_mut();
        if let Some(peer) = list.iter_mut().find(|other| other.process == peer.process) {
            peer.sent = position;
        }
    }

    /// Says once that the drill may begin: every reader is connected.
    pub(super) async fn announce_ready(self: Rc<Self>) {
        let readers = self.plan.readers();
        if self.plan.board.borrow().ready {
            return;
        }
        self.changed.wait_until(|| self.peers.list.borrow().len() >= readers).await;
        if !std::mem::replace(&mut self.plan.board.borrow_mut().ready, true) {
            self.process.announce(events::CLUSTER_READY, fields! {});
        }
    }
}

fn receiver_of(peer: &Peer) -> Address {
    Address::new(peer.process, RECEIVER_PORT)
}
