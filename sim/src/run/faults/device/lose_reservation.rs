//! `lose-reservation`: a device forgets who was registered and who held the reservation.

use nodes::world::device::FaultCounts;

use super::{Begun, Effects, Inject, Scene, aims, listed, names};
use crate::scenario::verbs::device::LoseReservation;

impl Inject for LoseReservation {
    fn begin(&self, scene: &Scene<'_>, pick: u32) -> Begun {
        let world = scene.stage.world();
        let aims = aims(scene, &self.device, pick);
        let mut forgotten = 0;
        for aim in &aims {
            forgotten += world.with_device(aim.device, |device| {
                let known = device.reservations().registrations().len() as u64;
                device.lose_reservations(world.now());
                known
            });
        }
        let targets = names(scene, &aims);
        let who = listed(&targets);
        let effects = match forgotten {
            0 => Effects::none(format!("nobody was registered on {who}"), format!("{who} 上无注册")),
            _ => Effects::counted(
                FaultCounts { armed: aims.len() as u64, fired: forgotten, ..FaultCounts::default() },
                format!("{who} forgot {forgotten} registrations"),
                format!("{who} 丢失 {forgotten} 个注册"),
            ),
        };
        Begun::done(targets, effects)
    }
}
