//! The device itself: requests go in, moments come back, completions come out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::armed::Armory;
use super::fault::Arming;
use super::image::{Image, Unwritten};
use super::in_flight::{InFlight, Phase, Requests, Work};
use super::journal::Journal;
use super::medium::Medium;
use super::options::{DeviceError, DeviceOptions};
use super::paths::Host;
use super::range::{RangeMap, SectorRange};
use super::request::{Advanced, IoError, Origin, Request, RequestId, Scheduled, Submitted, Token, sectors_of};
use super::reservation::Reservations;
use super::tally::{FaultKinds, FaultTally};
use crate::world::digest::Digest;
use crate::world::streams::{Seed, Stream, StreamKey};
use crate::world::time::Instant;

/// A simulated block device, shared by any number of hosts. See the module for how a world drives it.
#[derive(Clone, Debug)]
pub struct Device {
    pub(super) options: DeviceOptions,
    pub(super) key: StreamKey,
    pub(super) requests: Requests,
    pub(super) hosts: BTreeMap<u16, Host>,
    pub(super) numbers: BTreeMap<(u16, u16), u32>,
    pub(super) medium: Medium,
    pub(super) reservations: Reservations,
    /// Whose registrations it has forgotten, until somebody finds out.
    pub(super) forgotten: BTreeSet<u16>,
    pub(super) journal: Journal,
    pub(super) armory: Armory,
    pub(super) tally: FaultTally,
    /// Where permanent damage may be done; `None` for everywhere.
    pub(super) bounds: Option<RangeMap<()>>,
    pub(super) powered: bool,
    /// How often the power was cut: each cut has draws of its own.
    pub(super) cuts: u64,
    /// A flush has failed, and on this device the error sticks.
    pub(super) flush_error_sticks: bool,
    /// How many never-written sectors may still be written, if the device is thinly provisioned.
    pub(super) free_space: Option<u64>,
    /// When the device has moved all the bytes it was asked to move, if its bandwidth is limited.
    pub(super) busy_until: Instant,
}

/// The children of the device's stream, one for each thing that is drawn.
pub(super) mod concern {
    pub(in super::super) const LATENCY: u64 = 1;
    pub(in super::super) const UNWRITTEN: u64 = 2;
    pub(in super::super) const ORPHANS: u64 = 3;
    pub(in super::super) const CUTS: u64 = 4;
    pub(in super::super) const CRASH_STATES: u64 = 5;
    pub(in super::super) const TEARING: u64 = 6;
    pub(in super::super) const DECAY: u64 = 7;
    /// One for each kind of fault, from here on.
    pub(in super::super) const FAULTS: u64 = 16;
}

impl Device {
    /// A device that nobody has written to.
    pub fn new(options: DeviceOptions, seed: Seed) -> Result<Self, DeviceError> {
        options.check()?;
        let key = seed.stream_key(&format!("device/{}", options.name));
        let noise = (options.unwritten == Unwritten::Noise).then(|| key.child(concern::UNWRITTEN));
        let image = Image::empty(options.sector_size, noise);
        let mut device = Device::with_image(options, key, image);
        for (fault, chance) in device.options.rates.clone() {
            device.arm(Instant::START, Arming::new(fault).until_disarmed().with_chance(chance));
        }
        Ok(device)
    }

    /// A device with this image, on which nothing is in flight and nothing is wrong.
    pub(super) fn with_image(options: DeviceOptions, key: StreamKey, image: Image) -> Self {
        Device {
            key,
            requests: Requests::default(),
            hosts: BTreeMap::new(),
            numbers: BTreeMap::new(),
            medium: Medium::new(image),
            reservations: Reservations::default(),
            forgotten: BTreeSet::new(),
            journal: Journal::new(options.journal_budget),
            armory: Armory::default(),
            tally: FaultTally::default(),
            bounds: None,
            powered: true,
            cuts: 0,
            flush_error_sticks: false,
            free_space: options.space,
            busy_until: Instant::START,
            options,
        }
    }

    /// What was chosen about the device.
    pub fn options(&self) -> &DeviceOptions {
        &self.options
    }

    /// What the device accepted, from whom, and what became of it.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Who is registered, and who holds the reservation.
    pub fn reservations(&self) -> &Reservations {
        &self.reservations
    }

    /// What each fault came to so far.
    pub fn faults(&self) -> &FaultTally {
        &self.tally
    }

    /// Sends a request to the device.
    pub fn submit(&mut self, now: Instant, origin: Origin, request: Request) -> Submitted {
        self.settle(now);
        let id = self.name_request(&origin);
        let checksum = match &request {
            Request::Write { bytes, .. } => Digest::of(&bytes[..]),
            _ => 0,
        };
        let (work, answer) = match self.check(request) {
            Ok(work) => (work, None),
            Err(error) => (Work::Invalid, Some((now, Err(error)))),
        };
        let valid = answer.is_none();
        let token = self.requests.insert(InFlight {
            id,
            attempt: 0,
            origin,
            work,
            checksum,
            issued: now,
            path: 0,
            phase: if valid { Phase::Waiting } else { Phase::Finished },
            next: Instant::NEVER,
            service: Duration::ZERO,
            back: Duration::ZERO,
            entry: None,
            answer,
            awaited: true,
            gives_up: Instant::NEVER,
            orphaned: None,
            held_by: None,
            tears: None,
            struck: FaultKinds::default(),
            struck_by: Vec::new(),
            in_the_dark: false,
        });
        let scheduled = match valid {
            true => self.send(now, token),
            false => Some(Scheduled { at: now, token }),
        };
        Submitted { id, checksum, scheduled }
    }

    /// Goes on with a request at a moment the device asked for.
    pub fn advance(&mut self, at: Instant, token: Token) -> Advanced {
        self.settle(at);
        let Some(request) = self.requests.get_mut(token).filter(|request| request.awaited) else {
            return Advanced::Nothing;
        };
        if let Some((_, result)) = request.answer.take_if(|(when, _)| *when <= at) {
            return self.deliver(at, token, result);
        }
        if request.gives_up <= at {
            let error = if request.phase == Phase::Waiting { IoError::PathLost } else { IoError::TimedOut };
            return self.deliver(at, token, Err(error));
        }
        match self.wake(token) {
            Some(scheduled) => Advanced::Later(scheduled),
            None => Advanced::Nothing,
        }
    }

    /// Carries out everything the device does by itself up to `now`. Every method that takes a moment begins so.
    pub fn settle(&mut self, now: Instant) {
        while let Some((at, token)) = self.requests.take_due(now) {
            self.step(at, token);
        }
        self.write_back(now);
        self.medium.evict(now);
    }

    /// When to call back about a request that is not over: `None` if it hangs until something is mended.
    pub(super) fn wake(&mut self, token: Token) -> Option<Scheduled> {
        let request = self.requests.get_mut(token)?;
        let at = request.expected_answer().min(request.gives_up);
        (at != Instant::NEVER).then_some(Scheduled { at, token })
    }

    /// Ends the present phase of a request.
    pub(super) fn step(&mut self, at: Instant, token: Token) {
        match self.requests.get_mut(token).map(|request| request.phase) {
            Some(Phase::Waiting) => drop(self.send(at, token)),
            Some(Phase::OnPath | Phase::InService) if self.holds_up(at, token) => {}
            Some(Phase::OnPath) => self.accept(at, token),
            Some(Phase::InService) => self.serve(at, token),
            Some(Phase::Finished) | None => {}
        }
    }

    /// The draws of one concern that belong to one request.
    pub(super) fn draws(&self, concern: u64, id: RequestId, attempt: u8) -> Stream {
        let sender = u64::from(id.host) << 16 | u64::from(id.process);
        let request = u64::from(attempt) << 32 | u64::from(id.number);
        self.key.child(concern).child(sender).at(request)
    }

    fn name_request(&mut self, origin: &Origin) -> RequestId {
        let number = self.numbers.entry((origin.host, origin.process)).or_insert(0);
        let id = RequestId { host: origin.host, process: origin.process, number: *number };
        *number = number.wrapping_add(1);
        id
    }

    /// Checks what can be checked before anything is sent.
    fn check(&self, request: Request) -> Result<Work, IoError> {
        let sectors = |offset, length| sectors_of(offset, length, self.options.sector_size, self.options.capacity);
        Ok(match request {
            Request::Read { offset, length } => Work::Read(sectors(offset, length)?),
            Request::Write { offset, bytes, force_unit_access } => {
                Work::Write { range: sectors(offset, bytes.len() as u64)?, bytes, force_unit_access }
            }
            Request::FlushRange { offset, length } if self.options.personality.caches_in_host() => {
                Work::Flush(sectors(offset, length)?)
            }
            Request::FlushRange { offset, length } => {
                sectors(offset, length)?;
                Work::Flush(SectorRange::new(0, 0))
            }
            Request::Flush => Work::Flush(SectorRange::new(0, 0)),
            Request::Reservation(command) => Work::Reservation(command),
        })
    }
}
