//! Requests between their sender and their end, and the device's own agenda of what happens to them next.
//!
//! A request has two sides that end separately: the host may have given up, died or sent the request again while the
//! device still holds the old one. A slot is free when both sides are done.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use super::armed::Victim;
use super::fault::{FaultId, FaultKind};
use super::journal::EntryNumber;
use super::options::DeviceOptions;
use super::range::SectorRange;
use super::request::{Answer, IoError, Origin, RequestId, Token};
use super::reservation::ReservationCommand;
use super::tally::FaultKinds;
use crate::world::latency::Latency;
use crate::world::time::Instant;

/// A request with its range checked.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Read(SectorRange),
    Write {
        range: SectorRange,
        bytes: Arc<[u8]>,
        force_unit_access: bool,
    },
    /// An empty range means everything.
    Flush(SectorRange),
    Reservation(ReservationCommand),
    /// Not a sensible request: it goes nowhere.
    Invalid,
}

impl Work {
    pub(super) fn range(&self) -> SectorRange {
        match self {
            Work::Read(range) | Work::Flush(range) | Work::Write { range, .. } => *range,
            Work::Reservation(_) | Work::Invalid => SectorRange::new(0, 0),
        }
    }

    /// How long the device takes to carry it out.
    pub(super) fn service_time(&self, options: &DeviceOptions) -> Latency {
        match self {
            Work::Read(_) => options.read,
            Work::Write { .. } => options.write,
            Work::Flush(_) => options.flush,
            Work::Reservation(_) | Work::Invalid => Latency::fixed(Duration::ZERO),
        }
    }

    pub(super) fn is_write(&self) -> bool {
        matches!(self, Work::Write { .. })
    }
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// At its host, for want of a path.
    Waiting,
    /// On its way to the device.
    OnPath,
    /// Accepted, not yet carried out.
    InService,
    /// Over at the device.
    Finished,
}

/// One request, sent once.
#[derive(Clone, Debug)]
pub(super) struct InFlight {
    pub(super) id: RequestId,
    pub(super) attempt: u8,
    pub(super) origin: Origin,
    pub(super) work: Work,
    pub(super) checksum: u64,
    pub(super) issued: Instant,
    pub(super) path: u8,
    pub(super) phase: Phase,
    /// When the phase ends; NEVER while nothing is due.
    pub(super) next: Instant,
    pub(super) service: Duration,
    pub(super) back: Duration,
    pub(super) entry: Option<EntryNumber>,
    pub(super) answer: Option<(Instant, Result<Answer, IoError>)>,
    /// Whether the host still waits for the answer.
    pub(super) awaited: bool,
    /// When the host stops waiting.
    pub(super) gives_up: Instant,
    /// When the host died, if it did.
    pub(super) orphaned: Option<Instant>,
    /// The fault that holds it up, if one does.
    pub(super) held_by: Option<FaultId>,
    /// The fault that tears it if the power or its host goes before it is stable.
    pub(super) tears: Option<FaultId>,
    /// Whether the device had no power when it should have been sent.
    pub(super) in_the_dark: bool,
    /// The kinds of fault that struck it.
    pub(super) struck: FaultKinds,
    /// The first fault of each of these kinds.
    pub(super) struck_by: Vec<(FaultKind, FaultId)>,
}

impl InFlight {
    /// This request as the victim of a fault.
    pub(super) fn victim(&self, at: Instant, token: Token) -> Victim {
        let (range, is_write) = (self.work.range(), self.work.is_write());
        Victim { at, token, id: self.id, attempt: self.attempt, range, is_write }
    }

    /// When the host may hope for the answer, as things stand.
    pub(super) fn expected_answer(&self) -> Instant {
        match (&self.answer, self.phase) {
            (Some((at, _)), _) => *at,
            (None, Phase::OnPath) => self.next + self.service + self.back,
            (None, Phase::InService) => self.next + self.back,
            (None, _) => self.next,
        }
    }

    /// True if nobody has any more business with it.
    pub(super) fn is_over(&self) -> bool {
        !self.awaited && matches!(self.phase, Phase::Finished | Phase::Waiting)
    }
}

/// A moment at which a request goes on. Simultaneous ones are taken in the order of their names, so that the order in
/// which two hosts happened to be polled decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    pub(super) at: Instant,
    pub(super) id: RequestId,
    pub(super) attempt: u8,
    pub(super) slot: u64,
}

/// All requests of a device that are not over.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    slots: Vec<(u32, Option<InFlight>)>,
    free: Vec<u32>,
    agenda: BinaryHeap<Reverse<Due>>,
}

impl Requests {
    pub(super) fn insert(&mut self, request: InFlight) -> Token {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            (self.slots.len() - 1) as u32
        });
        let (generation, place) = &mut self.slots[slot as usize];
        *place = Some(request);
        Token(u64::from(*generation) << 32 | u64::from(slot))
    }

    pub(super) fn get_mut(&mut self, token: Token) -> Option<&mut InFlight> {
        match self.slots.get_mut(token.0 as u32 as usize) {
            Some((generation, request)) if u64::from(*generation) == token.0 >> 32 => request.as_mut(),
            _ => None,
        }
    }

    pub(super) fn remove(&mut self, token: Token) -> Option<InFlight> {
        let slot = token.0 as u32;
        let (generation, place) = self.slots.get_mut(slot as usize)?;
        if u64::from(*generation) != token.0 >> 32 {
            return None;
        }
        let request = place.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(slot);
        Some(request)
    }

    /// Every request, in the order in which they were issued.
    pub(super) fn in_issue_order(&self) -> Vec<Token> {
        let mut found: Vec<_> = self
            .slots
            .iter()
            .enumerate()
            .filter_map(|(slot, (generation, request))| {
                let token = Token(u64::from(*generation) << 32 | slot as u64);
                request.as_ref().map(|request| ((request.issued, request.id, request.attempt), token))
            })
            .collect();
        found.sort_by_key(|(order, _)| *order);
        found.into_iter().map(|(_, token)| token).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &InFlight> {
        self.slots.iter().filter_map(|(_, request)| request.as_ref())
    }

    /// Ends the present phase of a request at `at`.
    pub(super) fn due(&mut self, token: Token, at: Instant) {
        let Some(request) = self.get_mut(token) else { return };
        request.next = at;
        let due = Due { at, id: request.id, attempt: request.attempt, slot: token.0 };
        if at != Instant::NEVER {
            self.agenda.push(Reverse(due));
        }
    }

    /// The next request whose phase ends no later than `now`.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<(Instant, Token)> {
        while self.agenda.peek().is_some_and(|Reverse(due)| due.at <= now) {
            let Reverse(due) = self.agenda.pop()?;
            let token = Token(due.slot);
            // A phase may have been put off, or cut short, since it was entered here.
            if self.get_mut(token).is_some_and(|request| request.next == due.at) {
                return Some((due.at, token));
            }
        }
        None
    }
}
