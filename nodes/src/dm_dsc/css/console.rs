//! What a monitor can ask a CSS, and what CSS ask each other for their own hosts.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::world::clock::WallTime;
use crate::world::port::{Address, Incoming};
use crate::world::process::Status as ProcessStatus;
use crate::world::trace::ProcessId;

use super::super::group::Path;
use super::super::plan::{CSS_PORT, STOP_PORT};
use super::super::vote::Picture;
use super::super::words::{GroupKind, Seqno};
use super::Css;

/// The monitors whose commands are under way: what `show monitor` lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Monitors {
    begun: u64,
    /// By order of their connecting: since when, and which process.
    pub(super) connected: BTreeMap<u64, (WallTime, ProcessId)>,
}

/// How long one process waits for another in a command of an operator.
const WAIT: Duration = Duration::from_secs(30);

/// A request to a CSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum CssRequest {
    /// Show a group, or all.
    Show(Option<GroupKind>),
    /// Show what the registry was set up with.
    ShowConfig,
    /// Show the monitors that are connected.
    ShowMonitor,
    /// Whether the last crash of a group is truly over.
    CrashOver(GroupKind),
    /// On the console of a CSS: become the control CSS.
    SetMasterForce,
    /// On the console of a CSS: end a CSS.
    HaltCss(Seqno),
    /// Start an EP, or all of a group.
    Startup(GroupKind, Option<Seqno>),
    /// Stop an EP in order, or all of a group.
    Stop(GroupKind, Option<Seqno>),
    /// Kill an EP; it counts as dead at once.
    Halt(GroupKind, Seqno),
    /// An EP is dead: do not wait for its heartbeat.
    Crash(GroupKind, Seqno),
    /// Open a group without the EPs that are absent.
    OpenForce(GroupKind),
    /// Switch automatic restart on or off, on this host.
    AutoRestart(GroupKind, bool),
    /// Start the process on this host.
    StartHere(GroupKind),
    /// Stop the process on this host.
    StopHere(GroupKind),
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum CssReply {
    /// This is not the control CSS.
    NotControl,
    /// Done, with what is to be printed.
    Done(Vec<String>),
    /// Refused, and why.
    Refused(String),
}

impl Css {
    pub(super) async fn serve_console(self: Rc<Self>) {
        let port = self.process.bind::<CssRequest>(CSS_PORT);
        loop {
            let incoming = port.recv().await;
            let css = self.clone();
            self.process.spawn(async move { css.serve(incoming).await });
        }
    }

    /// Answers one request; a monitor counts as connected until it has its answer.
    async fn serve(&self, incoming: Incoming<CssRequest>) {
        let Some(call) = incoming.call else { return };
        let from = incoming.from.process;
        let is_css = self.plan.nodes().iter().any(|node| node.css == from);
        let number = {
            let mut monitors = self.monitors.borrow_mut();
            monitors.begun += 1;
            let number = monitors.begun;
            if !is_css {
                monitors.connected.insert(number, (self.process.wall_clock(), from));
            }
            number
        };
        let reply = self.answer(incoming.message).await;
        self.monitors.borrow_mut().connected.remove(&number);
        self.process.reply(call, reply);
    }

    async fn answer(&self, request: CssRequest) -> CssReply {
        let picture = self.picture.borrow().clone();
        match (request, &picture) {
            (CssRequest::StartHere(kind), _) => return self.start_here(kind),
            (CssRequest::StopHere(kind), _) => return self.stop_here(kind).await,
            (CssRequest::AutoRestart(kind, on), _) => return self.set_auto_restart(kind, on),
            (CssRequest::ShowConfig, _) => return CssReply::Done(self.shown_config()),
            (CssRequest::ShowMonitor, _) => return CssReply::Done(self.shown_monitors()),
            (CssRequest::SetMasterForce, Some(picture)) => return self.set_master_force(picture).await,
            (CssRequest::HaltCss(victim), Some(picture)) => return self.halt_css(victim, picture).await,
            _ if self.reign.borrow().is_none() => return CssReply::NotControl,
            _ => {}
        }
        let Some(picture) = picture else { return CssReply::NotControl };
        match request {
            CssRequest::Show(kind) => CssReply::Done(self.shown(kind, &picture)),
            CssRequest::CrashOver(kind) => self.crash_over(kind, &picture),
            CssRequest::Startup(kind, ep) => self.on_hosts(kind, ep, CssRequest::StartHere(kind)).await,
            CssRequest::Stop(kind, None) => self.stop_group(kind).await,
            CssRequest::Stop(kind, ep) => self.on_hosts(kind, ep, CssRequest::StopHere(kind)).await,
            CssRequest::Halt(kind, ep) => {
                let guid = picture.heartbeat(kind, ep).guid;
                if let Err(error) = self.kill(kind, ep, guid).await {
                    return CssReply::Refused(error.to_string());
                }
                self.watch.borrow_mut().declare_dead(kind, guid);
                CssReply::Done(vec![format!("ep halt {}.{} success", kind.group_name(), kind.ep_name(ep))])
            }
            CssRequest::Crash(kind, ep) => {
                self.watch.borrow_mut().declare_dead(kind, picture.heartbeat(kind, ep).guid);
                CssReply::Done(vec![format!("ep crash {}.{} success", kind.group_name(), kind.ep_name(ep))])
            }
            CssRequest::OpenForce(kind) => self.open_force(kind, &picture),
            _ => CssReply::NotControl,
        }
    }

    /// Each CSS restarts only the EP of its own host.
    fn set_auto_restart(&self, kind: GroupKind, on: bool) -> CssReply {
        let mut supervision = self.supervision.borrow_mut();
        match on {
            true => supervision.switched_off.remove(&kind),
            false => supervision.switched_off.insert(kind),
        };
        let (css, name, turn) = (self.me, kind.group_name(), if on { "on" } else { "off" });
        CssReply::Done(vec![format!("CSS{css}: set {name} auto restart {turn} success")])
    }

    fn start_here(&self, kind: GroupKind) -> CssReply {
        if self.restarts_by_itself(kind) {
            let name = kind.group_name();
            return CssReply::Refused(format!(
                "auto restart of {name} is on, set it off first: set {name} auto restart off"
            ));
        }
        let picture = self.picture.borrow().clone();
        match picture {
            Some(picture) if !self.may_start(kind, &picture) => {
                CssReply::Refused(format!("the ASM of this host is not open, {} cannot start", kind.ep_name(self.me)))
            }
            _ => match self.start_process(kind) {
                true => CssReply::Done(Vec::new()),
                false => CssReply::Refused(format!("{} is already active", kind.ep_name(self.me))),
            },
        }
    }

    /// The EP says that it has been told, and is waited for: it is stopped when its process has ended.
    async fn stop_here(&self, kind: GroupKind) -> CssReply {
        self.supervision.borrow_mut().switched_off.insert(kind);
        let (name, process) = (kind.ep_name(self.me), self.plan.node(self.me).process(kind));
        if !self.is_running(kind) {
            return CssReply::Done(Vec::new());
        }
        let to = Address::new(process, STOP_PORT);
        match self.process.call::<()>(to, (), WAIT).await {
            // An EP that ends as soon as it has answered may be gone before its answer is here.
            Err(error) if self.is_running(kind) => {
                return CssReply::Refused(format!("{name} does not answer: {error}"));
            }
            _ => {}
        }
        match self.process.timeout(WAIT, self.process.local_exit(process)).await {
            Ok(ProcessStatus::Exited(0)) => CssReply::Done(Vec::new()),
            Ok(_) => CssReply::Refused(format!("{name} did not end in order, look into its log")),
            Err(_) => CssReply::Refused(format!("{name} is still ending after {} s", WAIT.as_secs())),
        }
    }

    /// Asks the CSS of every host concerned, one after the other; one that refuses keeps none of the others waiting.
    async fn on_hosts(&self, kind: GroupKind, ep: Option<Seqno>, request: CssRequest) -> CssReply {
        let (mut lines, mut refusals) = (Vec::new(), Vec::new());
        for host in self.plan.members().into_iter().filter(|host| ep.is_none_or(|ep| ep == *host)) {
            let reply = match host == self.me {
                true => match request {
                    CssRequest::StopHere(kind) => self.stop_here(kind).await,
                    _ => self.start_here(kind),
                },
                false => match self.process.call(self.plan.css(host), request, WAIT).await {
                    Ok(reply) => reply,
                    Err(error) => CssReply::Refused(format!("CSS{host}: {error}")),
                },
            };
            match reply {
                CssReply::Refused(why) => refusals.push(why),
                _ => lines.push(format!("{} of {}: done", kind.ep_name(host), kind.group_name())),
            }
        }
        match refusals.is_empty() {
            true => CssReply::Done(lines),
            false => CssReply::Refused(refusals.join("; ")),
        }
    }

    fn open_force(&self, kind: GroupKind, picture: &Picture) -> CssReply {
        let group = self.reign.borrow().as_ref().and_then(|reign| reign.groups.get(&kind).cloned());
        let Some(mut group) = group else { return CssReply::NotControl };
        let name = kind.group_name();
        if group.path != Path::Startup || group.row > 0 {
            return CssReply::Refused(format!(
                "{name} is {}, only a group that waits for its start is opened",
                group.status()
            ));
        }
        let sight = self.sight(&group, picture);
        if sight.is_empty() {
            return CssReply::Refused(format!("no EP of {name} is active, start one first"));
        }
        group.open_without(&sight);
        if let Some(reign) = self.reign.borrow_mut().as_mut() {
            reign.groups.insert(kind, group);
        }
        CssReply::Done(vec![format!("open force {name} success")])
    }

    /// Stops a whole group: no death to be handled.
    async fn stop_group(&self, kind: GroupKind) -> CssReply {
        let acts = match self.reign.borrow_mut().as_mut().and_then(|reign| reign.groups.get_mut(&kind)) {
            Some(group) => group.begin_stop(),
            None => return CssReply::NotControl,
        };
        let Some(picture) = self.picture.borrow().clone() else { return CssReply::NotControl };
        for act in acts {
            if let Err(error) = self.carry_out(kind, act, &picture).await {
                return CssReply::Refused(error.to_string());
            }
        }
        self.on_hosts(kind, None, CssRequest::StopHere(kind)).await
    }

    fn crash_over(&self, kind: GroupKind, picture: &Picture) -> CssReply {
        let reign = self.reign.borrow();
        let Some(group) = reign.as_ref().and_then(|reign| reign.groups.get(&kind)) else { return CssReply::NotControl };
        let sight = self.sight(group, picture);
        let mut lines = vec![format!("crash_lsn = {}", group.crash_lsn)];
        for ep in &group.ok {
            let oldest = sight.get(ep).map_or(0, |seen| seen.oldest_dirty);
            lines.push(format!("{}: min_first_modified_lsn = {oldest}", kind.ep_name(*ep)));
        }
        let over = group.broken.is_none() && group.crash_is_over(&sight);
        lines.push(format!("crash process over flag is {}", if over { "TRUE" } else { "FALSE" }));
        CssReply::Done(lines)
    }

    /// `set master force`: refused while a group starts, breaks or takes an EP back.
    async fn set_master_force(&self, picture: &Picture) -> CssReply {
        if self.reign.borrow().is_some() {
            return CssReply::Refused(format!("CSS{} is the control node already", self.me));
        }
        let busy = [GroupKind::Asm, GroupKind::Db]
            .into_iter()
            .find(|kind| picture.record(*kind).is_some_and(|group| group.path != Path::Open));
        if let Some(kind) = busy {
            return CssReply::Refused(format!("{} is not open, wait until it is", kind.group_name()));
        }
        match self.take_over(picture).await {
            Ok(()) => CssReply::Done(vec![format!("CSS{} is the control node now", self.me)]),
            Err(error) => CssReply::Refused(error.to_string()),
        }
    }

    /// `halt css`: the control CSS may halt any, another one only itself.
    async fn halt_css(&self, victim: Seqno, picture: &Picture) -> CssReply {
        if victim == self.me {
            self.process.exit(137).await;
        }
        if self.reign.borrow().is_none() {
            return CssReply::Refused(format!("CSS{} is a normal node and halts only itself", self.me));
        }
        let guid = picture.heartbeat(GroupKind::Css, victim).guid;
        match self.kill(GroupKind::Css, victim, guid).await {
            Ok(()) => CssReply::Done(vec![format!("CSS{victim} is told to halt")]),
            Err(error) => CssReply::Refused(error.to_string()),
        }
    }
}
