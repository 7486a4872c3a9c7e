//! What the device accepted, from whom, and what became of it: the ground truth a checker reads afterwards.
//!
//! One entry per accepted request (a request sent again over another path is accepted again, and has two). Bytes are
//! the buffers the writers handed in, shared with the image. A budget bounds how many of them the journal keeps
//! alive; beyond it the oldest entries keep their checksum and lose their bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::content::Content;
use super::image::Image;
use super::range::SectorRange;
use super::request::{IoError, Origin, RequestId};
use super::reservation::ReservationCommand;
use super::tally::FaultKinds;
use crate::world::time::Instant;

/// What kind of request an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A read (kept only if the device's options ask for it).
    Read,
    /// A write.
    Write {
        /// Whether it was to go past the volatile cache.
        force_unit_access: bool,
    },
    /// A flush, of everything or of a range.
    Flush,
    /// A reservation command.
    Reservation(ReservationCommand),
}

/// What became of an accepted request at the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted and not yet carried out.
    InFlight,
    /// Carried out.
    Done,
    /// Refused, or failed: it had no effect, except that a torn write leaves a part.
    Failed(IoError),
    /// Ended at the device by another host, before it had any effect.
    Aborted,
    /// Gone with its host, the path or the power, before it had any effect.
    Dropped,
    /// A fault: its host died, and only some of its sectors landed.
    Torn,
    /// A fault: acknowledged and thrown away, wholly or in part.
    Lost,
    /// A fault: acknowledged and written to another place.
    Misdirected {
        /// Where it went.
        to: SectorRange,
    },
}

/// How much of a write a cut left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// All of it that no later write had replaced.
    Whole,
    /// Some of its sectors.
    Part,
    /// Nothing.
    Nothing,
}

/// One accepted request.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The request.
    pub request: RequestId,
    /// 0 for the first time it was sent, 1 for the second (over another path), and so on.
    pub attempt: u8,
    /// Who sent it.
    pub origin: Origin,
    /// The key the sending host was registered with when the device accepted it; `None` if it was not.
    pub registered_key: Option<u64>,
    /// What it was.
    pub kind: EntryKind,
    /// Which sectors it was for; empty for a flush of everything and for reservation commands.
    pub range: SectorRange,
    /// XXH3 of the bytes; 0 if there are none.
    pub checksum: u64,
    /// The bytes of a write; `None` for other requests, and where the journal's budget let them go.
    pub bytes: Option<Arc<[u8]>>,
    /// When the sender issued it.
    pub issued: Instant,
    /// When the device accepted or refused it.
    pub accepted: Instant,
    /// When its sender's host died, if it was still in flight then: whatever it does after that is a late write.
    pub orphaned: Option<Instant>,
    /// When it took effect for readers.
    pub applied: Option<Instant>,
    /// When its bytes became stable.
    pub stable: Option<Instant>,
    /// When its sender got the answer.
    pub acknowledged: Option<Instant>,
    /// What became of it.
    pub outcome: Outcome,
    /// How much of a write a later cut left, if it was not yet stable then.
    pub after_cut: Option<Survival>,
    /// The faults that struck it.
    pub faults: FaultKinds,
}

impl Entry {
    /// True if it took effect after its host had died.
    pub fn is_late(&self) -> bool {
        matches!((self.orphaned, self.applied), (Some(orphaned), Some(applied)) if applied > orphaned)
    }
}

/// Something that changed the device beside the requests.
#[derive(Clone, Debug)]
pub struct Interruption {
    /// When.
    pub at: Instant,
    /// How many entries the journal had then.
    pub entries: usize,
    /// What happened.
    pub kind: InterruptionKind,
}

/// What changed the device beside the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterruptionKind {
    /// Its power was cut.
    PowerCut,
    /// The host whose page cache it used died.
    HostCacheLost {
        /// The host.
        host: u16,
    },
    /// Its registrations and its reservation were forgotten.
    ReservationsLost,
    /// Its contents were wiped.
    Wiped,
    /// A sector at rest went bad.
    Damaged {
        /// Which.
        sector: u64,
    },
}

/// The journal of one device.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: Vec<Entry>,
    interruptions: Vec<Interruption>,
    /// Entries that still have bytes, oldest first; kept only if there is a budget.
    holding: VecDeque<EntryNumber>,
    held_bytes: u64,
    budget: Option<u64>,
}

/// The place of an entry.
pub(super) type EntryNumber = usize;

impl Journal {
    pub(super) fn new(budget: Option<u64>) -> Self {
        Journal { budget, ..Journal::default() }
    }

    /// Every entry, in the order in which the device accepted them.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Everything else that changed the device, in order.
    pub fn interruptions(&self) -> &[Interruption] {
        &self.interruptions
    }

    /// How many bytes of writes the journal keeps alive (an image that shares them may need most of them anyway).
    pub fn held_bytes(&self) -> u64 {
        self.held_bytes
    }

    /// The writes that took effect, in the order in which they did: what a single-writer check reads.
    pub fn applied_writes(&self) -> Vec<&Entry> {
        let mut writes: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| matches!(entry.kind, EntryKind::Write { .. }) && entry.applied.is_some())
            .collect();
        writes.sort_by_key(|entry| (entry.applied, entry.request, entry.attempt));
        writes
    }

    /// Who wrote to `sector`, and when each took over from another one. A process that was started again is another
    /// one; so is the same process under another epoch.
    pub fn writers(&self, sector: u64) -> Vec<(Instant, Origin)> {
        let mut writers: Vec<(Instant, Origin)> = Vec::new();
        for entry in self.applied_writes().into_iter().filter(|entry| entry.range.contains(sector)) {
            let Some(applied) = entry.applied else { continue };
            if writers.last().is_none_or(|(_, last)| *last != entry.origin) {
                writers.push((applied, entry.origin));
            }
        }
        writers
    }

    /// What the device would show at the end if it had done what it answered and nothing had interrupted it;
    /// `None` if the budget let some of the bytes go.
    pub fn replayed_onto(&self, mut start: Image) -> Option<Image> {
        for entry in self.applied_writes() {
            let buffer = entry.bytes.clone()?;
            start.write(entry.range, Content::Bytes { buffer, origin: entry.range.first });
        }
        Some(start)
    }

    pub(super) fn push(&mut self, entry: Entry) -> EntryNumber {
        let number = self.entries.len();
        if let Some(bytes) = &entry.bytes {
            self.held_bytes += bytes.len() as u64;
            if self.budget.is_some() {
                self.holding.push_back(number);
            }
        }
        self.entries.push(entry);
        self.let_go();
        number
    }

    pub(super) fn entry_mut(&mut self, number: EntryNumber) -> &mut Entry {
        &mut self.entries[number]
    }

    pub(super) fn entry(&self, number: EntryNumber) -> &Entry {
        &self.entries[number]
    }

    pub(super) fn interrupted(&mut self, at: Instant, kind: InterruptionKind) {
        self.interruptions.push(Interruption { at, entries: self.entries.len(), kind });
    }

    /// Lets the oldest bytes go until the budget is kept.
    fn let_go(&mut self) {
        let Some(budget) = self.budget else { return };
        while self.held_bytes > budget {
            let Some(oldest) = self.holding.pop_front() else { return };
            if let Some(bytes) = self.entries[oldest].bytes.take() {
                self.held_bytes -= bytes.len() as u64;
            }
        }
    }
}
