//! `lose-path`: a host does not reach a device any more; others may.

use nodes::world::device::Paths;
use nodes::world::disk::DeviceId;
use nodes::world::trace::HostId;

use super::{Begun, Effects, Inject, Injection, Scene, listed};
use crate::run::stage::Stage;
use crate::scenario::verbs::device::{DeviceTarget, LosePath};

struct Severed {
    device: Option<DeviceId>,
    hosts: Vec<HostId>,
    effects: Effects,
}

impl Inject for LosePath {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let (device, hosts) = meant(scene, &self.device, pick);
        let targets = scene.stage.host_names(&hosts);
        let name = &self.device.device;
        let mut severed = Vec::new();
        for (host, device) in hosts.into_iter().zip(device.into_iter().cycle()) {
            if world.with_device(device, |device| device.has_path(host.0)) {
                world.lose_path(device, host, Paths::All);
                severed.push(host);
            }
        }
        let names = listed(&scene.stage.host_names(&severed));
        let effects = Effects::seen(
            severed.len() as u64,
            format!("no path to device {name} from {names}"),
            format!("{names} 失去到设备 {name} 的路径"),
        );
        Begun { targets, injection: Box::new(Severed { device, hosts: severed, effects }) }
    }
}

/// The device and the hosts that are meant.
pub(super) fn meant(scene: &Scene<'_>, target: &DeviceTarget, pick: u32) -> (Option<DeviceId>, Vec<HostId>) {
    let hosts = target.host.as_ref().map(|host| scene.stage.hosts(host, pick)).unwrap_or_default();
    (scene.stage.world().find_device(&target.device), hosts)
}

impl Injection for Severed {
    fn effects(&self, _: &Stage) -> Effects {
        self.effects.clone()
    }

    fn end(&mut self, stage: &Stage) {
        let Some(device) = self.device else { return };
        for host in &self.hosts {
            stage.world().restore_path(device, *host, Paths::All);
        }
    }
}
