//! I8: who is promoted by a switchover has the old primary's last checkpoint.

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, announcement, holds_if, judge_written, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "ha-switchover-keeps-the-log",
    promise: "A standby promoted by a switchover has the whole log of the old primary, its last checkpoint included.",
    promise_zh: "switchover 提升的备机拥有原主机的全部日志,包括最后一个检查点。",
    example: Example {
        story: "dn1 writes its last checkpoint at 8192, dn2 is promoted with a log that ends there.",
        text: "\
1s dn1/gaussdb demote.checkpoint lsn=8192
2s dn2/gaussdb promote.finished kind=switchover lsn=8192
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut last_checkpoint = None;
    let mut judged = false;
    for event in trace.events() {
        match announcement(event) {
            Some(("demote.checkpoint", fields)) => last_checkpoint = number(fields, "lsn"),
            Some(("promote.finished", fields)) if text(fields, "kind") == Some("switchover") => {
                let (Some(checkpoint), Some(end)) = (last_checkpoint, number(fields, "lsn")) else { continue };
                judged = true;
                if end <= checkpoint {
                    let who = trace.place_name(event.place);
                    let text = format!(
                        "At {} {who} is promoted with a log that ends at {end}; the old primary's last checkpoint is at \
                         {checkpoint}.",
                        event.at
                    );
                    return violated(&CHECK, event, text);
                }
            }
            _ => {}
        }
    }
    holds_if(&CHECK, judged, "no standby was promoted by a switchover")
}
