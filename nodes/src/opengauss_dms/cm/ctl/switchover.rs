//! `cm_ctl switchover -n N -D DIR [-t S] [-f]`.

use std::time::Duration;

use super::options::Options;
use super::{Control, FAILED, ROUND, TIMED_OUT};
use crate::opengauss_dms::cm::display::role_and_state;
use crate::opengauss_dms::cm::messages::{ClusterView, ServerAnswer, ToServer};

/// How long the command waits unless told otherwise.
const DEFAULT_WAIT: u64 = 120;
/// How often in a row the target may still be a standby that is not promoting.
const UNEXPECTED_TIMES: u64 = 120;
/// How long the command rests before it says that it succeeded.
const REST: Duration = Duration::from_secs(5);

impl Control {
    pub(super) async fn switchover(&self, options: &Options) -> i32 {
        let (node_id, directory) = (options.node.unwrap_or(0), options.directory.as_deref().unwrap_or(""));
        let Some(primary) = self.find_primary().await else {
            self.say(&format!(
                "send switchover msg to cm_server, connect fail node_id:{node_id}, data_path:{directory}."
            ));
            return FAILED;
        };
        let Some(target) = self.node_of(options) else {
            self.say_not_found(options);
            return FAILED;
        };
        let wait_seconds = options.wait_seconds.unwrap_or(DEFAULT_WAIT);
        match self.ask_server(primary, ToServer::Switchover { node: target, wait_seconds }).await {
            Ok(ServerAnswer::Accepted) => self.wait_for_switchover(primary, target, wait_seconds).await,
            Ok(ServerAnswer::AnotherCommandRunning) => {
                self.say("can not do switchover, another command(MSG_CM_AGENT_SWITCHOVER) is running.");
                FAILED
            }
            Ok(ServerAnswer::CannotAtCurrentRole) => {
                self.say("can not do switchover at current role,You can execute \"cm_ctl query -v\" and check");
                FAILED
            }
            Ok(_) | Err(_) => {
                self.say(&format!("node({node_id}) send switchover msg to cms failed."));
                FAILED
            }
        }
    }

    async fn wait_for_switchover(&self, primary: usize, target: usize, wait_seconds: u64) -> i32 {
        let (mut waited, mut unexpected) = (0, 0);
        while waited < wait_seconds {
            let view = match self.view(primary).await {
                Ok(view) => view,
                Err(error) => {
                    self.dots(waited);
                    self.say(&format!("the connection with cm_server is lost: {error}."));
                    return FAILED;
                }
            };
            match progress(view.as_ref(), target) {
                Progress::Done => return self.switchover_done(waited).await,
                Progress::NotYet => unexpected += 1,
                Progress::UnderWay => unexpected = 0,
                Progress::Unknown => {}
            }
            if unexpected >= UNEXPECTED_TIMES {
                self.dots(waited);
                self.say("failed to do switch-over. Wait the candidate to be promoted timeout.");
                return FAILED;
            }
            self.sleep(ROUND).await;
            waited += 1;
        }
        self.dots(waited);
        self.say(
            "switchover command timeout!\n\n\
             HINT: Maybe the switchover action is continually running in the background.\n\
             You can wait for a while and check the status of current cluster using \"cm_ctl query -Cv\".",
        );
        TIMED_OUT
    }

    async fn switchover_done(&self, waited: u64) -> i32 {
        self.dots(waited);
        self.sleep(REST).await;
        self.say("switchover successfully.");
        0
    }
}

/// How far a switchover has come.
enum Progress {
    Done,
    UnderWay,
    NotYet,
    Unknown,
}

fn progress(view: Option<&ClusterView>, target: usize) -> Progress {
    let Some(database) = view.and_then(|view| view.databases.get(target)) else { return Progress::Unknown };
    match role_and_state(*database) {
        ("Primary", _) => Progress::Done,
        ("Standby", "Promoting" | "Wait promoting") => Progress::UnderWay,
        ("Standby", _) => Progress::NotYet,
        _ => Progress::UnderWay,
    }
}
