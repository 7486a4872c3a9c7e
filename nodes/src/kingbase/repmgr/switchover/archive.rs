//! The check that refused the incident's switchover: how many files wait to be archived on the node to be stopped.

use super::super::check::Status;
use super::super::code;
use super::{Ended, Switchover};

const COMMAND: &str = "repmgr node check --terse -LERROR --archive-ready --optformat";

/// What the other node printed: `--status=CRITICAL --files=134 --threshold=128`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ArchiveReport {
    pub(super) status: Status,
    pub(super) files: i64,
    pub(super) threshold: i64,
    /// The database could not be reached.
    pub(super) no_connection: bool,
}

pub(super) fn parse(line: &str) -> ArchiveReport {
    let value = |name: &str| line.split_whitespace().find_map(|word| word.strip_prefix(name));
    let number = |name: &str| value(name).and_then(|text| text.parse().ok()).unwrap_or(0);
    ArchiveReport {
        status: value("--status=").map_or(Status::Unknown, Status::of_word),
        files: number("--files="),
        threshold: number("--threshold="),
        no_connection: line.contains("--error=DB_CONNECTION"),
    }
}

impl Switchover<'_> {
    pub(super) async fn check_archive(&self) -> Result<(), Ended> {
        self.step("archive-check");
        let speech = &self.run.speech;
        let mode = self.run.connections.show(&self.old, "archive_mode").await.unwrap_or_default();
        if mode == "off" {
            return Ok(());
        }
        let words: Vec<&str> = COMMAND.split(' ').collect();
        let printed = self.remote(&words).await.map(|(_, lines)| lines.join("\n")).unwrap_or_default();
        if self.run.plan.is_kingbase() {
            speech.info(&format!("The output from primary check cmd \"{COMMAND}\" is: \"{printed}\n\""));
        }
        let report = parse(&printed);
        let name = &self.old.name;
        let subject = format!("number of pending archive files on demotion candidate \"{name}\"");
        let server = if self.run.plan.is_kingbase() { "Kingbase" } else { "PostgreSQL" };
        let hint = format!("{server} will not shut down until all files are archived");
        let ArchiveReport { status, files, threshold, no_connection } = report;
        match status {
            Status::Ok => {
                if self.is_dry() {
                    speech.info("archive mode is \"on\", number of pending archive files is OK");
                }
                Ok(())
            }
            Status::Warning => {
                speech.warning(&format!("{subject} exceeds the warning threshold"));
                speech.detail(&format!("{files} pending archive files (warning threshold: {threshold})"));
                speech.hint(&hint);
                Ok(())
            }
            Status::Critical if self.is_forced() => {
                speech.warning(&format!("{subject} exceeds the critical threshold"));
                speech.detail(&format!("{files} pending archive files (critical threshold: {threshold})"));
                speech.notice("-F/--force set, continuing with switchover");
                Ok(())
            }
            Status::Critical => {
                speech.error(&format!("{subject} is critical"));
                speech.detail(&format!("{files} pending archive files (critical threshold: {threshold})"));
                speech.hint(&format!("{hint}; use -F/--force to continue anyway"));
                Err(code::SWITCHOVER_FAIL)
            }
            Status::Unknown if self.is_forced() && !no_connection => {
                speech.warning(&format!("unable to check {subject}"));
                speech.notice("-F/--force set, continuing with switchover");
                Ok(())
            }
            Status::Unknown => {
                speech.error(&format!("unable to check {subject}"));
                Err(code::SWITCHOVER_FAIL)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_incidents_line_is_read() {
        let report = parse("--status=CRITICAL --files=134 --threshold=128");
        let expected = ArchiveReport { status: Status::Critical, files: 134, threshold: 128, no_connection: false };
        assert_eq!(report, expected);
        assert_eq!(parse("--status=OK --files=12").status, Status::Ok);
        assert_eq!(parse("").status, Status::Unknown);
        assert!(parse("--error=DB_CONNECTION").no_connection);
    }
}
