//! `pg_control`, page 64: the control page of the reformer, as bytes on the shared device.
//!
//! The backup is written first, then the main copy; a reader that finds the main copy damaged takes the backup, and
//! gives up if that is damaged too (`OGS: src/gausskernel/ddes/adapter/ss_reform_common.cpp`).

use thiserror::Error;

use crate::parts::area::Area;
use crate::world::device::IoError;
use crate::world::disk::Disk;

use super::messages::InstanceId;
use super::plan::Configuration;
use super::reform::Bitmap;

/// What is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlPage {
    /// Goes up with every write.
    pub version: u64,
    /// The members of the last finished round.
    pub list_stable: Bitmap,
    /// The primary; `None` before the first one.
    pub primary: Option<InstanceId>,
}

impl Default for ControlPage {
    /// A freshly initialised cluster: instance 0 was made by `gs_initdb` and no round has been done.
    fn default() -> Self {
        ControlPage { version: 0, list_stable: Bitmap::default(), primary: Some(0) }
    }
}

/// Why the control page cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ControlPageError {
    /// The device failed.
    #[error("cannot reach the control page: {0}")]
    Device(#[from] IoError),
    /// Neither copy can be believed.
    #[error("both copies of the control page are damaged: restore pg_control from a backup")]
    Damaged,
}

const MAGIC: u64 = u64::from_le_bytes(*b"SSREFORM");
/// The length of the page.
pub(super) const PAGE_SIZE: u64 = 4096;
/// Where its copies begin: the backup, then the main one.
pub(super) const COPIES: [u64; 2] = [BACKUP, MAIN];
const BACKUP: u64 = 0;
const MAIN: u64 = PAGE_SIZE;
const NOBODY: u64 = u64::MAX;

/// Where the control page is; the backup comes first.
fn area(disk: &Disk, configuration: &Configuration) -> Area {
    let region = &configuration.layout.control;
    Area::new(disk.clone(), region.offset, region.length)
}

fn encode(page: &ControlPage) -> Vec<u8> {
    let mut bytes = vec![0u8; PAGE_SIZE as usize];
    let fields = [MAGIC, page.version, page.list_stable.0, page.primary.map_or(NOBODY, u64::from)];
    for (slot, field) in bytes.chunks_exact_mut(8).zip(fields) {
        slot.copy_from_slice(&field.to_le_bytes());
    }
    let checksum = crc32c::crc32c(&bytes[..32]);
    bytes[32..36].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// What a copy says: `Ok(None)` if nothing was ever written there.
fn decode(bytes: &[u8]) -> Result<Option<ControlPage>, ControlPageError> {
    let (words, _) = bytes.as_chunks::<8>();
    let word = |index: usize| words.get(index).map(|word| u64::from_le_bytes(*word)).unwrap_or(0);
    if (0..5).all(|index| word(index) == 0) {
        return Ok(None);
    }
    let checksum = crc32c::crc32c(bytes.get(..32).unwrap_or_default());
    if word(0) != MAGIC || word(4) as u32 != checksum {
        return Err(ControlPageError::Damaged);
    }
    let primary = (word(3) != NOBODY).then(|| word(3) as InstanceId);
    Ok(Some(ControlPage { version: word(1), list_stable: Bitmap(word(2)), primary }))
}

/// Reads the page, from the backup if the main copy is damaged.
///
/// # Errors
/// [`ControlPageError`] if the device fails or both copies are damaged.
pub async fn read(disk: &Disk, configuration: &Configuration) -> Result<ControlPage, ControlPageError> {
    let area = area(disk, configuration);
    let main = area.read(MAIN, PAGE_SIZE).await?;
    let page = match decode(&main) {
        Ok(page) => page,
        Err(_) => decode(&area.read(BACKUP, PAGE_SIZE).await?)?,
    };
    Ok(page.unwrap_or_default())
}

/// Writes the page, the backup first; it is durable when this returns.
///
/// # Errors
/// [`ControlPageError::Device`] if the device fails.
pub async fn write(disk: &Disk, configuration: &Configuration, page: &ControlPage) -> Result<(), ControlPageError> {
    let area = area(disk, configuration);
    area.write_through(BACKUP, encode(page)).await?;
    area.write_through(MAIN, encode(page)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_survives_its_bytes_and_damage_is_seen() {
        let page = ControlPage { version: 7, list_stable: Bitmap(0b110), primary: Some(1) };
        let mut bytes = encode(&page);
        assert_eq!(decode(&bytes), Ok(Some(page)));
        bytes[17] ^= 1;
        assert_eq!(decode(&bytes), Err(ControlPageError::Damaged));
        assert_eq!(decode(&[0; 4096]), Ok(None));
        let nobody = ControlPage { primary: None, ..page };
        assert_eq!(decode(&encode(&nobody)), Ok(Some(nobody)));
    }
}
