//! The storage's own weather: faults that strike by themselves, and where lasting damage may be done. What strikes in
//! time and not with a request (lost paths, power and reservations) is in `outages`.
//!
//! Both are put on the devices that the product has built, so a product need not know of them. In the bounded mode an
//! atlas that is drawn before the run says what may ever be damaged: never the last good copy of anything. What the
//! product keeps only once is never damaged then.

use std::time::Duration;

use nodes::product::{Copies, Product};
use nodes::world::World;
use nodes::world::device::{Arming, Atlas, DeviceFault, FaultId, FaultKind, Ratio, Region, Replica};
use nodes::world::disk::DeviceId;
use nodes::world::latency::Latency;
use nodes::world::time::Instant;
use nodes::world::trace::HostId;

use super::RunError;
use super::outages::Outages;
use super::record::WeatherRecord;
use super::stage::Stage;
use crate::scenario::Scenario;
use crate::scenario::model::{Damage, DeviceWeather, Tail};
use crate::scenario::values;

/// The faults that strike by themselves.
#[derive(Clone)]
pub(super) struct Weather {
    armed: Vec<(DeviceId, FaultKind, FaultId)>,
    outages: Outages,
}

impl Weather {
    /// Ends what strikes the devices of these hosts, and those that all share.
    pub(super) fn end_at(&self, world: &World, hosts: &[HostId]) {
        self.outages.end_at(world, hosts);
        for (device, _, fault) in &self.armed {
            if world.host_of_device(*device).is_none_or(|host| hosts.contains(&host)) {
                world.change_device(*device, |device| device.disarm(world.now(), *fault));
            }
        }
    }

    /// What each of them came to.
    pub(super) fn counted(&self, world: &World) -> Vec<WeatherRecord> {
        let record = |(device, kind, fault): &(DeviceId, FaultKind, FaultId)| {
            world.with_device(*device, |device| WeatherRecord {
                device: device.options().name.clone(),
                kind: *kind,
                counts: device.faults().of_fault(*fault),
            })
        };
        self.armed.iter().map(record).chain(self.outages.counted(world)).collect()
    }

    /// Lets begin what strikes in time.
    pub(super) fn begin(&self, stage: &Stage) {
        self.outages.begin(stage);
    }
}

/// Puts the weather of the storage on every device.
///
/// # Errors
/// [`RunError::Atlas`] if the product's account of its copies makes no sense.
pub(super) fn set(world: &World, scenario: &Scenario, product: &Product, stage: &Stage) -> Result<Weather, RunError> {
    let mut armed = Vec::new();
    let mut outages = Outages::default();
    let atlas = match scenario.storage.damage {
        Damage::Unbounded => None,
        Damage::Bounded => Some(atlas(world, product, &stage.cluster().copies())?),
    };
    for id in (0..world.device_count()).map(DeviceId) {
        let weather = world.with_device(id, |device| scenario.storage.device(word_of(&device.options().name)));
        outages.plan(world, id, stage.nodes(), weather);
        world.with_device(id, |device| {
            if let Some(atlas) = &atlas {
                device.keep_within(atlas);
            }
            for (fault, chance) in rates(weather) {
                let arming = Arming::new(fault).until_disarmed().with_chance(chance);
                armed.push((id, fault.kind(), device.arm(Instant::START, arming)));
            }
        });
    }
    Ok(Weather { armed, outages })
}

/// What the scenario calls a device: those built into hosts are called `data of dn1`.
fn word_of(name: &str) -> &str {
    name.split_once(" of ").map_or(name, |(word, _)| word)
}

fn atlas(world: &World, product: &Product, copies: &[Copies]) -> Result<Atlas, RunError> {
    let regions: Vec<Region> = copies.iter().map(|copies| region(world, copies)).collect();
    Atlas::draw(world.seed(), &regions).map_err(|error| RunError::Atlas { model: product.model, error: error.into() })
}

fn region(world: &World, copies: &Copies) -> Region {
    let sector = |device: DeviceId| world.with_device(device, |device| device.options().sector_size);
    let smallest = copies.places.iter().map(|(device, _)| sector(*device)).min().unwrap_or(512);
    let replica = |(device, offset): &(DeviceId, u64)| Replica {
        device: world.with_device(*device, |device| device.options().name.clone()),
        first: offset / sector(*device),
    };
    Region {
        name: copies.name.clone(),
        sectors: copies.length.div_ceil(smallest),
        chunk: (copies.unit / smallest).max(1),
        replicas: copies.places.iter().map(replica).collect(),
        redundancy: copies.redundancy,
    }
}

/// The faults that strike by themselves, with the chance of each at every request it can strike.
fn rates(weather: &DeviceWeather) -> Vec<(DeviceFault, Ratio)> {
    let ratio = |ratio: values::Ratio| (ratio.numerator, ratio.denominator);
    let up_to = |tail: Tail| Latency::even(Duration::from_millis(1).min(tail.up_to), tail.up_to);
    let mut rates = vec![
        (DeviceFault::TornWrite, ratio(weather.torn_write)),
        (DeviceFault::ReadError { sticky: false }, ratio(weather.read_error)),
        (DeviceFault::WriteError { sticky: false }, ratio(weather.write_error)),
        (DeviceFault::LatentSectorError, ratio(weather.latent_error)),
        (DeviceFault::BitRot, ratio(weather.bit_rot)),
        (DeviceFault::MisdirectedWrite, ratio(weather.misdirect_write)),
        (DeviceFault::StaleRead, ratio(weather.stale_read)),
        (DeviceFault::LostWrite, ratio(weather.lose_write)),
        (DeviceFault::FailedFlush, ratio(weather.fail_flush)),
        (DeviceFault::LyingFlush, ratio(weather.lie_about_flush)),
        (DeviceFault::Full { free: 0 }, ratio(weather.full)),
    ];
    rates.extend(weather.stall.map(|stall| (DeviceFault::Stall { length: up_to(stall) }, ratio(stall.ratio))));
    rates.extend(weather.late_write.map(|late| (DeviceFault::LateWrite { delay: up_to(late) }, ratio(late.ratio))));
    rates.extend(weather.slow.map(|slow| (DeviceFault::Slow { extra: up_to(slow) }, ratio(slow.ratio))));
    rates.extend(weather.limp.map(|limp| (DeviceFault::Limp { bandwidth: limp.bandwidth.0 }, ratio(limp.ratio))));
    rates.retain(|(_, (numerator, _))| *numerator > 0);
    rates
}
