//! `lose-path`: a host does not reach a device any more, or not over one of its paths; others may.

use nodes::world::device::{FaultCounts, FaultKind, Paths};
use nodes::world::disk::DeviceId;
use nodes::world::trace::HostId;

use super::{Begun, Effects, Inject, Injection, Scene, listed};
use crate::run::stage::Stage;
use crate::scenario::verbs::device::{DeviceTarget, LosePath};

struct Severed {
    device: Option<DeviceId>,
    hosts: Vec<HostId>,
    paths: Paths,
    effects: Effects,
    /// How often senders had met a lost path before.
    met_before: u64,
}

impl Inject for LosePath {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let (device, hosts) = meant(scene, &self.device, pick);
        let paths = meant_paths(self.path);
        let targets = scene.stage.host_names(&hosts);
        let name = &self.device.device;
        let met_before = device.map_or(0, |device| met(scene.stage, device));
        let mut severed = Vec::new();
        for (host, device) in hosts.into_iter().zip(device.into_iter().cycle()) {
            if world.with_device(device, |device| device.has_path_of(host.0, paths)) {
                world.lose_path(device, host, paths);
                severed.push(host);
            }
        }
        let names = listed(&scene.stage.host_names(&severed));
        let (english, chinese) = match self.path {
            None => (format!("no path to device {name} from {names}"), format!("{names} 失去到设备 {name} 的路径")),
            Some(path) => (
                format!("path {path} to device {name} is lost from {names}"),
                format!("{names} 失去到设备 {name} 的第 {path} 条路径"),
            ),
        };
        let effects = Effects::seen(severed.len() as u64, english, chinese);
        Begun { targets, injection: Box::new(Severed { device, hosts: severed, paths, effects, met_before }) }
    }
}

/// The paths that a scenario counts from 1 and a device from 0.
pub(super) fn meant_paths(path: Option<u8>) -> Paths {
    path.map_or(Paths::All, |path| Paths::Number(path.saturating_sub(1)))
}

/// The device and the hosts that are meant.
pub(super) fn meant(scene: &Scene<'_>, target: &DeviceTarget, pick: u32) -> (Option<DeviceId>, Vec<HostId>) {
    let hosts = target.host.as_ref().map(|host| scene.stage.hosts(host, pick)).unwrap_or_default();
    (scene.stage.world().find_device(&target.device), hosts)
}

/// How often senders have met a lost path of a device: sent a request again, or got an error.
fn met(stage: &Stage, device: DeviceId) -> u64 {
    stage.world().with_device(device, |device| device.faults().of(FaultKind::PathLoss).observed)
}

impl Injection for Severed {
    fn effects(&self, stage: &Stage) -> Effects {
        let fired = self.hosts.len() as u64;
        let observed = self.device.map_or(0, |device| met(stage, device) - self.met_before);
        let counts = FaultCounts { armed: fired, fired, observed, ..FaultCounts::default() };
        Effects { counts: Some(counts), ..self.effects.clone() }
    }

    fn end(&mut self, stage: &Stage) {
        let Some(device) = self.device else { return };
        for host in &self.hosts {
            stage.world().restore_path(device, *host, self.paths);
        }
    }

    fn goes_on_counting(&self) -> bool {
        true
    }
}
