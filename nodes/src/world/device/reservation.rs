//! SCSI-3 persistent reservations: the device's own fence.
//!
//! A host registers a key; one registrant reserves the device; from then on the device refuses writes of hosts that
//! are not registered. Preempting a key removes its registration, and preempt-and-abort also ends the writes of that
//! host which the device had already accepted. The rules are those of SPC-4; no timing assumption is in them.
//!
//! A registration belongs to a host here, whichever of its paths a request takes (as multipath tools arrange it).
//! Unit attentions are left out: Linux swallows them below the caller.

use std::collections::BTreeMap;

use super::request::IoError;

/// A reservation command, as `sg_persist` spells them. Each carries the key its sender believes to be its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReservationCommand {
    /// Registers the host with `new_key`, or changes its key; `new_key` 0 unregisters.
    Register {
        /// The key the host has now; 0 if it has none.
        current_key: u64,
        /// The key it shall have.
        new_key: u64,
    },
    /// The same, whatever key the host has now.
    RegisterAndIgnore {
        /// The key it shall have; 0 unregisters.
        new_key: u64,
    },
    /// Removes the host's own registration.
    Unregister {
        /// The key the host has now.
        current_key: u64,
    },
    /// Takes the reservation.
    Reserve {
        /// The host's own key.
        key: u64,
        /// What the reservation forbids, and to whom.
        kind: ReservationType,
    },
    /// Gives the reservation up.
    Release {
        /// The host's own key.
        key: u64,
        /// The type it was taken with.
        kind: ReservationType,
    },
    /// Removes the registrations with `victim_key`, and takes the reservation if the victim held it.
    Preempt {
        /// The host's own key.
        key: u64,
        /// The key to remove.
        victim_key: u64,
        /// The type of the reservation from then on.
        kind: ReservationType,
    },
    /// The same, and ends the commands of those hosts that the device has accepted and not yet carried out.
    PreemptAndAbort {
        /// The host's own key.
        key: u64,
        /// The key to remove.
        victim_key: u64,
        /// The type of the reservation from then on.
        kind: ReservationType,
    },
    /// Removes every registration and the reservation.
    Clear {
        /// The host's own key.
        key: u64,
    },
    /// Reads the registered keys.
    ReadKeys,
    /// Reads the reservation.
    ReadReservation,
}

/// What a reservation forbids, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReservationType {
    /// Only the holder may write.
    WriteExclusive,
    /// Only the holder may read or write.
    ExclusiveAccess,
    /// Only registered hosts may write. What clusters use.
    WriteExclusiveRegistrantsOnly,
    /// Only registered hosts may read or write.
    ExclusiveAccessRegistrantsOnly,
    /// Only registered hosts may write, and each of them holds the reservation.
    WriteExclusiveAllRegistrants,
    /// Only registered hosts may read or write, and each of them holds the reservation.
    ExclusiveAccessAllRegistrants,
}

impl ReservationType {
    const fn forbids_reading(self) -> bool {
        use ReservationType::*;
        matches!(self, ExclusiveAccess | ExclusiveAccessRegistrantsOnly | ExclusiveAccessAllRegistrants)
    }

    const fn holder_only(self) -> bool {
        matches!(self, ReservationType::WriteExclusive | ReservationType::ExclusiveAccess)
    }

    const fn all_registrants(self) -> bool {
        use ReservationType::*;
        matches!(self, WriteExclusiveAllRegistrants | ExclusiveAccessAllRegistrants)
    }
}

/// One host's registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The host.
    pub host: u16,
    /// Its key.
    pub key: u64,
}

/// A reservation in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReservationHeld {
    /// The holder; `None` where every registrant holds it.
    pub holder: Option<Registration>,
    /// What it forbids, and to whom.
    pub kind: ReservationType,
}

/// What a command does beside changing the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    /// Hosts that were registered and are no more, by the will of another one.
    pub(super) removed: Vec<u16>,
    /// Whether their accepted commands end now.
    pub(super) abort: bool,
}

/// Whether a request changes the medium, for the question whether it may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// The registrations of a device and its reservation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reservations {
    generation: u32,
    keys: BTreeMap<u16, u64>,
    reservation: Option<Taken>,
}

/// The reservation as stored: the host that took it, and the type. Every registrant holds an all-registrants one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    host: u16,
    kind: ReservationType,
}

impl Reservations {
    /// The key a host is registered with.
    pub fn key_of(&self, host: u16) -> Option<u64> {
        self.keys.get(&host).copied()
    }

    /// Rises with every change of a registration.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Every registration, by host.
    pub fn registrations(&self) -> Vec<Registration> {
        self.keys.iter().map(|(&host, &key)| Registration { host, key }).collect()
    }

    /// The reservation in force.
    pub fn held(&self) -> Option<ReservationHeld> {
        self.reservation.map(|taken| ReservationHeld {
            holder: match taken.kind.all_registrants() {
                true => None,
                false => self.key_of(taken.host).map(|key| Registration { host: taken.host, key }),
            },
            kind: taken.kind,
        })
    }

    /// Whether a request of `host` may pass.
    pub(super) fn allows(&self, host: u16, access: Access) -> bool {
        let Some(taken) = self.reservation else { return true };
        if access == Access::Read && !taken.kind.forbids_reading() {
            return true;
        }
        match taken.kind.holder_only() {
            true => taken.host == host,
            false => self.keys.contains_key(&host),
        }
    }

    /// Carries out a command that changes something.
    pub(super) fn execute(&mut self, host: u16, command: ReservationCommand) -> Result<Effect, IoError> {
        use ReservationCommand::*;
        match command {
            Register { current_key, new_key } => self.register(host, Some(current_key), new_key),
            RegisterAndIgnore { new_key } => self.register(host, None, new_key),
            Unregister { current_key } => self.unregister(host, current_key),
            Reserve { key, kind } => self.reserve(host, key, kind),
            Release { key, kind } => self.release(host, key, kind),
            Preempt { key, victim_key, kind } => {
                self.preempt(host, key, victim_key, kind).map(|removed| Effect { removed, abort: false })
            }
            PreemptAndAbort { key, victim_key, kind } => {
                self.preempt(host, key, victim_key, kind).map(|removed| Effect { removed, abort: true })
            }
            Clear { key } => self.clear(host, key),
            ReadKeys | ReadReservation => Ok(Effect::default()),
        }
    }

    fn register(&mut self, host: u16, current_key: Option<u64>, new_key: u64) -> Result<Effect, IoError> {
        let registered = self.key_of(host);
        if current_key.is_some_and(|key| key != registered.unwrap_or(0)) {
            return Err(IoError::ReservationConflict);
        }
        match (registered, new_key) {
            (None, 0) => {}
            (Some(_), 0) => self.remove(host),
            _ => {
                self.keys.insert(host, new_key);
            }
        }
        self.generation = self.generation.wrapping_add(1);
        Ok(Effect::default())
    }

    fn unregister(&mut self, host: u16, current_key: u64) -> Result<Effect, IoError> {
        self.must_own(host, current_key)?;
        self.register(host, Some(current_key), 0)
    }

    fn reserve(&mut self, host: u16, key: u64, kind: ReservationType) -> Result<Effect, IoError> {
        self.must_own(host, key)?;
        match self.reservation {
            None => self.reservation = Some(Taken { host, kind }),
            Some(taken) if taken.kind == kind && self.holds(host, taken) => {}
            Some(_) => return Err(IoError::ReservationConflict),
        }
        Ok(Effect::default())
    }

    fn release(&mut self, host: u16, key: u64, kind: ReservationType) -> Result<Effect, IoError> {
        self.must_own(host, key)?;
        match self.reservation {
            Some(taken) if self.holds(host, taken) && taken.kind != kind => return Err(IoError::InvalidCommand),
            Some(taken) if self.holds(host, taken) => self.reservation = None,
            // Releasing what one does not hold is no error, and changes nothing.
            _ => {}
        }
        Ok(Effect::default())
    }

    /// Returns the hosts whose registration was removed.
    fn preempt(&mut self, host: u16, key: u64, victim: u64, kind: ReservationType) -> Result<Vec<u16>, IoError> {
        self.must_own(host, key)?;
        let taken = self.reservation;
        let takes_over = match taken {
            Some(taken) if taken.kind.all_registrants() => victim == 0,
            Some(taken) => self.key_of(taken.host) == Some(victim),
            None => false,
        };
        if victim == 0 && !takes_over {
            return Err(IoError::InvalidCommand);
        }
        // Taking the reservation over spares the one who does it; removing a key spares nobody who has it.
        let removed: Vec<u16> = self
            .keys
            .iter()
            .filter(|&(&other, &other_key)| match takes_over {
                true => other != host && (victim == 0 || other_key == victim),
                false => other_key == victim,
            })
            .map(|(&other, _)| other)
            .collect();
        if removed.is_empty() && !takes_over {
            return Err(IoError::ReservationConflict);
        }
        for &other in &removed {
            self.remove(other);
        }
        if takes_over {
            self.reservation = Some(Taken { host, kind });
        }
        self.generation = self.generation.wrapping_add(1);
        Ok(removed)
    }

    fn clear(&mut self, host: u16, key: u64) -> Result<Effect, IoError> {
        self.must_own(host, key)?;
        self.forget();
        self.generation = self.generation.wrapping_add(1);
        Ok(Effect::default())
    }

    /// Forgets every registration and the reservation, as a target does that loses power without having saved them.
    pub(super) fn forget(&mut self) {
        self.keys.clear();
        self.reservation = None;
    }

    /// Removes a registration; a reservation goes with its holder, or with the last of all its holders.
    fn remove(&mut self, host: u16) {
        self.keys.remove(&host);
        let Some(taken) = self.reservation else { return };
        let gone = match taken.kind.all_registrants() {
            true => self.keys.is_empty(),
            false => taken.host == host,
        };
        if gone {
            self.reservation = None;
        }
    }

    fn holds(&self, host: u16, taken: Taken) -> bool {
        taken.host == host || (taken.kind.all_registrants() && self.keys.contains_key(&host))
    }

    fn must_own(&self, host: u16, key: u64) -> Result<(), IoError> {
        match self.key_of(host) {
            Some(registered) if registered == key => Ok(()),
            _ => Err(IoError::ReservationConflict),
        }
    }
}

#[cfg(test)]
#[path = "reservation_tests.rs"]
mod tests;
