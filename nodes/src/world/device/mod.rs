//! A simulated block device: real bytes, shared by hosts that each have their own path, and able to fail as real ones
//! do. It is what decides whether a fencing design is sound, so it keeps the truth of who wrote what.
//!
//! # How a world drives it
//!
//! [`Device`] is a state machine. It never waits, reads no clock and wakes nobody:
//!
//! 1. [`Device::submit`] takes a request and returns its name and the moment to call back.
//! 2. At that moment the world calls [`Device::advance`] with the token. It brings the completion, or a later moment
//!    to call back at (the request was held up), or nothing (its sender is dead, or it hangs until something is
//!    mended).
//! 3. What the world does to the device ([`Device::host_died`], [`Device::lose_path`], [`Device::restore_path`],
//!    [`Device::fence`]…) happens at the moment given. Whatever returns [`Scheduled`] moments wants to be called back.
//!
//! Moments never run backwards. What happens inside the device between two calls (a request arriving, a write taking
//! effect) is carried out, in order and at its own moment, when the device is next touched; nobody could have looked
//! in between. [`Device::settle`] does only that; call it before reading the journal at the end of a run.
//!
//! # The life of a write
//!
//! issued → on the host's path → accepted (journal entry; reservations decide here) → applied (readers see it; it is
//! in the volatile cache) → acknowledged → stable (after a flush issued later, or at once with forced unit access).
//!
//! # What it does not do
//!
//! It has no files, no partitions and no queue depth; it does not reorder by seek distance. A killed process is not
//! its concern: the kernel finishes what the process had sent, and the world drops the answer.
//!
//! ```
//! use nodes::world::device::{Advanced, Answer, Device, DeviceOptions, Origin, Request};
//! use nodes::world::{streams::Seed, time::Instant};
//!
//! let mut device = Device::new(DeviceOptions::new("shared", 1 << 20), Seed(1))?;
//! let origin = Origin { host: 1, process: 1, incarnation: 1, reservation_key: 0, epoch: 0 };
//! let write = Request::Write { offset: 0, bytes: vec![7; 512].into(), force_unit_access: false };
//! let call_back = device.submit(Instant::START, origin, write).scheduled.expect("the path is up");
//! let Advanced::Done(completion) = device.advance(call_back.at, call_back.token) else { panic!("held up") };
//! assert_eq!(completion.result, Ok(Answer::Written));
//! # Ok::<(), nodes::world::device::DeviceError>(())
//! ```

mod armed;
mod atlas;
mod content;
mod crash;
mod crash_states;
mod death;
mod fault;
mod flushes;
mod holdups;
mod image;
mod in_flight;
mod journal;
mod machine;
mod medium;
mod options;
mod paths;
mod personality;
mod power;
mod queries;
mod range;
mod reads;
mod request;
mod reservation;
mod service;
mod tally;
mod tearing;
mod writes;

pub use atlas::{Atlas, AtlasError, Redundancy, Region, Replica};
pub use content::SharedBytes;
pub use crash_states::{Choice, CrashState, CrashStates};
pub use death::{Fate, Orphans, UnderWay};
pub use fault::{Arming, DeviceFault, FaultId, FaultKind, Lifetime};
pub use image::{Image, Unreadable, Unwritten};
pub use journal::{Entry, EntryKind, Interruption, InterruptionKind, Journal, Outcome, Survival};
pub use machine::Device;
pub use options::{DeviceError, DeviceOptions, Garbage, OrphanOdds, Ratio, WithoutPath};
pub use paths::Paths;
pub use personality::Personality;
pub use power::Survivors;
pub use range::SectorRange;
pub use reads::{Damage, Damaged};
pub use request::{Advanced, Answer, Completion, IoError, Origin, Request, RequestId, Scheduled, Submitted, Token};
pub use reservation::{Registration, ReservationCommand, ReservationHeld, ReservationType, Reservations};
pub use tally::{FaultCounts, FaultKinds, FaultTally};

#[cfg(test)]
mod tests;
