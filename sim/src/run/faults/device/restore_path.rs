//! `restore-path`: a host reaches a device again.

use nodes::world::trace::HostId;

use super::lose_path::{meant, meant_paths};
use super::{Begun, Inject, Scene, hit};
use crate::scenario::verbs::device::RestorePath;

impl Inject for RestorePath {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let (device, hosts) = meant(scene, &self.device, pick);
        let paths = meant_paths(self.path);
        let had_none = |host: &HostId| {
            device.is_some_and(|device| !world.with_device(device, |device| device.has_path_of(host.0, paths)))
        };
        let (lost, missed): (Vec<HostId>, Vec<HostId>) = hosts.into_iter().partition(had_none);
        for (host, device) in lost.iter().zip(device.into_iter().cycle()) {
            world.restore_path(device, *host, paths);
        }
        let (back, missed) = (scene.stage.host_names(&lost), scene.stage.host_names(&missed));
        let english = ("has its path again", "had not lost its path");
        let effects = hit(&back, &missed, english, ("的路径已恢复", "的路径未中断"));
        Begun::done([back, missed].concat(), effects)
    }
}
