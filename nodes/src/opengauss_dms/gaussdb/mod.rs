//! gaussdb with DMS inside: the database process of an openGauss resource-pooling node.
//!
//! | file | the thread it models |
//! |---|---|
//! | `preempt` | reform_preempt: who owns the reformer lock? |
//! | `judgement` | reform_judge: the reformer decides about rounds |
//! | `round`, `actions` | reform_proc: the steps of a round |
//! | `health` | reform_health: when a round, or this process, must end |
//! | `mes` | the messages of DMS and their handlers |
//! | `database` | transactions, the log, promotion and demotion |

mod actions;
mod database;
mod health;
mod judgement;
mod mes;
mod preempt;
mod round;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::fields;
use crate::parts::signal::Signal;
use crate::product::events;
use crate::world::disk::Disk;
use crate::world::process::Process;
use crate::world::time::Instant;

use super::cm_client::CmClient;
use super::control_page;
use super::log::{Level, Logs};
use super::messages::{
    DssAnswer, DssCommand, GAUSSDB_CONTROL_PORT, GaussdbControl, GaussdbStatus, InstanceId, Resource,
};
use super::plan::Shared;
use super::reform::judge::SwitchRequest;
use super::reform::steps::Step;
use super::reform::{ShareInfo, Status, Version};
use database::Database;

/// One life of an instance.
pub(super) struct Gaussdb {
    process: Process,
    plan: Shared,
    me: InstanceId,
    /// When DMS was initialised; 0 before.
    start_time: Cell<u64>,
    /// Row 3 has been decided: the process is about to end itself.
    exiting: Cell<bool>,
    /// The database is shutting down.
    stopping: Cell<bool>,
    disk: Disk,
    cm: CmClient,
    logs: Logs,
    state: RefCell<State>,
    changed: Signal,
    database: Database,
}

/// What DMS keeps in memory.
struct State {
    known_owner: Option<InstanceId>,
    status: Status,
    round: Option<Round>,
    /// The last round failed after START.
    last_fail: bool,
    /// This life has finished a round.
    first_done: bool,
    /// The life of the reformer that last polled this node.
    reformer_version: Version,
    switch_request: Option<SwitchRequest>,
    version_number: u64,
    /// The cluster version that each round pushes.
    gcv: u64,
    role: &'static str,
    display: &'static str,
}

/// The round this node takes part in.
struct Round {
    share: ShareInfo,
    running: bool,
    /// Who everybody reports to: the reformer, after SWITCH_LOCK the new one.
    coordinator: InstanceId,
    /// The last synchronisation point each participant has reached.
    reports: BTreeMap<InstanceId, usize>,
    /// The last synchronisation point this node may pass.
    allowed: Option<usize>,
    failed: bool,
    /// START was reached.
    started: bool,
    /// The step under way and since when.
    step: Option<(Step, Instant)>,
}

impl Round {
    fn new(share: ShareInfo) -> Self {
        Round {
            coordinator: share.reformer.instance,
            share,
            running: false,
            reports: BTreeMap::new(),
            allowed: None,
            failed: false,
            started: false,
            step: None,
        }
    }
}

/// Microseconds since 2000-01-01 00:00 of the host's wall clock: how DMS tells one life from the next.
fn start_time(process: &Process) -> u64 {
    const SECONDS_TO_2000: u64 = 946_684_800;
    (process.wall_clock().0 / 1_000).saturating_sub(SECONDS_TO_2000 * 1_000_000)
}

/// The program of gaussdb.
pub async fn gaussdb(process: Process, plan: Shared, me: InstanceId) -> i32 {
    let control = process.bind::<GaussdbControl>(GAUSSDB_CONTROL_PORT);
    let disk = plan.disk(&process, me);
    let this = Rc::new(Gaussdb {
        start_time: Cell::new(0),
        exiting: Cell::new(false),
        stopping: Cell::new(false),
        cm: CmClient::new(process.clone(), plan.clone(), Resource::Dms, me),
        logs: Logs::new(&process, me, plan.cluster_name()),
        database: Database::new(&process, &plan, disk.clone()),
        state: RefCell::new(State {
            known_owner: None,
            status: Status::Out,
            round: None,
            last_fail: false,
            first_done: false,
            reformer_version: Version { instance: me, start_time: 0 },
            switch_request: None,
            version_number: 0,
            gcv: 0,
            role: "Standby",
            display: "Starting",
        }),
        changed: Signal::default(),
        process: process.clone(),
        plan,
        me,
        disk,
    });
    process.announce(events::STATE_CHANGED, fields! { state: "Starting" });
    let started = this.clone();
    process.spawn(async move { started.start_up(control).await });
    this.first_round_or_shutdown().await
}

impl Gaussdb {
    /// What the postmaster does before DMS runs, and then DMS itself.
    async fn start_up(self: Rc<Self>, control: crate::world::port::Port<GaussdbControl>) {
        self.process.spawn(self.clone().serve_control(control));
        self.database.spawn();
        self.load("postmaster", self.plan.timers.startup).await;
        let page = match control_page::read(&self.disk, &self.plan).await {
            Ok(page) => page,
            Err(error) => return self.panic(&format!("could not read pg_control: {error}")).await,
        };
        let primary = page.primary.map_or(-1, i64::from);
        let found = format!("[SS reform][db] Node:{} starts, found cluster PRIMARY:{primary}", self.me);
        self.logs.database("BACKEND", Level::Info, &found);
        self.process.announce("database.starts", fields! { instance: self.me, recorded_primary: primary });
        if page.primary == Some(self.me) {
            self.grant_storage_write().await;
        }
        self.logs.database("BACKEND", Level::Info, "Dynamically loading the DMS library, version: ");
        self.initialise_dms();
        self.process.spawn(self.clone().serve_mes());
        self.process.spawn(self.clone().preempt());
        self.process.spawn(self.clone().judge());
        self.process.spawn(self.clone().watch_health());
        self.process.spawn(self.clone().run_rounds());
        // From here on the reformer polls its partners in this life, but no round may begin before the database is
        // ready for it.
        self.load("database", self.plan.timers.startup).await;
        self.state.borrow_mut().status = Status::Join;
        let wait = format!("[SS reform] Node:{} first-round reform start wait.", self.me);
        self.logs.database("DMS", Level::Info, &wait);
    }

    async fn load(&self, what: &str, limit: std::time::Duration) {
        let life = u64::from(self.process.incarnation().0);
        let takes = self.process.stream(what).at(life).duration(limit / 2, limit);
        self.process.sleep(takes).await;
    }

    /// DMS is initialised: from here on this life can be told from the last one.
    fn initialise_dms(&self) {
        self.start_time.set(start_time(&self.process));
        self.state.borrow_mut().reformer_version = self.version();
    }

    /// This life, as others know it.
    fn version(&self) -> Version {
        Version { instance: self.me, start_time: self.start_time.get() }
    }

    /// Ends the process when its first round fails; runs until then otherwise.
    async fn first_round_or_shutdown(&self) -> i32 {
        self.changed
            .wait_until(|| {
                let state = self.state.borrow();
                state.last_fail && !state.first_done
            })
            .await;
        let text = format!("[SS reform] Node:{} first-round reform failed, shutdown now", self.me);
        self.logs.database("DMS", Level::Error, &text);
        self.process.announce("first-round.failed", fields! { instance: self.me });
        1
    }

    /// Makes the local dssserver the main one; tried every 100 ms without a limit (`SSGrantDSSWritePermission`).
    async fn grant_storage_write(&self) {
        self.logs.database("DMS", Level::Info, "[SS reform] set dss server status as primary start.");
        let wait = self.plan.timers.message_wait;
        let dss = self.plan.dss(self.me);
        while self.process.call::<DssAnswer>(dss, DssCommand::SetMain, wait).await != Ok(DssAnswer::Done) {
            self.process.sleep(std::time::Duration::from_millis(100)).await;
        }
        self.logs.database("DMS", Level::Info, "[SS reform] set dss server status as primary: success");
        self.process.announce("dss-write.granted", fields! { instance: self.me });
    }

    async fn serve_control(self: Rc<Self>, control: crate::world::port::Port<GaussdbControl>) {
        loop {
            let incoming = control.recv().await;
            let (role, state) = self.shown();
            control.reply(&incoming, GaussdbStatus { role, state });
            match incoming.message {
                GaussdbControl::Status => {}
                GaussdbControl::Switchover => self.clone().request_switchover(),
                GaussdbControl::Stop => {
                    let this = self.clone();
                    this.stopping.set(true);
                    self.process.spawn(async move {
                        this.logs.database("BACKEND", Level::Info, "received fast shutdown request");
                        this.database.shut_down().await;
                        this.process.exit(0).await;
                    });
                }
            }
        }
    }

    fn shown(&self) -> (&'static str, &'static str) {
        let state = self.state.borrow();
        (state.role, state.display)
    }

    fn show(&self, display: &'static str) {
        let before = std::mem::replace(&mut self.state.borrow_mut().display, display);
        if before != display {
            self.process.announce(events::STATE_CHANGED, fields! { state: display });
        }
    }

    fn take_role(&self, role: &'static str) {
        let before = std::mem::replace(&mut self.state.borrow_mut().role, role);
        if before != role {
            self.process.announce(events::ROLE_CHANGED, fields! { role: role.to_lowercase() });
        }
    }

    /// The signal of `gs_ctl switchover` to the postmaster of the new primary.
    fn request_switchover(self: Rc<Self>) {
        let state = self.state.borrow();
        let normal_standby = state.role == "Standby" && state.display == "Normal";
        let reformer = state.known_owner;
        drop(state);
        let Some(reformer) = reformer.filter(|_| normal_standby) else {
            return self.logs.database("BACKEND", Level::Info, "[SS switchover] SS switchover command ignored");
        };
        let text =
            format!("[SS reform][SS switchover] Starting switchover, current inst:{} will be promoted.", self.me);
        self.logs.database("BACKEND", Level::Info, &text);
        self.process.announce("switchover.requested", fields! { instance: self.me });
        let this = self.clone();
        self.process.spawn(async move { this.ask_for_switchover(reformer).await });
    }

    /// Something this process cannot live with.
    async fn panic(&self, text: &str) {
        self.logs.database("BACKEND", Level::Error, &format!("PANIC: {text}"));
        self.process.announce("database.panic", fields! { reason: text });
        self.process.exit(134).await;
    }
}
