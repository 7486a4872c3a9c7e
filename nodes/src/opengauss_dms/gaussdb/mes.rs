//! The messages DMS instances exchange, and what each does to its receiver (`DMS: src/rc/dms_reform_msg.c`).

use std::rc::Rc;

use crate::fields;
use crate::world::port::{CallError, Incoming};

use super::super::log::Level;
use super::super::messages::{InstanceId, MES_PORT};
use super::super::reform::judge::SwitchRequest;
use super::super::reform::{ShareInfo, Status, Version};
use super::{Gaussdb, Round};

/// A message between gaussdb processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mes {
    /// How do you stand? From the reformer, in this life.
    Status(Version),
    /// A round is about to begin.
    Prepare(Version),
    /// A round begins.
    Share(ShareInfo),
    /// This participant has reached a synchronisation point, or has failed.
    SyncStep { from: InstanceId, judge_time: u64, position: usize, failed: bool },
    /// Everybody has reached it, or the round has failed.
    NextStep { judge_time: u64, receiver: Version, position: usize, failed: bool },
    /// Make me primary.
    Switchover(Version),
}

/// The answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum MesAnswer {
    /// Of [`Mes::Status`].
    Status { version: Version, status: Status, last_fail: bool },
    /// Done, or nothing to object to.
    Ok,
    /// Refused: this node knows another reformer, or is not the reformer.
    Refused,
    /// A round is still under way here.
    InReform,
}

impl Gaussdb {
    /// Answers other instances.
    pub(super) async fn serve_mes(self: Rc<Self>) {
        let port = self.process.bind::<Mes>(MES_PORT);
        loop {
            let incoming = port.recv().await;
            let answer = self.handle(&incoming);
            port.reply(&incoming, answer);
        }
    }

    fn handle(&self, incoming: &Incoming<Mes>) -> MesAnswer {
        match &incoming.message {
            Mes::Status(reformer) => self.tell_status(*reformer),
            Mes::Prepare(reformer) => self.prepare(*reformer),
            Mes::Share(share) => self.accept_share_info(share),
            Mes::SyncStep { from, judge_time, position, failed } => {
                self.note_report(*from, *judge_time, *position, *failed)
            }
            Mes::NextStep { judge_time, receiver, position, failed } => {
                self.note_next_step(*judge_time, *receiver, *position, *failed)
            }
            Mes::Switchover(promote) => self.accept_switchover(*promote),
        }
    }

    fn tell_status(&self, reformer: Version) -> MesAnswer {
        if self.state.borrow().known_owner != Some(reformer.instance) {
            self.refuse("get dms status", reformer.instance);
            return MesAnswer::Refused;
        }
        let mut state = self.state.borrow_mut();
        state.reformer_version = reformer;
        MesAnswer::Status { version: self.version(), status: state.status, last_fail: state.last_fail }
    }

    fn refuse(&self, what: &str, source: InstanceId) {
        let local = self.state.borrow().known_owner.map_or("none".to_owned(), |owner| owner.to_string());
        let text = format!("Refusing to {what} because the src {source} is not the same as the local reformer {local}");
        self.logs.dms(Level::Warn, &text, "dms_reform_msg.c:412");
    }

    fn prepare(&self, _reformer: Version) -> MesAnswer {
        if self.state.borrow().round.is_none() {
            return MesAnswer::Ok;
        }
        self.fail_round("set reform fail, receive MSG_REQ_REFORM_PREPARE");
        MesAnswer::InReform
    }

    fn accept_share_info(&self, share: &ShareInfo) -> MesAnswer {
        if self.state.borrow().known_owner != Some(share.reformer.instance) {
            self.refuse("proc sync share info", share.reformer.instance);
            return MesAnswer::Refused;
        }
        let mut state = self.state.borrow_mut();
        match &state.round {
            Some(round) if round.share.judge_time == share.judge_time => return MesAnswer::Ok,
            Some(_) => return MesAnswer::InReform,
            None => state.round = Some(Round::new(share.clone())),
        }
        drop(state);
        self.changed.notify();
        MesAnswer::Ok
    }

    fn note_report(&self, from: InstanceId, judge_time: u64, position: usize, failed: bool) -> MesAnswer {
        let mut state = self.state.borrow_mut();
        // A step of another round means nothing here (I7); the sender goes on waiting.
        let Some(round) = state.round.as_mut().filter(|round| round.share.judge_time == judge_time) else {
            return MesAnswer::Ok;
        };
        let report = round.reports.entry(from).or_insert(0);
        *report = (*report).max(position);
        drop(state);
        if failed {
            self.fail_round(&format!("set reform fail, instance {from} failed"));
        }
        self.changed.notify();
        MesAnswer::Ok
    }

    fn note_next_step(&self, judge_time: u64, receiver: Version, position: usize, failed: bool) -> MesAnswer {
        let mut state = self.state.borrow_mut();
        let same_round = |round: &&mut Round| round.share.judge_time == judge_time;
        let Some(round) = state.round.as_mut().filter(same_round) else { return MesAnswer::Ok };
        if receiver != self.version() {
            return MesAnswer::Ok;
        }
        round.allowed = round.allowed.max(Some(position));
        drop(state);
        if failed {
            self.fail_round("set reform fail by reformer");
        }
        self.changed.notify();
        MesAnswer::Ok
    }

    fn accept_switchover(&self, promote: Version) -> MesAnswer {
        let mut state = self.state.borrow_mut();
        if state.known_owner != Some(self.me) || promote.instance == self.me {
            return MesAnswer::Refused;
        }
        if state.switch_request.is_some_and(|request| request.promote != promote) {
            return MesAnswer::InReform;
        }
        state.switch_request = Some(SwitchRequest { promote });
        drop(state);
        self.process.announce("switchover.recorded", fields! { promote: promote.instance });
        MesAnswer::Ok
    }

    /// Marks the round as failed; its steps end when they next look.
    pub(super) fn fail_round(&self, reason: &str) {
        let mut state = self.state.borrow_mut();
        let Some(round) = state.round.as_mut().filter(|round| !round.failed) else { return };
        round.failed = true;
        drop(state);
        self.logs.dms(Level::Error, reason, "dms_reform_msg.c:733");
        self.changed.notify();
    }

    /// Sends a message to another instance and waits for its answer.
    pub(super) async fn ask(
        &self,
        to: InstanceId,
        message: Mes,
        wait: std::time::Duration,
    ) -> Result<MesAnswer, CallError> {
        self.process.call::<MesAnswer>(self.plan.mes(to), message, wait).await
    }

    /// Asks the reformer until it answers; there is no limit on tries (`DMS: src/rc/dms_reform.c` dms_switchover).
    pub(super) async fn ask_for_switchover(&self, reformer: InstanceId) {
        loop {
            let request = Mes::Switchover(self.version());
            match self.ask(reformer, request, self.plan.timers.message_wait).await {
                Err(CallError::TimedOut) => {}
                _ => return,
            }
        }
    }
}
