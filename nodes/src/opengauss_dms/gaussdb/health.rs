//! reform_health: during a round, looks every 10 ms whether somebody else has given it up.

use std::rc::Rc;

use crate::fields;

use super::super::log::Level;
use super::super::reform::health::{
    PartnerAborted, longest_step, old_primary_must_exit, partner_aborted, reformer_aborted,
};
use super::super::reform::judge::Lists;
use super::super::reform::steps::Step;
use super::super::reform::{ReformType, ShareInfo};
use super::Gaussdb;
use super::mes::{Mes, MesAnswer};

impl Gaussdb {
    pub(super) async fn watch_health(self: Rc<Self>) {
        let mut next_partner_poll = self.process.monotonic();
        loop {
            self.changed.wait_until(|| self.running_round().is_some()).await;
            self.process.sleep(self.plan.timers.health_tick).await;
            let Some((share, is_reformer)) = self.running_round() else { continue };
            let local = self.state.borrow().reformer_version;
            if reformer_aborted(local, &share) {
                self.give_up_for_reformer(&share).await;
                continue;
            }
            if let Some(step) = self.stuck_step() {
                let text = format!("[SS reform] {} stands still, db exit directly by force now", step.function());
                return self.panic(&text).await;
            }
            if is_reformer && self.process.monotonic() >= next_partner_poll {
                next_partner_poll = self.process.monotonic() + self.plan.timers.partner_poll;
                self.check_partners(&share).await;
            }
        }
    }

    /// The round that runs here and has not failed, and whether this node holds itself for the reformer. That need not
    /// be who organised the round: after SWITCH_LOCK it is the new primary, and the old one again if it gets the lock
    /// back.
    fn running_round(&self) -> Option<(ShareInfo, bool)> {
        let state = self.state.borrow();
        let round = state.round.as_ref().filter(|round| round.running && !round.failed)?;
        Some((round.share.clone(), state.known_owner == Some(self.me)))
    }

    /// Row 5: a step that has stood still for too long.
    fn stuck_step(&self) -> Option<Step> {
        let (step, since) = self.state.borrow().round.as_ref()?.step?;
        longest_step(step).filter(|limit| self.process.monotonic().since(since) > *limit).map(|_| step)
    }

    /// Row 1, and row 3 for the old primary of a switchover.
    async fn give_up_for_reformer(&self, share: &ShareInfo) {
        let owner = self.cm.owner_if_known().await;
        if !self.is_still(share) {
            return;
        }
        let local = self.state.borrow().reformer_version;
        let pair = |version: super::super::reform::Version| format!("({}, {})", version.instance, version.start_time);
        let mut text = format!(
            "local reformer version{} is not same as share reformer version{}",
            pair(local),
            pair(share.reformer)
        );
        if let Some(switch) = share.switch_version.filter(|_| share.reform_type == ReformType::Switchover) {
            text += &format!(" andshare switchover version{}", pair(switch));
        }
        self.logs.dms(Level::Error, &text, "dms_reform_health.c:103");
        self.logs.dms(Level::Error, "reformer abort during reform", "dms_reform_health.c:252");
        self.process.announce("reformer.aborted", fields! { local: pair(local), share: pair(share.reformer) });
        let must_exit = old_primary_must_exit(share, self.me, owner) && !self.plan.has_defect("old-primary-stays");
        if must_exit {
            self.exiting.set(true);
            self.log_exit(share, owner.unwrap_or(self.me));
        }
        self.mark_failed();
        if must_exit {
            self.exit_as_old_primary(owner.unwrap_or(self.me)).await;
        }
    }

    /// Row 2: have the partners of this reformer left? Failed queries count as healthy.
    async fn check_partners(&self, share: &ShareInfo) {
        let Some(list) = self.cm.status().await else { return };
        let online = Lists::of(&list).online;
        let mut now = Vec::new();
        for version in share.participants.iter().filter(|version| version.instance != self.me) {
            let answer = self.ask(version.instance, Mes::Status(self.version()), self.plan.timers.status_wait).await;
            if let Ok(MesAnswer::Status { version, status, .. }) = answer {
                now.push((version, status));
            }
        }
        if !self.is_still(share) {
            return;
        }
        let Some(aborted) = partner_aborted(share, online, &now) else { return };
        let text = match aborted {
            PartnerAborted::Offline(instance) => format!(
                "dms_reform_cmp_list_online error, inst({instance}) offline, cache: {}, current: {}",
                share.bitmap().0,
                online.0
            ),
            PartnerAborted::Changed(instance) => format!("dms_reform_cmp_online_status error, inst({instance})"),
        };
        self.logs.dms(Level::Error, &text, "dms_reform_health.c:171");
        self.logs.dms(Level::Error, "partner abort during reform", "dms_reform_health.c:260");
        self.process.announce("partner.aborted", fields! { coordinator: self.me });
        self.mark_failed();
    }

    fn is_still(&self, share: &ShareInfo) -> bool {
        self.running_round().is_some_and(|(now, _)| now.judge_time == share.judge_time)
    }

    fn mark_failed(&self) {
        if let Some(round) = &mut self.state.borrow_mut().round {
            round.failed = true;
        }
        self.changed.notify();
    }

    pub(super) fn log_exit(&self, share: &ShareInfo, owner: u32) {
        let demote = share.demote.unwrap_or(self.me);
        let text = format!(
            " node exit, reform fail during switchover, old primary node need restart after reformer lock \
             transfered, demote id:{demote}, reformer id:{owner}"
        );
        self.logs.dms(Level::Error, &text, "dms_reform_health.c:302");
    }

    /// The old primary of a switchover that failed after the lock moved may not stay: it could never join again.
    pub(super) async fn exit_as_old_primary(&self, owner: u32) {
        self.process.announce("self-exit", fields! { instance: self.me, owner: owner });
        self.process.sleep(std::time::Duration::from_millis(1)).await;
        self.process.exit(0).await;
    }
}
