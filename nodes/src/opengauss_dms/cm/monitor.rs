//! om_monitor: keeps the cm_agent of its node alive (`CM: src/cm_monitor/monitor_main.cpp`).
//!
//! It looks once a second: an agent that is gone is started, one that is found stopped in its tracks three times in a
//! row is killed and then started, and none is started where the operator has stopped the node. Nothing looks after
//! om_monitor itself but the boot of its host (the real one is started by cron within a minute).

use std::rc::Rc;
use std::time::Duration;

use super::Plan;
use super::agent::NODE_STOP_FILE;
use super::log::{self, Level, MONITOR_LOG};
use crate::fields;
use crate::world::process::{Process, Status};

/// Between two looks (`MONITOR_CHECK_INTERVAL`).
const ROUND: Duration = Duration::from_secs(1);

/// How often in a row an agent must be found stopped to be taken for hung (`HANG_T_DETECT_MAX_TIMES`).
const STOPPED_AT_MOST: u32 = 3;

/// What one look asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Nothing,
    Start,
    Kill,
}

/// What om_monitor remembers between two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Watch {
    stopped: u32,
}

impl Watch {
    /// Judges an agent; `wanted` is false where the operator has stopped the node.
    fn look(&mut self, agent: Status, wanted: bool) -> Order {
        self.stopped = if agent == Status::Paused { self.stopped + 1 } else { 0 };
        if !agent.exists() {
            return if wanted { Order::Start } else { Order::Nothing };
        }
        if self.stopped < STOPPED_AT_MOST {
            return Order::Nothing;
        }
        self.stopped = 0;
        Order::Kill
    }
}

/// The program of om_monitor on a node.
pub async fn om_monitor(process: Process, plan: Rc<Plan>, node: usize) -> i32 {
    let agent = plan.processes().cm_agent[node];
    let say = |text: &str| log::write(&process, MONITOR_LOG, "main", Level::Log, text);
    let mut watch = Watch::default();
    loop {
        process.sleep(ROUND).await;
        let Some(status) = process.local_state(agent) else { return 1 };
        let wanted = process.read_file(NODE_STOP_FILE).is_none();
        match watch.look(status, wanted) {
            Order::Nothing => {}
            Order::Start => {
                process.start_local(agent);
                say("start cm_agent.");
                process.announce("agent.restarted", fields! { node: node + 1 });
            }
            Order::Kill => {
                process.kill_local(agent);
                say(&format!("kill process (cm_agent:{}) due to STOPPED status!", 10_000 + agent.0));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_is_gone_is_started_unless_the_node_was_stopped() {
        let mut watch = Watch::default();
        assert_eq!(watch.look(Status::Running, true), Order::Nothing);
        assert_eq!(watch.look(Status::Killed, true), Order::Start);
        assert_eq!(watch.look(Status::Killed, false), Order::Nothing);
    }

    #[test]
    fn only_the_third_look_in_a_row_at_a_stopped_agent_kills_it() {
        let mut watch = Watch::default();
        let seen = [Status::Paused, Status::Paused, Status::Running, Status::Paused, Status::Paused, Status::Paused];
        let orders = seen.map(|status| watch.look(status, true));
        assert_eq!(orders[..5], [Order::Nothing; 5]);
        assert_eq!(orders[5], Order::Kill);
    }
}
