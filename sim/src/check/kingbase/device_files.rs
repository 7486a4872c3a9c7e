//! The small files of a node as its device holds them at the end: a reader of the directory that shares no code with its
//! writer and follows the written format (module doc of `nodes::parts::streaming_replication::directory`).

use std::collections::{BTreeMap, BTreeSet};

use nodes::world::device::{Image, SectorRange};

use crate::run::Record;

const UNIT: u64 = 4096;
const SLOTS: u64 = 4096;

/// The files of one node, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeFiles {
    pub(super) node: String,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

/// The files of every node that has a directory on its device.
pub(super) fn of(record: &Record) -> Vec<NodeFiles> {
    let read = |region: &nodes::product::Region| {
        let node = region.name.strip_prefix("directory of ")?.to_owned();
        let device = record.device(region.device)?;
        Some(NodeFiles { node, files: read(&device.visible, region.offset) })
    };
    record.regions.iter().filter_map(read).collect()
}

fn read(image: &Image, offset: u64) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for slot in 0..SLOTS {
        let Some(bytes) = bytes_at(image, offset + slot * UNIT, UNIT) else { continue };
        if bytes[..8] == [0; 8] {
            // A slot that was never written: the directory ends here, give or take a write that was lost.
            if slot % 16 == 15 {
                break;
            }
            continue;
        }
        if let Some((name, content)) = file_of(image, offset, &bytes) {
            files.insert(name, content);
        }
    }
    files
}

fn file_of(image: &Image, offset: u64, slot: &[u8]) -> Option<(String, Vec<u8>)> {
    let word = |at: usize| Some(u64::from_le_bytes(slot.get(at..at + 8)?.try_into().ok()?));
    let half = |at: usize| Some(u32::from_le_bytes(slot.get(at..at + 4)?.try_into().ok()?));
    let sound = slot.starts_with(b"SIMRFILE") && half(8)? == crc32c::crc32c(&slot[12..]);
    if !sound || slot[12] != 1 {
        return None;
    }
    let (length, checksum, unit) = (word(13)?, half(21)?, word(25)?);
    let name_length = usize::from(u16::from_le_bytes([slot[33], slot[34]]));
    let name = String::from_utf8(slot.get(35..35 + name_length)?.to_vec()).ok()?;
    let content = match unit {
        0 => slot.get(35 + name_length..35 + name_length + length as usize)?.to_vec(),
        unit => {
            let place = offset + (SLOTS + unit - 1) * UNIT;
            bytes_at(image, place, length.next_multiple_of(UNIT))?[..length as usize].to_vec()
        }
    };
    Some((name, if crc32c::crc32c(&content) == checksum { content } else { Vec::new() }))
}

fn bytes_at(image: &Image, offset: u64, length: u64) -> Option<Vec<u8>> {
    let sector = image.sector_size();
    image.read(SectorRange::new(offset / sector, length / sector)).ok().map(|bytes| bytes.to_vec())
}

impl NodeFiles {
    /// What is below a folder, by name; folders below it are left out.
    pub(super) fn below(&self, folder: &str) -> BTreeMap<&str, &[u8]> {
        let named = self.files.iter().filter_map(|(path, content)| Some((path.strip_prefix(folder)?, &content[..])));
        named.filter(|(name, _)| !name.contains('/')).collect()
    }

    /// The names of the log's files that have this status.
    pub(super) fn with_status(&self, status: &str) -> BTreeSet<&str> {
        self.below("data/sys_wal/archive_status/").into_keys().filter_map(|name| name.strip_suffix(status)).collect()
    }
}

/// The number of a segment, from the name of its file: eight digits of timeline, then the number in two parts.
pub(super) fn segment_number(name: &str, segment_size: u64) -> Option<u64> {
    if name.len() != 24 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let part = |from: usize| u64::from_str_radix(&name[from..from + 8], 16).ok();
    Some(part(8)? * (0x1_0000_0000 / segment_size.max(1)).max(1) + part(16)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_names() {
        assert_eq!(segment_number("00000001000000000000008A", 16 << 20), Some(0x8a));
        assert_eq!(segment_number("000000020000000100000006", 16 << 20), Some(0x106));
        assert_eq!(segment_number("00000002.history", 16 << 20), None);
    }
}
