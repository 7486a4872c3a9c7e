//! What each step of a round does (`DMS: src/rc/dms_reform_proc.c`, `OGS: …/ss_dms_callback.cpp`).

use std::time::Duration;

use crate::fields;

use super::super::control_page::{self, ControlPage};
use super::super::log::Level;
use super::super::reform::steps::Step;
use super::super::reform::{ReformType, ShareInfo, Status};
use super::Gaussdb;
use super::round::StepError;

impl Gaussdb {
    pub(super) async fn act(&self, share: &ShareInfo, position: usize, step: Step) -> Result<(), StepError> {
        match step {
            Step::Start => self.start_round(share).await,
            Step::Demote => self.demote(share).await,
            Step::DrcInaccess => {
                self.database.set_blocked(true);
                self.rebuild(position).await
            }
            Step::LockInstance => self.lock_instance(position).await,
            Step::PushGcvAndUnlock => self.push_gcv(),
            Step::FullClean
            | Step::Rebuild
            | Step::Remaster
            | Step::Migrate
            | Step::Repair
            | Step::DrcAccess
            | Step::DrcRecoveryClean
            | Step::ControlRecoveryClean
            | Step::XaDrcAccess => self.rebuild(position).await,
            Step::SwitchLock => self.switch_lock(share).await,
            Step::SwitchoverPromote => self.switchover_promote(share).await,
            Step::FailoverPromote => self.failover_promote(share),
            Step::Recovery => self.recover(share).await,
            Step::PageAccess => self.open_pages(share).await,
            Step::Done => self.record(share).await,
            Step::DoneCheck => self.check_done(share, position).await,
            Step::Prepare | Step::Disconnect | Step::Reconnect | Step::Startup | Step::Success | Step::SyncWait => {
                Ok(())
            }
        }
    }

    /// How long something takes in this life and round, at the most `limit`.
    fn draw(&self, name: &str, position: usize, limit: Duration) -> Duration {
        let number = self.state.borrow().version_number;
        let key = u64::from(self.process.incarnation().0) << 40 | number << 8 | position as u64;
        self.process.stream(name).at(key).duration(limit / 4, limit)
    }

    async fn rebuild(&self, position: usize) -> Result<(), StepError> {
        let takes = self.draw("rebuild", position, self.plan.timers.rebuild_step);
        self.while_round_lives(self.process.sleep(takes)).await
    }

    async fn start_round(&self, share: &ShareInfo) -> Result<(), StepError> {
        {
            let mut state = self.state.borrow_mut();
            if state.status == Status::Join {
                state.status = Status::Reform;
            }
            if let Some(round) = &mut state.round {
                round.started = true;
            }
        }
        let text = format!(
            "[SS reform] reform start, role:{}, reform type:SS {}, standby scenario:{}, bitmap_reconnect:{}, \
             reform_ver:{}.",
            u8::from(share.reformer.instance != self.me),
            share.reform_type.database_name(),
            u8::from(!share.joining.contains(share.reformer.instance)),
            share.joining.0,
            share.judge_time
        );
        self.logs.database("DMS", Level::Info, &text);
        if self.stopping.get() {
            // Row 7: a database that is shutting down takes part in no round.
            self.force_exit("reform start while the database is shutting down").await;
        }
        let ends_sessions = matches!(share.reform_type, ReformType::Switchover | ReformType::Failover);
        if ends_sessions && self.database.is_open() {
            self.database.close("the database system is in switchover or failover");
            let takes = self.draw("backend exit", 0, self.plan.timers.backend_exit);
            let limit = self.plan.timers.backend_exit_limit;
            self.while_round_lives(self.process.sleep(takes.min(limit))).await?;
            if takes > limit {
                // Row 9.
                self.force_exit("reform failed, backends can not exit").await;
            }
            let text = format!("[SS reform] backends exit successfully, wait_time = {}us.", takes.as_micros());
            self.logs.database("DMS", Level::Info, &text);
        }
        if share.reformer.instance == self.me {
            self.while_round_lives(self.grant_storage_write()).await?;
        }
        Ok(())
    }

    /// The old primary writes a shutdown checkpoint and goes on as a standby.
    async fn demote(&self, share: &ShareInfo) -> Result<(), StepError> {
        if share.demote != Some(self.me) {
            return Ok(());
        }
        self.show("Demoting");
        self.logs.database(
            "DMS",
            Level::Info,
            "[SS reform][SS switchover] Recv fast demote request from DMS reformer.",
        );
        let takes = self.draw("demote", 0, self.plan.timers.demote_checkpoint);
        self.while_round_lives(self.process.sleep(takes)).await?;
        // From here on nothing can be rolled back (row 11): a database whose shutdown checkpoint has begun either
        // becomes a standby or ends.
        let shutting_down = self.process.timeout(self.plan.timers.demote_limit, self.database.shut_down());
        if !matches!(self.while_round_lives(shutting_down).await, Ok(Ok(()))) {
            self.force_exit("demote failed after the shutdown checkpoint had begun").await;
        }
        self.take_role("Standby");
        self.show("Starting");
        self.logs.database(
            "DMS",
            Level::Info,
            "[SS reform][SS switchover] Success in fast primary demote, running as standby, waiting for reformer \
             setting new role.",
        );
        self.process.announce("demote.finished", fields! { instance: self.me });
        Ok(())
    }

    /// Row 4: the latch is taken in time, or the process ends.
    async fn lock_instance(&self, position: usize) -> Result<(), StepError> {
        let takes = self.draw("latch", position, self.plan.timers.latch_held);
        let limit = self.plan.timers.latch_limit;
        self.while_round_lives(self.process.sleep(takes.min(limit))).await?;
        if takes > limit {
            self.panic("instance latch not obtained").await;
        }
        Ok(())
    }

    /// Ends the process where it stands.
    async fn force_exit(&self, reason: &str) {
        let text = format!("[SS reform] {reason}, db exit directly by force now");
        self.logs.database("DMS", Level::Error, &text);
        self.process.announce("database.forced-exit", fields! { reason: reason });
        self.process.exit(0).await;
    }

    fn push_gcv(&self) -> Result<(), StepError> {
        let mut state = self.state.borrow_mut();
        state.gcv += 1;
        let text = format!("[GCV PUSH]GCV++:{}, inst_id:{}; lock_instance unlock", state.gcv, self.me);
        drop(state);
        self.logs.dms(Level::Info, &text, "dms_reform_proc.c:640");
        Ok(())
    }

    /// The lock moves. Every node asks for it, only the owner's request works; each waits until its own poll shows it.
    async fn switch_lock(&self, share: &ShareInfo) -> Result<(), StepError> {
        let Some(promote) = share.promote() else { return Ok(()) };
        loop {
            if self.state.borrow().known_owner == Some(promote) {
                break;
            }
            if share.demote == Some(self.me) {
                let answer = self.while_round_lives(self.cm.transfer(promote)).await?;
                if answer == super::super::messages::ClientAnswer::Ok {
                    let text = format!("success to trans reformer lock to {promote}");
                    self.logs.dms(Level::Info, &text, "dms_reform_cm_res.c:254");
                }
            }
            let seen = self.changed.wait_until(|| self.state.borrow().known_owner == Some(promote));
            let wait = self.process.timeout(self.plan.timers.lock_poll, seen);
            // A poll that shows nothing new is simply repeated; the step has no limit of its own.
            let _ = self.while_round_lives(wait).await?;
        }
        if let Some(round) = &mut self.state.borrow_mut().round {
            round.coordinator = promote;
        }
        if promote == self.me {
            self.logs.database("DMS", Level::Info, "[SS reform][SS switchover] begin to set currrent DSS as primary");
            self.while_round_lives(self.grant_storage_write()).await?;
        }
        let role = if promote == self.me { 0 } else { 1 };
        let text = format!(
            "[SS reform][SS switchover] role and lock switched, updated inst:{} with role:{role} success",
            self.me
        );
        self.logs.database("DMS", Level::Info, &text);
        Ok(())
    }

    async fn switchover_promote(&self, share: &ShareInfo) -> Result<(), StepError> {
        if share.promote() != Some(self.me) {
            return Ok(());
        }
        self.show("Promoting");
        self.logs.database("BACKEND", Level::Info, "[SS reform][SS switchover] Starting to promote standby.");
        let limit = self.plan.timers.promote_limit;
        let promoted = self.process.timeout(limit, self.promote_database());
        match self.while_round_lives(promoted).await? {
            Ok(outcome) => outcome?,
            Err(_) => {
                let text = "[SS reform][SS switchover] Standby promote timeout, please try again later.";
                self.logs.database("BACKEND", Level::Error, text);
                return Err(StepError::Failed("promote timed out".to_owned()));
            }
        }
        let page = self.read_page().await?;
        self.write_page(ControlPage { primary: Some(self.me), ..page }, "promote").await?;
        let text = format!("[SS reform][SS switchover] Standby promote: success, set new primary:{}.", self.me);
        self.logs.database("DMS", Level::Info, &text);
        self.process.announce("promote.finished", fields! { instance: self.me });
        Ok(())
    }

    fn failover_promote(&self, share: &ShareInfo) -> Result<(), StepError> {
        if share.reformer.instance == self.me {
            self.show("Promoting");
            self.logs.database("DMS", Level::Info, "[SS reform][SS failover] failover trigger.");
        }
        Ok(())
    }

    /// The reformer replays the log of the recorded primary.
    async fn recover(&self, share: &ShareInfo) -> Result<(), StepError> {
        if share.reformer.instance != self.me {
            return Ok(());
        }
        self.while_round_lives(self.promote_database()).await?
    }

    async fn promote_database(&self) -> Result<(), StepError> {
        let page = self.read_page().await?;
        let epoch = page.version + 1;
        self.database.promote(epoch).await.map_err(|error| StepError::Failed(error.to_string()))
    }

    /// Pages are served again; a primary whose demotion was rolled back runs again.
    async fn open_pages(&self, share: &ShareInfo) -> Result<(), StepError> {
        if self.coordinator() == self.me && !self.database.is_promoted() {
            let page = self.read_page().await?;
            if page.primary == Some(self.me) && share.reform_type != ReformType::Switchover {
                self.while_round_lives(self.promote_database()).await??;
            }
        }
        self.database.set_blocked(false);
        Ok(())
    }

    /// The coordinator records who is primary and who is in; the others wait until they see it.
    async fn record(&self, share: &ShareInfo) -> Result<(), StepError> {
        let coordinator = self.coordinator();
        let members = share.bitmap();
        if coordinator == self.me {
            let page = self.read_page().await?;
            let recorded = ControlPage { primary: Some(self.me), list_stable: members, ..page };
            self.write_page(recorded, "done").await?;
            let text = format!("[SS reform] set current instance:{} as primary, list_stable:{}.", self.me, members.0);
            self.logs.database("DMS", Level::Info, &text);
            return Ok(());
        }
        let begun = self.process.monotonic();
        let mut tries = 0;
        loop {
            tries += 1;
            let page = self.read_page().await?;
            if page.primary == Some(coordinator) && page.list_stable == members {
                break;
            }
            if self.process.monotonic().since(begun) > self.plan.timers.confirm_limit {
                return Err(StepError::Failed("the new primary was not recorded in time".to_owned()));
            }
            self.while_round_lives(self.process.sleep(Duration::from_millis(10))).await?;
        }
        let text = format!(
            "[SS reform] Reform success, this is a standby:{} confirming new primary:{coordinator}, list_stable:{}, \
             confirm ntries={tries}.",
            self.me, members.0
        );
        self.logs.database("DMS", Level::Info, &text);
        Ok(())
    }

    async fn check_done(&self, share: &ShareInfo, position: usize) -> Result<(), StepError> {
        if self.coordinator() == self.me {
            self.wait_for_reports(share, position).await
        } else {
            self.report(share, position).await
        }
    }

    async fn read_page(&self) -> Result<ControlPage, StepError> {
        control_page::read(&self.disk, &self.plan).await.map_err(|error| StepError::Failed(error.to_string()))
    }

    async fn write_page(&self, page: ControlPage, step: &'static str) -> Result<(), StepError> {
        let page = ControlPage { version: page.version + 1, ..page };
        if let Err(error) = control_page::write(&self.disk, &self.plan, &page).await {
            self.panic(&format!("could not write pg_control: {error}")).await;
            return Err(StepError::Failed(error.to_string()));
        }
        self.process.announce(
            "control-page.written",
            fields! {
                version: page.version,
                primary: page.primary.map_or(-1, i64::from),
                stable: page.list_stable.0,
                step: step,
            },
        );
        Ok(())
    }
}
