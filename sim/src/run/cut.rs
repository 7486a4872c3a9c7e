//! Moments at which the power of a device may go: the run stops there, and the devices are kept as they are.
//!
//! The first moment is the one that was asked for; each further one is that of the next request the device accepts.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use nodes::product::Recovery;
use nodes::world::device::Device;
use nodes::world::disk::DeviceId;
use nodes::world::time::Instant;

use super::stage::Stage;
use super::trigger;
use crate::draws::DrawnWhen;
use crate::scenario::verbs::device::DeviceTarget;

/// How often a device is looked at for a new request. Much shorter than any request takes.
const GLANCE: Duration = Duration::from_micros(20);

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The first moment.
    pub when: DrawnWhen,
    /// The device whose power goes.
    pub device: DeviceTarget,
    /// How many moments.
    pub moments: usize,
}

/// The devices of a cluster at one moment.
#[derive(Clone, Debug)]
pub struct Cut {
    /// The moment.
    pub at: Instant,
    /// Every device, by its number.
    pub devices: Vec<Device>,
    /// The one whose power goes.
    pub victim: usize,
}

/// Everything that was kept of the moments of one run.
#[derive(Clone, Default)]
pub struct Cuts {
    /// The moments, in order.
    pub cuts: Vec<Cut>,
    /// How the product recovers; `None` if its model does not say.
    pub recovery: Option<Recovery>,
    /// The moment came, and no device was found whose power could go.
    pub no_device: bool,
}

/// Waits for the moments, keeps the devices and ends the run.
pub(super) async fn wait(stage: Stage, wanted: Wanted, kept: Rc<RefCell<Cuts>>) {
    let world = stage.world().clone();
    kept.borrow_mut().recovery = stage.cluster().recovery();
    trigger::wait(&stage, &wanted.when).await;
    // Who recovers depends on who leads by then.
    kept.borrow_mut().recovery = stage.cluster().recovery();
    let Some(victim) = victim(&stage, &wanted.device) else {
        kept.borrow_mut().no_device = true;
        return world.stop();
    };
    let requests = || world.with_device(victim, |device| device.journal().entries().len());
    for _ in 0..wanted.moments {
        let devices = (0..world.device_count()).map(|number| world.with_device(DeviceId(number), |it| it.clone()));
        let cut = Cut { at: world.now(), devices: devices.collect(), victim: usize::from(victim.0) };
        kept.borrow_mut().cuts.push(cut);
        let seen = requests();
        if kept.borrow().cuts.len() < wanted.moments {
            while requests() == seen {
                world.sleep_until(world.now() + GLANCE).await;
            }
        }
    }
    world.stop();
}

fn victim(stage: &Stage, target: &DeviceTarget) -> Option<DeviceId> {
    let world = stage.world();
    let host = target.host.as_ref().and_then(|host| stage.hosts(host, 0).into_iter().next());
    let built_in = host.and_then(|host| world.find_device_of(host, &target.device));
    built_in.or_else(|| world.find_device(&target.device))
}
