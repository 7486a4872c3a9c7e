//! Reading numbers and checksums out of bytes, without the code that wrote them.

/// Eight bytes at a place, little end first.
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// Four bytes.
pub(super) fn half(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Two bytes.
pub(super) fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// The content of a sector that begins with a magic word, a CRC-32C of the content and its length.
pub(super) fn sealed<'a>(magic: &[u8; 8], bytes: &'a [u8]) -> Option<&'a [u8]> {
    let stored = half(bytes, 8)?;
    let length = half(bytes, 12)? as usize;
    let content = bytes.get(16..16 + length)?;
    (bytes.starts_with(magic) && crc32c::crc32c(content) == stored).then_some(content)
}

/// A text behind its length, which is a varint, at the start of `bytes`; and what follows it.
pub(super) fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    // Names and paths are shorter than 16,384 bytes, so the length takes at most two.
    let (length, rest) = match *bytes {
        [low, ref rest @ ..] if low < 0x80 => (usize::from(low), rest),
        [low, high, ref rest @ ..] if high < 0x80 => (usize::from(low & 0x7f) | usize::from(high) << 7, rest),
        _ => return None,
    };
    Some((std::str::from_utf8(rest.get(..length)?).ok()?, &rest[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_sector_with_a_flipped_bit_says_nothing() {
        let mut sector = b"PGCTRL15".to_vec();
        sector.extend(crc32c::crc32c(b"abc").to_le_bytes());
        sector.extend(3u32.to_le_bytes());
        sector.extend(b"abc");
        assert_eq!(sealed(b"PGCTRL15", &sector), Some(&b"abc"[..]));
        sector[17] ^= 1;
        assert_eq!(sealed(b"PGCTRL15", &sector), None);
    }

    #[test]
    fn a_text_is_read_behind_its_length() {
        assert_eq!(text(b"\x02abc"), Some(("ab", &b"c"[..])));
        assert_eq!(text(b"\x09abc"), None);
    }
}
