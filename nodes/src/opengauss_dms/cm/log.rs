//! The log files of CM, and the shape of their lines.

use crate::world::process::Process;

/// What cm_server writes.
pub const SERVER_LOG: &str = "cm/cm_server/cm_server-current.log";
/// What cm_server writes about nodes that leave and join.
pub const KEY_EVENT_LOG: &str = "cm/cm_server/key_event-current.log";
/// What cm_agent writes.
pub const AGENT_LOG: &str = "cm/cm_agent/cm_agent-current.log";
/// What om_monitor writes.
pub const MONITOR_LOG: &str = "cm/om_monitor/om_monitor-current.log";

/// How serious a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Log,
    Warning,
    Error,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Level::Log => "LOG",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
        }
    }
}

/// Writes `2024-10-09 15:07:52.019 tid=4001 MaxClusterAb LOG: …`.
pub(super) fn write(process: &Process, file: &'static str, thread: &'static str, level: Level, text: &str) {
    let stamp = process.wall_clock().with_millis();
    process.log(file, format!("{stamp} tid={} {thread} {}: {text}", thread_id(process), level.word()));
}

/// Writes a line about a node that leaves or joins.
pub(super) fn write_key_event(process: &Process, text: &str) {
    let stamp = process.wall_clock().with_millis();
    let line = format!(
        "{stamp} tid={} MaxClusterAb: [KeyEvent: KEY_EVENT_RES_ARBITRATE] [Instance: 0] [Details: {text}]",
        thread_id(process)
    );
    process.log(KEY_EVENT_LOG, line);
}

/// A thread number that is new in each life of the process, as on a real host.
fn thread_id(process: &Process) -> u64 {
    10_000 + u64::from(process.id().0) * 100 + u64::from(process.incarnation().0)
}
