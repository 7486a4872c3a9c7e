//! Faults of a device as a whole, or of one host's requests to it: `fill-device`, `stall-device`,
//! `limp-device`, `late-write`.

use nodes::world::device::{Arming, DeviceFault};
use nodes::world::latency::Latency;

use super::{Aim, Begun, Inject, Scene, Words, aims, arm, arm_whole};
use crate::scenario::verbs::device::{FillDevice, LateWrite, LimpDevice, StallDevice};

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

impl Inject for StallDevice {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let words = Words { english: "requests hung", chinese: "次请求挂起" };
        let hang = Arming::new(DeviceFault::Hang).until_disarmed();
        let hang = if self.writes_only { hang.on_writes() } else { hang };
        arm(scene, &aims(scene, &self.device, pick), |_| vec![hang], words)
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
