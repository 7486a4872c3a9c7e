//! Records that prove themselves: a magic word, a length, a checksum, and then the payload.
//!
//! The voting disk, the disk lock and the DDB all lie on a device that may tear or lose a write. A record that does
//! not check is treated as one that was never written; nobody is told by a flag that it is damaged.

const HEADER: usize = 16;

/// The record as bytes, filled up with zeros to whole units of `unit` bytes.
pub(super) fn seal(magic: [u8; 8], payload: &[u8], unit: usize) -> Vec<u8> {
    let length = (HEADER + payload.len()).next_multiple_of(unit);
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(&magic);
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&checksum(magic, payload).to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes.resize(length, 0);
    bytes
}

/// The payload of a record, or `None` if there is no sound one.
pub(super) fn open(magic: [u8; 8], bytes: &[u8]) -> Option<&[u8]> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let (found, header) = header.split_first_chunk::<8>()?;
    let (length, stored) = header.split_first_chunk::<4>()?;
    let payload = rest.get(..u32::from_le_bytes(*length) as usize)?;
    let sound = *found == magic && stored == checksum(magic, payload).to_le_bytes();
    sound.then_some(payload)
}

fn checksum(magic: [u8; 8], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&magic), payload)
}

/// The number at the front of a payload, and the rest.
pub(super) fn take_number(payload: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = payload.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: [u8; 8] = *b"SIMTEST1";

    #[test]
    fn a_record_comes_back_and_fills_whole_units() {
        let bytes = seal(MAGIC, b"hello", 512);
        assert_eq!(bytes.len(), 512);
        assert_eq!(open(MAGIC, &bytes), Some(&b"hello"[..]));
    }

    #[test]
    fn a_damaged_foreign_or_absent_record_is_none() {
        let mut bytes = seal(MAGIC, b"hello", 512);
        assert_eq!(open(*b"OTHERONE", &bytes), None);
        assert_eq!(open(MAGIC, &[0; 512]), None);
        assert_eq!(open(MAGIC, &bytes[..18]), None);
        bytes[17] ^= 1;
        assert_eq!(open(MAGIC, &bytes), None);
    }
}
