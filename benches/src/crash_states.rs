//! How many states after a power cut are gone through in a second: chosen, told apart by their bytes, restored.
//!
//! What a product's recovery costs on each is the product's affair and not in this figure.

use std::time::Duration;

use nodes::world::device::{Advanced, Device, DeviceOptions, Garbage, Origin, Request};
use nodes::world::streams::Seed;
use nodes::world::time::Instant;

use crate::error::{Error, require_all};
use crate::measure::side_by_side;
use crate::table::one_decimal;

/// Writes that a cut may undo, of 8 KiB each.
const OPEN_WRITES: u64 = 64;
const PAGE: u64 = 8192;
/// How many states are restored.
const STATES: u64 = 4096;

/// States in a second, at the best of so many repetitions.
pub fn per_second(repetitions: u32) -> Result<f64, Error> {
    let [fastest] = side_by_side([restore_all], STATES, repetitions)?;
    Ok(one_decimal(STATES as f64 / fastest.as_secs_f64()))
}

fn restore_all(states: u64) -> Result<(), Error> {
    let mut device = written()?;
    let now = Instant::START + Duration::from_secs(1);
    let restored = device.crash_states(now, states as usize, Garbage::None).map(|state| Device::restore(&state));
    // A restored device is whole: somebody could write to it.
    let usable = restored.filter(Device::has_power).count();
    require_all("the crash states", usable as u64, states)
}

/// A device with an old content everywhere and newer writes that are not stable.
fn written() -> Result<Device, Error> {
    let options = DeviceOptions { write_back: None, ..DeviceOptions::new("shared", 1 << 20) };
    let mut device = Device::new(options, Seed(1))?;
    let origin = Origin { host: 1, process: 1, incarnation: 1, reservation_key: 0, epoch: 0 };
    let mut now = Instant::START;
    let mut call = |device: &mut Device, request: Request| {
        let scheduled = device.submit(now, origin, request).scheduled;
        if let Some(scheduled) = scheduled {
            now = scheduled.at;
            if !matches!(device.advance(scheduled.at, scheduled.token), Advanced::Done(_)) {
                unreachable!("nothing holds a request of this benchmark up");
            }
        }
    };
    for generation in [1u8, 2] {
        for page in 0..OPEN_WRITES {
            let bytes = vec![generation; PAGE as usize].into();
            call(&mut device, Request::Write { offset: page * PAGE, bytes, force_unit_access: false });
        }
        if generation == 1 {
            call(&mut device, Request::Flush);
        }
    }
    Ok(device)
}
