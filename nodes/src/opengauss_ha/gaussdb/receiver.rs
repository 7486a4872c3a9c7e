//! The walreceiver of a standby: looks for a primary, shows that its log is a part of the primary's, and writes what
//! comes.

use std::rc::Rc;

use super::super::messages::{
    Down, HANDSHAKE_PORT, Handshake, HandshakeReply, RECEIVER_PORT, ReceiverShown, SENDER_PORT, Streamed, Up,
};
use super::super::rules::handshake::{Refusal, check_consistence, check_identity, start_of_stream};
use super::super::rules::state::RebuildReason;
use super::super::store::Tail;
use super::{Heard, Promotion, Server};
use crate::fields;
use crate::parts::wal::Lsn;
use crate::world::device::IoError;
use crate::world::port::{Address, Delivery, Port};
use crate::world::time::Instant;

/// After so many removed segments the standby starts no walreceiver any more, until it is restarted.
const MOST_REMOVED_TRIES: u32 = 3;

/// Why a stream ends.
enum StreamEnd {
    SegmentRemoved,
    Lost(&'static str),
    Ended,
    /// This server does not follow any more.
    Over,
}

impl Server {
    /// Whether a walreceiver may run.
    fn may_receive(&self) -> bool {
        self.mode.get().is_follower() && !self.stop.get() && self.promote.get().is_none()
    }

    /// Hears what the primary says, for whichever attempt is under way.
    pub(super) async fn hear_primary(self: Rc<Self>) {
        let port = self.process.bind::<Streamed<Down>>(RECEIVER_PORT);
        loop {
            let (peer, heard, attempt) = match port.recv_any().await {
                Delivery::Closed(peer, _) => (peer, Heard::ConnectionLost, None),
                Delivery::Message(incoming) => {
                    let Streamed { attempt, say } = incoming.message;
                    (incoming.from.process, Heard::Said(say), Some(attempt))
                }
            };
            let mut receiver = self.receiver.borrow_mut();
            let of_peer = receiver.peer.is_some() && receiver.peer == self.plan.number_of(peer);
            if of_peer && attempt.is_none_or(|attempt| attempt == receiver.attempt) {
                receiver.inbox.push_back(heard);
                drop(receiver);
                self.changed.notify();
            }
        }
    }

    /// Tries peer after peer for as long as this server follows.
    pub(super) async fn receive(self: Rc<Self>) {
        let port = self.process.bind::<Streamed<Down>>(RECEIVER_PORT);
        let peers = self.plan.peers_of(self.me);
        let is_over = || !self.may_receive();
        for turn in 0.. {
            self.changed.wait_until(|| self.replay_idle.get() || is_over()).await;
            if is_over() || self.removed_tries.get() >= MOST_REMOVED_TRIES {
                return;
            }
            let peer = peers[turn % peers.len()];
            if let Err(error) = self.try_peer(&port, peer).await {
                self.panic(error).await;
            }
            self.stop_receiver();
            let over = self.changed.wait_until(is_over);
            // Whichever comes first.
            let _ = self.process.timeout(self.plan.parameters.retry_interval, over).await;
        }
    }

    fn set_reason(&self, peer: usize, reason: RebuildReason) {
        let old = self.reasons.borrow_mut().insert(peer, reason).unwrap_or_default();
        if old != reason {
            self.process.announce("reason.changed", fields! { peer: peer, reason: reason.words() });
        }
        self.note_change();
    }

    fn reason_of(&self, peer: usize) -> RebuildReason {
        self.reasons.borrow().get(&peer).copied().unwrap_or_default()
    }

    /// One walreceiver: handshake, then the stream until it ends.
    async fn try_peer(&self, port: &Port<Streamed<Down>>, peer: usize) -> Result<(), IoError> {
        {
            let mut receiver = self.receiver.borrow_mut();
            receiver.attempt += 1;
            receiver.peer = Some(peer);
            receiver.inbox.clear();
        }
        if self.promote.get().is_none() {
            self.wait_promoting.set(false);
        }
        if !self.shake_hands(peer).await {
            return Ok(());
        }
        let end = self.received.get();
        let start = start_of_stream(end, self.store.log.shape().segment_size);
        let attempt = self.receiver.borrow().attempt;
        let to = Address::new(self.plan.node(peer).database, SENDER_PORT);
        let say = Up::Start { from: start, flushed: end };
        if port.send(to, Streamed { attempt, say: say.clone() }).is_err() {
            // The connection was reset since the last message: this one opens a new one.
            let _ = port.send(to, Streamed { attempt, say });
        }
        let mut tail = Tail::open(&self.store.log, Lsn(start)).await?;
        match self.stream(port, to, &mut tail).await? {
            StreamEnd::SegmentRemoved => {
                self.removed_tries.set(self.removed_tries.get() + 1);
                self.set_reason(peer, RebuildReason::WalSegment);
            }
            StreamEnd::Lost(why) => self.log("LOG", why),
            StreamEnd::Ended => self.log("LOG", "replication terminated by primary server"),
            StreamEnd::Over => {}
        }
        self.process.announce("stream.ended", fields! { peer: peer, lsn: self.received.get() });
        Ok(())
    }

    /// The handshake; whether this standby may stream from the peer.
    async fn shake_hands(&self, peer: usize) -> bool {
        let to = Address::new(self.plan.node(peer).database, HANDSHAKE_PORT);
        let limit = self.plan.parameters.connect_timeout;
        let Ok(answer) = self.process.call::<HandshakeReply>(to, Handshake::Identify, limit).await else {
            self.set_reason(peer, RebuildReason::Connect);
            return false;
        };
        if self.reason_of(peer) == RebuildReason::Connect {
            self.set_reason(peer, RebuildReason::None);
        }
        let HandshakeReply::Identity(theirs) = answer else { return false };
        let mine = self.identity();
        self.log("LOG", &format!("remote term[{}], local term[{}]", theirs.term, mine.term));
        if let Err(refusal) = check_identity(&mine, &theirs) {
            self.note_refusal(peer, refusal);
            return false;
        }
        let last = self.last.get();
        self.log("LOG", &format!("local request lsn/crc [{}, {}]", last.lsn, last.crc));
        let request = Handshake::Consistence(last.lsn);
        let answer = self.process.call::<HandshakeReply>(to, request, limit).await;
        let Ok(HandshakeReply::Consistence { asked, .. }) = answer else {
            self.set_reason(peer, RebuildReason::WalSegment);
            return false;
        };
        let agrees = check_consistence(last, asked);
        let fields = fields! { peer: peer, lsn: last.lsn, local: last.crc, remote: asked.crc };
        self.process.announce("attach.judged", fields);
        match agrees {
            Err(refusal) if !self.plan.has_defect("attach-without-crc") => {
                let (lsn, mine, theirs) = (last.lsn, last.crc, asked.crc);
                self.log(
                    "ERROR",
                    &format!(
                        "standby's local request lsn[{lsn}] 's crc mismatched with remote server\
                     crc(local, remote):[{mine},{theirs}]."
                    ),
                );
                self.note_refusal(peer, refusal);
                false
            }
            _ => true,
        }
    }

    fn note_refusal(&self, peer: usize, refusal: Refusal) {
        match refusal {
            Refusal::Reason(reason) => self.set_reason(peer, reason),
            Refusal::NoPrimary(mode) => {
                let mode = mode.words();
                self.log("ERROR", &format!("the mode of the remote server must be primary, current is {mode}"));
                self.note_change();
            }
            Refusal::LowerTerm => {
                self.log("ERROR", "invalid local term or remote term is smaller than local");
                self.note_change();
            }
        }
    }

    async fn stream(&self, port: &Port<Streamed<Down>>, to: Address, tail: &mut Tail) -> Result<StreamEnd, IoError> {
        let begun = self.process.monotonic();
        let mut last_heard = begun;
        let mut last_reply = begun;
        loop {
            let heard = self.changed.wait_for(|| self.next_heard());
            let look = self.plan.parameters.heartbeat_interval;
            let Ok(heard) = self.process.timeout(look, heard).await else {
                if let Some(why) = self.silence(begun, last_heard) {
                    self.process.disconnect(to.process);
                    return Ok(StreamEnd::Lost(why));
                }
                let now = self.process.monotonic();
                if now.since(last_reply) >= self.plan.parameters.status_interval
                    || now.since(last_heard) >= self.plan.parameters.wal_receiver_timeout / 2
                {
                    self.reply(port, to, tail.position());
                    last_reply = now;
                }
                continue;
            };
            last_heard = self.process.monotonic();
            let Some(heard) = heard else {
                self.process.disconnect(to.process);
                return Ok(StreamEnd::Over);
            };
            match heard {
                Heard::ConnectionLost => return Ok(StreamEnd::Lost("could not receive data from WAL stream")),
                Heard::Said(Down::SegmentRemoved { .. }) => return Ok(StreamEnd::SegmentRemoved),
                Heard::Said(Down::Ending) => return Ok(StreamEnd::Ended),
                Heard::Said(Down::Promote) => {
                    self.promote.set(Some(Promotion::Switchover));
                    self.changed.notify();
                    return Ok(StreamEnd::Ended);
                }
                Heard::Said(Down::Keepalive { catchup, .. }) => self.note_online(catchup),
                Heard::Said(Down::Wal { from, bytes, catchup, .. }) => {
                    self.note_online(catchup);
                    if from == tail.position() {
                        self.write(tail, &bytes.0).await?;
                    }
                }
            }
            self.reply(port, to, tail.position());
            last_reply = last_heard;
        }
    }

    async fn write(&self, tail: &mut Tail, bytes: &[u8]) -> Result<(), IoError> {
        self.store.disk.set_epoch(self.term());
        tail.write(tail.position(), bytes).await?;
        tail.flush().await?;
        self.received.set(self.received.get().max(Lsn(tail.position())));
        self.changed.notify();
        Ok(())
    }

    /// What came; `Some(None)` if this server does not follow any more.
    fn next_heard(&self) -> Option<Option<Heard>> {
        if !self.may_receive() {
            return Some(None);
        }
        self.receiver.borrow_mut().inbox.pop_front().map(Some)
    }

    /// Why the primary counts as gone, if it has been silent for too long. A fresh heartbeat keeps it alive; while the
    /// answer to a switchover is awaited, a missing one does not end the stream.
    fn silence(&self, begun: Instant, last_heard: Instant) -> Option<&'static str> {
        let (limit, now) = (self.plan.parameters.wal_receiver_timeout, self.process.monotonic());
        let peer = self.receiver.borrow().peer;
        // A heartbeat of an earlier life of the primary says nothing of this stream.
        let heartbeat =
            peer.and_then(|peer| self.heartbeats.borrow().get(&peer).copied()).map(|heard| heard.max(begun));
        let is_late = |moment: Instant, limit| now.since(moment) >= limit;
        let waits = self.wait_promoting.get() && !self.plan.has_defect("heartbeat-stops-at-demote");
        if waits {
            return None;
        }
        if heartbeat.is_some_and(|heard| is_late(heard, limit / 2)) {
            return Some("terminating walreceiver due to heartbeat timeout");
        }
        let newest = heartbeat.map_or(last_heard, |heard| heard.max(last_heard));
        is_late(newest, limit).then_some("terminating walreceiver due to timeout")
    }

    fn note_online(&self, catchup: bool) {
        let (peer, is_new) = {
            let mut receiver = self.receiver.borrow_mut();
            let is_new = !receiver.online;
            (receiver.online, receiver.running, receiver.catchup) = (true, true, catchup);
            (receiver.peer, is_new)
        };
        if let (Some(peer), true) = (peer, is_new) {
            self.reasons.borrow_mut().insert(peer, RebuildReason::None);
            self.removed_tries.set(0);
            self.process.announce("stream.started", fields! { peer: peer, lsn: self.last.get().lsn });
        }
        self.note_change();
    }

    fn stop_receiver(&self) {
        {
            let mut receiver = self.receiver.borrow_mut();
            (receiver.online, receiver.running, receiver.catchup) = (false, false, false);
            receiver.attempt += 1;
        }
        self.note_change();
    }

    /// Tells the primary how far this standby is. `position` is that of the stream, which begins anew before what the
    /// standby had.
    fn reply(&self, port: &Port<Streamed<Down>>, to: Address, position: u64) {
        let (attempt, at) = (self.receiver.borrow().attempt, Lsn(position));
        let say = Up::Reply { receive: at, write: at, flush: at, apply: self.replayed.get().min(at) };
        let _ = port.send(to, Streamed { attempt, say });
    }

    /// Asks the primary to hand over to this standby.
    pub(super) fn request_switchover(&self) {
        let (attempt, peer) = {
            let receiver = self.receiver.borrow();
            (receiver.attempt, receiver.peer)
        };
        let Some(peer) = peer else { return };
        let port = self.process.bind::<Streamed<Down>>(RECEIVER_PORT);
        let to = Address::new(self.plan.node(peer).database, SENDER_PORT);
        let _ = port.send(to, Streamed { attempt, say: Up::SwitchRequest });
    }

    /// The walreceiver as `gs_ctl query` shows it.
    pub(super) fn receiver_shown(&self) -> Option<ReceiverShown> {
        let receiver = self.receiver.borrow();
        let peer = self.plan.node(receiver.peer.filter(|_| receiver.online)?);
        let me = self.plan.node(self.me);
        Some(ReceiverShown {
            pid: 139_000 + receiver.attempt * 17,
            peer_state: "Normal",
            received: self.received.get(),
            replayed: self.replayed.get(),
            channel: format!("{}:{}<--{}:{}", me.address, 40_000 + receiver.attempt, peer.address, peer.port() + 1),
        })
    }
}
