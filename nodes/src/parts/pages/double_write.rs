//! The double-write area: whole copies of pages that are about to be written to their places.
//!
//! A page is larger than a sector, so a crash can tear it, and the log holds only rows that changed since the last
//! checkpoint. Whoever recovers puts back what is in a complete batch before it reads any page.

use super::block::Page;
use super::store::{PageError, PageStore};
use crate::parts::area::Area;
use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::world::device::IoError;

const MAGIC: [u8; 8] = *b"SIMRDBW1";
const HEADER_BLOCK: usize = 4096;
/// Where the bytes begin that the checksum covers.
const CHECKED: usize = 12;

/// The double-write area of a database, as one process reaches it.
#[derive(Clone)]
pub struct DoubleWrite {
    area: Area,
}

impl DoubleWrite {
    /// The double-write area in `area`.
    pub fn new(area: Area) -> Self {
        DoubleWrite { area }
    }

    /// How many bytes of pages one batch can hold; a page larger than this cannot be protected.
    pub fn room(&self) -> u64 {
        self.area.length().saturating_sub(HEADER_BLOCK as u64)
    }

    /// Writes copies of pages; they are durable when this returns.
    pub(super) async fn write(&self, store: &PageStore, images: &[(u64, Vec<u8>)]) -> Result<(), IoError> {
        let shape = store.shape();
        let total: usize = images.iter().map(|(_, image)| image.len()).sum();
        let blocks = total as u64 / shape.block_size;
        let mut checked = Encoder::new();
        checked.u32(images.len() as u32).u64(shape.system).u32(blocks as u32).zeros_to(HEADER_BLOCK - CHECKED);
        for (_, image) in images {
            checked.raw(image);
        }
        let mut batch = Encoder::new();
        batch.raw(&MAGIC).u32(crc32c::crc32c(checked.as_bytes())).raw(checked.as_bytes());
        self.area.write(0, batch.into_bytes()).await?;
        self.area.flush().await
    }

    /// Puts the pages of a complete batch back to their places where those there are damaged or older. Returns the
    /// numbers of the pages it put back.
    ///
    /// # Errors
    /// [`PageError::Device`] if the device fails.
    pub async fn restore(&self, store: &PageStore) -> Result<Vec<u64>, PageError> {
        let mut restored = Vec::new();
        for page in self.read_batch(store).await? {
            let outdated = match store.read(page.number).await {
                Ok(found) => found.stamp.lsn < page.stamp.lsn,
                Err(PageError::Lost { .. }) => true,
                Err(error) => return Err(error),
            };
            if outdated {
                store.write(&page).await?;
                restored.push(page.number);
            }
        }
        if let Some(page) = restored.first() {
            store.flush().await.map_err(|error| PageError::Device { page: *page, error })?;
        }
        Ok(restored)
    }

    /// The pages of the last batch; none if it was not complete.
    async fn read_batch(&self, store: &PageStore) -> Result<Vec<Page>, PageError> {
        let device = |error| PageError::Device { page: 0, error };
        let header = self.area.read(0, HEADER_BLOCK as u64).await.map_err(device)?;
        let Ok(Some(blocks)) = blocks_in_batch(&header, store) else { return Ok(Vec::new()) };
        let length = HEADER_BLOCK as u64 + blocks * store.shape().block_size;
        if length > self.area.length() {
            return Ok(Vec::new());
        }
        let batch = self.area.read(0, length).await.map_err(device)?;
        Ok(pages_in_batch(&batch, store).unwrap_or_default())
    }
}

/// How many blocks the header speaks of; `None` if it is of another system.
fn blocks_in_batch(header: &[u8], store: &PageStore) -> Result<Option<u64>, Garbled> {
    let mut header = Decoder::new(header);
    if header.raw(MAGIC.len())? != MAGIC {
        return Err(Garbled);
    }
    header.raw(8)?;
    let system = header.u64()?;
    let blocks = header.u32()?;
    Ok((system == store.shape().system).then_some(u64::from(blocks)))
}

/// The pages of a batch, if all of it is there.
fn pages_in_batch(batch: &[u8], store: &PageStore) -> Result<Vec<Page>, Garbled> {
    let mut header = Decoder::new(batch);
    header.raw(MAGIC.len())?;
    if header.u32()? != crc32c::crc32c(header.rest()) {
        return Err(Garbled);
    }
    let count = header.u32()?;
    let mut rest = batch.get(HEADER_BLOCK..).ok_or(Garbled)?;
    let mut pages = Vec::new();
    for _ in 0..count {
        let (page, length) = Page::decode_any(rest, store.shape()).map_err(|_| Garbled)?;
        rest = rest.get(length..).ok_or(Garbled)?;
        pages.push(page);
    }
    Ok(pages)
}
