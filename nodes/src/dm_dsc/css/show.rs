//! What `show`, `show config` and `show monitor` print (shapes: manual, chapters 5, 9 and 15).

use super::super::group::Group;
use super::super::plan::{CSS_PORT, MAL_PORT};
use super::super::vote::{Picture, Status};
use super::super::words::{GroupKind, NOBODY, Seqno};
use super::Css;

/// What a row of `show` says of an EP beside its name and its heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) is_ok: bool,
    pub(super) active: bool,
}

/// `vtd_status`: of an EP that is not active it tells how it ended.
pub(super) fn vtd_status(status: Status, standing: Standing) -> &'static str {
    match (standing.active, status) {
        (true, Status::Startup) => "STARTUP",
        (true, Status::Startup2) => "STARTUP2",
        (true, _) => "WORKING",
        (false, Status::Shutdown) if standing.is_ok => "SHUTDOWN",
        (false, Status::Shutdown) => "STOP",
        (false, _) => "SYSHALT",
    }
}

impl Css {
    pub(super) fn shown(&self, only: Option<GroupKind>, picture: &Picture) -> Vec<String> {
        let shown = GroupKind::ALL.into_iter().filter(|kind| only.is_none_or(|only| only == *kind));
        shown.flat_map(|kind| self.shown_group(kind, picture)).collect()
    }

    fn shown_group(&self, kind: GroupKind, picture: &Picture) -> Vec<String> {
        let reign = self.reign.borrow();
        let Some(group) = reign.as_ref().and_then(|reign| reign.groups.get(&kind)) else { return Vec::new() };
        let sight = self.sight(group, picture);
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
        lines.push(format!("sta = {}, sub_sta = {}", group.status(), group.sub_status()));
        lines.push(format!("break ep = {}", or_null(group.broken)));
        lines.push(format!("recover ep = {}", or_null(group.recovering)));
        let over = group.broken.is_none() && group.ok.len() < group.members.len() && group.crash_is_over(&sight);
        lines.push(format!("crash process over flag is {}", if over { "TRUE" } else { "FALSE" }));
        if kind == GroupKind::Css {
            lines.extend([GroupKind::Asm, GroupKind::Db].map(|kind| self.shown_restart(kind)));
        }
        lines.push(
            "ep:  css_time  inst_name  seqno  port  mode  inst_status  vtd_status  is_ok  active  guid  ts".to_owned(),
        );
        lines.extend(group.members.iter().map(|ep| {
            let active = sight.contains_key(ep) || (kind == GroupKind::Css && *ep == self.me);
            self.shown_ep(group, *ep, Standing { is_ok: group.ok.contains(ep), active }, picture)
        }));
        lines
    }

    fn shown_ep(&self, group: &Group, ep: Seqno, standing: Standing, picture: &Picture) -> String {
        let kind = group.kind;
        let beat = picture.heartbeat(kind, ep);
        let (time, name, port) = (self.process.wall_clock().with_millis(), kind.ep_name(ep), port_of(kind));
        let mode = if group.control == Some(ep) { "Control Node" } else { "Normal Node" };
        let (status, vtd_status) = (beat.status.name(), vtd_status(beat.status, standing));
        let is_ok = if standing.is_ok { "OK" } else { "ERROR" };
        let active = if standing.active { "TRUE" } else { "FALSE" };
        let (guid, ts) = (beat.guid, beat.ts);
        format!("     {time}  {name}  {ep}  {port}  {mode}  {status}  {vtd_status}  {is_ok}  {active}  {guid}  {ts}")
    }

    fn shown_restart(&self, kind: GroupKind) -> String {
        let turn = if self.restarts_by_itself(kind) { "ON" } else { "OFF" };
        format!("{} auto restart = {turn}", kind.group_name())
    }

    /// The registry as it was set up (dmdcr_cfg.ini).
    pub(super) fn shown_config(&self) -> Vec<String> {
        let (parameters, members) = (&self.plan.parameters, self.plan.members());
        let mut lines = vec![
            format!("DCR_N_GRP                = {}", GroupKind::ALL.len()),
            format!("DCR_VTD_PATH             = /dev/{}", if self.plan.vote.len() == 1 { "vote" } else { "dcrv" }),
        ];
        for kind in GroupKind::ALL {
            lines.push("[GRP]".to_owned());
            lines.push(format!("DCR_GRP_TYPE             = {}", kind.name()));
            lines.push(format!("DCR_GRP_NAME             = {}", kind.group_name()));
            lines.push(format!("DCR_GRP_N_EP             = {}", members.len()));
            lines.push(format!("DCR_GRP_DSKCHK_CNT       = {}", parameters.disk_check.as_secs()));
        }
        for kind in GroupKind::ALL {
            for ep in &members {
                lines.push(format!("[{}]", kind.group_name()));
                lines.push(format!("DCR_EP_NAME              = {}", kind.ep_name(*ep)));
                lines.push(format!("DCR_EP_SEQNO             = {ep}"));
                lines.push(format!("DCR_EP_HOST              = {}", self.host_name(*ep)));
                lines.push(format!("DCR_EP_PORT              = {}", port_of(kind)));
            }
        }
        lines
    }

    fn host_name(&self, ep: Seqno) -> String {
        self.process.world().host_name(self.plan.node(ep).host).to_string()
    }

    /// The monitors whose commands are under way, the one that asks among them.
    pub(super) fn shown_monitors(&self) -> Vec<String> {
        let monitors = self.monitors.borrow();
        let mut lines = vec![
            format!("monitor num:{}", monitors.connected.len()),
            "conn_time                mid         from".to_owned(),
        ];
        let world = self.process.world();
        lines.extend(monitors.connected.iter().map(|(number, (since, process))| {
            let host = world.host_name(world.host_of(*process));
            format!("{}  {number:<10}  {host}", since.with_millis())
        }));
        lines
    }
}

/// The port of an EP, as the registry has it.
const fn port_of(kind: GroupKind) -> u16 {
    match kind {
        GroupKind::Css => CSS_PORT.0,
        GroupKind::Asm => 9349,
        GroupKind::Db => MAL_PORT.0 - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_the_manual() {
        let standing = |is_ok, active| Standing { is_ok, active };
        assert_eq!(vtd_status(Status::Open, standing(true, true)), "WORKING");
        assert_eq!(vtd_status(Status::Shutdown, standing(true, false)), "SHUTDOWN");
        assert_eq!(vtd_status(Status::Shutdown, standing(false, false)), "STOP");
        assert_eq!(vtd_status(Status::Open, standing(false, false)), "SYSHALT");
    }
}
