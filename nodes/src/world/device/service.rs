//! What the device does with a request that has reached it: journal, refuse or carry out, answer.

use std::time::Duration;

use super::armed::Victim;
use super::fault::{DeviceFault, FaultKind};
use super::in_flight::{Phase, Work};
use super::journal::{Entry, EntryKind, Outcome};
use super::machine::Device;
use super::request::{Advanced, Answer, Completion, IoError, Token};
use super::reservation::{Access, ReservationCommand};
use super::tally::FaultKinds;
use crate::world::digest::Digest;
use crate::world::time::Instant;

impl Device {
    /// A request has reached the device.
    pub(super) fn accept(&mut self, at: Instant, token: Token) {
        let Some(request) = self.requests.get_mut(token) else { return };
        let (host, command) = match request.work {
            Work::Reservation(command) => (request.id.host, Some(command)),
            _ => (request.id.host, None),
        };
        let refusal = self.refusal(token);
        self.enter_in_journal(at, token, refusal.map_or(Outcome::InFlight, Outcome::Failed));
        match (refusal, command) {
            (Some(error), _) => self.answer(at, token, Err(error)),
            (None, Some(command)) => {
                let result = self.reserve(at, host, command);
                self.finish_entry(token, at, result.as_ref().err().copied());
                self.answer(at, token, result);
            }
            (None, None) => self.start_service(at, token),
        }
    }

    /// Why the device refuses a request at the door, if it does.
    pub(super) fn refusal(&mut self, token: Token) -> Option<IoError> {
        let request = self.requests.get_mut(token)?;
        let access = match request.work {
            Work::Read(_) => Access::Read,
            Work::Write { .. } | Work::Flush(_) => Access::Write,
            Work::Reservation(_) | Work::Invalid => return None,
        };
        (!self.reservations.allows(request.id.host, access)).then_some(IoError::ReservationConflict)
    }

    fn enter_in_journal(&mut self, at: Instant, token: Token, outcome: Outcome) {
        let Some(request) = self.requests.get_mut(token) else { return };
        let kind = match &request.work {
            Work::Read(_) if self.options.journal_reads => EntryKind::Read,
            Work::Read(_) | Work::Invalid => return,
            Work::Write { force_unit_access, .. } => EntryKind::Write { force_unit_access: *force_unit_access },
            Work::Flush(_) => EntryKind::Flush,
            Work::Reservation(command) => EntryKind::Reservation(*command),
        };
        let bytes = match &request.work {
            Work::Write { bytes, .. } => Some(bytes.clone()),
            _ => None,
        };
        request.entry = Some(self.journal.push(Entry {
            request: request.id,
            attempt: request.attempt,
            origin: request.origin,
            registered_key: self.reservations.key_of(request.id.host),
            kind,
            range: request.work.range(),
            checksum: request.checksum,
            bytes,
            issued: request.issued,
            accepted: at,
            orphaned: request.orphaned,
            applied: None,
            stable: None,
            acknowledged: None,
            outcome,
            after_cut: None,
            faults: FaultKinds::default(),
        }));
    }

    fn start_service(&mut self, at: Instant, token: Token) {
        let Some(request) = self.requests.get_mut(token) else { return };
        request.phase = Phase::InService;
        let service = request.service;
        let victim = request.victim(at, token);
        self.mark_for_tearing(&victim);
        let (extra, bandwidth) = self.slowed_down(&victim);
        let mut ends = self.when_moved(&victim, bandwidth) + service + extra;
        if self.options.personality.keeps_issue_order() {
            let host = self.hosts.entry(victim.id.host).or_default();
            ends = ends.max(host.last_served);
            host.last_served = ends;
        }
        self.requests.due(token, ends);
    }

    /// By how much faults delay a request, and the bandwidth they leave.
    fn slowed_down(&mut self, victim: &Victim) -> (Duration, Option<u64>) {
        let mut extra = Duration::ZERO;
        let mut bandwidth = self.options.bandwidth;
        if self.armory.is_empty() {
            return (extra, bandwidth);
        }
        let slows = |fault| matches!(fault, DeviceFault::Slow { .. } | DeviceFault::Limp { .. });
        for mut strike in self.strikes(victim, slows) {
            match strike.fault {
                DeviceFault::Slow { extra: more } => extra += more.draw(&mut strike.draws),
                DeviceFault::Limp { bandwidth: left } => {
                    bandwidth = Some(bandwidth.map_or(left, |known| known.min(left)))
                }
                _ => continue,
            }
            self.fired(victim, &strike);
        }
        (extra, bandwidth)
    }

    /// When the device has moved the bytes it was given before, and these.
    fn when_moved(&mut self, victim: &Victim, bandwidth: Option<u64>) -> Instant {
        let Some(bandwidth) = bandwidth else { return victim.at };
        let bytes = victim.range.count() * self.options.sector_size;
        let transfer = u128::from(bytes) * 1_000_000_000 / u128::from(bandwidth.max(1));
        let transfer = Duration::from_nanos(u64::try_from(transfer).unwrap_or(u64::MAX));
        self.busy_until = self.busy_until.max(victim.at) + transfer;
        self.busy_until
    }

    /// Carries an accepted request out.
    pub(super) fn serve(&mut self, at: Instant, token: Token) {
        let Some(request) = self.requests.get_mut(token) else { return };
        let (work, issued, entry) = (request.work.clone(), request.issued, request.entry);
        let victim = request.victim(at, token);
        let result = match (work, entry) {
            (Work::Read(_), _) => self.read(&victim),
            (Work::Write { bytes, force_unit_access, .. }, Some(entry)) => {
                self.write(&victim, entry, bytes, force_unit_access)
            }
            (Work::Flush(_), _) => self.flush(&victim, issued),
            _ => return,
        };
        self.finish_entry(token, at, result.as_ref().err().copied());
        self.answer(at, token, result);
    }

    fn reserve(&mut self, at: Instant, host: u16, command: ReservationCommand) -> Result<Answer, IoError> {
        let executed = self.reservations.execute(host, command);
        self.find_out_what_is_forgotten(host, command, executed.is_err());
        let effect = executed?;
        for victim in effect.removed {
            match effect.abort {
                true => self.abort(at, victim),
                false => self.make_late(at, |request| request.id.host == victim),
            }
        }
        let generation = self.reservations.generation();
        Ok(match command {
            ReservationCommand::ReadKeys => {
                Answer::Registrations { generation, registrations: self.reservations.registrations() }
            }
            ReservationCommand::ReadReservation => Answer::Held { generation, held: self.reservations.held() },
            _ => Answer::Reserved,
        })
    }

    /// Counts that a host finds out that its registration is forgotten, or anybody who reads what is left of them: only
    /// a command can show it, for requests of all hosts pass where nothing is reserved.
    fn find_out_what_is_forgotten(&mut self, host: u16, command: ReservationCommand, refused: bool) {
        let reads = matches!(command, ReservationCommand::ReadKeys | ReservationCommand::ReadReservation);
        if (refused && self.forgotten.contains(&host)) || (reads && !self.forgotten.is_empty()) {
            self.forgotten.clear();
            self.tally.count(FaultKind::ReservationsLost).observed += 1;
        }
    }

    /// Ends what the device has accepted from `host` and not yet carried out.
    pub(super) fn abort(&mut self, at: Instant, host: u16) {
        for token in self.requests.in_issue_order() {
            let Some(request) = self.requests.get_mut(token) else { continue };
            if request.id.host != host || request.phase != Phase::InService {
                continue;
            }
            if let Some(entry) = request.entry {
                self.journal.entry_mut(entry).outcome = Outcome::Aborted;
            }
            self.answer(at, token, Err(IoError::Aborted));
        }
    }

    /// Notes how a request ended at the device, unless that has been said already.
    fn finish_entry(&mut self, token: Token, at: Instant, error: Option<IoError>) {
        let Some(entry) = self.requests.get_mut(token).and_then(|request| request.entry) else { return };
        let entry = self.journal.entry_mut(entry);
        if entry.outcome != Outcome::InFlight {
            return;
        }
        match error {
            Some(error) => entry.outcome = Outcome::Failed(error),
            None => {
                entry.outcome = Outcome::Done;
                entry.applied = Some(at);
            }
        }
    }

    /// The device is done with a request: the answer sets out for the host, if the host still waits.
    pub(super) fn answer(&mut self, at: Instant, token: Token, result: Result<Answer, IoError>) {
        let Some(request) = self.requests.get_mut(token) else { return };
        request.phase = Phase::Finished;
        request.next = Instant::NEVER;
        request.answer = Some((at + request.back, result));
        if request.is_over() {
            self.requests.remove(token);
        }
    }

    /// The host has its answer, or has stopped waiting for one.
    pub(super) fn deliver(&mut self, at: Instant, token: Token, result: Result<Answer, IoError>) -> Advanced {
        let Some(request) = self.requests.get_mut(token) else { return Advanced::Nothing };
        request.awaited = false;
        let checksum = match &result {
            Ok(Answer::Data(bytes)) => Digest::of(&bytes[..]),
            _ => request.checksum,
        };
        let (struck, resent) = (std::mem::take(&mut request.struck_by), request.attempt != 0);
        let outage = match (request.in_the_dark, &result) {
            (true, _) => Some(FaultKind::PowerCut),
            (false, Err(IoError::PathLost)) => Some(FaultKind::PathLoss),
            (false, _) => resent.then_some(FaultKind::PathLoss),
        };
        let completion = Completion { id: request.id, origin: request.origin, at, checksum, result };
        let answered = request.phase == Phase::Finished;
        if let Some(entry) = request.entry.filter(|_| answered) {
            self.journal.entry_mut(entry).acknowledged = Some(at);
        }
        if request.is_over() {
            self.requests.remove(token);
        }
        self.count_observed(struck, outage);
        Advanced::Done(completion)
    }
}
