//! Walsenders: one for each standby that asked for the log, and the door at which they ask.

use std::rc::Rc;
use std::time::Duration;

use super::{Heard, Mode, Peer, Server, StandbyView};
use crate::fields;
use crate::parts::streaming_replication::chunk;
use crate::parts::streaming_replication::messages::{REPLICATION_PORT, Replication, Say};
use crate::parts::streaming_replication::names::{self, Timeline};
use crate::parts::wal::Lsn;
use crate::world::port::Delivery;
use crate::world::trace::ProcessId;

/// How often a silent standby is spoken to, as a part of `wal_sender_timeout`.
const KEEPALIVES: u32 = 6;

/// What a standby asks for.
struct Asked {
    stream: u64,
    name: String,
    slot: Option<String>,
    system: u64,
    timeline: Timeline,
    position: Lsn,
}

impl Server {
    /// Takes what comes on replication connections and hands it to its sender or to the receiver.
    pub(super) async fn serve_replication(self: Rc<Self>) {
        let port = self.process.bind::<Replication>(REPLICATION_PORT);
        loop {
            match port.recv_any().await {
                Delivery::Closed(peer, _) => self.connection_lost(peer),
                Delivery::Message(incoming) => {
                    let (peer, Replication { stream, say }) = (incoming.from.process, incoming.message);
                    match say {
                        Say::Start { name, slot, system, timeline, position } => {
                            let asked = Asked { stream, name, slot, system, timeline, position };
                            self.clone().begin_sender(peer, asked);
                        }
                        Say::Status { write, flush, replay } => self.note_status(peer, stream, [write, flush, replay]),
                        Say::Ending if self.is_current(peer, stream) => self.forget_standby(peer),
                        said => self.hear(peer, stream, Heard::Said(said)),
                    }
                }
            }
        }
    }

    fn hear(&self, peer: ProcessId, stream: u64, heard: Heard) {
        let mut receiving = self.receiving.borrow_mut();
        if receiving.from == Some(peer) && receiving.stream == stream {
            receiving.inbox.push_back(heard);
            drop(receiving);
            self.changed.notify();
        }
    }

    fn connection_lost(&self, peer: ProcessId) {
        let stream = self.receiving.borrow().stream;
        self.hear(peer, stream, Heard::ConnectionLost);
        self.forget_standby(peer);
    }

    fn forget_standby(&self, peer: ProcessId) {
        let lost = self.peers.borrow_mut().remove(&peer);
        if let Some(lost) = lost {
            self.process.announce("standby.lost", fields! { standby: lost.view.name });
        }
        self.changed.notify();
    }

    /// A standby says how far it has written, flushed and replayed.
    fn note_status(&self, peer: ProcessId, stream: u64, [write, flush, replay]: [Lsn; 3]) {
        let now = self.process.monotonic();
        let mut peers = self.peers.borrow_mut();
        let Some(known) = peers.get_mut(&peer).filter(|known| known.stream == stream) else { return };
        known.heard = now;
        known.view.write = known.view.write.max(write);
        known.view.flush = known.view.flush.max(flush);
        known.view.replay = known.view.replay.max(replay);
        if let Some(slot) = &known.slot
            && let Some(from) = self.slots.borrow_mut().get_mut(slot)
        {
            *from = (*from).max(flush);
        }
        drop(peers);
        self.changed.notify();
    }

    fn begin_sender(self: Rc<Self>, peer: ProcessId, asked: Asked) {
        if let Err(reason) = self.may_stream(&asked) {
            return self.say(peer, asked.stream, Say::Refused { reason });
        }
        let view = StandbyView {
            name: asked.name.clone(),
            streaming: false,
            sent: asked.position,
            write: asked.position,
            flush: asked.position,
            replay: Lsn::NONE,
        };
        let heard = self.process.monotonic();
        let known = Peer { view, slot: asked.slot.clone(), stream: asked.stream, heard };
        self.peers.borrow_mut().insert(peer, known);
        self.say(peer, asked.stream, Say::Accepted { timeline: self.timeline.get() });
        let server = self.clone();
        self.process.spawn(async move { server.send(peer, asked).await });
    }

    /// Whether a standby can be served from where it is.
    fn may_stream(&self, asked: &Asked) -> Result<(), String> {
        let (own, history) = (self.timeline.get(), self.history.borrow());
        if !matches!(self.mode.get(), Mode::Primary | Mode::Standby) {
            return Err("the database system is not ready".to_owned());
        }
        if asked.system != self.place.shape.system {
            return Err("database system identifier differs between the primary and standby".to_owned());
        }
        if self.peers.borrow().len() >= self.settings().max_wal_senders {
            return Err("number of requested standby connections exceeds max_wal_senders".to_owned());
        }
        if let Some(slot) = &asked.slot
            && !self.slots.borrow().contains_key(slot)
        {
            return Err(format!("replication slot \"{slot}\" does not exist"));
        }
        if asked.timeline > own {
            let behind = "is behind recovery timeline";
            return Err(format!("highest timeline {own} of the primary {behind} {}", asked.timeline));
        }
        if self.settings().checks_forks && !history.continues(asked.timeline, asked.position) {
            let (position, timeline) = (asked.position, asked.timeline);
            return Err(format!(
                "requested starting point {position} on timeline {timeline} is not in this server's history"
            ));
        }
        if asked.timeline == own && asked.position > self.log_end() {
            let (position, end) = (asked.position, self.log_end());
            return Err(format!(
                "requested starting point {position} is ahead of the WAL flush position of this server {end}"
            ));
        }
        Ok(())
    }

    async fn send(&self, peer: ProcessId, asked: Asked) {
        let Asked { stream, mut timeline, mut position, .. } = asked;
        let (mut is_streaming, interval) = (false, self.settings().wal_sender_timeout / KEEPALIVES);
        loop {
            if !self.is_current(peer, stream) {
                return;
            }
            let successor = self.history.borrow().successor(timeline);
            if let Some((next, fork)) = successor.filter(|(_, fork)| position >= *fork) {
                let history = self.history.borrow().clone();
                let history = match history.timeline == next {
                    true => history.text(),
                    false => self.files.history(next).text(),
                };
                self.say(peer, stream, Say::EndOfTimeline { timeline: next, fork, history });
                timeline = next;
                continue;
            }
            let until = successor.map_or(self.flushed(), |(_, fork)| fork.min(self.flushed()));
            if position >= until {
                if !is_streaming {
                    is_streaming = true;
                    self.caught_up(peer, timeline);
                }
                let more = self.changed.wait_until(|| self.has_more(peer, stream, timeline, position));
                if self.process.timeout(interval, more).await.is_err() && !self.is_alive(peer, stream) {
                    return;
                }
                continue;
            }
            match self.send_some(peer, stream, position, until).await {
                Some(next) => position = next,
                None => return self.forget_standby(peer),
            }
        }
    }

    /// Sends the next records; where the ones behind them begin, or `None` if the log does not have them any more.
    async fn send_some(&self, peer: ProcessId, stream: u64, position: Lsn, until: Lsn) -> Option<Lsn> {
        let segment = self.place_of(position);
        if !self.files.has_segment(segment) {
            let name = names::segment_name(self.timeline.get(), segment, self.files.segment_size());
            let reason = format!("requested WAL segment {name} has already been removed");
            self.log("ERROR", &reason);
            self.say(peer, stream, Say::Refused { reason });
            return None;
        }
        let read = match chunk::read(&self.store.log, position, until).await {
            Ok(read) => read,
            Err(error) => self.panic(error).await,
        };
        let Some(chunk) = read else {
            let reason = format!("could not read from log at {position}: invalid record");
            self.say(peer, stream, Say::Refused { reason });
            return None;
        };
        let next = chunk.next;
        let timeline = self.timeline.get();
        self.say(peer, stream, Say::Records { timeline, from: chunk.from, bytes: chunk.bytes, next });
        if let Some(known) = self.peers.borrow_mut().get_mut(&peer) {
            known.view.sent = next;
        }
        Some(next)
    }

    fn caught_up(&self, peer: ProcessId, timeline: Timeline) {
        let name = self.peers.borrow_mut().get_mut(&peer).map(|known| {
            known.view.streaming = true;
            known.view.name.clone()
        });
        if let Some(name) = name {
            self.process.announce("standby.connected", fields! { standby: name, timeline: timeline });
        }
        self.changed.notify();
    }

    fn is_current(&self, peer: ProcessId, stream: u64) -> bool {
        self.peers.borrow().get(&peer).is_some_and(|known| known.stream == stream)
    }

    fn has_more(&self, peer: ProcessId, stream: u64, timeline: Timeline, position: Lsn) -> bool {
        let successor = self.history.borrow().successor(timeline);
        !self.is_current(peer, stream) || self.flushed() > position || successor.is_some_and(|(_, at)| position >= at)
    }

    /// Speaks to a silent standby; gives it up after `wal_sender_timeout`.
    fn is_alive(&self, peer: ProcessId, stream: u64) -> bool {
        let limit: Duration = self.settings().wal_sender_timeout;
        let heard = self.peers.borrow().get(&peer).filter(|known| known.stream == stream).map(|known| known.heard);
        let Some(heard) = heard else { return false };
        if self.process.monotonic().since(heard) >= limit {
            self.log("LOG", "terminating walsender process due to replication timeout");
            self.forget_standby(peer);
            self.process.disconnect(peer);
            return false;
        }
        self.say(peer, stream, Say::Keepalive { end: self.flushed() });
        true
    }

    /// Tells every standby that the server stops.
    pub(super) fn end_streams(&self) {
        let peers: Vec<(ProcessId, u64)> =
            self.peers.borrow().iter().map(|(peer, known)| (*peer, known.stream)).collect();
        for (peer, stream) in peers {
            self.say(peer, stream, Say::Ending);
        }
    }
}
