//! What each node's control page said at each moment, from the writes its device accepted.

use nodes::world::device::EntryKind;
use nodes::world::time::Instant;

use crate::run::Record;

/// The state of a primary that stopped with a checkpoint, as the page encodes it.
pub(super) const SHUT_DOWN: u8 = 1;

/// One write of a control page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) node: String,
    pub(super) at: Instant,
    pub(super) state: u8,
    /// Where the last checkpoint record is.
    pub(super) checkpoint: i64,
}

/// Every control page that took effect, in the order in which they did.
pub(super) fn of(record: &Record) -> Vec<Said> {
    let mut said = Vec::new();
    for region in &record.regions {
        let Some(node) = region.name.strip_prefix("control of ") else { continue };
        let Some(device) = record.device(region.device) else { continue };
        let sector = device.visible.sector_size();
        for entry in device.journal.applied_writes() {
            // The main copy; the backup beside it says the same a moment earlier.
            let is_main = entry.range.first * sector == region.offset && matches!(entry.kind, EntryKind::Write { .. });
            let (Some(bytes), Some(at), true) = (&entry.bytes, entry.applied, is_main) else { continue };
            if let Some((state, checkpoint)) = decode(bytes) {
                said.push(Said { node: node.to_owned(), at, state, checkpoint });
            }
        }
    }
    said.sort_by_key(|page| page.at);
    said
}

/// The format: `SIMRCTL1`, checksum, length, system, version, then the payload at 32: one byte state, then timeline,
/// checkpoint record and redo position, 8 bytes each.
fn decode(page: &[u8]) -> Option<(u8, i64)> {
    let sound = page.starts_with(b"SIMRCTL1")
        && u32::from_le_bytes(page.get(8..12)?.try_into().ok()?) == crc32c::crc32c(page.get(12..4096)?);
    let checkpoint = i64::from_le_bytes(page.get(41..49)?.try_into().ok()?);
    sound.then_some((page[32], checkpoint))
}

/// The last page of a node at a moment.
pub(super) fn last<'a>(said: &'a [Said], node: &str, at: Instant) -> Option<&'a Said> {
    said.iter().rev().find(|page| page.node == node && page.at <= at)
}
