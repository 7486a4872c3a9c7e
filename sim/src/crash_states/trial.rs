//! One recovery, in a world that holds nothing but the devices.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use nodes::product::{Recovery, Restored};
use nodes::world::device::{Device, EntryKind, UnderWay};
use nodes::world::disk::DeviceId;
use nodes::world::executor::Limits;
use nodes::world::streams::Seed;
use nodes::world::time::Instant;
use nodes::world::{World, WorldOptions};

/// A recovery that takes longer than this has hung.
const PATIENCE: Duration = Duration::from_secs(3600);

/// At how many moments of a recovery the power goes again: the first and the last of its writes, and some between.
const SECOND_CUTS: usize = 4;

/// The devices of a cluster at the moment of a cut, and the recovery that is tried.
pub(super) struct Bench {
    pub(super) devices: Vec<Device>,
    /// The number of the device whose power went.
    pub(super) victim: usize,
    pub(super) recovery: Recovery,
    pub(super) seed: Seed,
}

/// A write of a dead host that takes effect during a recovery.
pub(super) struct Landing {
    pub(super) at: Instant,
    pub(super) write: UnderWay,
}

/// What came of one recovery.
pub(super) struct Recovered {
    /// What the product has, or why it does not open.
    pub(super) outcome: Result<Restored, String>,
    /// The devices afterwards.
    pub(super) devices: Vec<Device>,
    /// When it was over.
    pub(super) ended: Instant,
}

impl Bench {
    /// Recovers with `device` in the place of the one whose power went.
    pub(super) fn recover(&self, device: &Device) -> Recovered {
        self.recover_while(device, Vec::new())
    }

    /// The same while writes of a dead host land.
    pub(super) fn recover_while(&self, device: &Device, landings: Vec<Landing>) -> Recovered {
        self.run(self.with(device), landings, Instant::START + PATIENCE)
    }

    /// Recovers once more, from what a recovery left.
    pub(super) fn recover_again(&self, before: &Recovered) -> Recovered {
        let mut devices = before.devices.clone();
        let rested = devices.iter_mut().map(|device| device.at_rest(before.ended)).collect();
        self.run(rested, Vec::new(), Instant::START + PATIENCE)
    }

    /// The moments at which the recovery from `device` writes, some of them if there are many.
    pub(super) fn moments_of_writes(&self, device: &Device) -> Vec<Instant> {
        let recovered = self.recover(device);
        let entries = recovered.devices[self.victim].journal().entries().iter();
        let writes: Vec<Instant> =
            entries.filter(|it| matches!(it.kind, EntryKind::Write { .. })).map(|it| it.accepted).collect();
        let last = writes.len().saturating_sub(1);
        let chosen = (0..SECOND_CUTS.min(writes.len())).map(|number| match SECOND_CUTS.min(writes.len()) - 1 {
            0 => 0,
            steps => number * last / steps,
        });
        chosen.map(|index| writes[index]).collect()
    }

    /// The device as it is at a moment of the recovery from `device`.
    pub(super) fn interrupted(&self, device: &Device, moment: Instant) -> Option<Device> {
        self.run(self.with(device), Vec::new(), moment).devices.into_iter().nth(self.victim)
    }

    fn with(&self, device: &Device) -> Vec<Device> {
        let mut devices = self.devices.clone();
        devices[self.victim] = device.clone();
        devices
    }

    fn run(&self, devices: Vec<Device>, landings: Vec<Landing>, until: Instant) -> Recovered {
        let world = World::new(WorldOptions { seed: self.seed, ..WorldOptions::default() });
        let result: Rc<RefCell<Option<Result<Restored, String>>>> = Rc::default();
        let (slot, recovery) = (result.clone(), self.recovery.clone());
        let limits = Limits { time: until, ..Limits::default() };
        let victim = DeviceId(self.victim as u16);
        world.run(limits, |world| {
            for mut device in devices {
                // Whoever recovers has put its own key on the device before.
                device.lose_reservations(Instant::START);
                world.adopt_device(device);
            }
            for Landing { at, write } in landings {
                let array = world.clone();
                world.spawn_outside(async move {
                    array.sleep_until(at).await;
                    array.with_device(victim, |device| device.land(at, &write));
                });
            }
            let outside = world.clone();
            let process = world.add_process(world.add_host("recovery"), "recovery", move |process| {
                let (slot, recovery, outside) = (slot.clone(), recovery.clone(), outside.clone());
                async move {
                    let outcome = recovery.run(process).await;
                    *slot.borrow_mut() = Some(outcome);
                    outside.stop();
                    0
                }
            });
            world.start(process);
        });
        let outcome = result.take().unwrap_or_else(|| Err(format!("it did not end within {} s", PATIENCE.as_secs())));
        let devices = (0..world.device_count()).map(|number| world.with_device(DeviceId(number), |it| it.clone()));
        Recovered { outcome, devices: devices.collect(), ended: world.now() }
    }
}
