//! Faults of certain requests to a device: `torn-write`, `read-error`, `write-error`, `misdirect-write`, `stale-read`,
//! `lose-write`, `fail-flush`, `lie-about-flush`, `slow-device`.

use nodes::world::device::{Arming, DeviceFault};
use nodes::world::latency::Latency;

use super::{Aim, Begun, Inject, Scene, Words, aims, arm, parts};
use crate::scenario::verbs::device::{
    ErrorMode, FailFlush, LieAboutFlush, LoseWrite, MisdirectWrite, ReadError, RequestTarget, SlowDevice, StaleRead,
    TornWrite, WriteError,
};

/// Arms a fault of certain requests. A count is one of each place that is meant.
fn arm_requests(scene: &Scene<'_>, requests: &RequestTarget, pick: u32, fault: DeviceFault, words: Words) -> Begun {
    arm_those(scene, requests, pick, Arming::new(fault), words)
}

fn arm_those(scene: &Scene<'_>, requests: &RequestTarget, pick: u32, first: Arming, words: Words) -> Begun {
    let (numerator, denominator) = (requests.ratio.numerator, requests.ratio.denominator);
    let anywhere = requests.region.is_none() && requests.sectors.is_none();
    let armings = |aim: Aim| {
        let arming = first.with_chance((numerator, denominator));
        let arming = match requests.count {
            Some(count) => arming.for_requests(u32::try_from(count).unwrap_or(u32::MAX)),
            None => arming.until_disarmed(),
        };
        if anywhere {
            return vec![arming];
        }
        let parts = parts(scene, aim.device, requests.region.as_deref(), requests.sectors);
        parts.into_iter().map(|part| arming.on_sectors(part)).collect()
    };
    arm(scene, &aims(scene, &requests.device, pick), armings, words)
}

/// Verbs that are one fault of the device.
macro_rules! one_fault {
    ($($verb:ident => $fault:expr, $english:literal, $chinese:literal;)+) => {$(
        impl Inject for $verb {
            fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
                let words = Words { english: $english, chinese: $chinese };
                arm_requests(scene, &self.requests, pick, $fault, words)
            }
        }
    )+};
}

one_fault! {
    TornWrite => DeviceFault::TornWrite, "writes torn", "次写入被撕裂";
    MisdirectWrite => DeviceFault::MisdirectedWrite, "writes landed in another place", "次写入落到别处";
    StaleRead => DeviceFault::StaleRead, "reads got what was there before", "次读取得到旧内容";
    LoseWrite => DeviceFault::LostWrite, "writes acknowledged and lost", "次写入已确认但丢失";
    FailFlush => DeviceFault::FailedFlush, "flushes failed", "次刷盘失败";
    LieAboutFlush => DeviceFault::LyingFlush, "flushes acknowledged and not done", "次刷盘已确认但未执行";
}

impl Inject for ReadError {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let (fault, words) = match self.mode {
            ErrorMode::Latent => (
                DeviceFault::LatentSectorError,
                Words { english: "sectors became unreadable", chinese: "个扇区变为不可读" },
            ),
            mode => (
                DeviceFault::ReadError { sticky: mode == ErrorMode::Sticky },
                Words { english: "reads failed", chinese: "次读取失败" },
            ),
        };
        arm_requests(scene, &self.requests, pick, fault, words)
    }
}

impl Inject for WriteError {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let fault = DeviceFault::WriteError { sticky: self.mode == ErrorMode::Sticky };
        let words = Words { english: "writes failed", chinese: "次写入失败" };
        arm_requests(scene, &self.requests, pick, fault, words)
    }
}

impl Inject for SlowDevice {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let slow = Arming::new(DeviceFault::Slow { extra: Latency::even(self.latency.low, self.latency.high) });
        let slow = if self.writes_only { slow.on_writes() } else { slow };
        let words = Words { english: "requests took longer", chinese: "次请求变慢" };
        arm_those(scene, &self.requests, pick, slow, words)
    }
}
