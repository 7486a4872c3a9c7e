//! A device driven as a world drives it, in tests that read like a runbook.

mod basics;
mod bounds;
mod crash;
mod cuts;
mod data_faults;
mod death;
mod errors;
mod flushes;
mod paths;
mod personalities;
mod properties;
mod timing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::world::latency::Latency;
use crate::world::streams::Seed;
use crate::world::time::Instant;

pub(super) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) const fn at(millis: u64) -> Instant {
    Instant(millis * 1_000_000)
}

/// A request of `host`.
pub(super) fn origin(host: u16) -> Origin {
    Origin { host, process: 0, incarnation: 1, reservation_key: u64::from(host), epoch: 0 }
}

/// One sector full of `byte`.
pub(super) fn sector_of(byte: u8) -> Arc<[u8]> {
    [byte; 512].into()
}

/// A write of sectors, each full of the byte given for it.
pub(super) fn write(sector: u64, bytes: &[u8]) -> Request {
    let buffer: Vec<u8> = bytes.iter().flat_map(|byte| [*byte; 512]).collect();
    Request::Write { offset: sector * 512, bytes: buffer.into(), force_unit_access: false }
}

pub(super) fn write_through(sector: u64, bytes: &[u8]) -> Request {
    match write(sector, bytes) {
        Request::Write { offset, bytes, .. } => Request::Write { offset, bytes, force_unit_access: true },
        other => other,
    }
}

pub(super) fn read(sector: u64, count: u64) -> Request {
    Request::Read { offset: sector * 512, length: count * 512 }
}

/// Round delays, so that a test can name its moments: 1 ms each way, reads 2 ms, writes 4 ms, flushes 8 ms.
pub(super) fn options() -> DeviceOptions {
    DeviceOptions {
        path: Latency::fixed(ms(1)),
        read: Latency::fixed(ms(2)),
        write: Latency::fixed(ms(4)),
        flush: Latency::fixed(ms(8)),
        write_back: None,
        ..DeviceOptions::new("shared", 1024)
    }
}

/// A device and the moments it asked for.
pub(super) struct Driver {
    pub(super) device: Device,
    pub(super) now: Instant,
    waiting: BTreeMap<(Instant, u64), Token>,
    scheduled: u64,
    pub(super) completions: Vec<Completion>,
    taken: BTreeSet<RequestId>,
}

impl Driver {
    pub(super) fn new(options: DeviceOptions) -> Self {
        Driver::of(Device::new(options, Seed(1)).expect("the options are sound"))
    }

    pub(super) fn of(device: Device) -> Self {
        Driver {
            device,
            now: Instant::START,
            waiting: BTreeMap::new(),
            scheduled: 0,
            completions: Vec::new(),
            taken: BTreeSet::new(),
        }
    }

    pub(super) fn keep(&mut self, scheduled: impl IntoIterator<Item = Scheduled>) {
        for moment in scheduled {
            assert!(moment.at >= self.now, "a moment in the past");
            self.scheduled += 1;
            self.waiting.insert((moment.at, self.scheduled), moment.token);
        }
    }

    /// Sends a request now.
    pub(super) fn submit(&mut self, host: u16, request: Request) -> RequestId {
        let submitted = self.device.submit(self.now, origin(host), request);
        self.keep(submitted.scheduled);
        submitted.id
    }

    /// Lets time pass until `moment`.
    pub(super) fn run_until(&mut self, moment: Instant) {
        while let Some((&(when, number), &token)) =
            self.waiting.first_key_value().filter(|((when, _), _)| *when <= moment)
        {
            self.waiting.remove(&(when, number));
            self.now = when;
            match self.device.advance(when, token) {
                Advanced::Done(completion) => {
                    assert!(self.taken.insert(completion.id), "{:?} completed twice", completion.id);
                    self.completions.push(completion);
                }
                Advanced::Later(later) => {
                    assert!(later.at > when, "asked to come back at once");
                    self.keep([later]);
                }
                Advanced::Nothing => {}
            }
        }
        self.now = self.now.max(moment);
        self.device.settle(self.now);
    }

    /// Lets time pass until nothing more is due.
    pub(super) fn run(&mut self) {
        while let Some((&(when, _), _)) = self.waiting.first_key_value() {
            self.run_until(when);
        }
    }

    /// The result of a request; panics if it has none yet.
    pub(super) fn result(&self, id: RequestId) -> Result<Answer, IoError> {
        self.completion(id).expect("the request completed").result.clone()
    }

    pub(super) fn completion(&self, id: RequestId) -> Option<&Completion> {
        self.completions.iter().find(|completion| completion.id == id)
    }

    /// Sends a request and waits for its result.
    pub(super) fn call(&mut self, host: u16, request: Request) -> Result<Answer, IoError> {
        let id = self.submit(host, request);
        while self.completion(id).is_none() {
            let (&(when, _), _) = self.waiting.first_key_value().expect("something is due");
            self.run_until(when);
        }
        self.result(id)
    }

    /// The first byte of each sector, as a reader gets it.
    pub(super) fn read(&mut self, sector: u64, count: u64) -> Vec<u8> {
        match self.call(9, read(sector, count)) {
            Ok(Answer::Data(bytes)) => bytes.iter().step_by(512).copied().collect(),
            other => panic!("read of {count} sectors at {sector}: {other:?}"),
        }
    }

    /// Arms a fault now.
    pub(super) fn arm(&mut self, arming: Arming) -> FaultId {
        self.device.arm(self.now, arming)
    }

    /// The counts of a fault as (armed, fired, observed, repaired).
    pub(super) fn counts(&self, kind: FaultKind) -> (u64, u64, u64, u64) {
        let counts = self.device.faults().of(kind);
        (counts.armed, counts.fired, counts.observed, counts.repaired)
    }

    /// The first byte of each sector of an image.
    pub(super) fn bytes_of(image: &Image, sector: u64, count: u64) -> Vec<u8> {
        let bytes = image.read(SectorRange::new(sector, count)).expect("it can be read");
        bytes.iter().step_by(512).copied().collect()
    }

    /// The first byte of each sector, as it should be.
    pub(super) fn pristine(&mut self, sector: u64, count: u64) -> Vec<u8> {
        Driver::bytes_of(&self.device.pristine_image(self.now), sector, count)
    }

    /// Cuts the power and gives it back at once.
    pub(super) fn power_cycle(&mut self, survivors: Survivors) {
        let moments = self.device.power_cut(self.now, survivors);
        self.keep(moments);
        let moments = self.device.power_on(self.now);
        self.keep(moments);
    }

    /// The one journal entry of a request.
    pub(super) fn entry(&self, id: RequestId) -> &Entry {
        let mut found = self.device.journal().entries().iter().filter(|entry| entry.request == id);
        let entry = found.next().expect("the request was accepted");
        assert!(found.next().is_none(), "the request was accepted twice");
        entry
    }
}
