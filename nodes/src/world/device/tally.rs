//! What each fault came to: armed, fired, withheld, observed, repaired.
//!
//! A fault that was armed and never fired tested nothing, and a run must say so; hence the counts are kept where the
//! faults bite and not where they are asked for.

use std::collections::BTreeMap;

use super::fault::{FaultId, FaultKind};

/// What one kind of fault came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// How often it was armed (a rate in the options counts once).
    pub armed: u64,
    /// How often it struck.
    pub fired: u64,
    /// How often it would have struck, but the atlas forbids it there or the personality cannot have it.
    pub withheld: u64,
    /// How often a sender saw it: an error, a delay, wrong bytes (each damage once).
    pub observed: u64,
    /// How many damages were written over later.
    pub repaired: u64,
}

impl std::ops::AddAssign for FaultCounts {
    fn add_assign(&mut self, other: FaultCounts) {
        self.armed += other.armed;
        self.fired += other.fired;
        self.withheld += other.withheld;
        self.observed += other.observed;
        self.repaired += other.repaired;
    }
}

/// The counts of every kind of fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultTally {
    counts: [FaultCounts; FaultKind::ALL.len()],
    by_fault: BTreeMap<FaultId, FaultCounts>,
}

impl FaultTally {
    /// The counts of one kind.
    pub fn of(&self, kind: FaultKind) -> FaultCounts {
        self.counts[kind as usize]
    }

    /// The counts of every kind that was armed or fired.
    pub fn iter(&self) -> impl Iterator<Item = (FaultKind, FaultCounts)> {
        let all = FaultKind::ALL.into_iter().zip(self.counts);
        all.filter(|(_, counts)| *counts != FaultCounts::default())
    }

    /// The counts of one armed fault, or of one call that damaged sectors.
    pub fn of_fault(&self, fault: FaultId) -> FaultCounts {
        self.by_fault.get(&fault).copied().unwrap_or_default()
    }

    /// Counts something for its kind, and for the fault it comes from if it comes from one.
    pub(super) fn note(&mut self, kind: FaultKind, fault: Option<FaultId>, count: impl Fn(&mut FaultCounts)) {
        count(&mut self.counts[kind as usize]);
        if let Some(fault) = fault {
            count(self.by_fault.entry(fault).or_default());
        }
    }

    pub(super) fn count(&mut self, kind: FaultKind) -> &mut FaultCounts {
        &mut self.counts[kind as usize]
    }
}

/// A set of kinds: what has struck one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultKinds(u32);

impl FaultKinds {
    /// True if no fault struck it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True if `kind` struck it.
    pub fn contains(self, kind: FaultKind) -> bool {
        self.0 >> kind as u32 & 1 == 1
    }

    /// Each kind that struck it.
    pub fn iter(self) -> impl Iterator<Item = FaultKind> {
        FaultKind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }

    pub(super) fn insert(&mut self, kind: FaultKind) {
        self.0 |= 1 << kind as u32;
    }
}
