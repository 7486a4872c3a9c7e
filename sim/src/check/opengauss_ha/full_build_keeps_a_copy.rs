//! I12: a full build never deletes a history that no other node has.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::{HostId, Trace};

use super::{Check, Example, Finding, OpenForWrites, announcement, holds_if, judge_written, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "ha-full-build-keeps-a-copy",
    promise: "A full build deletes no data directory that took writes after the present primary was opened.",
    promise_zh: "全量重建不会删除在现主机打开之后仍接受过写入的数据目录。",
    example: Example {
        story: "Both nodes were primary; dn1 wrote last, and is deleted to be copied from dn2.",
        text: "\
1s dn2/gaussdb writes.opened epoch=1
2s dn1/gaussdb writes.opened epoch=1
3s dn1/gaussdb killed
4s dn1/gs_ctl build.deleted
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut open = OpenForWrites::default();
    let mut judged = false;
    let mut last_opened: BTreeMap<HostId, Instant> = BTreeMap::new();
    for event in trace.events() {
        let Some(host) = trace.host_of(event.place) else { continue };
        if open.take(trace, event) {
            last_opened.insert(host, event.at);
        }
        if !matches!(announcement(event), Some(("build.deleted", _))) {
            continue;
        }
        judged = true;
        let Some(own) = last_opened.get(&host) else { continue };
        let others = open.open.values().filter(|(_, of)| *of != Some(host));
        let Some((since, _)) = others.min() else {
            let who = trace.host_name(host);
            return violated(&CHECK, event, format!("At {} {who} is deleted, and no primary lives.", event.at));
        };
        if own > since {
            let who = trace.host_name(host);
            let text = format!(
                "At {} {who} is deleted; it took writes from {own} on, beside the primary of {since}.",
                event.at
            );
            return violated(&CHECK, event, text);
        }
    }
    holds_if(&CHECK, judged, "no full build deleted a data directory")
}
