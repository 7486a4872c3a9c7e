//! The walreceiver of a standby: asks its upstream for the log, writes it, and says how far it is.

use std::rc::Rc;

use super::{ArchiveMode, Heard, Mode, Server, Upstream};
use crate::fields;
use crate::parts::streaming_replication::chunk::Tail;
use crate::parts::streaming_replication::files::SegmentFile;
use crate::parts::streaming_replication::history::History;
use crate::parts::streaming_replication::messages::{Bytes, REPLICATION_PORT, Replication, Say};
use crate::parts::streaming_replication::names::Timeline;
use crate::parts::wal::Lsn;
use crate::world::device::IoError;
use crate::world::port::Address;

/// Why a stream ends.
enum StreamEnd {
    /// The upstream refused it.
    Refused(String),
    /// The connection ended, or the upstream was silent for too long.
    Lost(&'static str),
    /// The upstream stops.
    UpstreamStops,
    /// Another upstream is configured, or this server is no standby any more.
    Over,
}

impl Server {
    fn is_receiving(&self) -> bool {
        self.mode.get() == Mode::Standby && !self.stop.get() && !self.promote.get()
    }

    pub(super) async fn receive(self: Rc<Self>) {
        while self.is_receiving() {
            if let Some(upstream) = self.settings().upstream {
                self.begin_stream(&upstream);
                match self.stream_from(&upstream).await {
                    Ok(StreamEnd::Refused(reason)) => {
                        self.process.announce("stream.refused", fields! { reason: &reason });
                        self.log("FATAL", &format!("could not start WAL streaming: ERROR:  {reason}"));
                    }
                    Ok(StreamEnd::Lost(why)) => self.log("FATAL", &format!("could not receive data: {why}")),
                    Ok(StreamEnd::UpstreamStops) => self.log("LOG", "replication terminated by primary server"),
                    Ok(StreamEnd::Over) => {}
                    Err(error) => self.panic(error).await,
                }
                self.drop_stream();
            }
            let retry = self.settings().wal_retrieve_retry_interval;
            let (before, pause) = (self.settings().upstream, retry);
            let redirected = self.changed.wait_until(|| !self.is_receiving() || self.settings().upstream != before);
            // Whichever comes first.
            let _ = self.process.timeout(pause, redirected).await;
        }
    }

    fn begin_stream(&self, upstream: &Upstream) {
        let stream = {
            let mut receiving = self.receiving.borrow_mut();
            receiving.stream += 1;
            receiving.from = Some(upstream.process);
            receiving.accepted = false;
            receiving.inbox.clear();
            receiving.stream
        };
        if self.streamed.get() == Lsn::NONE {
            let shape = self.store.log.shape();
            self.streamed.set(Lsn(shape.segment_start(shape.segment_of(self.received.get()))));
        }
        let settings = self.settings();
        let start = Say::Start {
            name: settings.application_name,
            slot: settings.primary_slot_name,
            system: self.place.shape.system,
            timeline: self.timeline.get(),
            position: self.received.get(),
        };
        self.say(upstream.process, stream, start);
    }

    /// Says something on a replication connection; a broken one is found out by its end.
    pub(super) fn say(&self, to: crate::world::trace::ProcessId, stream: u64, say: Say) {
        let address = Address::new(to, REPLICATION_PORT);
        let message = Replication { stream, say };
        if self.process.send(address, message.clone()).is_err() {
            // The connection was reset since the last message: this one opens a new one.
            let _ = self.process.send(address, message);
        }
    }

    /// Gives the present stream up, and says so if the other side can hear it.
    pub(super) fn drop_stream(&self) {
        let (from, stream) = {
            let mut receiving = self.receiving.borrow_mut();
            let stream = receiving.stream;
            receiving.accepted = false;
            receiving.stream += 1;
            (receiving.from.take(), stream)
        };
        if let Some(from) = from {
            self.say(from, stream, Say::Ending);
        }
    }

    async fn stream_from(&self, upstream: &Upstream) -> Result<StreamEnd, IoError> {
        // What an earlier stream wrote and did not flush is asked for again.
        self.written.set(self.received.get());
        let mut tail = Tail::open(&self.store.log, self.received.get()).await?;
        let limit = self.settings().wal_receiver_timeout;
        loop {
            let heard = self.changed.wait_for(|| self.next_heard(upstream));
            let Ok(heard) = self.process.timeout(limit, heard).await else {
                // What is on its way on a dead connection must not hold the next one back.
                self.process.disconnect(upstream.process);
                return Ok(StreamEnd::Lost("terminating walreceiver due to timeout"));
            };
            match heard {
                None => return Ok(StreamEnd::Over),
                Some(Heard::ConnectionLost) => return Ok(StreamEnd::Lost("server closed the connection unexpectedly")),
                Some(Heard::Said(Say::Refused { reason })) => return Ok(StreamEnd::Refused(reason)),
                Some(Heard::Said(Say::Ending)) => return Ok(StreamEnd::UpstreamStops),
                Some(Heard::Said(Say::Accepted { timeline })) => {
                    self.receiving.borrow_mut().accepted = true;
                    let (from, own) = (self.received.get(), self.timeline.get());
                    // The real one is sent the segment again from its beginning, which is the same bytes.
                    self.streamed.set(from);
                    self.log("LOG", &format!("started streaming WAL from primary at {from} on timeline {own}"));
                    self.process.announce(
                        "stream.started",
                        fields! { from: upstream.name.as_str(), timeline: timeline, own: own, position: from },
                    );
                }
                Some(Heard::Said(Say::Records { from, bytes, next, .. })) => {
                    self.writing.set(true);
                    let written = self.write_records(&mut tail, from, &bytes, next).await;
                    self.writing.set(false);
                    written?;
                }
                Some(Heard::Said(Say::EndOfTimeline { timeline, fork, history })) => {
                    self.enter_timeline(timeline, fork, &history);
                    self.files.sync().await?;
                }
                Some(Heard::Said(_)) => {}
            }
            self.report_progress();
            self.changed.notify();
        }
    }

    /// What came; `Some(None)` if this stream is over on our side.
    fn next_heard(&self, upstream: &Upstream) -> Option<Option<Heard>> {
        if !self.is_receiving() || self.settings.borrow().upstream.as_ref() != Some(upstream) {
            return Some(None);
        }
        let mut receiving = self.receiving.borrow_mut();
        if receiving.from.is_none() {
            return Some(None);
        }
        receiving.inbox.pop_front().map(Some)
    }

    async fn write_records(&self, tail: &mut Tail, from: u64, bytes: &Bytes, next: Lsn) -> Result<(), IoError> {
        self.store.disk.set_epoch(self.timeline.get());
        let segment = from / self.files.segment_size();
        if self.begin_segment(segment) {
            self.files.sync().await?;
        }
        tail.write(from, bytes).await?;
        self.written.set(next);
        self.report_progress();
        tail.flush().await?;
        self.received.set(next);
        self.streamed.set(next);
        if self.place_of(next) > segment {
            // A finished segment: somebody else archives it.
            let name = self.files.name_of(SegmentFile { segment, timeline: self.timeline.get() });
            match self.settings().archive_mode {
                ArchiveMode::Off => {}
                ArchiveMode::On => self.files.mark_done(&name),
                ArchiveMode::Always => self.files.mark_ready(&name),
            }
        }
        Ok(())
    }

    /// Makes the file of a segment that has none; whether it had none.
    fn begin_segment(&self, segment: u64) -> bool {
        let is_new = segment > self.newest_segment.get() || !self.files.has_segment(segment);
        if is_new {
            self.files.create_segment(SegmentFile { segment, timeline: self.timeline.get() });
            self.newest_segment.set(segment);
        }
        is_new
    }

    /// The timeline of the upstream goes on where this one ends.
    fn enter_timeline(&self, timeline: Timeline, fork: Lsn, history: &str) {
        let old = self.timeline.get();
        self.log("LOG", &format!("End of WAL reached on timeline {old} at {fork}"));
        self.log("LOG", &format!("new target timeline is {timeline}"));
        let history = History::parse(timeline, history).unwrap_or_else(|_| History::root(timeline));
        self.files.write_history(&history);
        let segment = self.place_of(fork);
        let name = self.files.name_of(SegmentFile { segment, timeline: old });
        if self.files.exists(&name) {
            self.files.remove(&name);
        }
        self.files.create_segment(SegmentFile { segment, timeline });
        self.newest_segment.set(segment);
        self.timeline.set(timeline);
        *self.history.borrow_mut() = history;
        self.surroundings.show(&mut |node| node.epoch = timeline);
    }

    /// Tells the upstream how far this standby is.
    pub(super) fn report_progress(&self) {
        let (from, stream) = {
            let receiving = self.receiving.borrow();
            (receiving.from.filter(|_| receiving.accepted), receiving.stream)
        };
        if let Some(from) = from {
            let (flush, replay) = (self.received.get(), self.replayed.get());
            let write = self.written.get().max(flush);
            self.say(from, stream, Say::Status { write, flush, replay });
        }
    }
}
