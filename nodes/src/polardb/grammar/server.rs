//! The server's log: how it starts, how a promote goes, how it stops or dies.
//!
//! The startup process tells of the promote, the postmaster of start and end; their lines come side by side, so each has
//! an order of its own. Source: the log of the incident of 2024-12-18, PG15:xlog.c and PG15:postmaster.c.

use crate::grammar::script::Hole::{Free, Own, Same};
use crate::grammar::script::{After, Procedure, Row, Said, first, place, row};
use crate::grammar::{LogLine, Phase, moment};

/// The party that ends a server.
const END: &str = "end";
/// The party that promotes it.
const PROMOTE: &str = "promote";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    first("starts", "LOG:  starting PostgreSQL {}", &[Free]),
    row("replica", "LOG:  found replica.signal, PolarDB in replica mode, use readonly mode mount pfs", &[], &["", "starts"]),
    row("mounts", "LOG:  begin mount pfs name {} id {} pid {} backendid {}", &[Free, Free, Free, Free], &["", "starts", "replica"]),
    row("mounted", "LOG:  mount pfs {} {} mode success", &[Free, Free], &["", "mounts"]),
    row("writable", "LOG:  Database will be in readwrite mode", &[], &["", "mounted"]),
    row("reads", "LOG:  database system is ready to accept read-only connections", &[], &["", "mounted", "writable"]),
    row("recovers", "LOG:  database system {} with redo at {}", &[Free, Own("redo")], &["", "mounted", "writable"]),
    // The promote.
    row("drained", "LOG:  checked all backend process exit, ready to do promote", &[], &[""]).of(PROMOTE),
    row("remounts", "LOG:  begin remount pfs name {} id {} flag={}", &[Free, Free, Free], &["", "drained"]).of(PROMOTE),
    row("remounted", "LOG:  remount pfs {} readwrite mode success", &[Free], &["", "remounts"]).of(PROMOTE),
    row("received", "LOG:  received promote request", &[], &["", "remounted"]).of(PROMOTE),
    row("worker ends", "LOG:  async lock replay: startup@polar_alr_terminate_worker: terminate worker", &[], &["", "received"]).of(PROMOTE),
    row("replayed", "LOG:  redo done at {} system usage: {}", &[Own("last"), Free], &["", "received", "worker ends"]).of(PROMOTE),
    row("recovered", "LOG:  redo done at {}", &[Own("redo")], &["", "recovers"]),
    row("last transaction", "LOG:  last completed transaction was at log time {}", &[Free], &["", "replayed"]).of(PROMOTE),
    row("reads again", "WARNING:  polar_log_read_record read records {}", &[Free], &["", "replayed", "last transaction"]).of(PROMOTE),
    row("resets", "WARNING:  replica can't modify file in shared storage by pfs: {}", &[Free], &["", "replayed", "last transaction", "reads again", "resets"]).of(PROMOTE),
    row("new timeline", "LOG:  selected new timeline ID: {}", &[Own("timeline")], &["", "replayed", "last transaction", "reads again", "resets"]).of(PROMOTE),
    row("unlinks", "LOG:  vfs_unlink {}/pg_wal/xlogtemp.{}", &[Free, Same("startup")], &["", "new timeline"]).of(PROMOTE),
    row("dumps core", "Got coredump signal({}) in process({})", &[Same("signal"), Same("startup")], &["", "unlinks"]).of(PROMOTE),
    row("archive recovery", "LOG:  archive recovery complete", &[], &["", "new timeline"]).of(PROMOTE),
    row("guard", "LOG:  Before online promote, last replayed record is [{}, {})", &[Own("last"), Own("end")], &["", "replayed", "last transaction"]).of(PROMOTE),
    row("guarded", "PANIC:  {} is not the last valid record's EndRecPtr!", &[Own("end")], &["guard"]).of(PROMOTE),
    row("background", "LOG:  background process handled online promote signal", &[], &["", "guard"]).of(PROMOTE),
    row("end of log", "LOG:  Before prommote RO, EndOfLog={}", &[Own("end")], &["", "background"]).of(PROMOTE),
    row("logindex", "LOG:  replica logindex archive recovery complete", &[], &["", "end of log"]).of(PROMOTE),
    row("copies", "LOG:  Begin function polar_online_promote_data", &[], &["", "logindex"]).of(PROMOTE),
    row("copied", "LOG:  End function polar_online_promote_data", &[], &["", "copies"]).of(PROMOTE),
    row("online", "LOG:  startup complete online promote, and reset bg_replayed_lsn to oldest_redo_lsn={}, old_consist_lsn={}", &[Free, Free], &["", "copied"]).of(PROMOTE),
    Row { after: After::Any, ..row("ready", "LOG:  database system is ready to accept connections", &[], &[]) },
    row("replayed behind", "LOG:  online promote replay finished", &[], &["", "online"]).of(PROMOTE),
    // The end.
    row("stop", "LOG:  received fast shutdown request", &[], &[""]).of(END),
    row("aborts", "LOG:  aborting any active transactions", &[], &["", "stop"]).of(END),
    row("shuts down", "LOG:  shutting down", &[], &["", "aborts"]).of(END),
    row("startup died", "LOG:  startup process (PID {}) was terminated by signal {}: {}", &[Same("startup"), Same("signal"), Free], &["", "stop", "aborts", "shuts down"]).of(END),
    Row { after: After::Any, ..row("terminates others", "LOG:  terminating any other active server processes", &[], &[]).of(END) },
    row("startup failure", "LOG:  shutting down due to startup process failure", &[], &["", "terminates others"]).of(END),
    row("unmounted", "LOG:  umount pbd {} success", &[Free], &["", "aborts", "shuts down", "startup failure"]).of(END),
    row("down", "LOG:  database system is shut down", &[], &["", "aborts", "shuts down", "unmounted"]).of(END),
];

/// `849<TAB><TAB><TAB>2024-12-18 14:33:38.330 CST<TAB>LOG:  MESSAGE`, and the head of a core dump.
pub(super) fn split(line: &str) -> Option<LogLine<'_>> {
    let line = line.trim_end();
    if line.starts_with("Got coredump signal(") {
        return Some(LogLine { at: None, message: line });
    }
    let mut fields = line.splitn(5, '\t');
    fields.next()?.trim().parse::<u32>().ok()?;
    let stamp = fields.nth(2)?;
    let (at, _zone) = moment(stamp)?;
    Some(LogLine { at: Some(at), message: fields.next()?.trim_end() })
}

/// How a server comes to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Stop,
    Death,
}

/// What the rules keep of a life of a server.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    /// Where recovery began.
    redo: u64,
    /// Whether it was told to stop, or one of its processes died, once its end has begun.
    end: Option<End>,
}

/// The server's log.
pub(super) struct ServerLog;

impl Procedure for ServerLog {
    type Memory = Kept;

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn may_follow(&self, said: &Said<Kept>, row: &Row) -> bool {
        let promote = said.last_of(PROMOTE);
        // A server whose log begins in the middle may have said anything before.
        let is_whole = !said.procedure.is_empty();
        match row.name {
            // Only a replica without logindex takes the stock way, and only a replica has such a worker.
            "guard" => said.own.redo == 0 && said.last_of("") != "writable",
            "startup died" => matches!(promote, "" | "unlinks" | "dumps core"),
            "startup failure" => said.same("signal").is_some(),
            "terminates others" => said.last_of(END) != "down",
            "ready" => match promote {
                "" => !is_whole || matches!(said.last_of(""), "mounted" | "writable" | "recovers" | "recovered"),
                before => matches!(before, "online" | "archive recovery"),
            },
            _ => true,
        }
    }

    fn take_line(&self, said: &mut Said<Kept>, row: &Row, _values: &[&str]) -> bool {
        if row.party == END {
            let dies = matches!(row.name, "startup died" | "terminates others" | "startup failure");
            said.own.end.get_or_insert(if dies { End::Death } else { End::Stop });
        }
        true
    }

    fn take(&self, said: &mut Said<Kept>, row: &Row, hole: &'static str, value: &str) -> bool {
        let Some(at) = place(value) else {
            return hole == "timeline" && value.parse::<u64>().is_ok_and(|number| number > 1);
        };
        match hole {
            "redo" if row.name == "recovers" => {
                said.own.redo = at;
                true
            }
            "redo" => at == 0 || at >= said.own.redo,
            _ => said.agree(hole, value),
        }
    }

    fn phase(&self, said: &Said<Kept>, row: &Row) -> Option<Phase> {
        // A server that was promoted is ready when the promote is through.
        let promoted = row.name == "ready" && !said.last_of(PROMOTE).is_empty();
        let party = if promoted { PROMOTE } else { row.party };
        let procedure = match (party, said.own.end) {
            (PROMOTE, _) => "promote",
            (END, Some(End::Death)) => "death",
            (END, _) => "shutdown",
            _ => said.procedure,
        };
        let track = if party.is_empty() { "server" } else { party };
        let rests = matches!(row.name, "reads" | "ready" | "replayed behind" | "down" | "dumps core");
        Some(Phase { track: track.to_owned(), procedure: procedure.to_owned(), step: row.name.to_owned(), rests })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::script::{mistakes, without_chinese};
    use crate::polardb::chinese::PHASES;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(mistakes(ROWS), Vec::<String>::new());
        assert_eq!(without_chinese(&ServerLog, PHASES), Vec::<String>::new());
    }

    #[test]
    fn a_line_is_taken_apart() {
        let line = "849\t\t\t2024-12-18 14:33:38.330 CST\tLOG:  received promote request";
        assert_eq!(split(line).map(|line| line.message), Some("LOG:  received promote request"));
        assert_eq!(split("[PFSD_SDK INF Dec 18 14:33:38.327335][859]pfsd_umount_force 247: pbdname nvme1n1"), None);
    }
}
