//! The faults that are armed, and which of them strike a request.
//!
//! Whether one strikes is drawn from the kind of fault and the request's name alone, so arming another fault, or
//! removing one that did nothing, moves no draw.

use super::fault::{Arming, DeviceFault, FaultId, Lifetime};
use super::machine::{Device, concern};
use super::range::{RangeMap, SectorRange};
use super::request::{RequestId, Scheduled, Token};
use crate::world::streams::Stream;
use crate::world::time::Instant;

/// An armed fault.
#[derive(Clone, Debug)]
struct Armed {
    id: FaultId,
    arming: Arming,
    /// Sectors that have failed and go on failing.
    stuck: RangeMap<()>,
}

/// A stall that has begun: until it ends nothing goes on, or nothing of one host.
#[derive(Clone, Copy, Debug)]
struct Pause {
    fault: FaultId,
    host: Option<u16>,
    until: Instant,
}

/// The armed faults of a device.
#[derive(Clone, Debug, Default)]
pub(super) struct Armory {
    armed: Vec<Armed>,
    pauses: Vec<Pause>,
    next: u32,
}

/// A request that may be struck.
#[derive(Clone, Copy, Debug)]
pub(super) struct Victim {
    pub(super) at: Instant,
    pub(super) token: Token,
    pub(super) id: RequestId,
    pub(super) attempt: u8,
    pub(super) range: SectorRange,
    pub(super) is_write: bool,
}

/// A fault that strikes a request, if it can have an effect there.
#[derive(Clone, Debug)]
pub(super) struct Strike {
    pub(super) id: FaultId,
    pub(super) fault: DeviceFault,
    /// What it was aimed at.
    pub(super) aim: Arming,
    /// The sectors of the request that it was aimed at.
    pub(super) range: SectorRange,
    /// When the fault ends by itself; NEVER if it does not.
    pub(super) until: Instant,
    pub(super) draws: Stream,
}

impl Armory {
    pub(super) fn is_empty(&self) -> bool {
        self.armed.is_empty() && self.pauses.is_empty()
    }

    fn arm(&mut self, now: Instant, arming: Arming) -> FaultId {
        self.armed.retain(|armed| !matches!(armed.arming.lifetime, Lifetime::Until(moment) if moment <= now));
        let id = self.name();
        self.armed.push(Armed { id, arming, stuck: RangeMap::default() });
        id
    }

    /// A name nobody has.
    pub(super) fn name(&mut self) -> FaultId {
        self.next += 1;
        FaultId(self.next - 1)
    }

    fn disarm(&mut self, id: FaultId) {
        self.armed.retain(|armed| armed.id != id);
        self.pauses.retain(|pause| pause.fault != id);
    }

    /// Begins a stall.
    pub(super) fn pause(&mut self, strike: &Strike, now: Instant, until: Instant) {
        self.pauses.retain(|pause| pause.until > now);
        self.pauses.push(Pause { fault: strike.id, host: strike.aim.host, until });
    }

    /// The stall that keeps a request from going on, and when it ends.
    pub(super) fn pause_of(&self, victim: &Victim) -> Option<(FaultId, Instant)> {
        let stops = |pause: &&Pause| pause.until > victim.at && pause.host.is_none_or(|host| host == victim.id.host);
        self.pauses.iter().filter(stops).max_by_key(|pause| pause.until).map(|pause| (pause.fault, pause.until))
    }

    fn get_mut(&mut self, id: FaultId) -> Option<&mut Armed> {
        self.armed.iter_mut().find(|armed| armed.id == id)
    }

    /// A sector goes on failing.
    pub(super) fn stick(&mut self, id: FaultId, sector: u64) {
        if let Some(armed) = self.get_mut(id) {
            armed.stuck.insert(SectorRange::one(sector), ());
        }
    }

    /// Takes room for new sectors from what a nearly full device has left; false if there is not enough.
    pub(super) fn take_space(&mut self, id: FaultId, sectors: u64) -> bool {
        let Some(DeviceFault::Full { free }) = self.get_mut(id).map(|armed| &mut armed.arming.fault) else {
            return true;
        };
        match free.checked_sub(sectors) {
            Some(left) => {
                *free = left;
                true
            }
            None => false,
        }
    }

    /// One strike of the fault is used up.
    pub(super) fn spend(&mut self, id: FaultId) {
        self.armed.retain_mut(|armed| {
            let Lifetime::Requests(left) = &mut armed.arming.lifetime else { return true };
            if armed.id == id {
                *left = left.saturating_sub(1);
            }
            *left != 0
        });
    }
}

impl Armed {
    /// The part of the victim this fault is aimed at, if any.
    fn aims_at(&self, victim: &Victim) -> Option<SectorRange> {
        let Arming { host, range, lifetime, writes_only, .. } = self.arming;
        if host.is_some_and(|host| host != victim.id.host) || (writes_only && !victim.is_write) {
            return None;
        }
        if matches!(lifetime, Lifetime::Until(moment) if moment <= victim.at) {
            return None;
        }
        let flush_fault = matches!(self.arming.fault, DeviceFault::FailedFlush | DeviceFault::LyingFlush);
        match range {
            // A flush of everything touches every sector there is.
            Some(aim) if victim.range.is_empty() => flush_fault.then_some(aim),
            Some(aim) => Some(aim.intersection(victim.range)).filter(|hit| !hit.is_empty()),
            None => Some(victim.range),
        }
    }
}

impl Device {
    /// Arms a fault.
    pub fn arm(&mut self, now: Instant, arming: Arming) -> FaultId {
        self.settle(now);
        let id = self.armory.arm(now, arming);
        self.tally.note(arming.fault.kind(), Some(id), |counts| counts.armed += 1);
        id
    }

    /// Disarms a fault; what it held up goes on. What it damaged stays damaged. Returns when to call back about
    /// requests that hung.
    pub fn disarm(&mut self, now: Instant, id: FaultId) -> Vec<Scheduled> {
        self.settle(now);
        self.armory.disarm(id);
        self.release(now, id)
    }

    /// The faults picked by `wanted` that strike `victim`, in the order in which they were armed.
    pub(super) fn strikes(&self, victim: &Victim, wanted: impl Fn(DeviceFault) -> bool) -> Vec<Strike> {
        let mut strikes = Vec::new();
        for armed in &self.armory.armed {
            let Arming { fault, lifetime, chance: (n, d), .. } = armed.arming;
            if !wanted(fault) {
                continue;
            }
            let Some(range) = armed.aims_at(victim) else { continue };
            let mut draws = self.draws(concern::FAULTS + fault.kind() as u64, victim.id, victim.attempt);
            let stuck = armed.stuck.within(range).next().map(|(stuck, ())| stuck);
            if !draws.chance(n, d) && stuck.is_none() {
                continue;
            }
            let range = stuck.unwrap_or(range);
            let until = match lifetime {
                Lifetime::Until(moment) => moment,
                Lifetime::Requests(_) | Lifetime::UntilDisarmed => Instant::NEVER,
            };
            strikes.push(Strike { id: armed.id, fault, aim: armed.arming, range, until, draws });
        }
        strikes
    }

    /// A strike had its effect.
    pub(super) fn fired(&mut self, victim: &Victim, strike: &Strike) {
        let kind = strike.fault.kind();
        self.tally.note(kind, Some(strike.id), |counts| counts.fired += 1);
        self.armory.spend(strike.id);
        let Some(request) = self.requests.get_mut(victim.token) else { return };
        if !request.struck.contains(kind) {
            request.struck_by.push((kind, strike.id));
        }
        request.struck.insert(kind);
        if let Some(entry) = request.entry {
            self.journal.entry_mut(entry).faults.insert(kind);
        }
    }

    /// A strike was not to have its effect here.
    pub(super) fn withheld(&mut self, strike: &Strike) {
        self.tally.note(strike.fault.kind(), Some(strike.id), |counts| counts.withheld += 1);
    }
}
