//! dmcss: the cluster synchronisation service. One of them, the control CSS, manages the ASM and the DB group.
//!
//! | file | what |
//! |---|---|
//! | `watch` | who is alive |
//! | `election` | who is the control CSS: pure |
//! | `control` | what the control CSS does in a tick: taking over, steps of the groups, carrying out |
//! | `supervision` | processes of its own host: noticing their end, starting them again |
//! | `address` | virtual addresses |
//! | `show` | what `show` prints |
//! | `console` | what a monitor can ask |

mod address;
mod console;
mod control;
mod election;
mod show;
mod supervision;
mod watch;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::parts::voting_disk::VotingDiskError;
use crate::world::process::Process;

use super::ep::new_guid;
use super::log::{Level, Log};
use super::network::reaches;
use super::plan::Shared;
use super::vote::{Heartbeat, Picture, Registry, VotingDisk};
use super::words::{Command, GroupKind, Seqno};
pub(super) use address::{address_of, file_of};
use console::Monitors;
pub(super) use console::{CssReply, CssRequest};
use control::Reign;
use supervision::Supervision;
use watch::{Limits, Watch};

/// One life of a dmcss.
pub(super) struct Css {
    process: Process,
    plan: Shared,
    me: Seqno,
    guid: u64,
    log: Log,
    vote: VotingDisk,
    registry: Registry,
    ts: Cell<u64>,
    ticks: Cell<u64>,
    done: Cell<u64>,
    /// The reign and the number of the last command it carried out: an older one in its mailbox is a stale read.
    obeyed: Cell<(u64, u64)>,
    watch: RefCell<Watch>,
    picture: RefCell<Option<Picture>>,
    supervision: RefCell<Supervision>,
    monitors: RefCell<Monitors>,
    /// What it knows as the control CSS, while it is that.
    reign: RefCell<Option<Reign>>,
}

/// The program of a dmcss.
pub(super) async fn dmcss(process: Process, plan: Shared, me: Seqno) -> i32 {
    let guid = new_guid(&process);
    let css = Rc::new(Css {
        log: Log::new(&process, GroupKind::Css, me),
        vote: plan.voting_disk(&process),
        registry: plan.registry(&process),
        process: process.clone(),
        plan: plan.clone(),
        me,
        guid,
        ts: Cell::new(guid),
        ticks: Cell::default(),
        done: Cell::default(),
        obeyed: Cell::default(),
        watch: RefCell::default(),
        picture: RefCell::default(),
        supervision: RefCell::default(),
        monitors: RefCell::default(),
        reign: RefCell::default(),
    });
    css.begin_with_own_address();
    process.spawn(css.clone().serve_console());
    if plan.parameters.fast_check > 0 {
        process.spawn(css.clone().ping_the_others());
    }
    loop {
        if let Err(error) = css.tick().await {
            css.log.write(Level::Error, &format!("Unable to access VOTING DISK! {error}"));
        }
        process.sleep(plan.parameters.poll).await;
    }
}

impl Css {
    async fn tick(self: &Rc<Self>) -> Result<(), VotingDiskError> {
        let look = self.vote.look().await?;
        let picture = match &*self.picture.borrow() {
            Some(earlier) => look.with_heartbeats_known_from(earlier),
            None => look,
        };
        let members = self.plan.members();
        self.watch.borrow_mut().look(&picture, &members, self.process.monotonic());
        let dead_here = self.supervise(&picture);
        *self.picture.borrow_mut() = Some(picture.clone());
        self.beat(dead_here).await?;
        self.obey(&picture).await;
        self.elect(&picture).await?;
        self.govern(&picture).await?;
        self.ticks.set(self.ticks.get() + 1);
        Ok(())
    }

    async fn beat(&self, dead_here: [u64; 2]) -> Result<(), VotingDiskError> {
        self.ts.set(self.ts.get() + 1);
        let reign = self.reign.borrow().as_ref().map_or(0, |reign| reign.number);
        let beat = Heartbeat {
            guid: self.guid,
            ts: self.ts.get(),
            status: super::vote::Status::Open,
            done: self.done.get(),
            reign,
            dead_here,
            ..Heartbeat::default()
        };
        self.vote.beat(GroupKind::Css, self.me, &beat).await
    }

    /// What the control CSS has put into this CSS's mailbox.
    async fn obey(&self, picture: &Picture) {
        let order = picture.order(GroupKind::Css, self.me);
        let number = (order.reign, order.sequence);
        let is_done = match self.plan.has_defect("old-control-css-goes-on") {
            true => order.sequence == self.done.get(),
            false => number <= self.obeyed.get(),
        };
        if order.guid != self.guid || (is_done && order.command != Command::SysHalt) {
            return;
        }
        match order.command {
            Command::SysHalt => {
                self.log.write(Level::Fatal, "VTD_CMD_SYS_HALT");
                self.process.exit(137).await;
            }
            Command::ConfigVip => {
                self.configure_address(order.owner, order.up);
                self.obeyed.set(number);
                self.done.set(order.sequence);
            }
            _ => {}
        }
    }

    /// The CSS that are alive, this one among them, with their reigns.
    fn living(&self, picture: &Picture) -> BTreeMap<Seqno, u64> {
        let (now, limits) = (self.process.monotonic(), self.limits());
        let watch = self.watch.borrow();
        let alive = |ep: &Seqno| *ep == self.me || watch.is_alive(GroupKind::Css, *ep, picture, None, now, limits);
        let members = self.plan.members().into_iter();
        members.filter(alive).map(|ep| (ep, picture.heartbeat(GroupKind::Css, ep).reign)).collect()
    }

    fn limits(&self) -> Limits {
        let parameters = &self.plan.parameters;
        Limits {
            disk: parameters.disk_check,
            fast: Duration::from_secs(parameters.fast_check.unsigned_abs()),
            fresh: parameters.poll * 3,
        }
    }

    /// Looks whether the other hosts can be reached, for `DMDCR_CRASH_CHECK_OPT_COUNT`.
    async fn ping_the_others(self: Rc<Self>) {
        let every = self.plan.parameters.poll;
        loop {
            for ep in self.plan.members().into_iter().filter(|ep| *ep != self.me) {
                let answers = reaches(&self.process, self.plan.node(ep).network, every).await;
                self.watch.borrow_mut().heard(ep, answers, self.process.monotonic());
            }
            self.process.sleep(every).await;
        }
    }
}
