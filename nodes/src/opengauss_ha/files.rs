//! The small files of a data directory that are no database: start options, state, term, signals, build tags.
//!
//! They are files of the host: several processes work with them, and what a killed one left is what the next finds.

use super::rules::build_tags::{self, Found};
use super::rules::state::{DbState, RebuildReason, ServerMode};
use crate::parts::encoding::{Decoder, Encoder, Garbled};
use crate::parts::wal::Lsn;
use crate::world::process::Process;

/// Without it a server does not start.
pub(super) const HBA: &str = "pg_hba.conf";
/// Settings that can be changed while the server runs, one `name = value` a line. Without it a server does not start.
pub(super) const CONFIGURATION: &str = "postgresql.conf";
/// Four bytes: the term that a tool asks for.
pub(super) const TERM: &str = "term_file";
/// The options a server was started with; rewritten when it changes its role.
pub(super) const OPTIONS: &str = "postmaster.opts";
/// What the server last said of itself: a cache, stale after a crash.
pub(super) const STATE: &str = "gaussdb.state";
/// The one setting of [`CONFIGURATION`] that the model reads from there.
pub(super) const MOST_AVAILABLE: &str = "most_available_sync";
/// The wish for a switchover.
pub(super) const SWITCHOVER: &str = "switchover";
/// The wish for a failover.
pub(super) const FAILOVER: &str = "failover";
/// A new role for a pending server.
pub(super) const NOTIFY: &str = "notifystatus";
/// Which node gs_om takes for the primary; written by refreshconf.
pub(super) const DYNAMIC: &str = "cluster_dynamic_config";
/// What was written first by an incremental build.
pub(super) const REWIND_LABEL: &str = "rewind_lable";

/// The role that the options of this start ask for.
pub(super) fn start_mode(process: &Process) -> ServerMode {
    let options = process.read_file(OPTIONS).unwrap_or_default();
    let options = String::from_utf8_lossy(&options).into_owned();
    let word = options.split("-M ").nth(1).and_then(|rest| rest.split_whitespace().next());
    word.and_then(ServerMode::of_option).unwrap_or(ServerMode::Normal)
}

/// `most_available_sync` in `postgresql.conf`; `otherwise` where the file does not name it.
pub(super) fn most_available(process: &Process, otherwise: bool) -> bool {
    let text = process.read_file(CONFIGURATION).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let value = text.lines().filter_map(|line| line.split_once('=')).find(|(name, _)| name.trim() == MOST_AVAILABLE);
    value.map_or(otherwise, |(_, value)| value.trim() == "on")
}

/// Writes the options of a start.
pub(super) fn write_options(process: &Process, directory: &str, mode: ServerMode) {
    let mode = match mode {
        ServerMode::Normal | ServerMode::Unknown => String::new(),
        mode => format!(" -M {}", mode.option()),
    };
    process.write_file(OPTIONS, format!("gaussdb -D {directory}{mode}\n"));
}

/// Writes `gaussdb.state`.
pub(super) fn write_state(process: &Process, mode: ServerMode, state: DbState, reason: RebuildReason) {
    let text = format!("{}\n{}\n{}\n", mode.words(), state.words(), reason.words());
    process.write_file(STATE, text);
}

/// The tags of a build.
pub(super) fn build_tags(process: &Process) -> Found {
    let is_there = |name: &str| process.read_file(name).is_some();
    Found { start: is_there(build_tags::START), label: is_there(build_tags::LABEL) }
}

/// `backup_label`: where recovery after a build begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BackupLabel {
    /// START WAL LOCATION.
    pub(super) redo: Lsn,
    /// CHECKPOINT LOCATION.
    pub(super) checkpoint: Lsn,
}

impl BackupLabel {
    /// Reads the label; `None` if there is none that makes sense.
    pub(super) fn read(process: &Process) -> Option<Self> {
        Self::decode(&process.read_file(build_tags::LABEL)?).ok()
    }

    fn decode(bytes: &[u8]) -> Result<Self, Garbled> {
        let mut label = Decoder::new(bytes);
        Ok(BackupLabel { redo: Lsn(label.u64()?), checkpoint: Lsn(label.u64()?) })
    }

    /// Writes the label.
    pub(super) fn write(&self, process: &Process) {
        let mut label = Encoder::new();
        label.u64(self.redo.0).u64(self.checkpoint.0);
        process.write_file(build_tags::LABEL, label.into_bytes());
    }
}
