//! Faults of block devices: what the verbs share.
//!
//! A fault that strikes requests is armed on the device and disarmed when it ends; the device itself counts what came
//! of it (armed, fired, withheld, observed, repaired), and those counts are the proof. Observing and repairing may come
//! long after the fault is over: a lost write is found when it is next read. So the counts are taken when the run ends.

mod bit_rot;
mod lose_data;
mod lose_path;
mod lose_reservation;
mod power_cut;
mod requests;
mod restore_path;
mod whole;

#[cfg(test)]
mod tests;

use nodes::world::device::{Arming, DeviceFault, FaultCounts, FaultId, SectorRange};
use nodes::world::disk::DeviceId;
use nodes::world::trace::HostId;

use super::{Begun, Effects, Inject, Injection, Scene, hit, listed};
use crate::run::stage::Stage;
use crate::scenario::values;
use crate::scenario::verbs::device::DeviceTarget;

/// A device that is meant, and whose requests to it (`None`: everyone's).
#[derive(Clone, Copy)]
struct Aim {
    device: DeviceId,
    host: Option<HostId>,
}

/// The devices a target means now: a shared device once for each host that is named, or the devices built into those
/// hosts.
fn aims(scene: &Scene<'_>, target: &DeviceTarget, pick: u32) -> Vec<Aim> {
    let world = scene.stage.world();
    let hosts = target.host.as_ref().map(|host| scene.stage.hosts(host, pick));
    let name = target.device.as_str();
    let shared = world.find_device(name).filter(|device| world.host_of_device(*device).is_none());
    match (shared, hosts) {
        (Some(device), None) => vec![Aim { device, host: None }],
        (Some(device), Some(hosts)) => hosts.into_iter().map(|host| Aim { device, host: Some(host) }).collect(),
        (None, hosts) => {
            let built_in = |host: HostId| world.find_device_of(host, name).map(|device| Aim { device, host: None });
            hosts.unwrap_or_default().into_iter().filter_map(built_in).collect()
        }
    }
}

/// The names of what is meant, for people.
fn names(scene: &Scene<'_>, aims: &[Aim]) -> Vec<String> {
    let world = scene.stage.world();
    let name = |aim: &Aim| {
        let device = world.with_device(aim.device, |device| device.options().name.clone());
        match aim.host.or_else(|| world.host_of_device(aim.device)) {
            Some(host) => format!("{device} ({})", world.host_name(host)),
            None => device,
        }
    };
    aims.iter().map(name).collect()
}

/// The parts of a device that are meant: a named region wherever the product has put it, and in it (or on the whole
/// device) certain sectors.
fn parts(
    scene: &Scene<'_>,
    device: DeviceId,
    region: Option<&str>,
    sectors: Option<values::SectorRange>,
) -> Vec<SectorRange> {
    let (sector, capacity) =
        scene.stage.world().with_device(device, |device| (device.options().sector_size, device.options().capacity));
    let regions = match region {
        None => vec![SectorRange::new(0, capacity)],
        Some(name) => {
            let regions = scene.stage.cluster().regions().into_iter();
            regions
                .filter(|region| region.device == device && region.name == name)
                .map(|region| SectorRange {
                    first: region.offset / sector,
                    end: (region.offset + region.length).div_ceil(sector),
                })
                .collect()
        }
    };
    let within = |region: SectorRange| match sectors {
        None => region,
        Some(values::SectorRange { first, last }) => {
            let (first, end) =
                (region.first.saturating_add(first), region.first.saturating_add(last).saturating_add(1));
            SectorRange { first, end }.intersection(region)
        }
    };
    regions.into_iter().map(within).filter(|range| !range.is_empty()).collect()
}

/// What the device calls a fault, in both languages: what comes after the number of times it struck.
#[derive(Clone, Copy)]
struct Words {
    english: &'static str,
    chinese: &'static str,
}

/// Faults that are armed, of one entry of a scenario.
struct Armed {
    faults: Vec<(DeviceId, FaultId)>,
    words: Words,
}

/// Arms a fault wherever it is aimed at.
fn arm(scene: &Scene<'_>, aims: &[Aim], armings: impl Fn(Aim) -> Vec<Arming>, words: Words) -> Begun {
    let world = scene.stage.world();
    let mut faults = Vec::new();
    for aim in aims {
        for arming in armings(*aim) {
            let arming = match aim.host {
                Some(host) => arming.on_host(host.0),
                None => arming,
            };
            faults.push((aim.device, world.with_device(aim.device, |device| device.arm(world.now(), arming))));
        }
    }
    Begun { targets: names(scene, aims), injection: Box::new(Armed { faults, words }) }
}

/// A fault of a whole device, for as long as it lasts.
fn arm_whole(scene: &Scene<'_>, target: &DeviceTarget, pick: u32, fault: DeviceFault, words: Words) -> Begun {
    arm(scene, &aims(scene, target, pick), |_| vec![Arming::new(fault).until_disarmed()], words)
}

impl Injection for Armed {
    fn effects(&self, stage: &Stage) -> Effects {
        account(counted(stage, &self.faults), self.words)
    }

    fn end(&mut self, stage: &Stage) {
        let now = stage.world().now();
        for (device, fault) in &self.faults {
            stage.world().change_device(*device, |device| device.disarm(now, *fault));
        }
    }

    fn goes_on_counting(&self) -> bool {
        true
    }
}

/// What the devices have counted of some faults.
fn counted(stage: &Stage, faults: &[(DeviceId, FaultId)]) -> FaultCounts {
    let mut all = FaultCounts::default();
    for (device, fault) in faults {
        all += stage.world().with_device(*device, |device| device.faults().of_fault(*fault));
    }
    all
}

/// Counts as a sentence.
fn account(counts: FaultCounts, words: Words) -> Effects {
    let FaultCounts { fired, withheld, observed, repaired, .. } = counts;
    let mut english = format!("{fired} {}; {observed} seen, {repaired} mended", words.english);
    let mut chinese = format!("{fired} {};{observed} 次被察觉,{repaired} 次被修复", words.chinese);
    if withheld > 0 {
        english
            .push_str(&format!("; {withheld} held back: damage is bounded, or this kind of device has no such fault"));
        chinese.push_str(&format!(";{withheld} 次未执行:损坏受限,或该类设备无此故障"));
    }
    Effects::counted(counts, english, chinese)
}
