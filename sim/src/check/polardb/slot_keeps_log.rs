//! I10: the log a valid slot still needs is there.

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, announcement, judge_written, kept, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-slot-keeps-log",
    promise: "No segment of the log is removed that a replication slot still needs.",
    promise_zh: "复制槽仍需要的日志段不会被删除。",
    example: Example {
        story: "Segments before 9000 are removed; the slot replica1 still needs the log from 5000 on.",
        text: "1s pb1/postgres log.removed before=9000 slot=replica1 restart=5000\n",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    for event in trace.events() {
        let Some(("log.removed", fields)) = announcement(event) else { continue };
        let (Some(before), Some(restart)) = (number(fields, "before"), number(fields, "restart")) else { continue };
        if before > restart {
            let slot = text(fields, "slot").unwrap_or("unknown");
            let told = format!("The log before {before} was removed; the slot {slot} needs it from {restart} on.");
            return violated(&CHECK, event, vec![told]);
        }
    }
    kept(&CHECK, trace, &["log.removed"])
}
