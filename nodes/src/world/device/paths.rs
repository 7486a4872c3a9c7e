//! Each host's own paths to the device: which are up, and what becomes of requests when one fails.
//!
//! A host uses its lowest path that is up. When that path dies, the host sends every unanswered request again over
//! another one; the device may by then have accepted the first copy, and carries both out. Without any path the
//! requests wait, for ever or until the host gives up.

use super::fault::FaultKind;
use super::in_flight::{InFlight, Phase};
use super::journal::Outcome;
use super::machine::{Device, concern};
use super::options::WithoutPath;
use super::request::{Scheduled, Token};
use crate::world::time::Instant;

/// Which of a host's paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paths {
    /// Every one.
    All,
    /// This one, counted from 0.
    Number(u8),
}

impl Paths {
    fn mask(self) -> u8 {
        match self {
            Paths::All => u8::MAX,
            Paths::Number(number) => 1u8.checked_shl(u32::from(number)).unwrap_or(0),
        }
    }
}

/// What the device side knows of a host.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Host {
    /// One bit for each path that is down.
    lost: u8,
    /// When its last request arrives, and when its last one is served: for devices that keep the order.
    last_arrival: Instant,
    pub(super) last_served: Instant,
}

impl Host {
    fn path(self, paths: u8) -> Option<u8> {
        (0..paths).find(|path| self.lost & Paths::Number(*path).mask() == 0)
    }
}

impl Device {
    /// True if `host` has a path to the device.
    pub fn has_path(&self, host: u16) -> bool {
        self.path_of(host).is_some()
    }

    /// True if one of these paths of `host` to the device is up.
    pub fn has_path_of(&self, host: u16, paths: Paths) -> bool {
        let lost = self.hosts.get(&host).copied().unwrap_or_default().lost;
        let up = |path: u8| paths.mask() >> path & 1 == 1 && lost >> path & 1 == 0;
        self.powered && (0..self.options.paths_per_host).any(up)
    }

    fn path_of(&self, host: u16) -> Option<u8> {
        let known = self.hosts.get(&host).copied().unwrap_or_default();
        known.path(self.options.paths_per_host).filter(|_| self.powered)
    }

    /// Takes paths from a host. What was on them is lost; what the device had accepted goes on there, but its answer
    /// is lost, so the host sends it again. Returns when to call back about the requests sent again.
    pub fn lose_path(&mut self, now: Instant, host: u16, paths: Paths) -> Vec<Scheduled> {
        self.settle(now);
        self.hosts.entry(host).or_default().lost |= paths.mask();
        self.tally.count(FaultKind::PathLoss).armed += 1;
        let lost = |request: &InFlight| {
            request.id.host == host && request.phase != Phase::Waiting && paths.mask() >> request.path & 1 == 1
        };
        self.lose_connections(now, lost)
    }

    /// Gives paths back to a host, which then sends what it had to keep. Returns when to call back about those.
    pub fn restore_path(&mut self, now: Instant, host: u16, paths: Paths) -> Vec<Scheduled> {
        self.settle(now);
        self.hosts.entry(host).or_default().lost &= !paths.mask();
        self.send_waiting(now, |request| request.id.host == host)
    }

    /// The connections that `lost` picks are gone: each unanswered request is sent again when its host can.
    pub(super) fn lose_connections(&mut self, now: Instant, lost: impl Fn(&InFlight) -> bool) -> Vec<Scheduled> {
        self.make_late(now, &lost);
        let mut scheduled = Vec::new();
        for token in self.requests.in_issue_order() {
            let Some(request) = self.requests.get_mut(token).filter(|request| lost(request)) else { continue };
            let copy = request.clone();
            request.awaited = false;
            self.tally.count(FaultKind::PathLoss).fired += u64::from(self.powered);
            if request.phase != Phase::InService {
                self.requests.remove(token);
            }
            if copy.awaited {
                scheduled.extend(self.send_again(now, copy));
            }
        }
        scheduled
    }

    fn send_again(&mut self, now: Instant, lost: InFlight) -> Option<Scheduled> {
        let attempt = lost.attempt.saturating_add(1);
        let waiting = InFlight { attempt, phase: Phase::Waiting, entry: None, answer: None, ..lost };
        let host = waiting.id.host;
        let token = self.requests.insert(waiting);
        if !self.has_path(host) {
            self.wait_for_path(now, token);
            return self.wake(token);
        }
        self.requests.due(token, now + self.options.path_failover);
        self.wake(token)
    }

    /// Sends the waiting requests that `chosen` picks.
    pub(super) fn send_waiting(&mut self, now: Instant, chosen: impl Fn(&InFlight) -> bool) -> Vec<Scheduled> {
        let mut scheduled = Vec::new();
        for token in self.requests.in_issue_order() {
            let Some(request) = self.requests.get_mut(token) else { continue };
            if request.phase == Phase::Waiting && request.next == Instant::NEVER && chosen(request) {
                scheduled.extend(self.send(now, token));
            }
        }
        scheduled
    }

    /// Sends a request over its host's path, or lets it wait for one.
    pub(super) fn send(&mut self, now: Instant, token: Token) -> Option<Scheduled> {
        let (id, attempt) = self.requests.get_mut(token).map(|request| (request.id, request.attempt))?;
        let Some(path) = self.path_of(id.host) else {
            self.tally.count(FaultKind::PathLoss).fired += u64::from(self.powered);
            self.wait_for_path(now, token);
            return self.wake(token);
        };
        let mut draws = self.draws(concern::LATENCY, id, attempt);
        let out = self.options.path.draw(&mut draws);
        let back = self.options.path.draw(&mut draws);
        let ordered = self.options.personality.keeps_issue_order();
        let known = self.hosts.entry(id.host).or_default();
        let mut arrival = now + out;
        if ordered {
            arrival = arrival.max(known.last_arrival);
            known.last_arrival = arrival;
        }
        let request = self.requests.get_mut(token)?;
        request.service = request.work.service_time(&self.options).draw(&mut draws);
        request.back = back;
        request.path = path;
        request.phase = Phase::OnPath;
        request.gives_up = match self.options.request_timeout {
            Some(timeout) => request.issued + timeout,
            None => Instant::NEVER,
        };
        self.requests.due(token, arrival);
        self.wake(token)
    }

    fn wait_for_path(&mut self, now: Instant, token: Token) {
        let Some(request) = self.requests.get_mut(token) else { return };
        request.phase = Phase::Waiting;
        request.next = Instant::NEVER;
        request.in_the_dark |= !self.powered;
        if let WithoutPath::FailAfter(patience) = self.options.without_path {
            request.gives_up = request.gives_up.min(now + patience);
        }
    }

    /// Drops a request that had not taken effect: its host is dead, and it will never land.
    pub(super) fn drop_request(&mut self, token: Token) {
        let Some(request) = self.requests.remove(token) else { return };
        self.note_dropped(&request);
    }

    /// Notes that a request the device had accepted will not be carried out.
    pub(super) fn note_dropped(&mut self, request: &InFlight) {
        let Some(entry) = request.entry.filter(|_| request.phase == Phase::InService) else { return };
        let entry = self.journal.entry_mut(entry);
        entry.outcome = match entry.applied {
            // A cut had let it land, or a part of it.
            Some(_) => Outcome::Done,
            None => Outcome::Dropped,
        };
    }
}
