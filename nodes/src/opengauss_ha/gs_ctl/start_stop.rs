//! `gs_ctl start`, `stop` and `notify`.

use super::super::files;
use super::super::messages::PostmasterSignal;
use super::super::rules::state::ServerMode;
use super::super::rules::term;
use super::{POLL, Tool};
use crate::world::process::Status;

impl Tool {
    pub(super) async fn start(&self) -> i32 {
        let directory = self.directory();
        self.say(&format!("gs_ctl started,datadir is {directory}"));
        if self.is_running() {
            self.say(" another server might be running; Please use the restart command");
            return 1;
        }
        match self.start_server(self.options.mode.unwrap_or(ServerMode::Normal), "").await {
            true => 0,
            false => 1,
        }
    }

    /// Starts the server and waits until it answers. The role is an option of the start: nobody is asked whether there
    /// is a primary already.
    pub(super) async fn start_server(&self, mode: ServerMode, cluster: &str) -> bool {
        let say = |text: &str| match cluster {
            "" => self.say(text),
            _ => self.say_as("gs_ctl", text),
        };
        let directory = self.node().directory();
        files::write_options(&self.process, &directory, mode);
        say("waiting for server to start...");
        self.process.start_local(self.node().database);
        for _ in 0..self.options.wait_seconds.max(60) {
            self.process.sleep(POLL).await;
            if let Some(Status::Exited(_) | Status::Killed) = self.process.local_state(self.node().database) {
                say(&format!(" waitpid {} failed, exitstatus is 256, ret is 2", 15_700));
                self.terminal.print("");
                say("stopped waiting");
                say(" could not start server");
                self.terminal.print("Examine the log output.");
                return false;
            }
            if self.ask_local().await.is_some() {
                say(" done");
                say(&format!("server started ({directory})"));
                return true;
            }
        }
        say(" failed");
        say("stopped waiting");
        false
    }

    pub(super) async fn stop(&self) -> i32 {
        if !self.is_running() {
            self.say(&format!("PID file \"{}/postmaster.pid\" does not exist", self.directory()));
            self.say("Is server running?");
            return 1;
        }
        match self.stop_server(false).await {
            true => 0,
            false => {
                self.say(" server does not shut down");
                1
            }
        }
    }

    /// Stops the server; after the time limit it is killed where `may_kill`.
    pub(super) async fn stop_server(&self, may_kill: bool) -> bool {
        self.signal(PostmasterSignal::StopFast);
        let mut dots = String::new();
        for _ in 0..self.options.wait_seconds {
            self.process.sleep(POLL).await;
            dots.push('.');
            if !self.is_running() {
                self.terminal.print(format!("waiting for server to shut down...{dots} done"));
                self.terminal.print("server stopped");
                return true;
            }
        }
        self.terminal.print(format!("waiting for server to shut down...{dots} failed"));
        may_kill && self.process.kill_local(self.node().database)
    }

    pub(super) fn notify(&self) -> i32 {
        let Some(mode) = self.options.mode else {
            self.say("the mode must be given with -M");
            return 1;
        };
        if self.options.term > term::FIRST {
            self.process.write_file(files::TERM, term::file(self.options.term));
        }
        self.process.write_file(files::NOTIFY, mode.option());
        self.signal(PostmasterSignal::Look);
        0
    }
}
