//! `lose-data`: the devices built into a host are empty when it comes back.

use nodes::world::disk::DeviceId;

use super::{Begun, Inject, Scene, hit};
use crate::scenario::verbs::host::LoseData;

impl Inject for LoseData {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let (mut wiped, mut missed) = (Vec::new(), Vec::new());
        for host in scene.stage.hosts(&self.host, pick) {
            let built_in = (0..world.device_count()).map(DeviceId).filter(|it| world.host_of_device(*it) == Some(host));
            let devices: Vec<DeviceId> = built_in.collect();
            for device in &devices {
                world.with_device(*device, |device| device.wipe(world.now()));
            }
            let name = world.host_name(host).to_string();
            if devices.is_empty() { &mut missed } else { &mut wiped }.push(name);
        }
        let english = ("has lost all its data", "has no device of its own");
        let effects = hit(&wiped, &missed, english, ("的数据已全部丢失", "没有自己的设备"));
        Begun::done([wiped, missed].concat(), effects)
    }
}
