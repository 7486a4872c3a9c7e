//! Faults of a device as a whole, or of one host's requests to it: `fill-device`, `slow-device`, `stall-device`,
//! `limp-device`, `late-write`.

use nodes::world::device::{Arming, DeviceFault};
use nodes::world::latency::Latency;

use super::{Aim, Begun, Inject, Scene, Words, aims, arm, arm_whole};
use crate::scenario::verbs::device::{FillDevice, LateWrite, LimpDevice, SlowDevice, StallDevice};

impl Inject for FillDevice {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let armings = |aim: Aim| {
            let sector = scene.stage.world().with_device(aim.device, |device| device.options().sector_size);
            vec![Arming::new(DeviceFault::Full { free: self.leave.0 / sector }).until_disarmed()]
        };
        let words = Words { english: "writes found no space", chinese: "次写入无空间" };
        arm(scene, &aims(scene, &self.device, pick), armings, words)
    }
}

impl Inject for SlowDevice {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let slow = DeviceFault::Slow { extra: Latency::even(self.latency.low, self.latency.high) };
        let chance = (self.ratio.numerator, self.ratio.denominator);
        let words = Words { english: "requests took longer", chinese: "次请求变慢" };
        let armings = |_| vec![Arming::new(slow).until_disarmed().with_chance(chance)];
        arm(scene, &aims(scene, &self.device, pick), armings, words)
    }
}

impl Inject for StallDevice {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let words = Words { english: "requests hung", chinese: "次请求挂起" };
        arm_whole(scene, &self.device, pick, DeviceFault::Hang, words)
    }
}

impl Inject for LimpDevice {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let limp = DeviceFault::Limp { bandwidth: self.bandwidth.0 };
        let words = Words { english: "requests moved slowly", chinese: "次请求被限速" };
        arm_whole(scene, &self.device, pick, limp, words)
    }
}

impl Inject for LateWrite {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let late = DeviceFault::LateWrite { delay: Latency::even(self.delay.low, self.delay.high) };
        let words = Words { english: "writes in flight were to land late", chinese: "次在途写入将延后落盘" };
        arm_whole(scene, &self.device, pick, late, words)
    }
}
