//! `pg_control`, by its description: `SIMRCTL1`, CRC-32C of bytes 12 to 4096, and at 32 the payload: one byte state,
//! then 8 bytes each: checkpoint, the one before it, redo position, `minRecoveryPoint`.

use nodes::product::Region;

use crate::check::log_reader::{self, Sectors};

const COPY: u64 = 4096;
/// Where `minRecoveryPoint` is in a copy.
const MINIMUM: std::ops::Range<usize> = 57..65;

/// `minRecoveryPoint` of the main copy, or of the backup behind it.
pub(super) fn minimum_recovery(device: &dyn Sectors, region: &Region) -> Option<u64> {
    [0, COPY].into_iter().find_map(|offset| decode(&log_reader::bytes(device, region, offset, COPY)?))
}

fn decode(page: &[u8]) -> Option<u64> {
    let sound = page.starts_with(b"SIMRCTL1")
        && u32::from_le_bytes(page.get(8..12)?.try_into().ok()?) == crc32c::crc32c(page.get(12..COPY as usize)?);
    let minimum = u64::from_le_bytes(page.get(MINIMUM)?.try_into().ok()?);
    sound.then_some(minimum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_with_a_flipped_bit_says_nothing() {
        let mut page = vec![0; COPY as usize];
        page[..8].copy_from_slice(b"SIMRCTL1");
        page[MINIMUM].copy_from_slice(&77u64.to_le_bytes());
        let checksum = crc32c::crc32c(&page[12..]);
        page[8..12].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(decode(&page), Some(77));
        page[60] ^= 1;
        assert_eq!(decode(&page), None);
    }
}
