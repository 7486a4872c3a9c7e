//! cm_agent: tells the arbiter how the server of its host is, and does what the arbiter orders.
//!
//! With `enable_fence_dn` (4eb9e42 of 2022-11-09, off by default) it ends a server whose arbiter it has not heard for
//! half a minute; without, an isolated primary goes on serving whoever reaches it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::super::messages::{SQL_PORT, Sql, SqlReply};
use super::super::plan::Shared;
use super::super::rules::arbitration::{Order, Report};
use super::super::rules::state::{DbState, ServerMode};
use super::{Ordered, PORT, Reported};
use crate::fields;
use crate::parts::wal::Lsn;
use crate::world::port::Address;
use crate::world::process::{Process, Status};

/// How often it reports.
const INTERVAL: Duration = Duration::from_secs(1);

struct Agent {
    process: Process,
    plan: Shared,
    me: usize,
    /// A command of gs_ctl is under way.
    is_busy: Cell<bool>,
}

/// The program of an agent.
pub(in super::super) async fn cm_agent(process: Process, plan: Shared, me: usize) -> i32 {
    let agent = Rc::new(Agent { process, plan, me, is_busy: Cell::default() });
    let mut answered = agent.process.monotonic();
    loop {
        agent.process.sleep(INTERVAL).await;
        let report = agent.look().await;
        let Some(server) = agent.plan.cm_server.get() else { return 1 };
        let message = Reported { node: agent.me, report };
        match agent.process.call::<Ordered>(Address::new(*server, PORT), message, INTERVAL * 2).await {
            Ok(Ordered(order)) => {
                answered = agent.process.monotonic();
                agent.clone().obey(order);
            }
            Err(_) => agent.fence_if_cut_off(agent.process.monotonic().since(answered), report),
        }
    }
}

impl Agent {
    async fn look(&self) -> Report {
        let to = Address::new(self.plan.node(self.me).database, SQL_PORT);
        match self.process.call::<SqlReply>(to, Sql::Query, INTERVAL).await {
            Ok(SqlReply::Shown(shown)) => {
                let changes = [DbState::Promoting, DbState::Demoting, DbState::WaitPromoting].map(DbState::words);
                let is_busy = self.is_busy.get() || changes.contains(&shown.state);
                Report { mode: Some(shown.mode), is_busy, term: shown.term, last: shown.last }
            }
            _ => {
                let is_there = self.process.local_state(self.plan.node(self.me).database).is_some_and(Status::exists);
                let mode = is_there.then_some(ServerMode::Unknown);
                Report { mode, is_busy: self.is_busy.get(), term: 0, last: Lsn::NONE }
            }
        }
    }

    fn fence_if_cut_off(&self, silence: Duration, report: Report) {
        let parameters = &self.plan.parameters;
        let is_due = parameters.enable_fence_dn && silence >= parameters.fence_after;
        if is_due && report.mode == Some(ServerMode::Primary) {
            self.process.announce("cm.fenced", fields! {});
            self.process.kill_local(self.plan.node(self.me).database);
        }
    }

    fn obey(self: Rc<Self>, order: Order) {
        let command = match order {
            Order::Stay => return,
            Order::Restart => {
                self.process.kill_local(self.plan.node(self.me).database);
                return;
            }
            Order::Start => "gs_ctl start -M pending".to_owned(),
            Order::Follow => "gs_ctl notify -M standby".to_owned(),
            Order::Reign { term } => self.way_to_reign(term),
        };
        if self.is_busy.replace(true) {
            return;
        }
        let Some(shell) = self.plan.shells.get().and_then(|shells| shells.get(self.me)).cloned() else { return };
        let agent = self.clone();
        self.process.spawn(async move {
            shell.run(command.split(' ').map(str::to_owned).collect()).await;
            agent.is_busy.set(false);
        });
    }

    /// A pending server is told its role, a standby fails over.
    fn way_to_reign(&self, term: u64) -> String {
        let is_pending = self.plan.board.borrow()[self.me].role == ServerMode::Pending.option();
        match is_pending {
            true => format!("gs_ctl notify -M primary -T {term}"),
            false => format!("gs_ctl failover -T {term}"),
        }
    }
}
