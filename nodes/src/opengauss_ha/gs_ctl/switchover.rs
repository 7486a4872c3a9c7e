//! `gs_ctl switchover`, run on the standby: writes what it wishes, and looks once per second whether it has come true.
//!
//! After the time limit it gives up and takes nothing back; the server may still be at it. Source: reference section 4.1
//! (`pg_ctl.cpp do_switchover`).

use super::super::files;
use super::super::messages::PostmasterSignal;
use super::super::rules::state::ServerMode;
use super::super::rules::term;
use super::{POLL, Tool};
use crate::fields;

/// How many more looks a changed role needs.
const CONFIRMING_POLLS: u64 = 3;

impl Tool {
    pub(super) async fn switchover(&self) -> i32 {
        let (directory, term) = (self.directory(), self.options.term);
        self.say(&format!("gs_ctl switchover ,datadir is {directory}"));
        self.say(&format!("switchover term ({term})"));
        self.process.write_file(files::TERM, term::file(term));
        match self.ask_local().await.map(|shown| shown.mode) {
            Some(ServerMode::Primary) => {
                self.say(&format!("switchover completed ({directory})"));
                return 0;
            }
            Some(ServerMode::Standby | ServerMode::CascadeStandby) => {}
            Some(mode) => {
                self.say(&format!("switchover can only be run on a standby, this is {}", mode.words()));
                return 1;
            }
            None => {
                self.say("could not connect to the local server, Is server running?");
                return 1;
            }
        }
        self.process.write_file(files::SWITCHOVER, "fast");
        self.signal(PostmasterSignal::Look);
        let head = self.line_head();
        let (polls, changed) = self.wait_for_the_role(ServerMode::Primary, CONFIRMING_POLLS, || {}).await;
        self.say_waited(&head, "waiting for server to switchover...", polls);
        let succeeded = changed || self.plan.has_defect("timeout-reported-as-success");
        self.process.announce("switchover.reported", fields! { success: succeeded });
        if succeeded {
            self.say("done");
            self.say(&format!("switchover completed ({directory})"));
            return 0;
        }
        let seconds = self.options.wait_seconds;
        self.say("");
        self.terminal
            .print(format!(" switchover timeout after {seconds} seconds. please manually check the cluster status."));
        1
    }

    /// Looks once per second, `each_second` before; how many looks there were, and whether the role was reached.
    pub(super) async fn wait_for_the_role(
        &self,
        wanted: ServerMode,
        confirming: u64,
        each_second: impl Fn(),
    ) -> (u64, bool) {
        let mut seen = 0;
        for poll in 1..=self.options.wait_seconds {
            each_second();
            self.process.sleep(POLL).await;
            match self.ask_local().await {
                Some(shown) if shown.mode == wanted => seen += 1,
                _ => seen = 0,
            }
            if seen > confirming {
                return (poll, true);
            }
        }
        (self.options.wait_seconds, false)
    }
}
