//! The switchover command of cm_ctl: recorded by the primary cm_server and sent to the agent of the target.
//!
//! It lives in memory only: a change of the primary cm_server loses it, and the operator must repeat it.

use std::time::Duration;

use super::Server;
use crate::opengauss_dms::cm::display::role_and_state;
use crate::opengauss_dms::cm::log::Level;
use crate::opengauss_dms::cm::messages::{ServerAnswer, ToAgent};
use crate::world::time::Instant;

/// How often the command is sent again (`SWITCHOVER_SEND_CHECK_RATE`, in seconds) and how often at least for a short
/// limit (`SWITCHOVER_SEND_CHECK_NUM`). The moments within that are not known; the model spreads them evenly.
const SEND_RATE_SECONDS: u64 = 30;
const SENDS_FOR_A_SHORT_LIMIT: u64 = 3;

/// A switchover under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PendingSwitchover {
    target: usize,
    wait_seconds: u64,
    sends_left: u64,
    next_send: Instant,
    expires: Instant,
}

impl PendingSwitchover {
    fn new(now: Instant, target: usize, wait_seconds: u64) -> Self {
        let sends_left =
            if wait_seconds < SEND_RATE_SECONDS { SENDS_FOR_A_SHORT_LIMIT } else { wait_seconds / SEND_RATE_SECONDS };
        let expires = now + Duration::from_secs(wait_seconds);
        PendingSwitchover { target, wait_seconds, sends_left, next_send: now, expires }
    }

    /// Whether the command goes out now.
    fn send_now(&mut self, now: Instant, target_is_standby: bool) -> bool {
        let due = target_is_standby && self.sends_left > 0 && now >= self.next_send;
        if due {
            self.sends_left -= 1;
            self.next_send = now + Duration::from_secs(SEND_RATE_SECONDS);
        }
        due
    }
}

impl Server {
    pub(super) fn accept_switchover(&self, target: usize, wait_seconds: u64) -> ServerAnswer {
        let now = self.process.monotonic();
        let accepted = self.on_duty(|duty| {
            let role = duty.databases(now, &self.plan.parameters).get(target).map(|view| role_and_state(*view).0);
            if role != Some("Standby") {
                return ServerAnswer::CannotAtCurrentRole;
            }
            if duty.switchover.is_some() {
                return ServerAnswer::AnotherCommandRunning;
            }
            duty.switchover = Some(PendingSwitchover::new(now, target, wait_seconds));
            ServerAnswer::Accepted
        });
        if accepted == Some(ServerAnswer::Accepted) {
            let line = format!("[ProcessCtlToCmSwitchoverMsg] switchover to node({}) is pending.", target + 1);
            self.log("CtlMsg", Level::Log, &line);
            self.look_after_switchover();
        }
        accepted.unwrap_or(ServerAnswer::NotPrimary)
    }

    /// Sends the pending command again, or forgets it.
    pub(super) fn look_after_switchover(&self) {
        let now = self.process.monotonic();
        let order = self.on_duty(|duty| {
            let databases = duty.databases(now, &self.plan.parameters);
            let pending = duty.switchover.as_mut()?;
            let (role, _) = role_and_state(databases[pending.target]);
            if role == "Primary" || now >= pending.expires {
                duty.switchover = None;
                return None;
            }
            pending.send_now(now, role == "Standby").then_some((pending.target, pending.wait_seconds))
        });
        if let Some(Some((target, wait_seconds))) = order {
            self.tell(target, ToAgent::Switchover { wait_seconds });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_of_two_minutes_is_sent_four_times_and_only_to_a_standby() {
        let at = |seconds| Instant::START + Duration::from_secs(seconds);
        let mut pending = PendingSwitchover::new(at(0), 1, 120);
        assert!(!pending.send_now(at(0), false));
        let sent = (0..120).filter(|second| pending.send_now(at(*second), true)).collect::<Vec<_>>();
        assert_eq!(sent, [0, 30, 60, 90]);
        assert_eq!(PendingSwitchover::new(at(0), 1, 20).sends_left, 3);
    }
}
