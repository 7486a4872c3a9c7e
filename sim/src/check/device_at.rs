//! A device as it was at a moment of a run, from its journal: what a server found there, not what is left at the end.

use std::collections::BTreeMap;

use nodes::world::device::{Entry, InterruptionKind, SectorRange, Survival};
use nodes::world::time::Instant;

use super::log_reader::Sectors;
use crate::run::DeviceRecord;

/// A device that is gone through from the beginning of the run on, write after write.
pub struct DeviceAt<'a> {
    sector_size: u64,
    writes: Vec<&'a Entry>,
    cuts: Vec<(Instant, InterruptionKind)>,
    taken: usize,
    cut: usize,
    /// The first write that a wipe has not taken away.
    since: usize,
    sectors: BTreeMap<u64, &'a [u8]>,
    is_known: bool,
}

impl<'a> DeviceAt<'a> {
    /// The device before its first write.
    pub fn new(device: &'a DeviceRecord) -> Self {
        let interruptions = device.journal.interruptions().iter();
        // What a server read of a damaged sector is no write, and none of the device's own.
        let changes = |kind: InterruptionKind| {
            !matches!(kind, InterruptionKind::ReservationsLost | InterruptionKind::Damaged { .. })
        };
        DeviceAt {
            sector_size: device.visible.sector_size(),
            writes: device.journal.applied_writes(),
            cuts: interruptions.filter(|one| changes(one.kind)).map(|one| (one.at, one.kind)).collect(),
            taken: 0,
            cut: 0,
            since: 0,
            sectors: BTreeMap::new(),
            is_known: true,
        }
    }

    /// Goes on to a moment, which must not lie before an earlier one. False if what the device held then cannot be told:
    /// a cut left a part of a write, or the journal let bytes go.
    pub fn advance(&mut self, to: Instant) -> bool {
        while self.writes.get(self.taken).and_then(|entry| entry.applied).is_some_and(|applied| applied <= to) {
            self.take();
        }
        self.pass_cuts(to);
        self.is_known
    }

    /// The next write, if there is one.
    pub fn next(&self) -> Option<&'a Entry> {
        self.writes.get(self.taken).copied()
    }

    /// Takes the next write in.
    pub fn take(&mut self) {
        let Some(entry) = self.next() else { return };
        if let Some(applied) = entry.applied {
            self.pass_cuts_before(applied);
        }
        self.taken += 1;
        self.put(entry);
    }

    /// Whether everything that happened so far is known to the byte.
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// The written sectors of a range, by number.
    pub fn written(&self, range: SectorRange) -> impl Iterator<Item = (u64, &'a [u8])> + '_ {
        self.sectors.range(range.first..range.end).map(|(sector, bytes)| (*sector, *bytes))
    }

    fn pass_cuts_before(&mut self, moment: Instant) {
        while self.cuts.get(self.cut).is_some_and(|(at, _)| *at < moment) {
            self.pass_cut();
        }
    }

    fn pass_cuts(&mut self, to: Instant) {
        while self.cuts.get(self.cut).is_some_and(|(at, _)| *at <= to) {
            self.pass_cut();
        }
    }

    /// What was not yet stable at the cut is as the cut left it.
    fn pass_cut(&mut self) {
        if self.cuts[self.cut].1 == InterruptionKind::Wiped {
            self.since = self.taken;
        }
        self.cut += 1;
        self.sectors.clear();
        for index in self.since..self.taken {
            let entry = self.writes[index];
            match entry.after_cut {
                None | Some(Survival::Whole) => self.put(entry),
                Some(Survival::Part) => self.is_known = false,
                Some(Survival::Nothing) => {}
            }
        }
    }

    fn put(&mut self, entry: &'a Entry) {
        let Some(bytes) = entry.bytes.as_deref().filter(|_| entry.faults.is_empty()) else {
            self.is_known = false;
            return;
        };
        let chunks = bytes.chunks(self.sector_size as usize);
        self.sectors.extend((entry.range.first..entry.range.end).zip(chunks));
    }
}

impl Sectors for DeviceAt<'_> {
    fn sector_size(&self) -> u64 {
        self.sector_size
    }

    fn sectors(&self, range: SectorRange) -> Option<Vec<u8>> {
        let size = self.sector_size as usize;
        let mut bytes = vec![0; size * range.count() as usize];
        for (sector, content) in self.written(range) {
            let at = (sector - range.first) as usize * size;
            bytes[at..at + content.len()].copy_from_slice(content);
        }
        Some(bytes)
    }
}
