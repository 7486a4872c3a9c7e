//! I7, second half: a server whose log ends before minRecoveryPoint never becomes primary.

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, holds_if, judge_written, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "ha-no-primary-below-minimum",
    promise: "No server becomes primary whose log ends before minRecoveryPoint.",
    promise_zh: "日志未达到 minRecoveryPoint 的节点不会成为主机。",
    example: Example {
        story: "A rewound node is started with -M primary before it has caught up.",
        text: "\
1s dn1/gaussdb role.changed role=primary term=1 lsn=4096 below_minimum=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut judged = false;
    for (event, fields) in trace.announced("role.changed") {
        judged |= text(fields, "role") == Some("primary");
        if text(fields, "role") == Some("primary") && number(fields, "below_minimum") == Some(1) {
            let who = trace.place_name(event.place);
            let lsn = number(fields, "lsn").unwrap_or(0);
            let text =
                format!("At {} {who} is primary with a log that ends at {lsn}, before minRecoveryPoint.", event.at);
            return violated(&CHECK, event, text);
        }
    }
    holds_if(&CHECK, judged, "no server became primary")
}
