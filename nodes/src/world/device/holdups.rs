//! Requests that are held up: a device that hangs or stalls, for one host or for all; writes that land late.

use std::time::Duration;

use super::armed::Victim;
use super::fault::{DeviceFault, FaultId, FaultKind};
use super::in_flight::{InFlight, Phase};
use super::machine::Device;
use super::request::{Scheduled, Token};
use crate::world::time::Instant;

impl Device {
    /// True if a fault keeps the request from going on now; it is then due again when the fault ends.
    pub(super) fn holds_up(&mut self, at: Instant, token: Token) -> bool {
        if self.armory.is_empty() {
            return false;
        }
        let Some(victim) = self.requests.get_mut(token).map(|request| request.victim(at, token)) else { return false };
        self.begin_stalls(&victim);
        let (fault, until) = match self.armory.pause_of(&victim) {
            Some(pause) => pause,
            None => match self.strikes(&victim, |fault| fault == DeviceFault::Hang).into_iter().next() {
                Some(strike) => {
                    self.fired(&victim, &strike);
                    (strike.id, strike.until)
                }
                None => return false,
            },
        };
        if let Some(request) = self.requests.get_mut(token) {
            request.held_by = Some(fault);
        }
        self.requests.due(token, until);
        true
    }

    /// A request that has begun a stall does not begin another when it goes on, or a rate of stalls would never end.
    fn begin_stalls(&mut self, victim: &Victim) {
        let begun = |request: &mut InFlight| request.struck.contains(FaultKind::Stall);
        if self.requests.get_mut(victim.token).is_some_and(begun) {
            return;
        }
        for mut strike in self.strikes(victim, |fault| matches!(fault, DeviceFault::Stall { .. })) {
            let DeviceFault::Stall { length } = strike.fault else { continue };
            let ends = victim.at + length.draw(&mut strike.draws);
            self.armory.pause(&strike, victim.at, ends);
            self.fired(victim, &strike);
        }
    }

    /// By how much a fault delays a write in flight that has lost its host, its path or its key.
    pub(super) fn lateness(&mut self, now: Instant, token: Token) -> Option<Duration> {
        if self.armory.is_empty() {
            return None;
        }
        let request = self.requests.get_mut(token).filter(|request| request.work.is_write())?;
        let victim = request.victim(now, token);
        let strikes = self.strikes(&victim, |fault| matches!(fault, DeviceFault::LateWrite { .. }));
        let mut strike = strikes.into_iter().next()?;
        let DeviceFault::LateWrite { delay } = strike.fault else { return None };
        let delay = delay.draw(&mut strike.draws);
        self.fired(&victim, &strike);
        Some(delay)
    }

    /// Delays the accepted writes that `chosen` picks, if a fault says so.
    pub(super) fn make_late(&mut self, now: Instant, chosen: impl Fn(&InFlight) -> bool) {
        if self.armory.is_empty() {
            return;
        }
        for token in self.requests.in_issue_order() {
            let accepted = |request: &mut InFlight| request.phase == Phase::InService && chosen(request);
            if !self.requests.get_mut(token).is_some_and(accepted) {
                continue;
            }
            if let Some(delay) = self.lateness(now, token) {
                self.postpone(token, now + delay);
            }
        }
    }

    /// Lets a write land at `moment`, whatever held it up before: the end of a stall does not bring it forward.
    pub(super) fn postpone(&mut self, token: Token, moment: Instant) {
        if let Some(request) = self.requests.get_mut(token) {
            request.held_by = None;
        }
        self.requests.due(token, moment);
    }

    /// Lets go on what a fault held up for good.
    pub(super) fn release(&mut self, now: Instant, fault: FaultId) -> Vec<Scheduled> {
        let mut scheduled = Vec::new();
        for token in self.requests.in_issue_order() {
            let Some(request) = self.requests.get_mut(token) else { continue };
            let sent = matches!(request.phase, Phase::OnPath | Phase::InService);
            if sent && request.held_by == Some(fault) && request.next > now {
                self.requests.due(token, now);
                scheduled.push(token);
            }
        }
        self.settle(now);
        scheduled.into_iter().filter_map(|token| self.wake(token)).collect()
    }

    /// Counts what the sender of a request sees of the faults that struck it.
    /// `outage` is why it was sent again or could not be sent.
    pub(super) fn count_observed(&mut self, struck: Vec<(FaultKind, FaultId)>, outage: Option<FaultKind>) {
        for (kind, fault) in struck.into_iter().filter(|(kind, _)| kind.shows_in_the_answer()) {
            self.tally.note(kind, Some(fault), |counts| counts.observed += 1);
        }
        if let Some(kind) = outage {
            self.tally.count(kind).observed += 1;
        }
    }
}
