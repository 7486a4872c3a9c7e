//! What happens to the device as a whole: its power is cut, its data or its reservations are gone.
//!
//! For a local disk the world cuts the device's power together with its host's. Where the volatile cache is the page
//! cache of a host, the host's death is the cut.

use super::crash::{Open, Unit};
use super::fault::FaultKind;
use super::in_flight::{InFlight, Phase};
use super::journal::{InterruptionKind, Survival};
use super::machine::{Device, concern};
use super::request::Scheduled;
use super::reservation::Reservations;
use crate::world::streams::StreamKey;
use crate::world::time::Instant;

/// What survives a cut of all that is not stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survivors {
    /// Any subset, torn at the device's own grain; drawn.
    Drawn,
    /// None of it.
    Nothing,
    /// All of it.
    Everything,
}

impl Device {
    /// Cuts the power: the volatile cache is lost, but for what `survivors` says, and no request is answered until
    /// the power is back. Returns when to call back about the requests of hosts that are still alive.
    pub fn power_cut(&mut self, now: Instant, survivors: Survivors) -> Vec<Scheduled> {
        self.settle(now);
        self.lose_cache(now, InterruptionKind::PowerCut, survivors);
        self.powered = false;
        self.flush_error_sticks = false;
        if !self.options.reservations_survive_power_loss {
            self.lose_reservations(now);
        }
        let scheduled = self.lose_connections(now, |request| request.phase != Phase::Waiting);
        self.drop_requests(|request| request.phase != Phase::Waiting);
        scheduled
    }

    /// Gives the power back: hosts send what they had to keep. Returns when to call back about it.
    pub fn power_on(&mut self, now: Instant) -> Vec<Scheduled> {
        self.settle(now);
        self.powered = true;
        self.send_waiting(now, |_| true)
    }

    /// Cuts the power together with that of `host`, into which the device is built: nobody waits for an answer any
    /// more, and nothing lands later.
    pub fn power_cut_with_host(&mut self, now: Instant, host: u16) {
        // Whoever would have to be called back about a request is dead.
        drop(self.power_cut(now, Survivors::Drawn));
        self.drop_requests(|request| request.id.host == host);
    }

    /// True unless the power is cut.
    pub fn has_power(&self) -> bool {
        self.powered
    }

    /// The device forgets who was registered and who held the reservation, as an array does that fails over to a
    /// controller which did not know.
    pub fn lose_reservations(&mut self, now: Instant) {
        self.settle(now);
        let count = self.tally.count(FaultKind::ReservationsLost);
        count.armed += 1;
        if self.reservations.registrations().is_empty() {
            return;
        }
        count.fired += 1;
        self.forgotten = self.reservations.registrations().iter().map(|registration| registration.host).collect();
        self.reservations.forget();
        self.journal.interrupted(now, InterruptionKind::ReservationsLost);
    }

    /// All data is gone, as when a node comes back with a new disk. Requests in flight go on.
    pub fn wipe(&mut self, now: Instant) {
        self.settle(now);
        let unwritten = self.unwritten();
        let count = self.tally.count(FaultKind::Wipe);
        count.armed += 1;
        count.fired += u64::from(!self.medium.image.written().is_empty());
        self.medium.forget(unwritten);
        self.free_space = self.options.space;
        self.reservations = Reservations::default();
        self.journal.interrupted(now, InterruptionKind::Wiped);
    }

    /// Loses what is not stable, and ends every write in flight one way or the other.
    pub(super) fn lose_cache(&mut self, now: Instant, kind: InterruptionKind, survivors: Survivors) {
        self.tally.count(FaultKind::PowerCut).armed += 1;
        self.let_everything_arrive(now);
        let open = self.undetermined();
        let draws = self.key.child(concern::CUTS).child(self.cuts);
        let mut chosen = choose(&open, survivors, draws);
        if survivors == Survivors::Drawn {
            self.tear_survivors(&open, &mut chosen, draws.child(concern::TEARING));
        }
        self.medium = open.base(&self.medium);
        for (unit, version) in open.units.iter().zip(&chosen) {
            self.medium.set(&unit.versions[*version]);
        }
        let lost = self.note_survivors(now, &open, &chosen);
        self.tally.count(FaultKind::PowerCut).fired += u64::from(lost);
        self.journal.interrupted(now, kind);
        self.cuts += 1;
    }

    /// Whatever has been sent reaches the device just before the cut.
    fn let_everything_arrive(&mut self, now: Instant) {
        for token in self.requests.in_issue_order() {
            let Some(request) = self.requests.get_mut(token) else { continue };
            if request.phase == Phase::OnPath && request.work.is_write() {
                self.accept(now, token);
            }
        }
    }

    /// Notes in the journal what became of each write; true if anything was lost.
    fn note_survivors(&mut self, now: Instant, open: &Open, chosen: &[usize]) -> bool {
        let survival = open.survival(chosen);
        for (write, survival) in open.writes.iter().zip(&survival) {
            let Some(entry) = write.entry else { continue };
            let entry = self.journal.entry_mut(entry);
            entry.after_cut = Some(*survival);
            match survival {
                Survival::Nothing => {}
                Survival::Part => entry.applied = entry.applied.or(Some(now)),
                Survival::Whole => {
                    entry.applied = entry.applied.or(Some(now));
                    entry.stable = Some(now);
                }
            }
        }
        survival.iter().any(|survival| *survival != Survival::Whole)
    }

    /// The page cache of a host dies with it, and so does everything the host had in flight.
    pub(super) fn lose_page_cache(&mut self, now: Instant, host: u16, survivors: Survivors) {
        self.lose_cache(now, InterruptionKind::HostCacheLost { host }, survivors);
        self.drop_requests(|request| request.id.host == host);
    }

    fn drop_requests(&mut self, chosen: impl Fn(&InFlight) -> bool) {
        for token in self.requests.in_issue_order() {
            if self.requests.get_mut(token).is_some_and(|request| chosen(request)) {
                self.drop_request(token);
            }
        }
    }
}

/// The version of each unit that survives. The draws belong to the cut and the unit.
fn choose(open: &Open, survivors: Survivors, draws: StreamKey) -> Vec<usize> {
    let choose = |unit: &Unit| match survivors {
        Survivors::Drawn => draws.at(unit.number).below(unit.versions.len() as u64) as usize,
        Survivors::Nothing => 0,
        Survivors::Everything => unit.newest(),
    };
    open.units.iter().map(choose).collect()
}
