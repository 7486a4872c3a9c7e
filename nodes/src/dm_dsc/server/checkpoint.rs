//! Pages on the data disk: which are changed and not yet written, and their writing.
//!
//! A page is written by the EP that has it, or by the control EP if none has, and never before the redo of its changes
//! is durable. While it is written it stays where it is, so that a page on disk never goes back to an older LSN.
//!
//! A page has one sector, in the envelope of [`crate::parts::voting_disk`]: its number (32 bits), its LSN (64), the EP
//! that wrote it (8), how many rows it has (32) and the CRC32C of them (32). The rows themselves come from the redo logs.

use std::rc::Rc;

use crate::parts::area::Area;
use crate::parts::encoding::Encoder;
use crate::parts::voting_disk::seal;
use crate::parts::wal::WalError;

use super::super::vote::Report;
use super::super::words::Seqno;
use super::Server;
use super::messages::{Content, Page};

impl Server {
    /// Writes changed pages now and then, and reports the oldest change that is left.
    pub(super) async fn write_pages(self: Rc<Self>) {
        let (process, every) = (&self.ep.process, self.ep.plan.parameters.checkpoint);
        while !every.is_zero() {
            process.sleep(every).await;
            if let Err(error) = self.checkpoint().await {
                self.database.crash(error).await;
            }
            self.ep.set_report(Report { oldest_dirty: self.database.oldest_dirty(), ..self.ep.report() });
        }
    }

    async fn checkpoint(&self) -> Result<(), WalError> {
        let database = &self.database;
        let area = Area::new(database.disk.clone(), self.ep.plan.pages.offset, self.ep.plan.pages.length);
        let sector = area.sector_size();
        for page in database.dirty() {
            let Some(content) = database.pin_dirty(page) else { continue };
            database.flush_own_log().await?;
            let bytes = image_of(page, &content, self.ep.me, sector as usize);
            let written = area.write_through(u64::from(page) * sector, bytes).await;
            database.unpin_written(page, content.lsn, written.is_ok());
            written.map_err(WalError::Failed)?;
        }
        Ok(())
    }
}

/// The sector of a page.
fn image_of(page: Page, content: &Content, writer: Seqno, sector: usize) -> Vec<u8> {
    let mut rows = Encoder::new();
    for (key, row) in &content.rows {
        rows.signed(*key).list(row);
    }
    let mut image = Encoder::new();
    image.u32(page).u64(content.lsn).u8(writer).u32(content.rows.len() as u32).u32(crc32c::crc32c(rows.as_bytes()));
    seal(image.as_bytes(), sector)
}
