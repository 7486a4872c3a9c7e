//! Fencing by the device itself: SCSI-3 persistent reservations, preempt-and-abort.
//!
//! A node puts its key on the device and the first of them reserves it for registrants; whoever fences removes the
//! victim's key, and the device ends what the victim had under way and refuses what comes later. There is no timing
//! assumption in it. Sources: sg_persist(8), fence_scsi(8) and the kernel's description of persistent reservations.

use crate::world::device::{Registration, ReservationCommand, ReservationHeld, ReservationType};

/// The type clusters use: registrants may write, others only read.
pub const KIND: ReservationType = ReservationType::WriteExclusiveRegistrantsOnly;

/// What a node sends to join: its key always, the reservation if nobody holds it.
pub fn joining(key: u64, held: Option<ReservationHeld>) -> Vec<ReservationCommand> {
    let register = ReservationCommand::RegisterAndIgnore { new_key: key };
    match held {
        Some(_) => vec![register],
        None => vec![register, ReservationCommand::Reserve { key, kind: KIND }],
    }
}

/// What a node sends to fence another; nothing if the victim's key is not there, since preempting it would fail.
pub fn fencing(key: u64, victim_key: u64, registrations: &[Registration]) -> Option<ReservationCommand> {
    let registered = registrations.iter().any(|registration| registration.key == victim_key);
    registered.then_some(ReservationCommand::PreemptAndAbort { key, victim_key, kind: KIND })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_node_reserves_and_the_others_register() {
        let holder = Registration { host: 0, key: 1 };
        let held = Some(ReservationHeld { holder: Some(holder), kind: KIND });
        assert_eq!(joining(2, held), [ReservationCommand::RegisterAndIgnore { new_key: 2 }]);
        assert_eq!(joining(1, None).len(), 2);
    }

    #[test]
    fn a_key_that_is_not_there_is_not_preempted() {
        let registrations = [Registration { host: 0, key: 1 }, Registration { host: 1, key: 2 }];
        assert_eq!(
            fencing(2, 1, &registrations),
            Some(ReservationCommand::PreemptAndAbort { key: 2, victim_key: 1, kind: KIND })
        );
        assert_eq!(fencing(2, 1, &registrations[1..]), None);
    }
}
