//! The full build: the data directory is deleted and copied anew.
//!
//! From the deletion until the tag is renamed the node has no usable copy. Where two nodes are primary, it copies from
//! the first in the list, and the other history is gone. Source: reference section 5.5 (`backup.cpp BaseBackup`).

use super::super::super::files::{self, BackupLabel};
use super::super::super::messages::{Sql, SqlReply};
use super::super::super::store::{Store, Tail};
use super::super::Tool;
use super::BuildError;
use crate::fields;
use crate::parts::wal::Lsn;

impl Tool {
    pub(super) async fn copy_all(&self, store: &Store) -> Result<(), BuildError> {
        let source = self.find_source().await?;
        self.say_as("gs_ctl", "connect to server success, build started.");
        self.write_start_tag();
        self.delete(store).await?;
        self.write_start_tag();
        self.say_as("gs_ctl", "clear old target dir success");
        let of_source = self.control_of(source, Sql::Checkpoint).await?;
        self.say_as(
            "gs_ctl",
            &format!("The starting position of the xlog copy of the full build is: {}", of_source.redo),
        );
        let pages: Vec<u64> = (0..self.plan.shape.pages).collect();
        self.copy_pages(source, store, &pages).await?;
        self.copy_configuration(source, files::HBA).await?;
        self.process.announce("build.pages-copied", fields! { pages: pages.len() });
        let end = self.end_of(source).await?;
        let segment_size = self.plan.shape.segment_size;
        let start = of_source.redo.0 - of_source.redo.0 % segment_size;
        let mut tail = Tail::open(&store.log, Lsn(start)).await?;
        while tail.position() < store.reach(end) {
            let SqlReply::Log { bytes, .. } = self.ask(source, Sql::Log(tail.position())).await? else { break };
            tail.write(tail.position(), &bytes.0).await?;
        }
        self.process.announce("build.log-complete", fields! { lsn: end });
        self.write_source_control(store, 0, of_source, end).await?;
        BackupLabel { redo: of_source.redo, checkpoint: of_source.checkpoint }.write(&self.process);
        self.process.announce("build.label-written", fields! { redo: of_source.redo });
        store.disk.flush().await?;
        self.write_done_tag();
        self.say_as("gs_ctl", "build completed.");
        Ok(())
    }

    /// Deletes the database: nothing of it can be read any more. Configuration files stay.
    async fn delete(&self, store: &Store) -> Result<(), BuildError> {
        let (disk, layout, shape) = (&store.disk, store.place.layout(), self.plan.shape);
        layout.control.area(disk).write(0, vec![0; layout.control.length as usize]).await?;
        layout.double_write.area(disk).write(0, vec![0; 4096]).await?;
        let pages = layout.pages.area(disk);
        for page in 0..shape.pages {
            pages.write(shape.page_shape().place_of(page), vec![0; shape.block_size as usize]).await?;
        }
        for segment in store.segments().await? {
            store.remove_segment(segment).await?;
        }
        disk.flush().await?;
        self.process.announce("build.deleted", fields! {});
        Ok(())
    }
}
