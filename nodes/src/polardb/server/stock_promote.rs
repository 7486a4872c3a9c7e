//! What promote does to a replica without logindex: the stock path of PostgreSQL, on a read-only mount.
//!
//! Nothing remounts the volume, so the hook of PolarDB's file system warns at each file the startup process wants to
//! change, and the server dies of signal 11 while it formats the warning for the temporary segment of the new timeline.
//! The shared data stay as they were, and the replica's role file too (the incident of 2024-12-18).

use std::time::Duration;

use crate::fields;
use crate::parts::wal::LogEnd;

use super::super::log::{Level, Part};
use super::super::plan::{PBD, SHARED_DIRECTORY};
use super::Server;

/// The databases whose unlogged relations are reset, in the order of the incident.
const DATABASES: [&str; 4] = ["5", "1", "4", "13572"];
/// How long the reset of one database takes.
const RESET: Duration = Duration::from_millis(44);
/// How long after that the worker process looks for the memory of the instance, and does not find it.
const WORKER_LOOK: Duration = Duration::from_millis(117);
/// How long the kernel needs after that to write the core file.
const CORE_FILE: Duration = Duration::from_millis(421);
/// The functions of the incident's backtrace, from the handler to the startup process.
const BACKTRACE: [&str; 12] = [
    "polar_program_error_handler+0x388",
    "dopr+0x164",
    "pg_vsnprintf+0xa0",
    "appendStringInfoVA+0xb4",
    "errmsg+0x1c4",
    "polar_vfs_file_handle_node_type+0x158",
    "polar_stat_file_before_hook+0x44",
    "vfs_unlink+0xf0",
    "XLogFileCopy+0x130",
    "XLogInitNewTimeline+0xe4",
    "StartupXLOG+0xcd0",
    "StartupProcessMain+0xcc",
];

impl Server {
    /// The startup process on its way to a new timeline, and its end.
    pub(super) async fn crash_on_new_timeline(&self, end: LogEnd) {
        let startup = self.log.pid(Part::Startup);
        let read = format!("currRecPtr: {}, read record: ({}, {})", end.last, end.last, end.end);
        self.log.write(Part::Startup, Level::Warning, &format!("polar_log_read_record read records to '{read}'"));
        for database in DATABASES {
            self.process.sleep(RESET).await;
            let file = format!("{SHARED_DIRECTORY}//base/{database}");
            let text = format!("replica can't modify file in shared storage by pfs: {file}");
            self.log.write(Part::Startup, Level::Warning, &text);
        }
        self.info(Part::Startup, &format!("selected new timeline ID: {}", self.control.get().timeline + 1));
        self.process.sleep(Duration::from_millis(2)).await;
        self.info(Part::Startup, &format!("vfs_unlink {SHARED_DIRECTORY}//pg_wal/xlogtemp.{startup}"));
        self.write_core(startup);
        self.process.announce("startup.crashed", fields! { signal: 11 });
        self.process.sleep(WORKER_LOOK).await;
        self.log.write(Part::Worker, Level::Warning, "Failed to get the instance memory usage");
        self.process.sleep(CORE_FILE).await;
        self.shut_down_after_crash(startup).await;
    }

    fn write_core(&self, startup: u64) {
        let header = [
            "Got coredump signal(11) in process(".to_owned() + &startup.to_string() + ")",
            "Process Info:".to_owned(),
            format!("  pid:\t{startup}"),
            "  type:\tstartup".to_owned(),
            "  sql:\t<NULL>".to_owned(),
            "Backtrace:".to_owned(),
        ];
        header.iter().for_each(|line| self.log.raw(line));
        for (number, function) in BACKTRACE.iter().enumerate() {
            self.log.raw(&format!("  #{number}  {function}"));
        }
        self.directory.write("core", Vec::new());
    }

    async fn shut_down_after_crash(&self, startup: u64) {
        let text = format!("startup process (PID {startup}) was terminated by signal 11: Segmentation fault");
        self.info(Part::Postmaster, &text);
        self.info(Part::Postmaster, "terminating any other active server processes");
        self.info(Part::Postmaster, "shutting down due to startup process failure");
        self.mount.unmount(PBD, self.log.pid(Part::Postmaster)).await;
        self.info(Part::Postmaster, &format!("umount pbd {PBD} success"));
        self.info(Part::Postmaster, "database system is shut down");
        self.process.exit(1).await;
    }
}
