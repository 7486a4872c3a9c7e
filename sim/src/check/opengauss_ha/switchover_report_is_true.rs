//! I9: gs_ctl reports a switchover as done only if the role has changed.

use std::collections::BTreeSet;

use nodes::world::trace::{HostId, Trace};
use reports::sentence;

use super::{Check, Example, Finding, announcement, holds_if, judge_written, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "ha-switchover-report-is-true",
    promise: "gs_ctl reports a switchover as completed only on a host that has become primary.",
    promise_zh: "gs_ctl 只有在本机已成为主机时才报告 switchover 成功。",
    example: Example {
        story: "The time is over, dn2 is still a standby, and gs_ctl says done.",
        text: "\
1s dn2/gaussdb role.changed role=standby
2s dn2/gs_ctl switchover.reported success=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let judged = trace.announced("switchover.reported").next().is_some();
    let mut primaries: BTreeSet<HostId> = BTreeSet::new();
    for event in trace.events() {
        let Some(host) = trace.host_of(event.place) else { continue };
        match announcement(event) {
            Some(("role.changed", fields)) => {
                match text(fields, "role") {
                    Some("primary") => primaries.insert(host),
                    _ => primaries.remove(&host),
                };
            }
            Some(("switchover.reported", fields))
                if number(fields, "success") == Some(1) && !primaries.contains(&host) =>
            {
                let who = trace.host_name(host);
                let text = sentence!(
                    "At {} gs_ctl on {who} reports success, and {who} is no primary.",
                    "{} 时,{who} 上的 gs_ctl 报告成功,而 {who} 并不是主库。",
                    event.at
                );
                return violated(&CHECK, event, text);
            }
            _ => {}
        }
    }
    holds_if(&CHECK, judged, ("gs_ctl reported no switchover", "gs_ctl 没有报告过 switchover"))
}
