//! What the device does with a request that has reached it: journal, refuse or carry out, answer.

use std::time::Duration;

use super::content::Content;
use super::in_flight::{Phase, Work};
use super::journal::{Entry, EntryKind, Outcome};
use super::machine::Device;
use super::range::SectorRange;
use super::request::{Advanced, Answer, Completion, IoError, Token};
use super::reservation::{Access, ReservationCommand};
use crate::world::digest::Digest;
use crate::world::time::Instant;

impl Device {
    /// A request has reached the device.
    pub(super) fn accept(&mut self, at: Instant, token: Token) {
        let Some(request) = self.requests.get_mut(token) else { return };
        let (host, work) = (request.origin.host, request.work.clone());
        let refusal = self.refusal(host, &work);
        self.enter_in_journal(at, token, refusal.map_or(Outcome::InFlight, Outcome::Failed));
        match (refusal, work) {
            (Some(error), _) => self.answer(at, token, Err(error)),
            (None, Work::Reservation(command)) => {
                let result = self.reserve(at, host, command);
                self.finish_entry(token, at, result.as_ref().err().copied());
                self.answer(at, token, result);
            }
            (None, work) => self.start_service(at, token, work.range()),
        }
    }

    /// Why the device refuses a request at the door, if it does.
    fn refusal(&self, host: u16, work: &Work) -> Option<IoError> {
        let access = match work {
            Work::Read(_) => Access::Read,
            Work::Write { .. } | Work::Flush(_) => Access::Write,
            Work::Reservation(_) | Work::Invalid => return None,
        };
        (!self.reservations.allows(host, access)).then_some(IoError::ReservationConflict)
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
            registered_key: self.reservations.key_of(request.origin.host),
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
        }));
    }

    fn start_service(&mut self, at: Instant, token: Token, range: SectorRange) {
        let begins = self.when_free(at, range);
        let ordered = self.options.personality.keeps_issue_order();
        let Some(request) = self.requests.get_mut(token) else { return };
        request.phase = Phase::InService;
        let mut ends = begins + request.service;
        if let Some(host) = self.hosts.get_mut(&request.id.host).filter(|_| ordered) {
            ends = ends.max(host.last_served);
            host.last_served = ends;
        }
        self.requests.due(token, ends);
    }

    /// When the device has moved the bytes it was given before, and these.
    fn when_free(&mut self, at: Instant, range: SectorRange) -> Instant {
        let Some(bandwidth) = self.options.bandwidth else { return at };
        let bytes = range.count() * self.options.sector_size;
        let transfer = u128::from(bytes) * 1_000_000_000 / u128::from(bandwidth.max(1));
        self.busy_until = self.busy_until.max(at) + Duration::from_nanos(transfer as u64);
        self.busy_until
    }

    /// Carries an accepted request out.
    pub(super) fn serve(&mut self, at: Instant, token: Token) {
        let Some(request) = self.requests.get_mut(token) else { return };
        let (work, issued) = (request.work.clone(), request.issued);
        let result = match work {
            Work::Read(range) => self.read(range),
            Work::Write { range, bytes, force_unit_access } => {
                let content = Content::Bytes { buffer: bytes, origin: range.first };
                self.write(at, token, range, content, force_unit_access)
            }
            Work::Flush(range) => self.flush(at, issued, range),
            Work::Reservation(_) | Work::Invalid => return,
        };
        self.finish_entry(token, at, result.as_ref().err().copied());
        self.answer(at, token, result);
    }

    fn read(&mut self, range: SectorRange) -> Result<Answer, IoError> {
        let read = self.medium.image.read(range);
        read.map(Answer::Data).map_err(|unreadable| IoError::Medium { sector: unreadable.sector })
    }

    fn write(
        &mut self,
        at: Instant,
        token: Token,
        range: SectorRange,
        content: Content,
        force_unit_access: bool,
    ) -> Result<Answer, IoError> {
        let Some(request) = self.requests.get_mut(token) else { return Err(IoError::Aborted) };
        let (id, entry) = (request.id, request.entry);
        self.take_space(range)?;
        match entry {
            Some(entry) if !force_unit_access && !self.options.personality.is_stable_when_applied() => {
                self.medium.write_to_cache(id, entry, at, range, content);
            }
            _ => {
                self.medium.write_through(range, content);
                if let Some(entry) = entry {
                    self.journal.entry_mut(entry).stable = Some(at);
                }
            }
        }
        Ok(Answer::Written)
    }

    /// Allots room for sectors that were never written before.
    fn take_space(&mut self, range: SectorRange) -> Result<(), IoError> {
        let Some(free) = self.free_space else { return Ok(()) };
        let fresh = range.count() - self.medium.image.written_in(range);
        self.free_space = Some(free.checked_sub(fresh).ok_or(IoError::NoSpace)?);
        Ok(())
    }

    /// Makes stable what was acknowledged before the flush was issued.
    fn flush(&mut self, at: Instant, issued: Instant, range: SectorRange) -> Result<Answer, IoError> {
        if !self.options.personality.lies_about_flushes() {
            let journal = &self.journal;
            let mut stable = Vec::new();
            self.medium.make_stable(
                |write| {
                    let acknowledged = journal.entry(write.entry).acknowledged;
                    acknowledged.is_some_and(|when| when <= issued) && (range.is_empty() || write.range.overlaps(range))
                },
                |entry| stable.push(entry),
            );
            stable.into_iter().for_each(|entry| self.journal.entry_mut(entry).stable = Some(at));
        }
        Ok(Answer::Flushed)
    }

    /// Writes back what has been in the volatile cache for too long.
    pub(super) fn write_back(&mut self, now: Instant) {
        let (Some(age), Some(oldest)) = (self.options.write_back, self.medium.cache.front()) else { return };
        if oldest.applied + age > now {
            return;
        }
        let mut stable = Vec::new();
        self.medium.make_stable(|write| write.applied + age <= now, |entry| stable.push(entry));
        stable.into_iter().for_each(|entry| self.journal.entry_mut(entry).stable = Some(now));
    }

    fn reserve(&mut self, at: Instant, host: u16, command: ReservationCommand) -> Result<Answer, IoError> {
        let effect = self.reservations.execute(host, command)?;
        for victim in effect.abort {
            self.abort(at, victim);
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

    /// Ends what the device has accepted from `host` and not yet carried out.
    pub(super) fn abort(&mut self, at: Instant, host: u16) -> usize {
        let mut aborted = 0;
        for token in self.requests.in_issue_order() {
            let Some(request) = self.requests.get_mut(token) else { continue };
            if request.id.host != host || request.phase != Phase::InService {
                continue;
            }
            if let Some(entry) = request.entry {
                self.journal.entry_mut(entry).outcome = Outcome::Aborted;
            }
            aborted += 1;
            self.answer(at, token, Err(IoError::Aborted));
        }
        aborted
    }

    fn finish_entry(&mut self, token: Token, at: Instant, error: Option<IoError>) {
        let Some(entry) = self.requests.get_mut(token).and_then(|request| request.entry) else { return };
        let entry = self.journal.entry_mut(entry);
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
        let completion = Completion { id: request.id, origin: request.origin, at, checksum, result };
        let answered = request.phase == Phase::Finished;
        if let Some(entry) = request.entry.filter(|_| answered) {
            self.journal.entry_mut(entry).acknowledged = Some(at);
        }
        if request.is_over() {
            self.requests.remove(token);
        }
        Advanced::Done(completion)
    }
}
