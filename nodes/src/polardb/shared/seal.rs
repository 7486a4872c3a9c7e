//! Small things that fill one sector: a magic word, a checksum, a length and what it says.
//!
//! A sector is written as a whole or not at all, so such a thing is either old or new; what two writers do to it is
//! that the last one wins.

use crate::parts::area::Area;
use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::world::device::IoError;

use super::SECTOR;

/// Names what is in a sector.
pub(in crate::polardb) type Magic = [u8; 8];

/// Bytes before the content.
const HEADER: usize = 16;

/// What a sector holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::polardb) enum Sealed {
    /// Nothing was ever written there.
    Blank,
    /// Something that cannot be believed.
    Damaged,
    /// This.
    Whole(Vec<u8>),
}

/// The bytes of a sector.
pub(in crate::polardb) fn seal(magic: Magic, content: &[u8]) -> Vec<u8> {
    let mut sector = Encoder::new();
    sector.raw(&magic).u32(checksum(content)).u32(content.len() as u32).raw(content).zeros_to(SECTOR as usize);
    sector.into_bytes()
}

/// What a sector says.
pub(in crate::polardb) fn unseal(magic: Magic, bytes: &[u8]) -> Sealed {
    if bytes.iter().all(|byte| *byte == 0) {
        return Sealed::Blank;
    }
    parse(magic, bytes).map_or(Sealed::Damaged, Sealed::Whole)
}

fn parse(magic: Magic, bytes: &[u8]) -> Result<Vec<u8>, Garbled> {
    let mut sector = Decoder::new(bytes);
    let matches = sector.raw(magic.len())? == magic;
    let stored = sector.u32()?;
    let length = sector.u32()? as usize;
    let content = bytes.get(HEADER..HEADER + length).ok_or(Garbled)?;
    (matches && stored == checksum(content)).then(|| content.to_vec()).ok_or(Garbled)
}

fn checksum(content: &[u8]) -> u32 {
    crc32c::crc32c(content)
}

/// Reads the `index`-th sector of an area.
pub(in crate::polardb) async fn read(area: &Area, magic: Magic, index: u64) -> Result<Sealed, IoError> {
    Ok(unseal(magic, &area.read(index * SECTOR, SECTOR).await?))
}

/// Writes the `index`-th sector of an area; durable when this returns.
pub(in crate::polardb) async fn write(area: &Area, magic: Magic, index: u64, content: &[u8]) -> Result<(), IoError> {
    area.write_through(index * SECTOR, seal(magic, content)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sector_is_read_as_written_and_any_flipped_bit_of_it_is_seen() {
        let sector = seal(*b"POLARTST", b"content");
        assert_eq!(unseal(*b"POLARTST", &sector), Sealed::Whole(b"content".to_vec()));
        assert_eq!(unseal(*b"OTHERTST", &sector), Sealed::Damaged);
        assert_eq!(unseal(*b"POLARTST", &[0; 4096]), Sealed::Blank);
        for bit in 0..(HEADER + 7) * 8 {
            let mut damaged = sector.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unseal(*b"POLARTST", &damaged), Sealed::Damaged, "bit {bit}");
        }
    }
}
