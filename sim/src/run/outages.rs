//! Paths that hosts lose by themselves, as `[storage] lose-path` says: one path at a time, and it comes back.
//!
//! It is a rate in time and not in requests, because a path goes whether or not somebody uses it. When is drawn from
//! the names of the device and the host and from how often it has happened there, so that another host's outages, or
//! other faults, move none of them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use nodes::world::World;
use nodes::world::device::{DeviceOptions, FaultCounts, FaultKind, Paths};
use nodes::world::disk::DeviceId;
use nodes::world::streams::Stream;
use nodes::world::trace::HostId;

use super::record::WeatherRecord;
use super::stage::Stage;
use crate::scenario::model::Outage;

/// The paths of one host to one device.
struct Line {
    device: DeviceId,
    name: String,
    paths: u8,
    host: HostId,
    outage: Outage,
    /// The path that is gone now.
    gone: Cell<Option<Paths>>,
    /// How often one was lost.
    lost: Cell<u64>,
    /// Nothing happens to it any more.
    over: Cell<bool>,
}

/// All of them.
#[derive(Clone, Default)]
pub(super) struct Outages {
    lines: Rc<RefCell<Vec<Rc<Line>>>>,
}

impl Outages {
    /// Puts the paths of some hosts to a device under this weather.
    pub(super) fn plan(&mut self, device: DeviceId, options: &DeviceOptions, hosts: &[HostId], outage: Outage) {
        let line = |host: &HostId| Line {
            device,
            name: options.name.clone(),
            paths: options.paths_per_host,
            host: *host,
            outage,
            gone: Cell::default(),
            lost: Cell::default(),
            over: Cell::default(),
        };
        self.lines.borrow_mut().extend(hosts.iter().map(line).map(Rc::new));
    }

    /// Lets it begin.
    pub(super) fn begin(&self, stage: &Stage) {
        for line in self.lines.borrow().iter() {
            stage.world().spawn_outside(lose_paths(stage.clone(), line.clone()));
        }
    }

    /// Ends it for these hosts, whose paths are all back.
    pub(super) fn end_at(&self, world: &World, hosts: &[HostId]) {
        for line in self.lines.borrow().iter().filter(|line| hosts.contains(&line.host)) {
            line.over.set(true);
            if let Some(paths) = line.gone.take() {
                world.restore_path(line.device, line.host, paths);
            }
        }
    }

    /// What came of it, by device. What senders met of lost paths the device counts for all of them together.
    pub(super) fn counted(&self, world: &World) -> Vec<WeatherRecord> {
        let mut by_device: BTreeMap<DeviceId, (String, FaultCounts)> = BTreeMap::new();
        for line in self.lines.borrow().iter() {
            let (_, counts) =
                by_device.entry(line.device).or_insert_with(|| (line.name.clone(), FaultCounts::default()));
            counts.armed += 1;
            counts.fired += line.lost.get();
        }
        let record = |(device, (name, counts)): (DeviceId, (String, FaultCounts))| {
            let observed = world.with_device(device, |device| device.faults().of(FaultKind::PathLoss).observed);
            WeatherRecord { device: name, kind: FaultKind::PathLoss, counts: FaultCounts { observed, ..counts } }
        };
        by_device.into_iter().map(record).collect()
    }
}

/// Loses one path after the other, for ever.
async fn lose_paths(stage: Stage, line: Rc<Line>) {
    let world = stage.world().clone();
    let key = world.seed().stream_key(&format!("weather/lose-path/{}/{}", line.name, world.host_name(line.host)));
    for number in 0.. {
        let mut draws = key.at(number);
        world.sleep_until(world.now() + drawn(&mut draws, line.outage.every * 2)).await;
        stage.unless_frozen().await;
        let paths = Paths::Number(draws.below(u64::from(line.paths)) as u8);
        let has_it = world.with_device(line.device, |device| device.has_path_of(line.host.0, paths));
        // A path that a fault of the scenario has taken is that fault's to give back.
        if line.over.get() || !has_it {
            continue;
        }
        world.lose_path(line.device, line.host, paths);
        line.lost.set(line.lost.get() + 1);
        line.gone.set(Some(paths));
        world.sleep_until(world.now() + drawn(&mut draws, line.outage.up_to)).await;
        stage.unless_frozen().await;
        if let Some(paths) = line.gone.take() {
            world.restore_path(line.device, line.host, paths);
        }
    }
}

/// A length between a millisecond and the longest.
fn drawn(draws: &mut Stream, longest: Duration) -> Duration {
    let longest = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX).max(1_000);
    Duration::from_micros(draws.between(1_000, longest))
}
