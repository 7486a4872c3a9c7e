//! The processes of a CSS's own host: it sees at once that one is gone, and starts it again after a while.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::world::process::Status as ProcessStatus;
use crate::world::time::Instant;

use super::super::vote::{Picture, Status};
use super::super::words::GroupKind;
use super::Css;

/// What a CSS remembers of the processes of its host.
#[derive(Clone, Debug, Default)]
pub(super) struct Supervision {
    gone_since: BTreeMap<GroupKind, Instant>,
    /// Groups that an operator has taken out of automatic restart.
    pub(super) switched_off: BTreeSet<GroupKind>,
}

impl Css {
    /// Looks after the processes of this host; the lives of ASM and database that it knows to be dead.
    pub(super) fn supervise(&self, picture: &Picture) -> [u64; 2] {
        [GroupKind::Asm, GroupKind::Db].map(|kind| {
            if self.is_running(kind) {
                self.supervision.borrow_mut().gone_since.remove(&kind);
                return 0;
            }
            self.restart(kind, picture);
            let guid = picture.heartbeat(kind, self.me).guid;
            if !self.plan.parameters.pid_check || guid == 0 || self.is_running(kind) {
                return 0;
            }
            self.watch.borrow_mut().is_dead(kind, guid);
            guid
        })
    }

    pub(super) fn is_running(&self, kind: GroupKind) -> bool {
        let process = self.plan.node(self.me).process(kind);
        self.process.local_state(process).is_some_and(ProcessStatus::exists)
    }

    fn restart(&self, kind: GroupKind, picture: &Picture) {
        let now = self.process.monotonic();
        let gone_since = *self.supervision.borrow_mut().gone_since.entry(kind).or_insert(now);
        let due = now.since(gone_since) >= self.restart_interval(kind);
        if self.restarts_by_itself(kind) && due && self.may_start(kind, picture) {
            self.start_process(kind);
        }
    }

    fn restart_interval(&self, kind: GroupKind) -> Duration {
        match kind {
            GroupKind::Asm => self.plan.parameters.asm_restart,
            _ => self.plan.parameters.db_restart,
        }
    }

    /// Whether this CSS starts a dead EP of its host after a while: auto restart is on and it has a start command.
    pub(super) fn restarts_by_itself(&self, kind: GroupKind) -> bool {
        let wanted = self.plan.parameters.start_commands && !self.supervision.borrow().switched_off.contains(&kind);
        wanted && self.restart_interval(kind) > Duration::ZERO
    }

    /// A database needs an open ASM on its host.
    pub(super) fn may_start(&self, kind: GroupKind, picture: &Picture) -> bool {
        kind != GroupKind::Db
            || (self.is_running(GroupKind::Asm) && picture.heartbeat(GroupKind::Asm, self.me).status == Status::Open)
    }

    /// Starts a process of this host.
    pub(super) fn start_process(&self, kind: GroupKind) -> bool {
        self.log.info(&format!("[{}]: start {}", kind.name(), kind.ep_name(self.me)));
        self.process.start_local(self.plan.node(self.me).process(kind))
    }
}
