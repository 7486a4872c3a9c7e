//! An area: a part of a device that one structure (a log, a page file, a control page) has to itself.
//!
//! Offsets count from its first byte, and nothing outside it can be reached, so that a wrong offset is an error of
//! its owner and never damage to a neighbour. It does no caching and no locking: whoever holds an area may write it,
//! as on a real shared device.

use crate::product::Region;
use crate::world::device::{IoError, SharedBytes};
use crate::world::disk::Disk;
use crate::world::process::Process;

/// A part of a device, as one process reaches it. Clones share the stamp of the [`Disk`].
#[derive(Clone)]
pub struct Area {
    disk: Disk,
    offset: u64,
    length: u64,
}

impl Area {
    /// The `length` bytes from `offset` on.
    pub fn new(disk: Disk, offset: u64, length: u64) -> Self {
        Area { disk, offset, length }
    }

    /// Opens a region of a product.
    pub fn open(process: &Process, region: &Region) -> Self {
        Area::new(process.disk(region.device), region.offset, region.length)
    }

    /// The device.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Bytes per sector of the device.
    pub fn sector_size(&self) -> u64 {
        self.disk.sector_size()
    }

    /// A part of this area.
    ///
    /// # Errors
    /// [`IoError::OutOfRange`] if it is not inside.
    pub fn part(&self, offset: u64, length: u64) -> Result<Area, IoError> {
        Ok(Area::new(self.disk.clone(), self.place(offset, length)?, length))
    }

    /// Reads whole sectors.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn read(&self, offset: u64, length: u64) -> Result<SharedBytes, IoError> {
        self.disk.read(self.place(offset, length)?, length).await
    }

    /// Writes whole sectors into the volatile cache.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn write(&self, offset: u64, bytes: Vec<u8>) -> Result<(), IoError> {
        self.disk.write(self.place(offset, bytes.len() as u64)?, bytes).await
    }

    /// Writes whole sectors past the volatile cache.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn write_through(&self, offset: u64, bytes: Vec<u8>) -> Result<(), IoError> {
        self.disk.write_through(self.place(offset, bytes.len() as u64)?, bytes).await
    }

    /// Makes every acknowledged write of the device stable.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn flush(&self) -> Result<(), IoError> {
        self.disk.flush().await
    }

    fn place(&self, offset: u64, length: u64) -> Result<u64, IoError> {
        let inside = offset.checked_add(length).is_some_and(|end| end <= self.length);
        match inside {
            true => Ok(self.offset + offset),
            false => Err(IoError::OutOfRange { offset, length }),
        }
    }
}
