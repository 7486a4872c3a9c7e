//! What is asked of a device, by whom, and what comes back.

use std::sync::Arc;

use thiserror::Error;

use super::content::SharedBytes;
use super::range::SectorRange;
use super::reservation::{Registration, ReservationCommand, ReservationHeld};
use crate::world::time::Instant;

/// Who sends a request. It goes into the journal with every request, so that a reader can say who wrote what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The host, and so the path and the reservation registration.
    pub host: u16,
    /// The process on that host.
    pub process: u16,
    /// How often that process had been started.
    pub incarnation: u32,
    /// The key under which the process believes its host is registered; 0 if none. The device itself goes by the
    /// registration of the host, as SCSI does.
    pub reservation_key: u64,
    /// The reign under which the process writes (a term, a timeline, a reform version): 0 if it has none.
    pub epoch: u64,
}

/// Names one request of one device: the sender and a running number of its own, so that another sender's requests
/// change neither the name nor the draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    /// The sending host.
    pub host: u16,
    /// The sending process on that host.
    pub process: u16,
    /// The how-manieth request of that process on this device, over all its incarnations.
    pub number: u32,
}

/// What a device can be asked to do. Offsets and lengths are in bytes and whole sectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Reads `length` bytes.
    Read {
        /// The first byte.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// Writes `bytes`.
    Write {
        /// The first byte.
        offset: u64,
        /// What to write; the buffer is shared, not copied.
        bytes: Arc<[u8]>,
        /// Answered only when it is on the medium, past the volatile cache.
        force_unit_access: bool,
    },
    /// Makes every write acknowledged before this request stable.
    Flush,
    /// The same for one range, as `fsync` does for one file. A raw device has no such command and flushes all.
    FlushRange {
        /// The first byte.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// A SCSI-3 persistent reservation command.
    Reservation(ReservationCommand),
}

/// What a device answers when it did what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The bytes read.
    Data(SharedBytes),
    /// The write is acknowledged (stable only after a flush, unless it forced unit access).
    Written,
    /// The flush is acknowledged.
    Flushed,
    /// The reservation command took effect.
    Reserved,
    /// The registrations (read-keys).
    Registrations {
        /// Rises with every change of a registration.
        generation: u32,
        /// Host and key of each.
        registrations: Vec<Registration>,
    },
    /// The reservation, if there is one (read-reservation).
    Held {
        /// Rises with every change of a registration.
        generation: u32,
        /// Who holds it, and of which type.
        held: Option<ReservationHeld>,
    },
}

/// Why a request failed, as its sender sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum IoError {
    /// The medium failed.
    #[error("medium error at sector {sector}: the range must be rewritten or read from another copy")]
    Medium {
        /// The first sector that failed.
        sector: u64,
    },
    /// The host is not registered while another one holds the reservation.
    #[error("reservation conflict: this host's key is not registered here, it has been fenced or never joined")]
    ReservationConflict,
    /// No path to the device was up for the whole path time-out.
    #[error("no path to the device: whether the request took effect is unknown")]
    PathLost,
    /// A thinly provisioned device has no room for a sector never written before.
    #[error("no space left on the device: free some, or enlarge it, and write again")]
    NoSpace,
    /// No answer within the request time-out.
    #[error("timed out without an answer: whether the request took effect is unknown")]
    TimedOut,
    /// The device accepts no writes now.
    #[error("the device is write-protected")]
    WriteProtected,
    /// Somebody ended the request at the device, by preempt-and-abort.
    #[error("aborted at the device before it took effect: another host preempted this host's key")]
    Aborted,
    /// The flush failed; which of the writes before it are stable is unknown.
    #[error("flush failed: writes since the last good flush may be lost, a later good flush proves nothing")]
    FlushFailed,
    /// The range is not on the device.
    #[error("bytes {offset} to {offset} + {length} are not on the device")]
    OutOfRange {
        /// The first byte asked for.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// The range is empty or not whole sectors.
    #[error("offset {offset} and length {length} must be whole sectors, at least one")]
    Misaligned {
        /// The first byte asked for.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// A reservation command that makes no sense as it stands (a release of another type, a key of zero).
    #[error("invalid reservation command: check the type and that the key is not zero")]
    InvalidCommand,
}

/// A moment at which the device wants [`super::Device::advance`] to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// When.
    pub at: Instant,
    /// With what.
    pub token: Token,
}

/// Stands for one request in [`super::Device::advance`]. Stale ones are harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(pub(super) u64);

/// What became of a submitted request so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the request completes only if the scheduled moment is kept"]
pub struct Submitted {
    /// The request's name.
    pub id: RequestId,
    /// XXH3 of a write's bytes; 0 for other requests.
    pub checksum: u64,
    /// When to call back; `None` while there is no path and the host waits for one for ever.
    pub scheduled: Option<Scheduled>,
}

/// What calling back brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advanced {
    /// The request is over for its sender.
    Done(Completion),
    /// Not yet: come back then.
    Later(Scheduled),
    /// Nothing: the sender is dead, the token is stale, or the request hangs until something is mended (which then
    /// returns its [`Scheduled`]).
    Nothing,
}

/// The end of a request, as its sender sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The request.
    pub id: RequestId,
    /// Its sender.
    pub origin: Origin,
    /// When the sender learns of it.
    pub at: Instant,
    /// XXH3 of the bytes written or read; 0 if there are none.
    pub checksum: u64,
    /// What it was answered.
    pub result: Result<Answer, IoError>,
}

/// Checks that bytes `offset` to `offset + length` are whole sectors of the device.
pub(super) fn sectors_of(offset: u64, length: u64, sector_size: u64, capacity: u64) -> Result<SectorRange, IoError> {
    if length == 0 || !offset.is_multiple_of(sector_size) || !length.is_multiple_of(sector_size) {
        return Err(IoError::Misaligned { offset, length });
    }
    let range = SectorRange::new(offset / sector_size, length / sector_size);
    if range.end > capacity {
        return Err(IoError::OutOfRange { offset, length });
    }
    Ok(range)
}
