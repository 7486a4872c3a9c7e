//! The header of a segment: says which log it is of, and that it is not an older one of the same place.

use thiserror::Error;

use super::log::{HEADER_BLOCK, Shape};
use crate::parts::encoding::{Decoder, Encoder, Garbled};

const MAGIC: [u8; 8] = *b"SIMRWAL1";
/// The bytes that are used, the checksum at their end included.
pub(super) const LENGTH: usize = 64;

/// Why a segment's header cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeaderProblem {
    /// Nothing like a header is there.
    #[error("no segment header")]
    Missing,
    /// The checksum does not match.
    #[error("the segment header is damaged")]
    Damaged,
    /// It belongs to another database.
    #[error("the segment belongs to system {found}")]
    OtherSystem {
        /// The id in the header.
        found: u64,
    },
    /// It is that of another segment, most often an older one that was to be overwritten.
    #[error("the segment is number {found}")]
    OtherSegment {
        /// The number in the header.
        found: u64,
    },
    /// It was made with another segment size.
    #[error("the segment has {found} bytes")]
    OtherSize {
        /// The size in the header.
        found: u64,
    },
}

/// The header block of a segment.
pub(super) fn encode(shape: &Shape, segment: u64, epoch: u64) -> Vec<u8> {
    let mut header = Encoder::new();
    header.raw(&MAGIC).u64(shape.system).u64(segment).u64(shape.segment_size).u64(epoch).zeros_to(LENGTH - 4);
    let checksum = crc32c::crc32c(header.as_bytes());
    header.u32(checksum).zeros_to(HEADER_BLOCK as usize);
    header.into_bytes()
}

/// Checks that `bytes` begin with the header of `segment`.
pub(super) fn check(bytes: &[u8], shape: &Shape, segment: u64) -> Result<(), HeaderProblem> {
    let fields = parse(bytes).map_err(|Garbled| HeaderProblem::Missing)?;
    if fields.magic != MAGIC {
        return Err(HeaderProblem::Missing);
    }
    if fields.checksum != crc32c::crc32c(&bytes[..LENGTH - 4]) {
        return Err(HeaderProblem::Damaged);
    }
    if fields.system != shape.system {
        return Err(HeaderProblem::OtherSystem { found: fields.system });
    }
    if fields.segment_size != shape.segment_size {
        return Err(HeaderProblem::OtherSize { found: fields.segment_size });
    }
    if fields.segment != segment {
        return Err(HeaderProblem::OtherSegment { found: fields.segment });
    }
    Ok(())
}

struct Fields {
    magic: [u8; 8],
    system: u64,
    segment: u64,
    segment_size: u64,
    checksum: u32,
}

fn parse(bytes: &[u8]) -> Result<Fields, Garbled> {
    let mut header = Decoder::new(bytes.get(..LENGTH).ok_or(Garbled)?);
    let magic = header.raw(8)?.try_into().map_err(|_| Garbled)?;
    let (system, segment, segment_size) = (header.u64()?, header.u64()?, header.u64()?);
    header.raw(8 + 20)?;
    Ok(Fields { magic, system, segment, segment_size, checksum: header.u32()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_believed_only_for_its_own_segment_system_and_size() {
        let shape = Shape { system: 7, segment_size: 8192, segments: 4 };
        let header = encode(&shape, 3, 1);
        assert_eq!(header.len(), 4096);
        assert_eq!(check(&header, &shape, 3), Ok(()));
        assert_eq!(check(&header, &shape, 4), Err(HeaderProblem::OtherSegment { found: 3 }));
        let other = Shape { system: 8, ..shape };
        assert_eq!(check(&header, &other, 3), Err(HeaderProblem::OtherSystem { found: 7 }));
        let other = Shape { segment_size: 16384, ..shape };
        assert_eq!(check(&header, &other, 3), Err(HeaderProblem::OtherSize { found: 8192 }));
    }

    #[test]
    fn a_flipped_bit_and_a_short_read_are_seen() {
        let shape = Shape { system: 7, segment_size: 8192, segments: 4 };
        for bit in 0..LENGTH * 8 {
            let mut header = encode(&shape, 3, 1);
            header[bit / 8] ^= 1 << (bit % 8);
            assert!(check(&header, &shape, 3).is_err(), "bit {bit}");
        }
        assert_eq!(check(&encode(&shape, 3, 1)[..63], &shape, 3), Err(HeaderProblem::Missing));
        assert_eq!(check(&[0; 512], &shape, 0), Err(HeaderProblem::Missing));
    }
}
