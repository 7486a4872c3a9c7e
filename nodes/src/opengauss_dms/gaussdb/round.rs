//! reform_proc: takes a round through its steps, keeps step with the others, and cleans up after it.

use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use crate::fields;
use crate::product::events;
use crate::world::port::CallError;

use super::super::log::Level;
use super::super::messages::InstanceId;
use super::super::reform::health::old_primary_must_exit;
use super::super::reform::steps::Step;
use super::super::reform::{ShareInfo, Status};
use super::Gaussdb;
use super::mes::Mes;

/// Why a step did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StepError {
    /// It failed here: the others have to be told.
    Failed(String),
    /// The round has failed elsewhere.
    RoundFailed,
}

impl Gaussdb {
    pub(super) async fn run_rounds(self: Rc<Self>) {
        loop {
            let share = self.changed.wait_for(|| self.take_waiting_round()).await;
            self.run_round(&share).await;
        }
    }

    /// A round that is recorded and whose share info has reached everybody (for the reformer) or this node.
    fn take_waiting_round(&self) -> Option<ShareInfo> {
        let mut state = self.state.borrow_mut();
        let round = state.round.as_mut().filter(|round| !round.running)?;
        round.running = true;
        Some(round.share.clone())
    }

    async fn run_round(&self, share: &ShareInfo) {
        self.log_round(share);
        self.show("Starting");
        let mut outcome = Ok(());
        for (position, step) in share.steps.iter().enumerate() {
            outcome = self.run_step(share, position, *step).await;
            if outcome.is_err() {
                break;
            }
        }
        match outcome {
            Ok(()) => self.finish_round(share).await,
            Err(error) => self.end_failed_round(share, error).await,
        }
    }

    fn log_round(&self, share: &ShareInfo) {
        let role = if share.reformer.instance == self.me { "REFORMER" } else { "PARTNER" };
        let steps: Vec<&str> = share.steps.iter().map(|step| step.name()).collect();
        let text = format!(
            "inst_id:{}, role:{role}, catalog:CENTRALIZED, reform_type:{}, full_clean:0, ddl_2phase:0, step:{}",
            self.me,
            share.reform_type.dms_name(),
            steps.join("-")
        );
        self.logs.dms(Level::Info, &text, "dms_reform_judge.c:233");
        for text in ["dms_reform_set_start", "dms_reform_proc running", "dms_reform_health running"] {
            self.logs.dms(Level::Info, text, "dms_reform.c:96");
        }
        self.process.announce(
            "reform.started",
            fields! {
                kind: share.reform_type.word(),
                version: share.version_number,
                judge_time: share.judge_time,
                reformer: share.reformer.instance,
                participants: share.bitmap().0,
                joining: share.joining.0,
                last_primary: share.last_primary,
            },
        );
    }

    async fn run_step(&self, share: &ShareInfo, position: usize, step: Step) -> Result<(), StepError> {
        if let Some(round) = &mut self.state.borrow_mut().round {
            round.step = Some((step, self.process.monotonic()));
        }
        if step == Step::SyncWait {
            return self.synchronise(share, position).await;
        }
        if self.round_failed() {
            return Err(StepError::RoundFailed);
        }
        self.process.announce(step.event(share.reform_type), fields! { instance: self.me });
        let function = step.function();
        self.logs.dms(Level::Info, &format!("{function} enter"), "dms_reform_proc.c:1102");
        let outcome = self.act(share, position, step).await;
        match &outcome {
            Ok(()) => self.logs.dms(Level::Info, &format!("{function} success"), "dms_reform_proc.c:1117"),
            Err(StepError::Failed(reason)) => {
                let text = format!("{function} fail, error: {reason}");
                self.logs.dms(Level::Error, &text, "dms_reform_proc.c:1121");
            }
            Err(StepError::RoundFailed) => {}
        }
        outcome
    }

    pub(super) fn round_failed(&self) -> bool {
        self.state.borrow().round.as_ref().is_none_or(|round| round.failed)
    }

    pub(super) fn coordinator(&self) -> InstanceId {
        self.state.borrow().round.as_ref().map_or(self.me, |round| round.coordinator)
    }

    /// Waits for `action`, but no longer than the round lives.
    pub(super) async fn while_round_lives<T>(&self, action: impl Future<Output = T>) -> Result<T, StepError> {
        let mut action = std::pin::pin!(action);
        let mut failed = std::pin::pin!(self.changed.wait_until(|| self.round_failed()));
        poll_fn(|cx| {
            if let Poll::Ready(value) = action.as_mut().poll(cx) {
                return Poll::Ready(Ok(value));
            }
            failed.as_mut().poll(cx).map(|()| Err(StepError::RoundFailed))
        })
        .await
    }

    /// Nobody goes on before everybody is here.
    async fn synchronise(&self, share: &ShareInfo, position: usize) -> Result<(), StepError> {
        let coordinator = self.coordinator();
        if coordinator == self.me {
            self.wait_for_reports(share, position).await?;
            for version in share.participants.iter().filter(|version| version.instance != self.me) {
                let message =
                    Mes::NextStep { judge_time: share.judge_time, receiver: *version, position, failed: false };
                self.deliver(version.instance, message).await?;
            }
            self.logs.dms(Level::Info, "dms_reform_sync_wait reformer success", "dms_reform_proc.c:861");
        } else {
            self.report(share, position).await?;
            // Waits without a limit for the reformer's word: only another sign of life of a reformer ends it.
            let allowed = || self.state.borrow().round.as_ref().is_some_and(|round| round.allowed >= Some(position));
            self.while_round_lives(self.changed.wait_until(allowed)).await?;
            self.logs.dms(Level::Info, "dms_reform_sync_wait partner success", "dms_reform_proc.c:894");
        }
        Ok(())
    }

    /// Tells the coordinator that this participant has come so far.
    pub(super) async fn report(&self, share: &ShareInfo, position: usize) -> Result<(), StepError> {
        let message = Mes::SyncStep { from: self.me, judge_time: share.judge_time, position, failed: false };
        self.deliver(self.coordinator(), message).await
    }

    pub(super) async fn wait_for_reports(&self, share: &ShareInfo, position: usize) -> Result<(), StepError> {
        let all_here = || {
            let state = self.state.borrow();
            let Some(round) = &state.round else { return true };
            let others = share.participants.iter().filter(|version| version.instance != self.me);
            others.into_iter().all(|version| round.reports.get(&version.instance).is_some_and(|at| *at >= position))
        };
        self.while_round_lives(self.changed.wait_until(all_here)).await
    }

    /// Sends until it is taken; a time-out is tried again, a broken connection fails the step.
    async fn deliver(&self, to: InstanceId, message: Mes) -> Result<(), StepError> {
        loop {
            let sent = self.ask(to, message.clone(), self.plan.timers.message_wait);
            match self.while_round_lives(sent).await? {
                Ok(_) => return Ok(()),
                Err(CallError::TimedOut) => {}
                Err(error) => return Err(StepError::Failed(format!("instance {to}: {error}"))),
            }
        }
    }

    /// Tells the others that the round has failed here; nobody waits for an answer.
    fn tell_failure(&self, share: &ShareInfo) {
        let coordinator = self.coordinator();
        if coordinator == self.me {
            for version in share.participants.iter().filter(|version| version.instance != self.me) {
                let message =
                    Mes::NextStep { judge_time: share.judge_time, receiver: *version, position: 0, failed: true };
                // A partner that cannot be reached has its own way to find out.
                let _ = self.process.send(self.plan.mes(version.instance), message);
            }
        } else {
            let message = Mes::SyncStep { from: self.me, judge_time: share.judge_time, position: 0, failed: true };
            let _ = self.process.send(self.plan.mes(coordinator), message);
        }
    }

    async fn finish_round(&self, share: &ShareInfo) {
        let primary = self.coordinator() == self.me;
        {
            let mut state = self.state.borrow_mut();
            state.status = Status::In;
            state.first_done = true;
            state.last_fail = false;
            state.round = None;
            if share.reform_type == super::super::reform::ReformType::Switchover {
                state.switch_request = None;
            }
        }
        self.take_role(if primary { "Primary" } else { "Standby" });
        self.show("Normal");
        if primary {
            self.database.open();
        }
        self.database.set_blocked(false);
        let text = format!("[SS reform] Reform success, instance:{} is running.", self.me);
        self.logs.database("DMS", Level::Info, &text);
        self.process.announce(
            "reform.finished",
            fields! {
                kind: share.reform_type.word(),
                version: share.version_number,
                judge_time: share.judge_time,
                participants: share.bitmap().0,
            },
        );
        if primary && share.participants.len() == self.plan.all_nodes().len() {
            self.process.announce(events::CLUSTER_READY, fields! { primary: self.me });
        }
        self.changed.notify();
    }

    async fn end_failed_round(&self, share: &ShareInfo, error: StepError) {
        if let StepError::Failed(reason) = &error {
            self.logs.dms(Level::Error, &format!("dms_reform_self_fail enter: {reason}"), "dms_reform_proc.c:1340");
            // First tell, then set: the sender of a notice stops when the flag is up (DMS ac11c0d).
            self.tell_failure(share);
            self.fail_round("set reform fail by self");
        } else {
            self.logs.dms(Level::Info, "dms_reform_fail enter", "dms_reform_proc.c:1374");
            if self.coordinator() == self.me {
                self.tell_failure(share);
            }
        }
        if self.exiting.get() {
            return;
        }
        let owner = if self.plan.has_defect("exit-by-share-reformer") {
            Some(self.coordinator())
        } else {
            self.cm.owner_if_known().await
        };
        let keeps_running = self.plan.has_defect("old-primary-stays");
        if old_primary_must_exit(share, self.me, owner) && !keeps_running {
            let owner = owner.unwrap_or(self.me);
            self.log_exit(share, owner);
            self.exit_as_old_primary(owner).await;
        }
        self.process.announce(
            "reform.failed",
            fields! { kind: share.reform_type.word(), version: share.version_number, judge_time: share.judge_time },
        );
        let mut state = self.state.borrow_mut();
        state.last_fail = state.round.as_ref().is_some_and(|round| round.started) || !state.first_done;
        state.round = None;
        if share.reform_type == super::super::reform::ReformType::Switchover {
            state.switch_request = None;
        }
        drop(state);
        self.changed.notify();
    }
}
