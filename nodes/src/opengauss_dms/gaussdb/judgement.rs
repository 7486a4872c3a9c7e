//! reform_judge: the reformer looks at the cluster twice a second and begins a round when the rules ask for one.
//!
//! The real thread sends PREPARE before it runs the last checks of the chosen type; here it is sent once they have
//! passed, so that a reformer that cannot begin a round yet disturbs nobody but by its polls.

use std::rc::Rc;

use crate::fields;

use super::super::control_page;
use super::super::log::Level;
use super::super::reform::judge::{Judged, Lists, NoRound, Polled, Situation, judge, share_info, usable_lists};
use super::super::reform::{Bitmap, ShareInfo, Version};
use super::mes::{Mes, MesAnswer};
use super::{Gaussdb, Round, start_time};

impl Gaussdb {
    pub(super) async fn judge(self: Rc<Self>) {
        loop {
            self.process.sleep(self.plan.timers.lock_poll).await;
            let idle = {
                let state = self.state.borrow();
                state.known_owner == Some(self.me) && state.round.is_none()
            };
            if idle {
                self.judge_once().await;
            }
        }
    }

    /// One judgement. It ends early, without a round, whenever somebody does not answer as expected.
    async fn judge_once(&self) -> Option<()> {
        let lists = Lists::of(&self.cm.status().await?);
        let page = control_page::read(&self.disk, &self.plan).await.ok()?;
        let lists = match usable_lists(self.me, lists, page.list_stable) {
            Ok(lists) => lists,
            Err(reason) => return self.note_no_round(reason),
        };
        let polled = self.poll_all(lists.online).await?;
        let switch_request = self.state.borrow().switch_request;
        let situation = Situation {
            myself: self.me,
            lists,
            stable: page.list_stable,
            recorded_primary: page.primary,
            polled: &polled,
            switch_request,
        };
        let judged = match judge(&situation) {
            Ok(judged) => judged,
            Err(reason) => {
                self.drop_void_request(&polled);
                return self.note_no_round(reason);
            }
        };
        if judged.drop_request {
            self.state.borrow_mut().switch_request = None;
        }
        self.prepare_all(lists.online).await?;
        if self.state.borrow().round.is_some() {
            return None;
        }
        let share = self.share_info(&situation, &judged);
        self.begin(share).await;
        Some(())
    }

    fn note_no_round(&self, reason: NoRound) -> Option<()> {
        if let NoRound::OfflineExists(offline) = reason {
            self.process.announce("reform.blocked", fields! { offline: offline.0 });
        }
        None
    }

    /// A request of an earlier life of the requester must not be carried out later (DMS 941cead).
    fn drop_void_request(&self, polled: &[Polled]) {
        let mut state = self.state.borrow_mut();
        if state.switch_request.is_some_and(|request| polled.iter().all(|one| one.version != request.promote)) {
            state.switch_request = None;
        }
    }

    /// Asks every online instance how it stands; nothing if one does not answer.
    async fn poll_all(&self, online: Bitmap) -> Option<Vec<Polled>> {
        let mut polled = Vec::new();
        for instance in online.iter() {
            if instance == self.me {
                let mut state = self.state.borrow_mut();
                state.reformer_version = self.version();
                let (status, last_fail) = (state.status, state.last_fail);
                polled.push(Polled { version: self.version(), status, last_fail });
                continue;
            }
            match self.ask(instance, Mes::Status(self.version()), self.plan.timers.status_wait).await {
                Ok(MesAnswer::Status { version, status, last_fail }) => {
                    polled.push(Polled { version, status, last_fail });
                }
                _ => return None,
            }
        }
        Some(polled)
    }

    async fn prepare_all(&self, online: Bitmap) -> Option<()> {
        for instance in online.without(self.me).iter() {
            let answer = self.ask(instance, Mes::Prepare(self.version()), self.plan.timers.message_wait).await;
            if answer != Ok(MesAnswer::Ok) {
                return None;
            }
        }
        Some(())
    }

    fn share_info(&self, situation: &Situation, judged: &Judged) -> ShareInfo {
        let mut state = self.state.borrow_mut();
        state.version_number += 1;
        let number = state.version_number;
        share_info(situation, judged, self.version(), number, start_time(&self.process))
    }

    /// Tells every participant, one after the other, then starts the round here.
    async fn begin(&self, share: ShareInfo) {
        self.logs.dms(Level::Info, "instance lists info:", "dms_reform_judge.c:1201");
        let bitmap = |version: &Version| 1u64 << version.instance;
        let share_list: u64 = share.participants.iter().map(bitmap).sum();
        let text = format!("list_name: {:<30}, bitmap: {share_list}", "share list participants");
        self.logs.dms(Level::Info, &text, "dms_reform_judge.c:1190");
        let mut round = Round::new(share.clone());
        round.running = true;
        self.state.borrow_mut().round = Some(round);
        for version in share.participants.iter().filter(|version| version.instance != self.me) {
            let message = Mes::Share(share.clone());
            let answer = self.ask(version.instance, message, self.plan.timers.message_wait).await;
            if answer != Ok(MesAnswer::Ok) {
                self.fail_round("set reform fail, sync share info failed");
                break;
            }
        }
        if let Some(round) = &mut self.state.borrow_mut().round {
            round.running = false;
        }
        self.changed.notify();
    }
}
