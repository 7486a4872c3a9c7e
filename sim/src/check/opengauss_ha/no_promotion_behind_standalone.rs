//! I5: what a standalone primary acknowledged is on no standby, so whoever is promoted then may lose it.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::{HostId, Trace};
use reports::sentence;

use super::{Check, Example, Finding, announcement, holds_if, judge_written, number, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "ha-no-promotion-behind-standalone",
    promise: "No standby is promoted that has not caught up since its primary went on alone.",
    promise_zh: "主机进入 standalone 后未重新追平的备机不会被提升。",
    example: Example {
        story: "dn1 goes on without standbys, dn2 is promoted before it has caught up.",
        text: "\
1s dn1/gaussdb sync.standalone standalone=1
2s dn2/gaussdb promote.finished kind=failover lsn=4096
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut judged = false;
    let mut alone: BTreeMap<HostId, Instant> = BTreeMap::new();
    for event in trace.events() {
        let Some(host) = trace.host_of(event.place) else { continue };
        match announcement(event) {
            Some(("sync.standalone", fields)) => match number(fields, "standalone") {
                Some(1) => {
                    alone.insert(host, event.at);
                }
                _ => {
                    alone.remove(&host);
                }
            },
            Some(("promote.finished", _)) => {
                judged = true;
                if let Some((primary, since)) = alone.iter().find(|(primary, _)| **primary != host) {
                    let (who, primary) = (trace.host_name(host), trace.host_name(*primary));
                    let text = sentence!(
                        "At {} {who} is promoted; since {since} {primary} has acknowledged commits that no standby \
                         has.",
                        "{} 时,{who} 升主;而自 {since} 起 {primary} 确认了任何备机都没有的提交。",
                        event.at
                    );
                    return violated(&CHECK, event, text);
                }
            }
            _ => {}
        }
    }
    holds_if(&CHECK, judged, ("no standby was promoted", "没有备机升主"))
}
