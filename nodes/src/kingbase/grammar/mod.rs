//! What the commands of repmgr print, held against the order in which a switchover goes.

mod switchover;

use crate::grammar::script::Script;
use crate::grammar::{LogKind, LogLine, Tracker};

/// The outputs that can be judged.
pub const LOGS: &[LogKind] = &[LogKind {
    name: "repmgr",
    doc: "what `repmgr standby switchover` prints: its archive check, pausing, shutdown, promotion, rejoin, unpausing",
    split,
    replay: |_| Box::new(Tracker::new(Script(switchover::Switchover))),
}];

/// `[NOTICE] …`: a line of output has no time stamp, so that only the order of lines is judged.
fn split(line: &str) -> Option<LogLine<'_>> {
    let message = line.trim();
    let levels = ["[NOTICE] ", "[INFO] ", "[ERROR] ", "[DETAIL] ", "[HINT] ", "[WARNING] "];
    levels.iter().any(|level| message.starts_with(level)).then_some(LogLine { at: None, message })
}
