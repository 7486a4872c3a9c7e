//! The incremental build: gs_rewind goes back to the last checkpoint both logs share and copies what changed since.
//!
//! gs_rewind is not a program of its own: gs_ctl takes its name and runs it in the same process. Source: reference
//! section 5.2.

use std::collections::BTreeSet;

use super::super::super::files::{self, BackupLabel};
use super::super::super::messages::Sql;
use super::super::super::pg_control::{ControlData, ControlState};
use super::super::super::store::Store;
use super::super::Tool;
use super::BuildError;
use super::rewinding::Common;
use crate::fields;
use crate::parts::wal::{Body, Lsn, Reader, Stop};

const MEGABYTE: u64 = 1 << 20;

impl Tool {
    /// Rewinds this data directory to be a prefix of the source's.
    pub(super) async fn rewind(&self, store: &Store) -> Result<(), BuildError> {
        let say = |text: &str| self.say_as("gs_rewind", text);
        let source = self.find_source().await?;
        self.check_tags().inspect_err(|error| {
            say(&error.to_string());
            self.terminal.print(" ");
            self.terminal.print("gs_rewind receive FATAL, it will exit");
        })?;
        self.write_building("INC_BUILD");
        self.take_time().await;
        let peer = self.plan.node(source).clone();
        say(&format!(
            "connected to server: host={} port={} dbname=postgres application_name=gs_rewind connect_timeout=5",
            peer.address,
            peer.port() + 1
        ));
        say("connect to primary success");
        let of_source = self.control_of(source, Sql::Control).await?;
        let (version, of_target) = store.read_control().await?;
        say("get pg_control success");
        say(&format!("target server was interrupted in mode {}.", of_target.state as u8));
        say("sanityChecks success");
        for (control, whose) in [(of_source, "source"), (of_target, "target")] {
            let ControlData { checkpoint, redo, .. } = control;
            say(&format!(
                "find last checkpoint at {checkpoint} and checkpoint redo at {redo} from {whose} control file"
            ));
        }
        let common = self.find_common_checkpoint(store, source, of_source.checkpoint, of_target.checkpoint).await?;
        let pages = self.scan_local(store, common).await?;
        self.start_streamer(source, common.redo);
        self.take_time().await;
        self.copy_over(store, source, &pages).await?;
        let end = self.end_of(source).await?;
        say(&format!("find minRecoveryPoint success from xlog insert location {end}"));
        self.write_source_control(store, version, of_source, end).await?;
        self.finish_log(store, end).await?;
        self.write_label(store, common).await?;
        self.write_done_tag();
        say("dn incremental build completed.");
        Ok(())
    }

    /// Reads the local log from the common checkpoint on: which pages the abandoned part has touched.
    async fn scan_local(&self, store: &Store, common: Common) -> Result<Vec<u64>, BuildError> {
        let say = |text: &str| self.say_as("gs_rewind", text);
        let files = self.plan.shape.pages + self.plan.shape.segments;
        for text in [
            &format!("targetFileStatThread success pid {}.", 140_000_000_000_000 + u64::from(self.process.id().0)),
            "traverse_datadir start.",
            "reading source file list",
            "filemap_list_to_array start.",
            &format!("filemap_list_to_array end sort start. length is {files}"),
            "sort end.",
            "targetFileStatThread return success.",
            "reading target file list",
            "traverse target datadir success",
            "reading WAL in target",
        ] {
            say(text);
        }
        let mut reader = Reader::new(&store.log, common.redo);
        let mut touched = BTreeSet::new();
        loop {
            match reader.next().await {
                Ok(record) => {
                    if let Body::Commit { changes } = record.body {
                        touched.extend(changes.iter().map(|(key, _)| store.pages.shape().page_of(*key)));
                    }
                }
                Err(Stop::Unreadable(error)) => return Err(error.into()),
                Err(_) => break,
            }
        }
        let end = reader.position();
        say(&format!("could not read WAL record at {end}: invalid record length at {end}: wanted 32, got 0"));
        say("calculate totals rewind success");
        let page = self.plan.shape.block_size;
        let copied = (touched.len() as u64 * page + self.plan.shape.segment_size).div_ceil(MEGABYTE);
        let total = (self.plan.shape.pages * page + 2 * self.plan.shape.segment_size).div_ceil(MEGABYTE);
        say(&format!("need to copy {copied}MB (total source directory size is {total}MB)"));
        self.process.announce("build.scanned", fields! { pages: touched.len() });
        Ok(touched.into_iter().collect())
    }

    /// From here on there is no way back: local pages are overwritten.
    async fn copy_over(&self, store: &Store, source: usize, pages: &[u64]) -> Result<(), BuildError> {
        self.write_start_tag();
        self.take_time().await;
        self.say_as("gs_rewind", "receiving and unpacking files...");
        if !self.plan.has_defect("rewind-copies-no-pages") {
            self.copy_pages(source, store, pages).await?;
        }
        self.copy_configuration(source, files::HBA).await?;
        self.say_as("gs_rewind", "execute file map success");
        self.process.announce("build.pages-copied", fields! { pages: pages.len() });
        Ok(())
    }

    /// pg_control becomes the source's, with a recovery that must reach `end`.
    pub(super) async fn write_source_control(
        &self,
        store: &Store,
        version: u64,
        of_source: ControlData,
        end: Lsn,
    ) -> Result<(), BuildError> {
        let control = ControlData { state: ControlState::InArchiveRecovery, minimum_recovery: end, ..of_source };
        store.write_control(version + 1, &control).await?;
        let ControlData { checkpoint, redo, previous_checkpoint, .. } = control;
        self.say_as(
            "gs_rewind",
            &format!(
                "update pg_control file success, minRecoveryPoint: {end}, ckpLoc:{checkpoint}, ckpRedo:{redo}, \
             preCkp:{previous_checkpoint}"
            ),
        );
        self.process.announce("build.control-written", fields! { minimum: end });
        let disk = &store.disk;
        store.place.layout().double_write.area(disk).write(0, vec![0; 4096]).await?;
        self.say_as("gs_rewind", "update pg_dw file success");
        self.process.announce("build.double-write", fields! {});
        Ok(())
    }

    /// Waits for the streamer; newer versions then remove what is left of the abandoned log behind the end.
    async fn finish_log(&self, store: &Store, end: Lsn) -> Result<(), BuildError> {
        self.say_as("gs_rewind", &format!("xlog end point: {end}"));
        self.say_as("gs_rewind", "waiting for background process to finish streaming...");
        if !self.wait_for_streamer(store.reach(end)).await {
            return Err(BuildError::Streamer);
        }
        if self.plan.is_profile_3 {
            self.say_as("gs_rewind", "truncating and removing old xlog files");
            let streamed = self.streamed_to();
            store.truncate_log(streamed.max(store.reach(end))).await?;
        }
        self.process.announce("build.log-complete", fields! { lsn: end });
        Ok(())
    }

    async fn write_label(&self, store: &Store, common: Common) -> Result<(), BuildError> {
        let say = |text: &str| self.say_as("gs_rewind", text);
        say("creating backup label and updating control file");
        BackupLabel { redo: common.redo, checkpoint: common.checkpoint }.write(&self.process);
        say("create backup label success");
        self.process.announce("build.label-written", fields! { redo: common.redo });
        if store.record_at(common.redo).await?.is_none() {
            return Err(BuildError::NoRedo(common.redo));
        }
        say(&format!("read checkpoint redo ({}) success.", common.redo));
        if store.record_at(common.checkpoint).await?.is_none() {
            return Err(BuildError::NoRedo(common.checkpoint));
        }
        say(&format!("read checkpoint rec ({}) success.", common.checkpoint));
        self.take_time().await;
        Ok(())
    }
}
