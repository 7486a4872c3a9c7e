//! `gs_ctl failover`, run on the standby: promotes it in any state of the connection, and does not look at the primary.
//!
//! A guard against a healthy primary was added on 2020-12-03 (5e8e288c1) and lost again on 2020-12-28 (156704306).
//! Source: reference sections 3 and 4.2 (`pg_ctl.cpp do_failover`).

use super::super::files;
use super::super::messages::PostmasterSignal;
use super::super::rules::state::ServerMode;
use super::super::rules::term;
use super::Tool;
use crate::fields;

impl Tool {
    pub(super) async fn failover(&self) -> i32 {
        let (directory, term) = (self.directory(), self.options.term);
        self.say(&format!("gs_ctl failover ,datadir is {directory}"));
        self.say(&format!("failover term ({term})"));
        self.process.write_file(files::TERM, term::file(term));
        let mode = self.ask_local().await.map(|shown| shown.mode);
        if !mode.is_some_and(ServerMode::is_follower) {
            self.say(&format!(" failover failed ({directory})"));
            return 1;
        }
        let head = self.line_head();
        let wish = || {
            self.process.write_file(files::FAILOVER, "");
            self.signal(PostmasterSignal::Look);
        };
        let (polls, changed) = self.wait_for_the_role(ServerMode::Primary, 0, wish).await;
        self.process.remove_file(files::FAILOVER);
        self.say_waited(&head, " waiting for server to failover...", polls);
        self.process.announce("failover.reported", fields! { success: changed });
        if changed {
            self.say(" done");
            self.say(&format!(" failover completed ({directory})"));
            return 0;
        }
        self.say(" failed");
        self.say(&format!(" failover failed ({directory})"));
        1
    }
}
