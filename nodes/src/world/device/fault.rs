//! What can go wrong with a device: the kinds of fault, and how one is aimed.
//!
//! A fault armed here strikes requests; most are also rates in the device's options, which is the same fault armed for
//! good with a small chance. What happens to the device as a whole (power, paths, dead hosts, lost reservations) has
//! methods of its own, and a kind here so that it is counted like the others.

use super::options::Ratio;
use super::range::SectorRange;
use crate::world::latency::Latency;
use crate::world::time::Instant;

/// A fault that strikes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceFault {
    /// A read fails; the sectors are sound, so that the same read succeeds when the fault does not strike again.
    ReadError {
        /// Whether a sector that failed fails as long as the fault is armed.
        sticky: bool,
    },
    /// A write fails and leaves nothing.
    WriteError {
        /// Whether a sector that failed fails as long as the fault is armed.
        sticky: bool,
    },
    /// A sector cannot be read until it is written again; found when it is read.
    LatentSectorError,
    /// One bit of a sector has flipped, always the same one, until it is written again; found when it is read.
    BitRot,
    /// A read gets what the sectors held before their last write.
    StaleRead,
    /// A read gets what another place holds.
    MisdirectedRead,
    /// A write goes to another place: the intended one keeps its old bytes, the wrong one gets the new bytes.
    MisdirectedWrite,
    /// A write is acknowledged and thrown away.
    LostWrite,
    /// If the power is cut or the host dies before the write is stable, some of its sectors land and some do not.
    TornWrite,
    /// A flush is acknowledged and makes nothing stable.
    LyingFlush,
    /// A flush fails. What that leaves depends on the personality.
    FailedFlush,
    /// There is little room for sectors never written before.
    Full {
        /// How many of them may still be written.
        free: u64,
    },
    /// No write is accepted.
    WriteProtected,
    /// A request takes longer.
    Slow {
        /// By so much.
        extra: Latency,
    },
    /// A request is not carried out while this lasts; if it strikes a number of requests, those hang until it is
    /// disarmed.
    Hang,
    /// From the request it strikes on, nothing is carried out for a while (of that host, if it was aimed at one).
    Stall {
        /// For so long.
        length: Latency,
    },
    /// The device moves its bytes no faster than this.
    Limp {
        /// Bytes per second.
        bandwidth: u64,
    },
    /// A write in flight when its host dies, loses its path or is preempted lands later all the same.
    LateWrite {
        /// So much later.
        delay: Latency,
    },
}

/// The kinds of fault, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// [`DeviceFault::ReadError`].
    ReadError,
    /// [`DeviceFault::WriteError`].
    WriteError,
    /// [`DeviceFault::LatentSectorError`], or a sector damaged on purpose.
    LatentSectorError,
    /// [`DeviceFault::BitRot`], or a sector damaged on purpose.
    BitRot,
    /// [`DeviceFault::StaleRead`].
    StaleRead,
    /// [`DeviceFault::MisdirectedRead`].
    MisdirectedRead,
    /// [`DeviceFault::MisdirectedWrite`].
    MisdirectedWrite,
    /// [`DeviceFault::LostWrite`].
    LostWrite,
    /// [`DeviceFault::TornWrite`], or a sector that a cut left unreadable.
    TornWrite,
    /// [`DeviceFault::LyingFlush`], or the habit of a lying controller.
    LyingFlush,
    /// [`DeviceFault::FailedFlush`].
    FailedFlush,
    /// [`DeviceFault::Full`].
    Full,
    /// [`DeviceFault::WriteProtected`].
    WriteProtected,
    /// [`DeviceFault::Slow`].
    Slow,
    /// [`DeviceFault::Hang`].
    Hang,
    /// [`DeviceFault::Stall`].
    Stall,
    /// [`DeviceFault::Limp`].
    Limp,
    /// [`DeviceFault::LateWrite`], or a write that lands after its host died.
    LateWrite,
    /// A lost path.
    PathLoss,
    /// Forgotten registrations.
    ReservationsLost,
    /// A power cut, or the loss of the page cache with its host.
    PowerCut,
    /// All data gone.
    Wipe,
}

impl FaultKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [FaultKind; 22] = [
        FaultKind::ReadError,
        FaultKind::WriteError,
        FaultKind::LatentSectorError,
        FaultKind::BitRot,
        FaultKind::StaleRead,
        FaultKind::MisdirectedRead,
        FaultKind::MisdirectedWrite,
        FaultKind::LostWrite,
        FaultKind::TornWrite,
        FaultKind::LyingFlush,
        FaultKind::FailedFlush,
        FaultKind::Full,
        FaultKind::WriteProtected,
        FaultKind::Slow,
        FaultKind::Hang,
        FaultKind::Stall,
        FaultKind::Limp,
        FaultKind::LateWrite,
        FaultKind::PathLoss,
        FaultKind::ReservationsLost,
        FaultKind::PowerCut,
        FaultKind::Wipe,
    ];

    /// Its name in scenarios and reports.
    pub const fn name(self) -> &'static str {
        match self {
            FaultKind::ReadError => "read-error",
            FaultKind::WriteError => "write-error",
            FaultKind::LatentSectorError => "latent-sector-error",
            FaultKind::BitRot => "bit-rot",
            FaultKind::StaleRead => "stale-read",
            FaultKind::MisdirectedRead => "misdirected-read",
            FaultKind::MisdirectedWrite => "misdirected-write",
            FaultKind::LostWrite => "lost-write",
            FaultKind::TornWrite => "torn-write",
            FaultKind::LyingFlush => "lying-flush",
            FaultKind::FailedFlush => "failed-flush",
            FaultKind::Full => "full",
            FaultKind::WriteProtected => "write-protected",
            FaultKind::Slow => "slow",
            FaultKind::Hang => "hang",
            FaultKind::Stall => "stall",
            FaultKind::Limp => "limp",
            FaultKind::LateWrite => "late-write",
            FaultKind::PathLoss => "path-loss",
            FaultKind::ReservationsLost => "reservations-lost",
            FaultKind::PowerCut => "power-cut",
            FaultKind::Wipe => "wipe",
        }
    }

    /// True if it leaves wrong or missing data behind that only another copy can mend: what the atlas bounds.
    pub const fn is_permanent(self) -> bool {
        matches!(
            self,
            FaultKind::LatentSectorError
                | FaultKind::BitRot
                | FaultKind::MisdirectedWrite
                | FaultKind::LostWrite
                | FaultKind::LyingFlush
        )
    }

    /// True if the sender of the struck request sees it in the answer: an error, a delay, other bytes.
    pub(super) const fn shows_in_the_answer(self) -> bool {
        use FaultKind::*;
        matches!(
            self,
            ReadError
                | WriteError
                | StaleRead
                | MisdirectedRead
                | FailedFlush
                | Full
                | WriteProtected
                | Slow
                | Hang
                | Stall
                | Limp
        )
    }
}

impl DeviceFault {
    /// Its kind.
    pub const fn kind(self) -> FaultKind {
        match self {
            DeviceFault::ReadError { .. } => FaultKind::ReadError,
            DeviceFault::WriteError { .. } => FaultKind::WriteError,
            DeviceFault::LatentSectorError => FaultKind::LatentSectorError,
            DeviceFault::BitRot => FaultKind::BitRot,
            DeviceFault::StaleRead => FaultKind::StaleRead,
            DeviceFault::MisdirectedRead => FaultKind::MisdirectedRead,
            DeviceFault::MisdirectedWrite => FaultKind::MisdirectedWrite,
            DeviceFault::LostWrite => FaultKind::LostWrite,
            DeviceFault::TornWrite => FaultKind::TornWrite,
            DeviceFault::LyingFlush => FaultKind::LyingFlush,
            DeviceFault::FailedFlush => FaultKind::FailedFlush,
            DeviceFault::Full { .. } => FaultKind::Full,
            DeviceFault::WriteProtected => FaultKind::WriteProtected,
            DeviceFault::Slow { .. } => FaultKind::Slow,
            DeviceFault::Hang => FaultKind::Hang,
            DeviceFault::Stall { .. } => FaultKind::Stall,
            DeviceFault::Limp { .. } => FaultKind::Limp,
            DeviceFault::LateWrite { .. } => FaultKind::LateWrite,
        }
    }
}

/// How long an armed fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Until it has struck so many requests.
    Requests(u32),
    /// Until this moment.
    Until(Instant),
    /// Until it is disarmed.
    UntilDisarmed,
}

/// A fault, whom it may strike, and for how long.
///
/// ```
/// use nodes::world::device::{Arming, DeviceFault, SectorRange};
/// let voting_block_unreadable_for_host_2 =
///     Arming::new(DeviceFault::ReadError { sticky: true }).on_host(2).on_sectors(SectorRange::one(8)).until_disarmed();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arming {
    /// What goes wrong.
    pub fault: DeviceFault,
    /// Only for this host.
    pub host: Option<u16>,
    /// Only in these sectors.
    pub range: Option<SectorRange>,
    /// Only writes: what a cache that has gone, or a remote copy, does to an array.
    pub writes_only: bool,
    /// For how long.
    pub lifetime: Lifetime,
    /// How likely each request that fits is struck.
    pub chance: Ratio,
}

impl Arming {
    /// The fault strikes the next request that it can strike.
    pub const fn new(fault: DeviceFault) -> Self {
        Arming { fault, host: None, range: None, writes_only: false, lifetime: Lifetime::Requests(1), chance: (1, 1) }
    }

    /// Only requests of `host`.
    pub const fn on_host(self, host: u16) -> Self {
        Arming { host: Some(host), ..self }
    }

    /// Only requests that touch `range`, and there only these sectors. A flush of everything touches every sector.
    pub const fn on_sectors(self, range: SectorRange) -> Self {
        Arming { range: Some(range), ..self }
    }

    /// Only writes.
    pub const fn on_writes(self) -> Self {
        Arming { writes_only: true, ..self }
    }

    /// The next `count` requests that it can strike.
    pub const fn for_requests(self, count: u32) -> Self {
        Arming { lifetime: Lifetime::Requests(count), ..self }
    }

    /// Until `moment`.
    pub const fn until(self, moment: Instant) -> Self {
        Arming { lifetime: Lifetime::Until(moment), ..self }
    }

    /// Until it is disarmed.
    pub const fn until_disarmed(self) -> Self {
        Arming { lifetime: Lifetime::UntilDisarmed, ..self }
    }

    /// Each request that fits only with this chance.
    pub const fn with_chance(self, chance: Ratio) -> Self {
        Arming { chance, ..self }
    }
}

/// Names an armed fault, to disarm it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(pub(super) u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_numbered_as_listed_and_named_once() {
        for (number, kind) in FaultKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
        }
        let names: std::collections::BTreeSet<_> = FaultKind::ALL.map(FaultKind::name).into();
        assert_eq!(names.len(), FaultKind::ALL.len());
    }
}
