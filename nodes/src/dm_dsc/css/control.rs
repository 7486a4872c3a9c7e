//! What the control CSS does in a tick: it steps the groups and carries out what comes of it, in order.
//!
//! Nothing it has put on the voting disk is taken for being there: it reads all of it each second, and what was lost on
//! the way or has rotted since is written again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::fields;
use crate::parts::voting_disk::VotingDiskError;
use crate::product::events;
use crate::world::time::Instant;

use super::super::group::{Act, Group, Path, Sight};
use super::super::log::Level;
use super::super::vote::{Order, Picture, Status};
use super::super::words::{Command, GroupKind, NOBODY, Seqno, mask_of};
use super::Css;
use super::election::{Choice, choose};

/// How many ticks a starting CSS looks before it may take over.
const TICKS_BEFORE_ELECTION: u64 = 3;

/// The groups a control CSS steps, in this order: a database needs an open ASM.
const GOVERNED: [GroupKind; 2] = [GroupKind::Asm, GroupKind::Db];

/// What a CSS knows as the control CSS.
pub(super) struct Reign {
    pub(super) number: u64,
    pub(super) groups: BTreeMap<GroupKind, Group>,
    /// What it has put into each mailbox.
    written: BTreeMap<(GroupKind, Seqno), Order>,
    /// What it has put into the record of each group.
    saved: BTreeMap<GroupKind, Group>,
    /// Since when a group waits for absent EPs.
    waiting_since: BTreeMap<GroupKind, Instant>,
    /// The CSS that were alive, and those whose hosts were killed since.
    alive: BTreeSet<Seqno>,
    /// What a tick still had to do when the voting disk failed.
    pending: BTreeMap<GroupKind, VecDeque<Act>>,
    /// When Kill was written last, by group.
    killed_at: BTreeMap<GroupKind, Instant>,
}

impl Css {
    pub(super) async fn elect(&self, picture: &Picture) -> Result<(), VotingDiskError> {
        let own = self.reign.borrow().as_ref().map_or(0, |reign| reign.number);
        match choose(self.me, own, &self.living(picture)) {
            Choice::TakeOver if self.ticks.get() >= TICKS_BEFORE_ELECTION => self.take_over(picture).await,
            Choice::GiveUp if !self.plan.has_defect("old-control-css-goes-on") => {
                self.log.info(&format!("[CSS]: another control node is active, CSS{} becomes normal node", self.me));
                self.reign.take();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// This CSS becomes the control CSS: it goes on from what the group records say.
    pub(super) async fn take_over(&self, picture: &Picture) -> Result<(), VotingDiskError> {
        let number = picture.highest_reign(&self.plan.members()) + 1;
        let (mut groups, mut pending) = (BTreeMap::new(), BTreeMap::new());
        for kind in GroupKind::ALL {
            let record = picture.record(kind);
            let is_known = record.is_some();
            let mut group = record.unwrap_or_else(|| self.new_group(kind));
            if !is_known && kind != GroupKind::Css {
                group.counter = picture.highest_number(kind, &group.members);
                let halting = group.halt_without_record(self.at_work(&group, picture));
                pending.insert(kind, VecDeque::from(halting));
            }
            if self.plan.has_defect("counter-lost-with-the-control-css") {
                group.counter = 0;
            }
            if let Some(ok) = self.registry.ok_eps(kind).await? {
                group.ok = ok.into_iter().collect();
            }
            if kind == GroupKind::Css && !is_known {
                group.counter = self.plan.parameters.css_counter as u64;
            }
            if kind == GroupKind::Css {
                (group.path, group.control) = (Path::Open, Some(self.me));
            }
            groups.insert(kind, group);
        }
        self.log.info(&format!("[CSS]: Set EP CSS{0}[{0}] as Control node", self.me));
        self.process.announce("css.control", fields! { css: self.me, reign: number });
        self.plan.board.borrow_mut().control_css = Some(self.me);
        // Those whose heartbeats are old are as dead as one that falls silent later.
        let alive = self.plan.members();
        *self.reign.borrow_mut() = Some(Reign {
            number,
            groups,
            written: BTreeMap::new(),
            saved: BTreeMap::new(),
            waiting_since: BTreeMap::new(),
            alive,
            pending,
            killed_at: BTreeMap::new(),
        });
        self.vote.set_reign(number);
        Ok(())
    }

    /// The EPs that have been commanded to start, by what their slots show, and their lives.
    fn at_work(&self, group: &Group, picture: &Picture) -> BTreeMap<Seqno, u64> {
        let waits = |ep: &Seqno| {
            matches!(picture.heartbeat(group.kind, *ep).status, Status::Startup | Status::Startup2 | Status::Shutdown)
        };
        let sight = self.sight(group, picture);
        sight.into_iter().filter(|(ep, _)| !waits(ep)).map(|(ep, present)| (ep, present.guid)).collect()
    }

    fn new_group(&self, kind: GroupKind) -> Group {
        Group::new(kind, self.plan.members()).with_profile(self.plan.parameters.profile)
    }

    /// Steps the groups, if this is the control CSS.
    pub(super) async fn govern(&self, picture: &Picture) -> Result<(), VotingDiskError> {
        if self.reign.borrow().is_none() {
            return Ok(());
        }
        self.kill_hosts_without_css(picture).await?;
        self.write_lost_orders_again(picture).await?;
        self.write_lost_records_again(picture).await?;
        for kind in GOVERNED {
            self.carry_out_pending(kind, picture).await?;
            let acts = self.step(kind, picture);
            self.put_off(kind, acts);
            self.carry_out_pending(kind, picture).await?;
            self.begin_the_drill(kind).await?;
        }
        Ok(())
    }

    fn put_off(&self, kind: GroupKind, acts: Vec<Act>) {
        if let Some(reign) = self.reign.borrow_mut().as_mut() {
            reign.pending.entry(kind).or_default().extend(acts);
        }
    }

    /// Carries out what is due, in order. What is left when the voting disk fails is done in the next tick; a command
    /// that failed counts as written then, since what was lost on the way to a mailbox is written again.
    async fn carry_out_pending(&self, kind: GroupKind, picture: &Picture) -> Result<(), VotingDiskError> {
        loop {
            let next = self.reign.borrow().as_ref().and_then(|reign| reign.pending.get(&kind)?.front().cloned());
            let Some(act) = next else { return Ok(()) };
            let is_mail = matches!(act, Act::Tell { .. } | Act::Kill { .. } | Act::KillDatabase(_) | Act::Vip { .. });
            let done = self.carry_out(kind, act, picture).await;
            if (done.is_ok() || is_mail)
                && let Some(pending) = self.reign.borrow_mut().as_mut().and_then(|reign| reign.pending.get_mut(&kind))
            {
                pending.pop_front();
            }
            done?;
        }
    }

    fn step(&self, kind: GroupKind, picture: &Picture) -> Vec<Act> {
        let (now, wait) = (self.process.monotonic(), self.plan.parameters.post_kill_wait);
        let mut reign = self.reign.borrow_mut();
        let Some(reign) = reign.as_mut() else { return Vec::new() };
        let killed_at = reign.killed_at.get(&kind).copied();
        let asm_open = reign.groups.get(&GroupKind::Asm).is_some_and(|asm| asm.path == Path::Open);
        let Some(group) = reign.groups.get_mut(&kind) else { return Vec::new() };
        let starting = group.path == Path::Startup && group.row == 0;
        if kind == GroupKind::Db && starting && !asm_open {
            return Vec::new();
        }
        let sight = self.sight(group, picture);
        let killed_now = killed_at.is_some_and(|at| now.since(at) < wait);
        if killed_now && group.path == Path::Crash && group.row == 0 {
            return Vec::new();
        }
        match starting && !sight.is_empty() {
            true => {
                let since = *reign.waiting_since.entry(kind).or_insert(now);
                let auto_open = self.plan.parameters.auto_open;
                if !auto_open.is_zero() && now.since(since) >= auto_open {
                    group.open_without(&sight);
                }
            }
            false => drop(reign.waiting_since.remove(&kind)),
        }
        let acts = group.step(&sight);
        if kind == GroupKind::Db {
            let mut board = self.plan.board.borrow_mut();
            (board.control, board.ok) = (group.control, group.ok.clone());
        }
        acts
    }

    /// What this CSS sees of a group.
    pub(super) fn sight(&self, group: &Group, picture: &Picture) -> Sight {
        let mut sight = self.watch.borrow().sight(group, picture, self.process.monotonic(), self.limits());
        for seen in sight.values_mut() {
            if self.plan.has_defect("rejoin-before-crash-is-over") {
                seen.oldest_dirty = 0;
            }
            if self.plan.has_defect("link-faults-are-ignored") {
                seen.unreachable = 0;
            }
        }
        sight
    }

    pub(super) async fn carry_out(&self, kind: GroupKind, act: Act, picture: &Picture) -> Result<(), VotingDiskError> {
        match act {
            Act::Log(line) => self.log.info(&format!("[{}]: {line}", kind.name())),
            Act::LogBare(line) => self.log.info(&line),
            Act::Tell { ep, guid, command, sequence } => {
                let order = Order { guid, command, sequence, ..self.roles(kind) };
                self.order(kind, ep, order).await?;
            }
            Act::Kill { .. } if self.plan.has_defect("no-kill-before-recovery") => {}
            Act::Kill { ep, guid } => self.kill(kind, ep, guid).await?,
            Act::KillDatabase(host) => {
                let guid = picture.heartbeat(GroupKind::Db, host).guid;
                self.kill(GroupKind::Db, host, guid).await?;
            }
            Act::Vip { host, owner, up } => self.order_address(host, owner, up, picture).await?,
            Act::SaveRegistry => {
                if let Some(group) = self.group(kind).filter(|_| !self.plan.has_defect("registry-not-written")) {
                    self.registry.save(&group).await?;
                }
            }
            Act::SaveRecord(group) => self.save(*group).await?,
            Act::Entered(path, sub_status) => {
                let status = path.name(self.plan.parameters.profile);
                let fields = fields! { group: kind.name(), status: status, sub: sub_status };
                self.process.announce("group.status", fields);
                if kind == GroupKind::Db {
                    self.show(status, sub_status);
                }
            }
        }
        Ok(())
    }

    fn group(&self, kind: GroupKind) -> Option<Group> {
        self.reign.borrow().as_ref().and_then(|reign| reign.groups.get(&kind).cloned())
    }

    async fn save_record(&self, kind: GroupKind) -> Result<(), VotingDiskError> {
        match self.group(kind) {
            Some(group) => self.save(group).await,
            None => Ok(()),
        }
    }

    async fn save(&self, group: Group) -> Result<(), VotingDiskError> {
        self.vote.save(&group).await?;
        if let Some(reign) = self.reign.borrow_mut().as_mut() {
            reign.saved.insert(group.kind, group);
        }
        Ok(())
    }

    /// What every command of a group says beside itself.
    fn roles(&self, kind: GroupKind) -> Order {
        let Some(group) = self.group(kind) else { return Order::default() };
        Order {
            control: group.control.unwrap_or(NOBODY),
            owner: group.broken.or(group.recovering).unwrap_or(NOBODY),
            dead: mask_of(group.dead()),
            belonging: group.belonging(),
            ..Order::default()
        }
    }

    /// Logs and writes a command.
    async fn order(&self, kind: GroupKind, ep: Seqno, order: Order) -> Result<(), VotingDiskError> {
        let (group, command, name, sequence) = (kind.name(), order.command.name(), kind.ep_name(ep), order.sequence);
        self.log.info(&format!("[{group}]: CSS set cmd {command}, dest_ep {name} seqno = {ep}, cmd_seq = {sequence}"));
        self.put(kind, ep, order).await
    }

    async fn put(&self, kind: GroupKind, ep: Seqno, order: Order) -> Result<(), VotingDiskError> {
        let number = self.reign.borrow().as_ref().map_or(0, |reign| reign.number);
        let order = Order { reign: number, ..order };
        if let Some(reign) = self.reign.borrow_mut().as_mut() {
            reign.written.insert((kind, ep), order);
        }
        self.vote.order(kind, ep, &order).await
    }

    /// Kill, of which the log says nothing.
    pub(super) async fn kill(&self, kind: GroupKind, ep: Seqno, guid: u64) -> Result<(), VotingDiskError> {
        self.process.announce("ep.killed", fields! { ep: kind.ep_name(ep), guid: guid });
        if let Some(reign) = self.reign.borrow_mut().as_mut() {
            reign.killed_at.insert(kind, self.process.monotonic());
        }
        self.put(kind, ep, Order { guid, command: Command::SysHalt, ..Order::default() }).await
    }

    /// A write to the voting disk that was lost shows when all of it is read: the mailbox is written again.
    async fn write_lost_orders_again(&self, picture: &Picture) -> Result<(), VotingDiskError> {
        if self.plan.has_defect("lost-command-is-not-written-again") {
            return Ok(());
        }
        let written = self.reign.borrow().as_ref().map(|reign| reign.written.clone()).unwrap_or_default();
        for ((kind, ep), order) in written {
            if picture.order(kind, ep) != order {
                self.vote.order(kind, ep, &order).await?;
            }
        }
        Ok(())
    }

    /// The same for the record of a group, from which whoever takes over goes on. A newer one than this CSS has written is
    /// that of a control CSS which this one does not know of yet, and stays.
    async fn write_lost_records_again(&self, picture: &Picture) -> Result<(), VotingDiskError> {
        let saved = self.reign.borrow().as_ref().map(|reign| reign.saved.clone()).unwrap_or_default();
        for (kind, group) in saved {
            if picture.record(kind).is_none_or(|read| read.counter < group.counter) {
                self.vote.save(&group).await?;
            }
        }
        Ok(())
    }

    async fn order_address(
        &self,
        host: Seqno,
        owner: Seqno,
        up: bool,
        picture: &Picture,
    ) -> Result<(), VotingDiskError> {
        if host == self.me {
            self.configure_address(owner, up);
            return Ok(());
        }
        if !self.living(picture).contains_key(&host) {
            return Ok(());
        }
        let sequence = {
            let mut reign = self.reign.borrow_mut();
            let group = reign.as_mut().and_then(|reign| reign.groups.get_mut(&GroupKind::Css));
            group.map_or(0, |group| {
                group.counter += 1;
                group.counter
            })
        };
        let guid = picture.heartbeat(GroupKind::Css, host).guid;
        let (command, control) = (Command::ConfigVip, self.me);
        let order = Order { guid, command, sequence, control, owner, up, ..Order::default() };
        self.order(GroupKind::Css, host, order).await?;
        self.save_record(GroupKind::Css).await
    }

    /// The death of a CSS costs its host the ASM and the database.
    async fn kill_hosts_without_css(&self, picture: &Picture) -> Result<(), VotingDiskError> {
        let living = self.living(picture);
        let dead: Vec<Seqno> = {
            let mut reign = self.reign.borrow_mut();
            let Some(reign) = reign.as_mut() else { return Ok(()) };
            let dead = reign.alive.iter().filter(|ep| !living.contains_key(ep)).copied().collect();
            // Before a CSS has looked for long enough, one that was not seen yet may still be starting.
            if self.ticks.get() * 1_000 < self.plan.parameters.disk_check.as_millis() as u64 && reign.number == 1 {
                return Ok(());
            }
            reign.alive = living.keys().copied().collect();
            dead
        };
        for ep in dead {
            let name = GroupKind::Css.ep_name(ep);
            let text = format!("[CSS]: [!!!DSC INFO!!!]dead instance detected, detect ep {name}[{ep}] broken.");
            self.log.write(Level::Error, &text);
            for kind in GOVERNED {
                let guid = picture.heartbeat(kind, ep).guid;
                if guid != 0 {
                    self.kill(kind, ep, guid).await?;
                }
            }
        }
        Ok(())
    }

    /// When the DB group is open for the first time the drill may begin: with the counter that the scenario gives it,
    /// since what the cluster did before is not simulated.
    async fn begin_the_drill(&self, kind: GroupKind) -> Result<(), VotingDiskError> {
        let open = self.group(kind).is_some_and(|group| group.path == Path::Open);
        if kind != GroupKind::Db || !open || std::mem::replace(&mut self.plan.board.borrow_mut().ready, true) {
            return Ok(());
        }
        let counter = self.plan.parameters.db_counter as u64;
        if let Some(group) = self.reign.borrow_mut().as_mut().and_then(|reign| reign.groups.get_mut(&kind))
            && counter > 0
        {
            group.counter = counter;
        }
        self.process.announce(events::CLUSTER_READY, fields! {});
        self.save_record(kind).await
    }

    fn show(&self, status: &str, sub_status: &str) {
        let Some(group) = self.group(GroupKind::Db) else { return };
        for ep in &group.members {
            let role = match (group.control == Some(*ep), group.guids.contains_key(ep)) {
                (_, false) => "Down",
                (true, true) => "Control node",
                (false, true) => "Normal node",
            };
            let state = format!("({status}, {sub_status})");
            let fields = fields! { ep: *ep, role: role, state: state.clone() };
            self.plan.show(*ep, |node| (node.role, node.state) = (role.to_owned(), state));
            self.process.announce(events::STATE_CHANGED, fields);
        }
    }
}
