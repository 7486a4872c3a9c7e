//! Pages, control file, CLOG, slots and the journal of PFS, read from the bytes of their writes.

use nodes::fields;
use nodes::world::device::Entry;

use super::Volume;
use super::bytes::{half, sealed, text, word};

const SECTOR: u64 = 4096;
const CLOG_PAGE: usize = 8192;
const STATES_A_BYTE: usize = 4;

/// CLOG as it was last written.
#[derive(Default)]
pub(super) struct Clog {
    bytes: Vec<u8>,
}

impl Volume<'_> {
    /// The first block of a page tells its number and LSN. The moment is the one at which the server sent it: from then
    /// on the rules for writing it must be met.
    pub(super) fn read_page(&mut self, entry: &Entry, bytes: &[u8]) {
        let whole = || {
            let block = bytes.get(..CLOG_PAGE)?;
            let sound = half(block, 0)? == crc32c::crc32c(&block[4..]) && block.get(4..8)? == b"SPAG";
            sound.then_some((word(block, 16)?, word(block, 24)?))
        };
        let Some((page, lsn)) = whole() else { return };
        let fields = fields! { volume: self.name, page: page, lsn: lsn };
        self.put(entry, Some(entry.issued), "disk.page", fields);
    }

    pub(super) fn read_control(&mut self, entry: &Entry, bytes: &[u8]) {
        let fields = || {
            let content = sealed(b"PGCTRL15", bytes)?;
            let number = |index: usize| word(content, 1 + 8 * index);
            let (checkpoint, redo, timeline, next) = (number(0)?, number(1)?, number(2)?, number(3)?);
            let volume = self.name;
            Some(fields! { volume: volume, redo: redo, checkpoint: checkpoint, next_xid: next, timeline: timeline })
        };
        let Some(fields) = fields() else { return };
        self.put(entry, entry.applied, "disk.control", fields);
    }

    /// Tells which transactions a write of CLOG gives another state.
    pub(super) fn read_clog(&mut self, entry: &Entry, offset: u64, bytes: &[u8]) {
        let (offset, volume) = (offset as usize, self.name);
        if self.clog.bytes.len() < offset + bytes.len() {
            self.clog.bytes.resize(offset + bytes.len(), 0);
        }
        let mut changes = Vec::new();
        for (index, (old, new)) in self.clog.bytes[offset..].iter_mut().zip(bytes).enumerate() {
            if *old == *new {
                continue;
            }
            for place in 0..STATES_A_BYTE {
                let (before, after) = (*old >> (2 * place) & 3, *new >> (2 * place) & 3);
                if before != after {
                    changes.push(((offset + index) * STATES_A_BYTE + place, after));
                }
            }
            *old = *new;
        }
        for (xid, state) in changes {
            let status = ["in-progress", "committed", "aborted", "sub-committed"][usize::from(state)];
            self.put(entry, entry.applied, "disk.clog", fields! { volume: volume, xid: xid, status: status });
        }
    }

    pub(super) fn read_slot(&mut self, entry: &Entry, offset: u64, bytes: &[u8]) {
        let (volume, place) = (self.name, offset / SECTOR);
        let read = sealed(b"PGRSLOT5", bytes).and_then(|content| {
            let (name, rest) = text(content)?;
            Some((name, word(rest, 0)?))
        });
        let (slot, restart) = read.unwrap_or_default();
        let fields = fields! { volume: volume, place: place, slot: slot, restart: restart };
        self.put(entry, entry.applied, "disk.slot", fields);
    }

    pub(super) fn read_pfs(&mut self, entry: &Entry, bytes: &[u8]) {
        let volume = self.name;
        let fields = || {
            let content = sealed(b"PFSJRNL1", bytes)?;
            let (txid, block) = (word(content, 0)?, word(content, 8)?);
            let (file, _) = text(content.get(16..)?)?;
            Some(fields! { volume: volume, block: block, file: file, txid: txid })
        };
        let Some(fields) = fields() else { return };
        self.put(entry, entry.applied, "disk.block", fields);
    }
}
