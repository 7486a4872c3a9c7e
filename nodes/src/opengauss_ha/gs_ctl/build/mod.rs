//! `gs_ctl build`: makes a node a standby of the primary again, with its data directory rewound or copied anew.
//!
//! Each durable step is announced as `build.<step>`, so that a scenario can kill the build there. What a kill leaves is
//! only what was written by then. Source: reference section 5.

mod error;
mod full;
mod incremental;
mod rewinding;
mod source;

use super::super::files;
use super::super::rules::build_tags::{self, NeedsFull};
use super::super::rules::state::{DbState, RebuildReason, ServerMode};
use super::super::store::Store;
use super::Tool;
use super::options::BuildMode;
use crate::fields;
use crate::product::Word;

use error::BuildError;

/// The durable steps of builds, as they are announced.
pub(in super::super) const STEP_EVENTS: &[Word] = &[
    Word { name: "build.stopped", doc: "gs_ctl build has stopped the server: {}" },
    Word { name: "build.pid-written", doc: "gs_build.pid names the builder: {}" },
    Word { name: "build.state-written", doc: "gaussdb.state says Building: {}" },
    Word { name: "build.common-checkpoint", doc: "the rewind has found the common checkpoint: { lsn, redo }" },
    Word { name: "build.scanned", doc: "the local log was read from the common checkpoint on: { pages }" },
    Word { name: "build.streamer-started", doc: "a process of its own streams the source's log: { from }" },
    Word { name: "build.start-tag", doc: "build_completed.start is there: {}" },
    Word { name: "build.deleted", doc: "a full build has deleted the data directory: {}" },
    Word { name: "build.pages-copied", doc: "pages were copied over the local ones: { pages }" },
    Word { name: "build.control-written", doc: "pg_control is the source's: { minimum }" },
    Word { name: "build.double-write", doc: "the double-write file was made anew: {}" },
    Word { name: "build.log-complete", doc: "the source's log is here up to the end point: { lsn }" },
    Word { name: "build.label-written", doc: "backup_label says where recovery begins: { redo }" },
    Word { name: "build.done-tag", doc: "build_completed.start was renamed to build_completed.done: {}" },
    Word { name: "build.failed", doc: "a way of building failed: { reason }" },
    Word { name: "build.finished", doc: "the server was started after a build: { kind }" },
    Word { name: "streamer.segment", doc: "the streamer of a rewind has replaced a segment: { segment }" },
];

impl Tool {
    pub(super) async fn build(&self) -> i32 {
        let (directory, kind) =
            (self.directory(), if self.options.build == BuildMode::Full { "full" } else { "incremental" });
        self.say(&format!("gs_ctl {kind} build ,datadir is {directory}"));
        if let Some(shown) = self.ask_local().await
            && !shown.mode.is_follower()
        {
            self.say(&format!("The local server run as {},build cannot be executed.", shown.mode.words()));
            return 1;
        }
        if self.is_running() {
            self.stop_server(true).await;
        }
        self.process.announce("build.stopped", fields! {});
        if self.options.build != BuildMode::Full {
            self.process.write_file(files::REWIND_LABEL, self.process.wall_clock().with_seconds());
        }
        self.write_pid(self.process.id().0.into(), "");
        let built = self.build_as_asked().await;
        match built {
            Ok(kind) => self.start_built(kind).await,
            Err(error) => {
                self.say_as("gs_ctl", &error.to_string());
                // 2.0.0 returns success from a failed incremental build; gs_build.pid keeps naming a dead process.
                i32::from(self.plan.is_profile_3 || self.options.build != BuildMode::Incremental)
            }
        }
    }

    async fn build_as_asked(&self) -> Result<&'static str, BuildError> {
        let store = Store::open(&self.process, self.node().device, &self.plan.shape)?;
        if self.options.build != BuildMode::Full {
            match self.rewind(&store).await {
                Ok(()) => return Ok("incremental"),
                Err(error) => {
                    self.process.announce("build.failed", fields! { reason: error.to_string() });
                    if self.options.build == BuildMode::Incremental {
                        return Err(error);
                    }
                    self.say_as("gs_ctl", &format!("inc build failed, change to full build: {error}"));
                }
            }
        }
        self.copy_all(&store).await?;
        Ok("full")
    }

    async fn start_built(&self, kind: &'static str) -> i32 {
        if kind == "incremental" {
            self.say_as("gs_rewind", "fetching MOT checkpoint");
            self.take_time().await;
        }
        let started = self.start_server(ServerMode::Standby, "named").await;
        self.write_pid(0, "named");
        self.process.announce("build.finished", fields! { kind: kind });
        i32::from(!started)
    }

    /// Writes `gs_build.pid`, the only file of a build that is fsynced at once.
    fn write_pid(&self, pid: u32, cluster: &str) {
        self.process.write_file(build_tags::PID, pid.to_string());
        let path = format!("{}/{}", self.directory(), build_tags::PID);
        for verb in ["fopen", "fprintf", "fsync"] {
            let text = format!(" {verb} build pid file \"{path}\" success");
            if cluster.is_empty() { self.say(&text) } else { self.say_as("gs_ctl", &text) }
        }
        if pid != 0 {
            self.process.announce("build.pid-written", fields! {});
        }
    }

    /// Refuses to rewind over what an earlier build left.
    fn check_tags(&self) -> Result<(), BuildError> {
        match files::build_tags(&self.process).may_rewind() {
            Ok(()) => Ok(()),
            Err(NeedsFull::LastUncompleted) => Err(BuildError::LastUncompleted),
            Err(NeedsFull::BackupLabel) => {
                self.process.remove_file(build_tags::PID);
                Err(BuildError::BackupLabel)
            }
        }
    }

    fn write_building(&self, kind: &str) {
        files::write_state(&self.process, ServerMode::Standby, DbState::Building, RebuildReason::None);
        self.say_as("gs_rewind", &format!(
            "set gaussdb state file when rewind:db state(BUILDING_STATE), server mode(STANDBY_MODE), build mode({kind})."
        ));
        self.process.announce("build.state-written", fields! {});
    }

    fn write_start_tag(&self) {
        self.process.write_file(build_tags::START, "");
        self.process.remove_file(build_tags::DONE);
        self.process.announce("build.start-tag", fields! {});
    }

    /// Renames the tag: from here on the data directory counts as whole.
    fn write_done_tag(&self) {
        self.process.remove_file(build_tags::START);
        self.process.write_file(build_tags::DONE, "");
        self.process.announce("build.done-tag", fields! {});
    }

    async fn take_time(&self) {
        self.process.sleep(self.plan.parameters.build_step).await;
    }
}
