//! `power-cut`: a device is dark; of what was not stable any part may be gone.

use nodes::world::device::{Device, EntryKind, FaultCounts, Survival, Survivors};
use nodes::world::disk::DeviceId;

use super::{Begun, Effects, Inject, Injection, Scene, aims, names};
use crate::run::stage::Stage;
use crate::scenario::verbs::device::PowerCut;

struct Dark {
    devices: Vec<DeviceId>,
    effects: Effects,
}

impl Inject for PowerCut {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let mut aims = aims(scene, &self.device, pick);
        // A shared device is one device, whoever is named.
        aims.iter_mut().for_each(|aim| aim.host = None);
        aims.dedup_by_key(|aim| aim.device);
        let (mut dark, mut open, mut damaged) = (Vec::new(), 0, 0);
        for aim in &aims {
            let before = world.with_device(aim.device, |device| device.has_power().then(|| undetermined(device)));
            let Some(before) = before else { continue };
            world.change_device(aim.device, |device| device.power_cut(world.now(), Survivors::Drawn));
            let after = world.with_device(aim.device, |device| undetermined(device));
            open += after.0 - before.0;
            damaged += after.1 - before.1;
            dark.push(aim.device);
        }
        let counts =
            FaultCounts { armed: aims.len() as u64, fired: dark.len() as u64, observed: damaged, ..Default::default() };
        let targets = names(scene, &aims);
        let who = super::listed(&targets);
        let effects = match dark.is_empty() {
            true => Effects::none(format!("{who} had no power already"), format!("{who} 此前已无电")),
            false => Effects::counted(
                counts,
                format!("{who} lost power; of {open} writes that were not stable, {damaged} are gone or torn"),
                format!("{who} 断电;{open} 次未落盘的写入中 {damaged} 次丢失或撕裂"),
            ),
        };
        Begun { targets, injection: Box::new(Dark { devices: dark, effects }) }
    }
}

/// How many writes of the device met a cut before they were stable, and how many of those are not whole since.
fn undetermined(device: &Device) -> (u64, u64) {
    let writes = device.journal().entries().iter().filter(|entry| matches!(entry.kind, EntryKind::Write { .. }));
    let cut: Vec<Survival> = writes.filter_map(|entry| entry.after_cut).collect();
    (cut.len() as u64, cut.iter().filter(|survival| **survival != Survival::Whole).count() as u64)
}

impl Injection for Dark {
    fn effects(&self, _: &Stage) -> Effects {
        self.effects.clone()
    }

    fn end(&mut self, stage: &Stage) {
        let now = stage.world().now();
        for device in &self.devices {
            stage.world().change_device(*device, |device| device.power_on(now));
        }
    }
}
