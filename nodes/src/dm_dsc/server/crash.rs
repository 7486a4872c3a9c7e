//! What an EP does when another one has died: it holds its statements; the control EP redoes the logs, closes those of
//! the dead, and rebuilds page ownership without them (manual, chapter 7, phases 1 to 3).

use std::collections::BTreeMap;

use crate::fields;
use crate::parts::wal::WalError;

use super::super::plan::Shared;
use super::super::vote::{Order, Report};
use super::super::words::{EpMask, GroupKind, Seqno, is_in};
use super::Server;
use super::database::Hold;
use super::directory::Directory;
use super::redo::{self, Redone};

impl Server {
    /// First phase: no statement starts, no page asked for before is taken. With `sim_pr_fence` the data disk refuses
    /// the dead EPs from here on.
    pub(super) async fn stop_for_crash(&self, order: Order) -> Result<(), WalError> {
        self.database.hold(Hold::Crash);
        self.handling.set(self.handling.get() + 1);
        if self.ep.plan.parameters.pr_fence && order.control == self.ep.me {
            for dead in members_in(order.dead, &self.ep.plan) {
                self.fence(dead).await.map_err(WalError::Failed)?;
            }
        }
        Ok(())
    }

    /// All phases in one command.
    pub(super) async fn handle_crash_at_once(&self, order: Order) -> Result<(), WalError> {
        self.stop_for_crash(order).await?;
        match order.control == self.ep.me {
            true => self.recover_dead(order).await,
            false => Ok(()),
        }
    }

    /// Second and third phase, on the control EP: redo of all logs, pages of the dead EPs as redo left them.
    pub(super) async fn recover_dead(&self, order: Order) -> Result<(), WalError> {
        let (database, plan, handling) = (&self.database, &self.ep.plan, self.handling.get());
        let redone = match plan.has_defect("pages-served-before-redo") {
            true => {
                Redone { pages: database.known_pages(), ..redo::redo(&database.process, plan, &database.disk).await? }
            }
            false => redo::redo(&database.process, plan, &database.disk).await?,
        };
        let owned = self.owned_by_the_others(order).await;
        if self.handling.get() != handling {
            return Ok(());
        }
        for dead in members_in(order.dead, plan) {
            redo::close_log(&database.process, plan, &redone, dead).await?;
        }
        *database.directory.borrow_mut() = Some(Directory::rebuilt(redone.pages, &owned));
        self.report_redo(redone.lsn);
        database.release(Hold::Crash);
        Ok(())
    }

    /// Another EP died meanwhile: what was done is given up, and statements stay held until all deaths are handled.
    pub(super) fn undo_crash_handling(&self) {
        self.handling.set(self.handling.get() + 1);
        self.database.hold(Hold::Crash);
        self.ep.process.announce("crash.rolled-back", fields! { ep: GroupKind::Db.ep_name(self.ep.me) });
    }

    /// Reports how far the logs were redone: the crash is not over before the pages are as far.
    pub(super) fn report_redo(&self, lsn: u64) {
        let oldest_dirty = self.database.oldest_dirty();
        self.ep.set_report(Report { crash_lsn: lsn + 1, oldest_dirty, ..self.ep.report() });
    }

    async fn owned_by_the_others(&self, order: Order) -> BTreeMap<Seqno, Vec<u32>> {
        let mut owned = BTreeMap::new();
        for ep in members_in(order.belonging, &self.ep.plan).into_iter().filter(|ep| !is_in(order.dead, *ep)) {
            owned.insert(ep, self.database.owned_by(ep).await);
        }
        owned
    }
}

fn members_in(mask: EpMask, plan: &Shared) -> Vec<Seqno> {
    plan.members().into_iter().filter(|ep| is_in(mask, *ep)).collect()
}
