//! What `gs_ctl build` leaves in a data directory, and what a start and a second build make of it.
//!
//! Source: reference sections 5.2 (durable effects), 5.3 and 5.4 (`postmaster.cpp`, `pg_rewind.cpp`, `pg_ctl.cpp`).

/// Created before the first irreversible change; while it is there the server does not start.
pub const START: &str = "build_completed.start";
/// What [`START`] is renamed to when the build is complete.
pub const DONE: &str = "build_completed.done";
/// The process that builds; 0 when it is done. The only one of these files that is fsynced when written.
pub const PID: &str = "gs_build.pid";
/// Where recovery after a build begins; renamed to [`LABEL_OLD`] by the first start.
pub const LABEL: &str = "backup_label";
/// A used [`LABEL`].
pub const LABEL_OLD: &str = "backup_label.old";

/// What the server says when it refuses to start over an unfinished build.
pub const UNCOMPLETED: &str =
    "Uncompleted build is detected, please build again and then start database after its success.";

/// The files of a build that a data directory holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// [`START`] is there.
    pub start: bool,
    /// [`LABEL`] is there.
    pub label: bool,
}

/// Why an incremental build cannot be done, and a full one must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedsFull {
    /// The last build did not finish.
    LastUncompleted,
    /// The last build finished, and the node was never started after it: `gs_build.pid` is removed too.
    BackupLabel,
}

impl Found {
    /// Whether a server may start.
    pub fn may_start(self) -> bool {
        !self.start
    }

    /// Whether an incremental build may be tried.
    ///
    /// # Errors
    /// [`NeedsFull`] if it must be a full one.
    pub fn may_rewind(self) -> Result<(), NeedsFull> {
        match self {
            Found { start: true, .. } => Err(NeedsFull::LastUncompleted),
            Found { label: true, .. } => Err(NeedsFull::BackupLabel),
            Found { .. } => Ok(()),
        }
    }
}

/// What `gs_ctl querybuild` says, from what `gs_build.pid` holds (`None`: no such file) and whether that process lives.
pub fn progress(pid: Option<u32>, is_alive: bool) -> &'static str {
    match pid {
        None | Some(0) => "Build completed",
        Some(_) if is_alive => "Building",
        Some(_) => "Build failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_build_keeps_the_server_down_and_asks_for_a_full_one() {
        let before_the_tag = Found::default();
        assert!(before_the_tag.may_start());
        assert_eq!(before_the_tag.may_rewind(), Ok(()));
        let midway = Found { start: true, label: false };
        assert!(!midway.may_start());
        assert_eq!(midway.may_rewind(), Err(NeedsFull::LastUncompleted));
        let labelled = Found { start: true, label: true };
        assert_eq!(labelled.may_rewind(), Err(NeedsFull::LastUncompleted));
        let never_started = Found { start: false, label: true };
        assert!(never_started.may_start());
        assert_eq!(never_started.may_rewind(), Err(NeedsFull::BackupLabel));
    }

    #[test]
    fn a_dead_builder_is_a_failed_build() {
        assert_eq!(progress(None, false), "Build completed");
        assert_eq!(progress(Some(0), false), "Build completed");
        assert_eq!(progress(Some(43_045), true), "Building");
        assert_eq!(progress(Some(43_045), false), "Build failed");
    }
}
