//! `bit-rot`: one bit of each of some sectors is another one from now on, until the sector is written again.

use nodes::world::device::Damage;

use super::{Begun, Effects, Inject, Injection, Scene, Words, account, aims, counted, names, parts};
use crate::run::stage::Stage;
use crate::scenario::verbs::device::BitRot;
use nodes::world::device::FaultId;
use nodes::world::disk::DeviceId;

struct Rotten(Vec<(DeviceId, FaultId)>);

impl Inject for BitRot {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let aims = aims(scene, &self.device, pick);
        let mut done = Vec::new();
        for aim in &aims {
            let mut left = self.count;
            for part in parts(scene, aim.device, self.region.as_deref(), self.sectors) {
                let rot = |device: &mut nodes::world::device::Device| {
                    device.damage_some(world.now(), Damage::FlippedBit, part, left)
                };
                let damaged = world.with_device(aim.device, rot);
                left -= damaged.sectors;
                done.push((aim.device, damaged.fault));
            }
        }
        Begun { targets: names(scene, &aims), injection: Box::new(Rotten(done)) }
    }
}

impl Injection for Rotten {
    fn effects(&self, stage: &Stage) -> Effects {
        let words = Words { english: "sectors have a flipped bit", chinese: "个扇区有一位翻转" };
        account(counted(stage, &self.0), words)
    }
}
