//! What strikes in time and not with a request, as `[storage]` says with `lose-path`, `power-cut` and
//! `lose-reservation`: a host loses a path, a device its power or its reservations, whether or not somebody uses it.
//! Paths and power come back.
//!
//! When is drawn from the names of the device and the host and from how often it has happened there, so that another
//! host's outages, or other faults, move none of them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use nodes::world::World;
use nodes::world::device::{FaultCounts, FaultKind, Paths, Survivors};
use nodes::world::disk::DeviceId;
use nodes::world::streams::{Stream, StreamKey};
use nodes::world::trace::HostId;

use super::record::WeatherRecord;
use super::stage::Stage;
use crate::scenario::model::{DeviceWeather, Outage};

/// What is lost.
#[derive(Clone, Copy)]
enum Lost {
    /// A path of a host, one of so many.
    Path {
        host: HostId,
        paths: u8,
    },
    Power,
    Reservations,
}

impl Lost {
    const fn kind(self) -> FaultKind {
        match self {
            Lost::Path { .. } => FaultKind::PathLoss,
            Lost::Power => FaultKind::PowerCut,
            Lost::Reservations => FaultKind::ReservationsLost,
        }
    }
}

/// What is gone now and has to come back.
#[derive(Clone, Copy)]
enum Gone {
    Path(HostId, Paths),
    Power,
}

/// One thing that a device loses again and again.
struct Line {
    device: DeviceId,
    name: String,
    /// The host it is built into.
    host: Option<HostId>,
    lost: Lost,
    /// How long it is there between two times, on average.
    every: Duration,
    /// How long it is gone at most.
    up_to: Duration,
    gone: Cell<Option<Gone>>,
    /// How often it was lost.
    times: Cell<u64>,
    /// Nothing happens to it any more.
    over: Cell<bool>,
}

impl Line {
    fn key(&self, world: &World) -> StreamKey {
        let name = match self.lost {
            Lost::Path { host, .. } => format!("weather/lose-path/{}/{}", self.name, world.host_name(host)),
            Lost::Power => format!("weather/power-cut/{}", self.name),
            Lost::Reservations => format!("weather/lose-reservation/{}", self.name),
        };
        world.seed().stream_key(&name)
    }

    /// Whether these hosts have to do with it.
    fn concerns(&self, hosts: &[HostId]) -> bool {
        match self.lost {
            Lost::Path { host, .. } => hosts.contains(&host),
            Lost::Power | Lost::Reservations => self.host.is_none_or(|host| hosts.contains(&host)),
        }
    }

    /// Loses it, if it is there. What a fault of the scenario has taken is that fault's to give back.
    fn lose(&self, world: &World, draws: &mut Stream) -> bool {
        let now = world.now();
        match self.lost {
            Lost::Path { host, paths } => {
                let path = Paths::Number(draws.below(u64::from(paths)) as u8);
                if !world.with_device(self.device, |device| device.has_path_of(host.0, path)) {
                    return false;
                }
                world.lose_path(self.device, host, path);
                self.gone.set(Some(Gone::Path(host, path)));
            }
            Lost::Power => {
                if !world.with_device(self.device, |device| device.has_power()) {
                    return false;
                }
                world.change_device(self.device, |device| device.power_cut(now, Survivors::Drawn));
                self.gone.set(Some(Gone::Power));
            }
            Lost::Reservations => {
                let known = world.with_device(self.device, |device| {
                    let known = !device.reservations().registrations().is_empty();
                    device.lose_reservations(now);
                    known
                });
                if !known {
                    return false;
                }
            }
        }
        self.times.set(self.times.get() + 1);
        true
    }

    /// Gives it back. A device in a dark host has its power again with the host.
    fn give_back(&self, world: &World) {
        match self.gone.take() {
            Some(Gone::Path(host, path)) => world.restore_path(self.device, host, path),
            Some(Gone::Power) if self.host.is_none_or(|host| world.is_powered(host)) => {
                world.change_device(self.device, |device| device.power_on(world.now()));
            }
            Some(Gone::Power) | None => {}
        }
    }
}

/// All of them.
#[derive(Clone, Default)]
pub(super) struct Outages {
    lines: Rc<RefCell<Vec<Rc<Line>>>>,
}

impl Outages {
    /// Puts a device under the weather that strikes in time. Paths and reservations are those of a shared device; `hosts`
    /// have the paths.
    pub(super) fn plan(&mut self, world: &World, device: DeviceId, hosts: &[HostId], weather: &DeviceWeather) {
        let (name, paths) =
            world.with_device(device, |device| (device.options().name.clone(), device.options().paths_per_host));
        let host = world.host_of_device(device);
        let line = |lost: Lost, every: Duration, up_to: Duration| {
            let (gone, times, over) = Default::default();
            Rc::new(Line { device, name: name.clone(), host, lost, every, up_to, gone, times, over })
        };
        let mut lines = self.lines.borrow_mut();
        if let Some(Outage { every, up_to }) = weather.lose_path.filter(|_| host.is_none()) {
            lines.extend(hosts.iter().map(|host| line(Lost::Path { host: *host, paths }, every, up_to)));
        }
        lines.extend(weather.power_cut.map(|Outage { every, up_to }| line(Lost::Power, every, up_to)));
        let reservations = weather.lose_reservation.filter(|_| host.is_none());
        lines.extend(reservations.map(|recurrence| line(Lost::Reservations, recurrence.every, Duration::ZERO)));
    }

    /// Lets it begin.
    pub(super) fn begin(&self, stage: &Stage) {
        for line in self.lines.borrow().iter() {
            stage.world().spawn_outside(lose_again_and_again(stage.clone(), line.clone()));
        }
    }

    /// Ends it for these hosts: what they have lost is back.
    pub(super) fn end_at(&self, world: &World, hosts: &[HostId]) {
        for line in self.lines.borrow().iter().filter(|line| line.concerns(hosts)) {
            line.over.set(true);
            line.give_back(world);
        }
    }

    /// What came of it, by device and kind. What senders met of it the device counts for all causes together.
    pub(super) fn counted(&self, world: &World) -> Vec<WeatherRecord> {
        let mut counts: BTreeMap<(DeviceId, FaultKind), (String, FaultCounts)> = BTreeMap::new();
        for line in self.lines.borrow().iter() {
            let (_, counts) = counts
                .entry((line.device, line.lost.kind()))
                .or_insert_with(|| (line.name.clone(), FaultCounts::default()));
            counts.armed += 1;
            counts.fired += line.times.get();
        }
        let record = |((device, kind), (name, counts)): ((DeviceId, FaultKind), (String, FaultCounts))| {
            let observed = world.with_device(device, |device| device.faults().of(kind).observed);
            WeatherRecord { device: name, kind, counts: FaultCounts { observed, ..counts } }
        };
        counts.into_iter().map(record).collect()
    }
}

/// Loses one thing, gives it back, and so on for ever.
async fn lose_again_and_again(stage: Stage, line: Rc<Line>) {
    let world = stage.world().clone();
    let key = line.key(&world);
    for number in 0.. {
        let mut draws = key.at(number);
        world.sleep_until(world.now() + drawn(&mut draws, line.every * 2)).await;
        stage.unless_frozen().await;
        if line.over.get() || !line.lose(&world, &mut draws) || line.gone.get().is_none() {
            continue;
        }
        world.sleep_until(world.now() + drawn(&mut draws, line.up_to)).await;
        stage.unless_frozen().await;
        line.give_back(&world);
    }
}

/// A length between a millisecond and the longest.
fn drawn(draws: &mut Stream, longest: Duration) -> Duration {
    let longest = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX).max(1_000);
    Duration::from_micros(draws.between(1_000, longest))
}
