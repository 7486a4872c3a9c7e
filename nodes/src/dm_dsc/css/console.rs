//! What a monitor can ask a CSS, and what CSS ask each other for their own hosts.

use std::rc::Rc;
use std::time::Duration;

use crate::world::port::Address;

use super::super::plan::{CSS_PORT, STOP_PORT};
use super::super::vote::{Picture, Status};
use super::super::words::{GroupKind, NOBODY, Seqno};
use super::Css;

/// How long one process waits for another in a command of an operator.
const WAIT: Duration = Duration::from_secs(30);

/// A request to a CSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum CssRequest {
    /// Show a group, or all.
    Show(Option<GroupKind>),
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
            let Some(call) = incoming.call else { continue };
            let css = self.clone();
            self.process.spawn(async move {
                let reply = css.answer(incoming.message).await;
                css.process.reply(call, reply);
            });
        }
    }

    async fn answer(&self, request: CssRequest) -> CssReply {
        match request {
            CssRequest::StartHere(kind) => return self.start_here(kind),
            CssRequest::StopHere(kind) => return self.stop_here(kind).await,
            CssRequest::AutoRestart(kind, on) => {
                let mut supervision = self.supervision.borrow_mut();
                match on {
                    true => supervision.switched_off.remove(&kind),
                    false => supervision.switched_off.insert(kind),
                };
                return CssReply::Done(Vec::new());
            }
            _ if self.reign.borrow().is_none() => return CssReply::NotControl,
            _ => {}
        }
        let picture = self.picture.borrow().clone();
        let Some(picture) = picture else { return CssReply::NotControl };
        match request {
            CssRequest::Show(kind) => CssReply::Done(self.shown(kind, &picture)),
            CssRequest::Startup(kind, ep) => self.on_hosts(kind, ep, CssRequest::StartHere(kind)).await,
            CssRequest::Stop(kind, ep) => self.on_hosts(kind, ep, CssRequest::StopHere(kind)).await,
            CssRequest::Halt(kind, ep) => {
                let guid = picture.heartbeat(kind, ep).guid;
                if let Err(error) = self.kill(kind, ep, guid).await {
                    return CssReply::Refused(error.to_string());
                }
                self.watch.borrow_mut().declare_dead(kind, guid);
                CssReply::Done(Vec::new())
            }
            CssRequest::Crash(kind, ep) => {
                self.watch.borrow_mut().declare_dead(kind, picture.heartbeat(kind, ep).guid);
                CssReply::Done(Vec::new())
            }
            CssRequest::OpenForce(kind) => self.open_force(kind, &picture),
            _ => CssReply::NotControl,
        }
    }

    fn start_here(&self, kind: GroupKind) -> CssReply {
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

    async fn stop_here(&self, kind: GroupKind) -> CssReply {
        self.supervision.borrow_mut().switched_off.insert(kind);
        let to = Address::new(self.plan.node(self.me).process(kind), STOP_PORT);
        match self.process.call::<()>(to, (), WAIT).await {
            Ok(()) => CssReply::Done(Vec::new()),
            Err(error) => CssReply::Refused(format!("{} does not answer: {error}", kind.ep_name(self.me))),
        }
    }

    /// Asks the CSS of every host concerned.
    async fn on_hosts(&self, kind: GroupKind, ep: Option<Seqno>, request: CssRequest) -> CssReply {
        let mut lines = Vec::new();
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
                CssReply::Refused(why) => return CssReply::Refused(why),
                _ => lines.push(format!("{} of {}: done", kind.ep_name(host), kind.group_name())),
            }
        }
        CssReply::Done(lines)
    }

    fn open_force(&self, kind: GroupKind, picture: &Picture) -> CssReply {
        let (now, limit) = (self.process.monotonic(), self.plan.parameters.disk_check);
        let mut reign = self.reign.borrow_mut();
        let Some(group) = reign.as_mut().and_then(|reign| reign.groups.get_mut(&kind)) else {
            return CssReply::NotControl;
        };
        let sight = self.watch.borrow().sight(group, picture, now, limit);
        group.open_without(&sight);
        CssReply::Done(Vec::new())
    }

    fn shown(&self, only: Option<GroupKind>, picture: &Picture) -> Vec<String> {
        let shown = GroupKind::ALL.into_iter().filter(|kind| only.is_none_or(|only| only == *kind));
        shown.flat_map(|kind| self.shown_group(kind, picture)).collect()
    }

    fn shown_group(&self, kind: GroupKind, picture: &Picture) -> Vec<String> {
        let reign = self.reign.borrow();
        let Some(group) = reign.as_ref().and_then(|reign| reign.groups.get(&kind)) else { return Vec::new() };
        let (now, limit) = (self.process.monotonic(), self.plan.parameters.disk_check);
        let sight = self.watch.borrow().sight(group, picture, now, limit);
        let or_null = |ep: Option<Seqno>| ep.map_or_else(|| "NULL".to_owned(), |ep| kind.ep_name(ep));
        let (name, number, control) = (kind.group_name(), kind as u8, group.control.unwrap_or(NOBODY));
        let kind_name = kind.name();
        let mut lines = vec![
            format!(
                "======== group[name = {name}, seq = {number}, type = {kind_name}, Control Node = {control}]========="
            ),
            format!("n_ok_ep = {}", group.ok.len()),
            "ok_ep_arr(index, seqno):".to_owned(),
        ];
        lines.extend(group.ok.iter().enumerate().map(|(index, ep)| format!("({index}, {ep})")));
        lines.push(format!("sta = {}, sub_sta = {}", group.path.name(), group.sub_status()));
        lines.push(format!("break ep = {}", or_null(group.broken)));
        lines.push(format!("recover ep = {}", or_null(group.recovering)));
        let over = group.broken.is_none() && group.ok.len() < group.members.len();
        lines.push(format!("crash process over flag is {}", if over { "TRUE" } else { "FALSE" }));
        lines.push("ep:  inst_name  seqno  inst_status  vtd_status  is_ok  active  guid  ts".to_owned());
        for ep in &group.members {
            let beat = picture.heartbeat(kind, *ep);
            let active = sight.contains_key(ep);
            let vtd_status = match (active, beat.status) {
                (true, Status::Startup) => "STARTUP",
                (true, Status::Startup2) => "STARTUP2",
                (true, _) => "WORKING",
                (false, Status::Shutdown) => "SHUTDOWN",
                (false, _) => "SYSHALT",
            };
            let (ep_name, status) = (kind.ep_name(*ep), beat.status.name());
            let is_ok = if group.ok.contains(ep) { "OK" } else { "ERROR" };
            let active = if active { "TRUE" } else { "FALSE" };
            let (guid, ts) = (beat.guid, beat.ts);
            lines.push(format!("     {ep_name}  {ep}  {status}  {vtd_status}  {is_ok}  {active}  {guid}  {ts}"));
        }
        lines
    }
}
