//! pg_ctl: tells a postmaster what to do and waits for it, sixty seconds by default.
//!
//! It looks about ten times a second. In PFS mode each look at the control file mounts the volume and unmounts it by
//! force, which is why the library's lines stand between its own. That it gives up says nothing about the server.

use std::time::Duration;

use crate::parts::shell::Terminal;
use crate::world::port::Address;
use crate::world::process::Status;

use super::super::data_directory::{
    CONTROL_FILE, DataDirectory, PGDATA_FILE, PROMOTE_FILE, REPLICA_SIGNAL, STANDBY_SIGNAL,
};
use super::super::log::sdk_line;
use super::super::plan::{PBD, SIGNAL_PORT, Shared};
use super::super::server::PostmasterSignal;
use super::super::shared::control::{Control, State};
use super::arguments::Arguments;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(100);
/// How many looks make a second, and a dot.
const LOOKS_A_SECOND: u64 = 10;
const DEFAULT_WAIT: u64 = 60;

/// Runs `pg_ctl`; its exit code.
pub(super) async fn pg_ctl(terminal: &Terminal, line: &[&str], plan: &Shared, me: usize) -> i32 {
    let arguments = Arguments::parse(line, &["-D", "--pgdata", "-m", "--mode", "-t", "--timeout"]);
    let path = arguments.value("-D").or_else(|| arguments.value("--pgdata")).unwrap_or_default();
    let seconds = arguments.value("-t").or_else(|| arguments.value("--timeout"));
    let process = terminal.process();
    let control = PgCtl {
        terminal,
        plan,
        me,
        directory: DataDirectory::new(process.world(), process.host(), path),
        looks: seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(DEFAULT_WAIT) * LOOKS_A_SECOND,
    };
    if !control.directory.exists() {
        control.say(&format!("directory \"{}\" is not a database cluster directory", control.directory.path));
        return 1;
    }
    let mode = arguments.value("-m").or_else(|| arguments.value("--mode")).unwrap_or("fast");
    match arguments.words.first().copied() {
        Some("start") => control.start().await,
        Some("stop") => control.stop(mode).await,
        Some("restart") => match control.stop(mode).await {
            0 => control.start().await,
            code => code,
        },
        Some("promote") => control.promote().await,
        Some("status") => control.status(),
        _ => {
            control.say("no operation specified");
            1
        }
    }
}

struct PgCtl<'a> {
    terminal: &'a Terminal,
    plan: &'a Shared,
    me: usize,
    directory: DataDirectory,
    /// After how many looks it gives up.
    looks: u64,
}

impl PgCtl<'_> {
    fn say(&self, text: &str) {
        self.terminal.print(format!("pg_ctl: {text}"));
    }

    fn server_state(&self) -> Status {
        self.terminal.process().local_state(self.plan.node(self.me).database).unwrap_or(Status::NeverStarted)
    }

    /// Whether a server runs in this directory.
    fn runs(&self) -> bool {
        let own = DataDirectory::of_server(self.terminal.process()).is_some_and(|own| own.path == self.directory.path);
        own && self.server_state().exists()
    }

    fn signal(&self, signal: PostmasterSignal) {
        let postmaster = Address::new(self.plan.node(self.me).database, SIGNAL_PORT);
        // A signal is no connection: that an earlier life of the server has ended says nothing about this one. To a
        // process that is gone it goes nowhere.
        if self.terminal.process().send(postmaster, signal).is_err() {
            let _ = self.terminal.process().send(postmaster, signal);
        }
    }

    fn no_server(&self) -> i32 {
        self.say(&format!("PID file \"{}/postmaster.pid\" does not exist", self.directory.path));
        self.terminal.print("Is server running?");
        1
    }

    async fn start(&self) -> i32 {
        let process = self.terminal.process();
        if self.server_state().exists() {
            self.say("another server might be running; trying to start server anyway");
            self.terminal.print("pg_ctl: could not start server");
            return 1;
        }
        process.write_file(PGDATA_FILE, self.directory.path.as_bytes());
        self.plan.board.borrow_mut().started.remove(&self.me);
        process.start_local(self.plan.node(self.me).database);
        let mut waiting = Dots::new("waiting for server to start");
        for look in 0..self.looks {
            waiting.tick(look);
            process.sleep(LOOK).await;
            if !self.server_state().exists() {
                self.terminal.print(waiting.end(" stopped waiting"));
                self.say("could not start server");
                self.terminal.print("Examine the log output.");
                return 1;
            }
            if self.plan.board.borrow().started.contains(&self.me) {
                self.terminal.print(waiting.end(" done"));
                self.terminal.print("server started");
                return 0;
            }
        }
        self.terminal.print(waiting.end(" stopped waiting"));
        self.say("server did not start in time");
        1
    }

    async fn stop(&self, mode: &str) -> i32 {
        if !self.runs() {
            return self.no_server();
        }
        let signal = if mode == "immediate" { PostmasterSignal::ImmediateStop } else { PostmasterSignal::FastStop };
        self.signal(signal);
        let mut waiting = Dots::new("waiting for server to shut down");
        for look in 0..self.looks {
            waiting.tick(look);
            self.terminal.process().sleep(LOOK).await;
            if !self.server_state().exists() {
                self.terminal.print(waiting.end(" done"));
                self.terminal.print("server stopped");
                self.terminal.process().announce("pg_ctl.stopped", crate::fields! { mode: mode });
                return 0;
            }
        }
        self.terminal.print(waiting.end(" failed"));
        self.say("server does not shut down");
        1
    }

    /// It writes the file `promote`, sends the signal, and looks at the local control file. Whether another node writes
    /// is no question of it.
    async fn promote(&self) -> i32 {
        if !self.runs() {
            return self.no_server();
        }
        self.look_at_volume(&mut None);
        if !self.directory.has(REPLICA_SIGNAL) && !self.directory.has(STANDBY_SIGNAL) {
            self.say("cannot promote server; server is not in standby mode");
            return 1;
        }
        self.directory.write(PROMOTE_FILE, Vec::new());
        self.signal(PostmasterSignal::Promote);
        let mut waiting = Dots::new("waiting for server to promote");
        for look in 0..self.looks {
            self.terminal.process().sleep(LOOK).await;
            let mut prefix = waiting.take();
            self.look_at_volume(&mut prefix);
            if self.in_production() {
                self.terminal.print(prefix.unwrap_or_default() + " done");
                self.terminal.print("server promoted");
                return 0;
            }
            if !self.server_state().exists() {
                break;
            }
            waiting.tick(look);
        }
        self.terminal.print(waiting.end(" stopped waiting"));
        self.say("server did not promote in time");
        1
    }

    fn in_production(&self) -> bool {
        let control = self.directory.read(CONTROL_FILE).and_then(|bytes| Control::decode(&bytes));
        control.is_some_and(|control| control.state == State::InProduction)
    }

    /// Mounts the volume, looks, unmounts it: three lines of the library, the first behind what stands on the line.
    fn look_at_volume(&self, prefix: &mut Option<String>) {
        let process = self.terminal.process();
        let pid = 850 + u64::from(process.id().0);
        let lines = [
            ("pfsd_umount_force", 247, format!("pbdname {PBD}")),
            (
                "chnl_connection_release_shm",
                1164,
                format!("client umount return : deleted /var/run/pfsd//{PBD}/{pid}.pid"),
            ),
            ("pfsd_umount_force", 261, format!("umount success for {PBD}")),
        ];
        for (function, number, text) in lines {
            let line = sdk_line(process, pid, function, number, &text);
            self.terminal.print(prefix.take().unwrap_or_default() + &line);
        }
    }

    fn status(&self) -> i32 {
        if self.runs() {
            self.say("server is running");
            return 0;
        }
        self.say("no server running");
        3
    }
}

/// What stands on the line while pg_ctl waits: a text and a dot each second.
struct Dots {
    line: Option<String>,
}

impl Dots {
    fn new(text: &str) -> Self {
        Dots { line: Some(format!("{text}...")) }
    }

    /// A dot for the first look that finds nothing, and for one a second from then on.
    fn tick(&mut self, look: u64) {
        if look.is_multiple_of(LOOKS_A_SECOND) {
            self.line.get_or_insert_default().push('.');
        }
    }

    fn take(&mut self) -> Option<String> {
        self.line.take()
    }

    fn end(&mut self, how: &str) -> String {
        self.line.take().unwrap_or_default() + how
    }
}
