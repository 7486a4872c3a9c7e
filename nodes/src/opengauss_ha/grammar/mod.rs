//! What the tools of openGauss print, held against the order in which they work: what a DBA pastes into a report.

mod gs_ctl;
mod gs_om;

use super::chinese::PHASES;
use crate::grammar::script::Script;
use crate::grammar::{LogKind, LogLine, Tracker, moment};

/// The outputs that can be judged.
pub const LOGS: &[LogKind] = &[
    LogKind {
        name: "gs_ctl",
        doc: "what gs_ctl start, stop, switchover, failover and build print, gs_rewind included",
        chinese: PHASES,
        resolution: 1,
        split: of_gs_ctl,
        replay: |_| Box::new(Tracker::new(Script(gs_ctl::GsCtl))),
    },
    LogKind {
        name: "gs_om",
        doc: "what gs_om -t status, start, stop and refreshconf print",
        chinese: PHASES,
        resolution: 1,
        split: gs_om::split,
        replay: |_| Box::new(Tracker::new(Script(gs_om::GsOm))),
    },
];

/// `[2021-07-26 15:48:44.087][43045][][gs_ctl]: text`, dots of a line that waits in front of it or not; and the few
/// lines of gs_ctl that have no head.
fn of_gs_ctl(line: &str) -> Option<LogLine<'_>> {
    const HEADLESS: [&str; 3] = ["waiting for server to shut down", "server stopped", "switchover timeout after"];
    let line = line.trim();
    let headed = line.trim_start_matches('.').strip_prefix('[').and_then(moment);
    if let Some((at, rest)) = headed {
        let message = rest.strip_prefix(']')?;
        let is_tool = message.contains("][gs_ctl]:") || message.contains("][gs_rewind]:");
        return is_tool.then_some(LogLine { at: Some(at), message });
    }
    HEADLESS.iter().any(|begin| line.starts_with(begin)).then_some(LogLine { at: None, message: line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_tools_are_told_from_those_of_the_server() {
        let taken = of_gs_ctl(".[2021-07-26 15:15:57.160][15696][][gs_ctl]:  waitpid 15700 failed").expect("a line");
        assert_eq!(taken.message, "[15696][][gs_ctl]:  waitpid 15700 failed");
        assert!(taken.at.is_some());
        assert_eq!(of_gs_ctl("    server stopped").map(|line| line.message), Some("server stopped"));
        assert!(of_gs_ctl("[2021-07-26 15:14:04]:begin build tablespace list").is_none());
        assert!(of_gs_ctl("2021-07-26 15:15:54.716 60fe612a.1 [unknown] LOG:  text").is_none());
    }
}
