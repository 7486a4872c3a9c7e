//! I3: a page reaches the disk after the log records it holds.

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, announcement, judge_written, kept, number, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-log-before-page",
    promise: "No page is written whose LSN is beyond what of the log is durable.",
    promise_zh: "数据页落盘时,其 LSN 之前的日志必已持久化。",
    example: Example {
        story: "pb1 writes page 3 with LSN 900 when the log is durable up to 800.",
        text: "1s pb1/postgres page.written page=3 lsn=900 flushed=800 oldest_apply=0\n",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    for event in trace.events() {
        let Some(("page.written", fields)) = announcement(event) else { continue };
        let (Some(page), Some(lsn), Some(flushed)) =
            (number(fields, "page"), number(fields, "lsn"), number(fields, "flushed"))
        else {
            continue;
        };
        if lsn > flushed {
            let told = format!("Page {page} was written with LSN {lsn}, but the log is durable only up to {flushed}.");
            return violated(&CHECK, event, vec![told]);
        }
    }
    kept(&CHECK, trace, &["page.written"])
}
