//! Pages at their places on a device.

use thiserror::Error;

use super::block::{Page, PageProblem, check_block};
use crate::parts::area::Area;
use crate::parts::service::Key;
use crate::world::device::IoError;
use crate::world::digest::mix;

/// How pages lie in their area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageShape {
    /// The same in everything that belongs to one database.
    pub system: u64,
    /// Bytes per block: a power of two from 512 to 65536, and whole sectors.
    pub block_size: u64,
    /// How many blocks a page may grow to.
    pub most_blocks: u16,
    /// How many pages there are.
    pub pages: u64,
}

impl PageShape {
    /// The page a row is on.
    pub fn page_of(&self, key: Key) -> u64 {
        mix(key as u64) % self.pages
    }

    /// Bytes the pages need on their device.
    pub fn area_length(&self) -> u64 {
        self.pages * self.page_room()
    }

    /// Where in the area a page is.
    pub fn place_of(&self, page: u64) -> u64 {
        page * self.page_room()
    }

    /// A page as the bytes that go to its place.
    ///
    /// # Errors
    /// [`PageError::Full`] if its rows need too much room.
    pub fn encode(&self, page: &Page) -> Result<Vec<u8>, PageError> {
        let full = PageError::Full { page: page.number, most_blocks: self.most_blocks };
        page.encode(self).ok_or(full)
    }

    /// Bytes from one page to the next.
    fn page_room(&self) -> u64 {
        self.block_size * u64::from(self.most_blocks)
    }
}

/// Why a page cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PageError {
    /// The area, the shape and the sectors of the device do not fit together.
    #[error(
        "{pages} pages of up to {most_blocks} blocks of {block_size} bytes do not fit {area} bytes in sectors of \
         {sector_size}"
    )]
    Shape {
        /// How many pages there should be.
        pages: u64,
        /// How many blocks a page may grow to.
        most_blocks: u16,
        /// Bytes per block.
        block_size: u64,
        /// Bytes of the area.
        area: u64,
        /// Bytes per sector of the device.
        sector_size: u64,
    },
    /// What was read cannot be believed.
    #[error("page {page} is lost: {problem}; restore it from another copy")]
    Lost {
        /// Its number.
        page: u64,
        /// What is wrong with it.
        problem: PageProblem,
    },
    /// The rows of a page need more room than it may have.
    #[error("page {page} is full: its rows need more than {most_blocks} blocks")]
    Full {
        /// Its number.
        page: u64,
        /// How many blocks it may have.
        most_blocks: u16,
    },
    /// The device failed.
    #[error("page {page} cannot be read or written: {error}")]
    Device {
        /// Its number.
        page: u64,
        /// How it failed.
        error: IoError,
    },
}

/// The pages of a database, as one process reaches them.
#[derive(Clone)]
pub struct PageStore {
    area: Area,
    shape: PageShape,
}

impl PageStore {
    /// The pages in `area`.
    ///
    /// # Errors
    /// [`PageError::Shape`] if they do not fit.
    pub fn new(area: Area, shape: PageShape) -> Result<Self, PageError> {
        let PageShape { block_size, most_blocks, pages, .. } = shape;
        let sector_size = area.sector_size();
        let sound_block = block_size.is_power_of_two() && (sector_size..=65536).contains(&block_size);
        if sound_block && most_blocks > 0 && pages > 0 && shape.area_length() <= area.length() {
            return Ok(PageStore { area, shape });
        }
        Err(PageError::Shape { pages, most_blocks, block_size, area: area.length(), sector_size })
    }

    /// How pages lie in the area.
    pub fn shape(&self) -> &PageShape {
        &self.shape
    }

    /// Reads a page and checks all of it.
    ///
    /// # Errors
    /// [`PageError::Lost`] if it cannot be believed, [`PageError::Device`] if it cannot be read.
    pub async fn read(&self, number: u64) -> Result<Page, PageError> {
        let lost = |problem| PageError::Lost { page: number, problem };
        let first = self.read_blocks(number, 1).await?;
        let header = check_block(&first, number, 0, &self.shape).map_err(lost)?;
        if header.blocks == 1 {
            return Page::decode(&first, number, &self.shape).map_err(lost);
        }
        let all = self.read_blocks(number, u64::from(header.blocks)).await?;
        Page::decode(&all, number, &self.shape).map_err(lost)
    }

    /// Writes a page to its place, not yet flushed. Unless a copy of it is safe elsewhere, a crash may tear it.
    ///
    /// # Errors
    /// [`PageError::Full`] if its rows need too much room, [`PageError::Device`] if it cannot be written.
    pub async fn write(&self, page: &Page) -> Result<(), PageError> {
        self.write_image(page.number, self.shape.encode(page)?).await
    }

    pub(super) async fn write_image(&self, number: u64, image: Vec<u8>) -> Result<(), PageError> {
        let at = self.shape.place_of(number);
        self.area.write(at, image).await.map_err(|error| PageError::Device { page: number, error })
    }

    /// Makes every page written so far stable.
    ///
    /// # Errors
    /// See [`IoError`].
    pub async fn flush(&self) -> Result<(), IoError> {
        self.area.flush().await
    }

    async fn read_blocks(&self, number: u64, blocks: u64) -> Result<crate::world::device::SharedBytes, PageError> {
        let (at, length) = (self.shape.place_of(number), blocks * self.shape.block_size);
        self.area.read(at, length).await.map_err(|error| PageError::Device { page: number, error })
    }
}
