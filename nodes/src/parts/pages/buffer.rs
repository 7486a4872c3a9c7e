//! The rows of a database in memory, and which pages must still be written.
//!
//! Writing a page out follows the rule that makes recovery possible: first the log up to the page's LSN, then a copy
//! into the double-write area, then the page itself, each durable before the next.

use std::collections::{BTreeMap, BTreeSet};

use super::block::{Page, PageStamp};
use super::double_write::DoubleWrite;
use super::store::{PageError, PageShape, PageStore};
use crate::parts::service::{Key, Row};
use crate::parts::wal::{Lsn, RowChange, WriterTag};

/// The rows in memory.
#[derive(Clone, Debug)]
pub struct Buffer {
    shape: PageShape,
    rows: Vec<BTreeMap<Key, Row>>,
    /// Up to where each page holds the log.
    lsns: Vec<Lsn>,
    dirty: BTreeSet<u64>,
}

impl Buffer {
    /// Rows that are on no device yet, as of position `lsn` of the log: every page is dirty.
    pub fn fresh(shape: PageShape, rows: &BTreeMap<Key, Row>, lsn: Lsn) -> Self {
        let mut buffer = Buffer::empty(shape);
        buffer.lsns.fill(lsn);
        for (key, row) in rows {
            buffer.rows[shape.page_of(*key) as usize].insert(*key, row.clone());
        }
        buffer.dirty = (0..shape.pages).collect();
        buffer
    }

    /// Reads every page.
    ///
    /// # Errors
    /// [`PageError`] for the first page that cannot be read or believed.
    pub async fn read(store: &PageStore) -> Result<Self, PageError> {
        let mut buffer = Buffer::empty(*store.shape());
        for number in 0..store.shape().pages {
            let page = store.read(number).await?;
            buffer.rows[number as usize] = page.rows;
            buffer.lsns[number as usize] = page.stamp.lsn;
        }
        Ok(buffer)
    }

    fn empty(shape: PageShape) -> Self {
        let pages = shape.pages as usize;
        Buffer { shape, rows: vec![BTreeMap::new(); pages], lsns: vec![Lsn::NONE; pages], dirty: BTreeSet::new() }
    }

    /// A row; absent ones are empty.
    pub fn row(&self, key: Key) -> Option<&Row> {
        self.rows[self.shape.page_of(key) as usize].get(&key)
    }

    /// All rows.
    pub fn rows(&self) -> BTreeMap<Key, Row> {
        self.rows.iter().flatten().map(|(key, row)| (*key, row.clone())).collect()
    }

    /// Puts rows as a record of the log left them that ends at `end`. A page that holds the record already is left
    /// as it is, so that replaying twice does no harm.
    pub fn apply(&mut self, changes: Vec<RowChange>, end: Lsn) {
        for (key, row) in changes {
            let number = self.shape.page_of(key);
            let page = number as usize;
            if self.lsns[page] > end {
                continue;
            }
            self.lsns[page] = end;
            self.rows[page].insert(key, row);
            self.dirty.insert(number);
        }
    }

    /// How many pages must still be written.
    pub fn dirty_pages(&self) -> usize {
        self.dirty.len()
    }

    /// The dirty pages as they are now, which count as clean from here on.
    pub fn take_dirty(&mut self, epoch: u64, writer: WriterTag) -> Vec<Page> {
        let dirty = std::mem::take(&mut self.dirty);
        dirty.into_iter().map(|number| self.page(number, epoch, writer)).collect()
    }

    fn page(&self, number: u64, epoch: u64, writer: WriterTag) -> Page {
        let stamp = PageStamp { lsn: self.lsns[number as usize], epoch, writer };
        Page { number, stamp, rows: self.rows[number as usize].clone() }
    }
}

impl PageStore {
    /// Writes pages out so that no crash loses any of them. The log must be durable up to their LSNs.
    ///
    /// # Errors
    /// [`PageError`]; pages not yet written out are lost to the caller, who must recover from the log.
    pub async fn write_out(&self, pages: &[Page], double_write: &DoubleWrite) -> Result<(), PageError> {
        let mut batch: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut size = 0;
        for page in pages {
            let image = self.shape().encode(page)?;
            let length = image.len() as u64;
            if length > double_write.room() {
                return Err(PageError::Full { page: page.number, most_blocks: self.shape().most_blocks });
            }
            if size + length > double_write.room() {
                self.write_batch(std::mem::take(&mut batch), double_write).await?;
                size = 0;
            }
            size += length;
            batch.push((page.number, image));
        }
        self.write_batch(batch, double_write).await
    }

    async fn write_batch(&self, batch: Vec<(u64, Vec<u8>)>, double_write: &DoubleWrite) -> Result<(), PageError> {
        let Some((first, _)) = batch.first() else { return Ok(()) };
        let first = *first;
        let device = |error| PageError::Device { page: first, error };
        double_write.write(self, &batch).await.map_err(device)?;
        for (number, image) in batch {
            self.write_image(number, image).await?;
        }
        self.flush().await.map_err(device)
    }
}
