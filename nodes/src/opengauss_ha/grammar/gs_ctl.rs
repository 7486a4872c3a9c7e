//! gs_ctl line by line: start, stop, switchover, failover, and a build with the rewind inside it.
//!
//! Source: the output of the incident of July 2021 and reference sections 4 and 5 (`pg_ctl.cpp`, `pg_rewind.cpp`). The
//! search for the common checkpoint is judged by the rule the model itself rewinds by. A command can be killed at any
//! line, so any command may begin after any line; lines of the server in between are somebody else's.

use crate::grammar::Phase;
use crate::grammar::script::Hole::{self, Free, Own, Same};
use crate::grammar::script::{After, Procedure, Row, Said, first, place, row};
use crate::opengauss_ha::rules::rewind::is_common;

const PID: Hole = Same("pid");
const DIRECTORY: Hole = Own("directory");
const DOTS: Hole = Own("dots");
const SOURCE: Hole = Own("source checkpoint");
const SOURCE_REDO: Hole = Own("source redo");
const END: Hole = Same("end");

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Switchover and failover.
    first("switchover", "[{}][{}][gs_ctl]: gs_ctl switchover ,datadir is {}", &[PID, Free, DIRECTORY]),
    row("switchover term", "[{}][{}][gs_ctl]: switchover term ({})", &[PID, Free, Free], &["switchover"]),
    row("not a standby", "[{}][{}][gs_ctl]: switchover can only be run on a standby, this is {}", &[PID, Free, Free], &["switchover term"]),
    row("nobody answers", "[{}][{}][gs_ctl]: could not connect to the local server, Is server running?", &[PID, Free], &["switchover term"]),
    row("waits for the switchover", "[{}][{}][gs_ctl]: waiting for server to switchover{}", &[PID, Free, DOTS], &["switchover term"]),
    row("switched", "[{}][{}][gs_ctl]: done", &[PID, Free], &["waits for the switchover"]),
    row("switchover completed", "[{}][{}][gs_ctl]: switchover completed ({})", &[PID, Free, DIRECTORY], &["switched", "switchover term"]),
    row("gives up", "[{}][{}][gs_ctl]:", &[PID, Free], &["waits for the switchover"]),
    row("timed out", "switchover timeout after {} seconds. please manually check the cluster status.", &[Own("limit")], &["gives up"]),
    first("failover", "[{}][{}][gs_ctl]: gs_ctl failover ,datadir is {}", &[PID, Free, DIRECTORY]),
    row("failover term", "[{}][{}][gs_ctl]: failover term ({})", &[PID, Free, Free], &["failover"]),
    row("waits for the failover", "[{}][{}][gs_ctl]:  waiting for server to failover{}", &[PID, Free, DOTS], &["failover term"]),
    row("failover completed", "[{}][{}][gs_ctl]:  failover completed ({})", &[PID, Free, DIRECTORY], &["done"]),
    row("failover failed", "[{}][{}][gs_ctl]:  failover failed ({})", &[PID, Free, DIRECTORY], &["failed", "failover term"]),
    // Start and stop.
    first("start", "[{}][{}][gs_ctl]: gs_ctl started,datadir is {}", &[PID, Free, DIRECTORY]),
    row("another server", "[{}][{}][gs_ctl]:  another server might be running; Please use the restart command", &[PID, Free], &["start"]),
    row("waits for the start", "[{}][{}][gs_ctl]: waiting for server to start{}", &[PID, Free, DOTS], &["start", "checkpoint of tables in memory", "copied"]),
    row("done", "[{}][{}][gs_ctl]:  done", &[PID, Free], &["waits for the start", "waits for the failover"]),
    row("failed", "[{}][{}][gs_ctl]:  failed", &[PID, Free], &["waits for the start", "waits for the failover"]),
    row("server started", "[{}][{}][gs_ctl]: server started ({})", &[PID, Free, DIRECTORY], &["done"]),
    row("server ended", "[{}][{}][gs_ctl]:  waitpid {} failed, exitstatus is {}, ret is {}", &[PID, Free, Free, Free, Free], &["waits for the start"]),
    row("waits no longer", "[{}][{}][gs_ctl]: stopped waiting", &[PID, Free], &["server ended", "failed"]),
    row("could not start", "[{}][{}][gs_ctl]:  could not start server", &[PID, Free], &["waits no longer"]),
    Row { after: After::Any, ..row("stops", "waiting for server to shut down{}", &[Own("stop")], &[]) },
    row("stopped", "server stopped", &[], &["stops"]),
    row("does not stop", "[{}][{}][gs_ctl]:  server does not shut down", &[PID, Free], &["stops"]),
    first("no server", "[{}][{}][gs_ctl]: PID file \"{}/postmaster.pid\" does not exist", &[PID, Free, Free]),
    row("no server runs", "[{}][{}][gs_ctl]: Is server running?", &[PID, Free], &["no server"]),
    // Build.
    first("build", "[{}][{}][gs_ctl]: gs_ctl {} build ,datadir is {}", &[PID, Free, Own("kind"), DIRECTORY]),
    row("cannot be built", "[{}][{}][gs_ctl]: The local server run as {},build cannot be executed.", &[PID, Free, Free], &["build"]),
    row("opens the build pid", "[{}][{}][gs_ctl]:  fopen build pid file \"{}/gs_build.pid\" success", &[PID, Free, DIRECTORY], &["build", "stops", "stopped"]),
    row("prints the build pid", "[{}][{}][gs_ctl]:  fprintf build pid file \"{}/gs_build.pid\" success", &[PID, Free, DIRECTORY], &["opens the build pid"]),
    row("syncs the build pid", "[{}][{}][gs_ctl]:  fsync build pid file \"{}/gs_build.pid\" success", &[PID, Free, DIRECTORY], &["prints the build pid"]),
    row("opens the build pid again", "[{}][{}][gs_ctl]:  fopen build pid file \"{}/gs_build.pid\" success", &[PID, Free, DIRECTORY], &["server started", "could not start", "waits no longer"]),
    row("prints the build pid again", "[{}][{}][gs_ctl]:  fprintf build pid file \"{}/gs_build.pid\" success", &[PID, Free, DIRECTORY], &["opens the build pid again"]),
    row("syncs the build pid again", "[{}][{}][gs_ctl]:  fsync build pid file \"{}/gs_build.pid\" success", &[PID, Free, DIRECTORY], &["prints the build pid again"]),
    row("unfinished build", "[{}][{}][gs_rewind]: last build uncompleted, change to full build.", &[PID, Free], &["syncs the build pid"]),
    row("backup label", "[{}][{}][gs_rewind]: the target server has a backup_label, an incremental build is not possible", &[PID, Free], &["syncs the build pid"]),
    row("building", "[{}][{}][gs_rewind]: set gaussdb state file when rewind:db state({}), server mode({}), build mode({}).", &[PID, Free, Own("building"), Own("standby"), Own("mode")], &["syncs the build pid"]),
    row("connected", "[{}][{}][gs_rewind]: connected to server: {}", &[PID, Free, Free], &["building"]),
    row("source found", "[{}][{}][gs_rewind]: connect to primary success", &[PID, Free], &["connected"]),
    row("control data read", "[{}][{}][gs_rewind]: get pg_control success", &[PID, Free], &["source found"]),
    row("target's state", "[{}][{}][gs_rewind]: target server was interrupted in mode {}.", &[PID, Free, Free], &["control data read"]),
    row("sane", "[{}][{}][gs_rewind]: sanityChecks success", &[PID, Free], &["target's state"]),
    row("source's checkpoint", "[{}][{}][gs_rewind]: find last checkpoint at {} and checkpoint redo at {} from source control file", &[PID, Free, SOURCE, SOURCE_REDO], &["sane"]),
    row("target's checkpoint", "[{}][{}][gs_rewind]: find last checkpoint at {} and checkpoint redo at {} from target control file", &[PID, Free, Own("target checkpoint"), Own("target redo")], &["source's checkpoint"]),
    row("last record", "[{}][{}][gs_rewind]: find max lsn success, find max lsn rec ({}) success.", &[PID, Free, Own("last record")], &["target's checkpoint"]),
    row("asks for a checkpoint", "[{}][{}][gs_rewind]: request lsn is {} and its crc(source, target):[{}, {}]", &[PID, Free, Own("asked"), Own("source crc"), Own("target crc")], &["last record", "asks for a checkpoint"]),
    row("common checkpoint", "[{}][{}][gs_rewind]: find common checkpoint {}", &[PID, Free, Own("common")], &["asks for a checkpoint"]),
    row("diverge point", "[{}][{}][gs_rewind]: find diverge point success", &[PID, Free], &["common checkpoint"]),
    row("redo before", "[{}][{}][gs_rewind]: read checkpoint redo ({}) success before rewinding.", &[PID, Free, Own("redo")], &["diverge point"]),
    row("rewinds", "[{}][{}][gs_rewind]: rewinding from checkpoint redo point at {} on timeline {}", &[PID, Free, Own("redo"), Free], &["redo before"]),
    row("diverged file", "[{}][{}][gs_rewind]: diverge xlogfile is {}, older ones will not be copied or removed.", &[PID, Free, Free], &["rewinds"]),
    row("traverses", "[{}][{}][gs_rewind]: traverse_datadir start.", &[PID, Free], &["diverged file"]),
    row("source's files", "[{}][{}][gs_rewind]: reading source file list", &[PID, Free], &["traverses"]),
    row("file map", "[{}][{}][gs_rewind]: filemap_list_to_array start.", &[PID, Free], &["source's files"]),
    row("sorts", "[{}][{}][gs_rewind]: filemap_list_to_array end sort start. length is {}", &[PID, Free, Free], &["file map"]),
    row("sorted", "[{}][{}][gs_rewind]: sort end.", &[PID, Free], &["sorts"]),
    row("target's files", "[{}][{}][gs_rewind]: reading target file list", &[PID, Free], &["sorted"]),
    row("traversed", "[{}][{}][gs_rewind]: traverse target datadir success", &[PID, Free], &["target's files"]),
    row("reads the log", "[{}][{}][gs_rewind]: reading WAL in target", &[PID, Free], &["traversed"]),
    row("end of the log", "[{}][{}][gs_rewind]: could not read WAL record at {}: invalid record length at {}: wanted {}, got {}", &[PID, Free, Same("end of the log"), Same("end of the log"), Free, Free], &["reads the log"]),
    row("totals", "[{}][{}][gs_rewind]: calculate totals rewind success", &[PID, Free], &["end of the log"]),
    row("needs", "[{}][{}][gs_rewind]: need to copy {} (total source directory size is {})", &[PID, Free, Free, Free], &["totals"]),
    row("unpacks", "[{}][{}][gs_rewind]: receiving and unpacking files...", &[PID, Free], &["needs"]),
    row("unpacked", "[{}][{}][gs_rewind]: execute file map success", &[PID, Free], &["unpacks"]),
    row("minimum", "[{}][{}][gs_rewind]: find minRecoveryPoint success from xlog insert location {}", &[PID, Free, END], &["unpacked"]),
    row("control data written", "[{}][{}][gs_rewind]: update pg_control file success, minRecoveryPoint: {}, ckpLoc:{}, ckpRedo:{}, preCkp:{}", &[PID, Free, END, SOURCE, SOURCE_REDO, Free], &["minimum", "copies from"]),
    row("double write", "[{}][{}][gs_rewind]: update pg_dw file success", &[PID, Free], &["control data written"]),
    row("end point", "[{}][{}][gs_rewind]: xlog end point: {}", &[PID, Free, END], &["double write"]),
    row("streams", "[{}][{}][gs_rewind]: waiting for background process to finish streaming...", &[PID, Free], &["end point"]),
    row("truncates", "[{}][{}][gs_rewind]: truncating and removing old xlog files", &[PID, Free], &["streams"]),
    row("makes the label", "[{}][{}][gs_rewind]: creating backup label and updating control file", &[PID, Free], &["streams", "truncates"]),
    row("label", "[{}][{}][gs_rewind]: create backup label success", &[PID, Free], &["makes the label"]),
    row("redo", "[{}][{}][gs_rewind]: read checkpoint redo ({}) success.", &[PID, Free, Own("redo")], &["label"]),
    row("checkpoint", "[{}][{}][gs_rewind]: read checkpoint rec ({}) success.", &[PID, Free, Own("common again")], &["redo"]),
    row("rewound", "[{}][{}][gs_rewind]: dn incremental build completed.", &[PID, Free], &["checkpoint"]),
    row("checkpoint of tables in memory", "[{}][{}][gs_rewind]: fetching MOT checkpoint", &[PID, Free], &["rewound"]),
    // A full build, asked for or because the other could not be done.
    first("full instead", "[{}][{}][gs_ctl]: inc build failed, change to full build: {}", &[PID, Free, Free]),
    row("full connected", "[{}][{}][gs_ctl]: connect to server success, build started.", &[PID, Free], &["syncs the build pid", "full instead"]),
    row("cleared", "[{}][{}][gs_ctl]: clear old target dir success", &[PID, Free], &["full connected"]),
    row("copies from", "[{}][{}][gs_ctl]: The starting position of the xlog copy of the full build is: {}", &[PID, Free, SOURCE_REDO], &["cleared"]),
    row("copied", "[{}][{}][gs_ctl]: build completed.", &[PID, Free], &["double write"]),
];

/// The lines a command ends with; the build pid of a finished build says 0.
const LAST: &[&str] = &[
    "not a standby",
    "nobody answers",
    "switchover completed",
    "gives up",
    "timed out",
    "failover completed",
    "failover failed",
    "another server",
    "waits no longer",
    "could not start",
    "no server",
    "cannot be built",
    "syncs the build pid again",
];

/// What the rules keep of a command.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    /// How many looks the dots of a line that waits stand for.
    looks: Option<usize>,
    /// A stop that is done.
    stopped: bool,
    full: bool,
    /// What was asked for last, and the CRC of both sides there.
    asked: Option<u64>,
    crc: Option<u32>,
    is_common: bool,
}

/// What gs_ctl prints.
pub(super) struct GsCtl;

impl Procedure for GsCtl {
    type Memory = Kept;

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn may_follow(&self, said: &Said<Kept>, row: &Row) -> bool {
        match row.name {
            "stopped" => said.own.stopped,
            "does not stop" => !said.own.stopped,
            "asks for a checkpoint" => !said.own.is_common,
            "common checkpoint" => said.own.is_common,
            "full connected" => said.procedure == "full instead" || said.own.full,
            "building" | "unfinished build" | "backup label" => !said.own.full,
            "server started" => said.procedure != "failover",
            "failover completed" | "failover failed" => said.procedure == "failover",
            _ => true,
        }
    }

    fn take(&self, said: &mut Said<Kept>, _row: &Row, hole: &'static str, value: &str) -> bool {
        match hole {
            // The slash at either end comes and goes with how it was typed.
            "directory" => said.agree("directory", value.trim_matches('/')),
            "dots" => {
                said.own.looks = value.len().checked_sub(3);
                value.bytes().all(|byte| byte == b'.')
            }
            "limit" => said.own.looks.is_some_and(|looks| value.parse() == Ok(looks)),
            "stop" => {
                let dots = value.trim_end_matches(" done").trim_end_matches(" failed");
                said.own.stopped = value.ends_with(" done");
                dots.bytes().all(|byte| byte == b'.') && dots.len() < value.len()
            }
            "kind" => {
                said.own.full = value == "full";
                matches!(value, "full" | "incremental")
            }
            "building" => value == "BUILDING_STATE",
            "standby" => value == "STANDBY_MODE",
            "mode" => value == "INC_BUILD",
            "source redo" | "target redo" => Self::behind(said, hole, value),
            "last record" => place(value).is_some(),
            "asked" => Self::asked(said, value),
            "source crc" => {
                said.own.crc = value.parse().ok();
                said.own.crc.is_some()
            }
            "target crc" => {
                let crc = value.parse::<u32>().ok();
                said.own.is_common = said.own.crc.zip(crc).is_some_and(|(source, target)| is_common(source, target));
                crc.is_some()
            }
            "common" | "common again" => place(value) == said.own.asked && place(value).is_some(),
            "redo" => {
                let behind = place(value).zip(said.own.asked).is_some_and(|(redo, checkpoint)| redo <= checkpoint);
                behind && said.agree("redo", value)
            }
            _ => place(value).is_some() && said.agree(hole, value),
        }
    }

    fn phase(&self, said: &Said<Kept>, row: &Row) -> Option<Phase> {
        let procedure = said.procedure.to_owned();
        let builds = matches!(said.procedure, "build" | "full instead");
        let rests = LAST.contains(&row.name) || (row.name == "server started" && !builds);
        Some(Phase { track: "gs_ctl".to_owned(), procedure, step: row.name.to_owned(), rests })
    }
}

impl GsCtl {
    /// Recovery from a checkpoint begins at it or before it.
    fn behind(said: &mut Said<Kept>, redo: &'static str, value: &str) -> bool {
        let whose = if redo == "source redo" { "source checkpoint" } else { "target checkpoint" };
        let checkpoint = said.same(whose).and_then(place);
        let Some(at) = place(value) else { return false };
        checkpoint.is_none_or(|checkpoint| at <= checkpoint) && said.agree(redo, value)
    }

    /// The search goes back, from the last checkpoint of that side whose last checkpoint is older.
    fn asked(said: &mut Said<Kept>, value: &str) -> bool {
        let newest = ["source checkpoint", "target checkpoint"]
            .into_iter()
            .filter_map(|whose| said.same(whose))
            .filter_map(place)
            .min();
        let Some(at) = place(value) else { return false };
        let last = said.own.asked.replace(at);
        newest.is_none_or(|newest| at <= newest) && last.is_none_or(|last| at < last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::script::{mistakes, without_chinese};
    use crate::opengauss_ha::chinese::PHASES;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(mistakes(ROWS), Vec::<String>::new());
        assert_eq!(without_chinese(&GsCtl, PHASES), Vec::<String>::new());
    }
}
