//! pg_ctl line by line. In PFS mode the library's own lines stand between its dots and its words.

use crate::grammar::script::Hole::Own;
use crate::grammar::script::{Procedure, Row, Said, first, row};
use crate::grammar::{LogLine, holes};

const WAITED: &[&str] = &["promote", "stop", "start"];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    first("promote", "waiting for server to promote{}", &[Own("end")]),
    first("stop", "waiting for server to shut down{}", &[Own("end")]),
    first("start", "waiting for server to start{}", &[Own("end")]),
    row("done", "done", &[], WAITED),
    row("waits no longer", "stopped waiting", &[], WAITED),
    row("promoted", "server promoted", &[], &["promote", "done"]),
    row("stopped", "server stopped", &[], &["stop", "done"]),
    row("started", "server started", &[], &["start", "done"]),
    row("not promoted", "pg_ctl: server did not promote in time", &[], &["promote", "waits no longer"]),
    row("not stopped", "pg_ctl: server does not shut down", &[], &["stop"]),
    row("not started in time", "pg_ctl: server did not start in time", &[], &["start", "waits no longer"]),
    row("not started", "pg_ctl: could not start server", &[], &["", "start", "waits no longer", "promoted", "stopped", "started"]),
];

/// A line that pg_ctl prints.
pub(super) fn split(line: &str) -> Option<LogLine<'_>> {
    let message = line.trim();
    ROWS.iter().any(|row| holes(row.pattern, message).is_some()).then_some(LogLine { at: None, message })
}

/// How a line that waits has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum End {
    /// Not on this line.
    #[default]
    Later,
    Done,
    GaveUp,
}

/// What pg_ctl prints.
pub(super) struct PgCtl;

impl Procedure for PgCtl {
    type Memory = End;

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn may_follow(&self, said: &Said<End>, row: &Row) -> bool {
        let waits = WAITED.contains(&said.last_of(""));
        let ends = |end: End, procedure: &str| said.procedure == procedure && (!waits || said.own == end);
        match row.name {
            "done" | "waits no longer" => said.own == End::Later,
            "promoted" => ends(End::Done, "promote"),
            "stopped" => ends(End::Done, "stop"),
            "started" => ends(End::Done, "start"),
            "not promoted" => ends(End::GaveUp, "promote"),
            "not stopped" => ends(End::GaveUp, "stop"),
            "not started in time" => ends(End::GaveUp, "start"),
            _ => true,
        }
    }

    /// `...`, with dots for the seconds and an end if nothing else was printed meanwhile.
    fn take(&self, said: &mut Said<End>, _row: &Row, _hole: &'static str, value: &str) -> bool {
        let dots = value.trim_start_matches('.').trim();
        said.own = match dots {
            "done" => End::Done,
            "failed" | "stopped waiting" => End::GaveUp,
            _ => End::Later,
        };
        value.starts_with("...") && (dots.is_empty() || said.own != End::Later || dots.starts_with("[PFSD_SDK"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::script::{Script, mistakes};
    use crate::grammar::{Replay, Taken, Tracker};

    #[test]
    fn a_promote_that_took_too_long_is_not_called_done() {
        assert_eq!(mistakes(ROWS), Vec::<String>::new());
        let fits = |lines: &[&str]| {
            let mut replay = Tracker::new(Script(PgCtl));
            lines.iter().all(|line| matches!(replay.take(line), Taken::Explained(_)))
        };
        assert!(fits(&["waiting for server to shut down.... done", "server stopped"]));
        assert!(fits(&[
            "waiting for server to promote...[PFSD_SDK INF]",
            "stopped waiting",
            "pg_ctl: server did not promote in time"
        ]));
        assert!(!fits(&["waiting for server to promote...[PFSD_SDK INF]", "stopped waiting", "server promoted"]));
        assert!(!fits(&["waiting for server to shut down.... failed", "server stopped"]));
    }
}
