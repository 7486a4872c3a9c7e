//! What a host's death leaves at the device: writes in flight that may still land.
//!
//! This one fault decides whether a fencing design is sound. A write that its dead host had sent may be lost, take
//! effect at once, or take effect later, when somebody else already writes. What was still on the path meets the
//! reservations when it arrives; what the device had accepted meets nothing any more, except preempt-and-abort.

use std::sync::Arc;
use std::time::Duration;

use super::fault::FaultKind;
use super::in_flight::{InFlight, Phase, Work};
use super::machine::{Device, concern};
use super::options::OrphanOdds;
use super::paths::Paths;
use super::power::Survivors;
use super::request::{Origin, Request, RequestId, Scheduled, Token};
use crate::world::streams::Stream;
use crate::world::time::Instant;

/// What becomes of the writes in flight of a host that dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Drawn for each write, with the odds of the device's options.
    Drawn,
    /// None of them takes effect.
    Dropped,
    /// All of them take effect at once.
    Applied,
    /// All of them take effect so much later.
    After(Duration),
}

/// What became of the writes in flight when their host died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orphans {
    /// How many were dropped.
    pub dropped: usize,
    /// How many were carried out at once (some of them may have been refused).
    pub applied: usize,
    /// How many are still to land.
    pub late: usize,
    /// How many landed in part, because a fault tore them.
    pub torn: usize,
}

/// A write that a host has sent and that has not taken effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// Its name.
    pub id: RequestId,
    /// Who sent it.
    pub origin: Origin,
    /// The first byte.
    pub offset: u64,
    /// What is written.
    pub bytes: Arc<[u8]>,
}

impl Device {
    /// The writes of `host` that may still take effect, in the order of their issue.
    pub fn writes_under_way(&mut self, now: Instant, host: u16) -> Vec<UnderWay> {
        self.settle(now);
        let mut found = Vec::new();
        for token in self.requests.in_issue_order() {
            let Some(request) = self.requests.get_mut(token) else { continue };
            let sent = matches!(request.phase, Phase::OnPath | Phase::InService);
            if let (true, Work::Write { range, bytes, .. }) = (sent && request.id.host == host, &request.work) {
                let offset = range.first * self.options.sector_size;
                found.push(UnderWay { id: request.id, origin: request.origin, offset, bytes: bytes.clone() });
            }
        }
        found
    }

    /// Lets a write take effect whose host is dead, as if it arrived only now: it meets the reservations, and nobody
    /// hears of it.
    pub fn land(&mut self, now: Instant, write: &UnderWay) {
        let (offset, bytes) = (write.offset, write.bytes.clone());
        let request = Request::Write { offset, bytes, force_unit_access: false };
        let submitted = self.submit(now, write.origin, request);
        let Some(Scheduled { token, .. }) = submitted.scheduled else { return };
        if let Some(request) = self.requests.get_mut(token) {
            request.awaited = false;
            request.orphaned = Some(now);
        }
        self.hurry(now, token);
    }

    /// A host died (power loss, crash, hard reset): nobody waits for its answers, and its writes in flight meet
    /// `fate`. Its other requests in flight are dropped. Where the volatile cache is the host's page cache, it is
    /// lost, and `fate` says what of it had been written back.
    pub fn host_died(&mut self, now: Instant, host: u16, fate: Fate) -> Orphans {
        self.settle(now);
        let mut orphans = Orphans::default();
        if self.options.personality.caches_in_host() {
            let survivors = match fate {
                Fate::Drawn | Fate::After(_) => Survivors::Drawn,
                Fate::Dropped => Survivors::Nothing,
                Fate::Applied => Survivors::Everything,
            };
            self.lose_page_cache(now, host, survivors);
            return orphans;
        }
        for token in self.requests.in_issue_order() {
            let Some(request) = self.requests.get_mut(token) else { continue };
            if request.id.host != host || request.orphaned.is_some() {
                continue;
            }
            request.awaited = false;
            request.orphaned = Some(now);
            if let Some(entry) = request.entry.filter(|_| request.phase == Phase::InService) {
                self.journal.entry_mut(entry).orphaned = Some(now);
            }
            self.orphan(now, token, fate, &mut orphans);
        }
        orphans
    }

    fn orphan(&mut self, now: Instant, token: Token, fate: Fate, orphans: &mut Orphans) {
        let Some(request) = self.requests.get_mut(token) else { return };
        let in_flight = matches!(request.phase, Phase::OnPath | Phase::InService);
        if !in_flight || !request.work.is_write() {
            return self.drop_request(token);
        }
        let (id, attempt, tears) = (request.id, request.attempt, request.tears);
        let fate = match fate {
            Fate::Drawn => match self.lateness(now, token) {
                Some(delay) => return self.let_land_later(token, now + delay, orphans),
                None if tears.is_some_and(|fault| self.tear(now, token, fault)) => {
                    orphans.torn += 1;
                    return;
                }
                None => draw_fate(&self.options.orphans, &mut self.draws(concern::ORPHANS, id, attempt)),
            },
            given => given,
        };
        match fate {
            Fate::Dropped | Fate::Drawn => {
                self.drop_request(token);
                orphans.dropped += 1;
            }
            Fate::Applied => {
                self.hurry(now, token);
                orphans.applied += 1;
            }
            Fate::After(delay) => {
                self.tally.count(FaultKind::LateWrite).armed += 1;
                self.let_land_later(token, now + delay, orphans);
            }
        }
    }

    fn let_land_later(&mut self, token: Token, moment: Instant, orphans: &mut Orphans) {
        self.postpone(token, moment);
        orphans.late += 1;
    }

    /// Takes a request through to its end at once.
    fn hurry(&mut self, now: Instant, token: Token) {
        for phase in [Phase::OnPath, Phase::InService] {
            if self.requests.get_mut(token).is_some_and(|request| request.phase == phase) {
                self.step(now, token);
            }
        }
    }

    /// How many writes of `host` may still take effect: a fence that waits is complete when there are none.
    pub fn writes_in_flight(&mut self, now: Instant, host: u16) -> usize {
        self.settle(now);
        let may_land = |request: &&InFlight| {
            let sent = matches!(request.phase, Phase::OnPath | Phase::InService);
            request.id.host == host && sent && request.work.is_write()
        };
        self.requests.iter().filter(may_land).count()
    }

    /// Completes a fence: `host` has no path any more, and nothing it has sent will take effect. Returns when to
    /// call back about the requests of a host that is still alive.
    pub fn fence(&mut self, now: Instant, host: u16) -> Vec<Scheduled> {
        self.settle(now);
        self.abort(now, host);
        self.lose_path(now, host, Paths::All)
    }
}

fn draw_fate(odds: &OrphanOdds, draws: &mut Stream) -> Fate {
    let drawn = draws.below(odds.dropped + odds.applied + odds.late);
    if drawn < odds.dropped {
        Fate::Dropped
    } else if drawn < odds.dropped + odds.applied {
        Fate::Applied
    } else {
        Fate::After(odds.delay.draw(draws))
    }
}
