//! The flush rule: a page reaches the disk after every replica has applied the log up to it.

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, announcement, judge_written, kept, number, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-flush-waits-for-replicas",
    promise: "No page is written whose LSN is beyond what the slowest replica has applied.",
    promise_zh: "数据页落盘时,其 LSN 不超过最慢只读节点的回放位点。",
    example: Example {
        story: "pb1 writes page 3 with LSN 900 when a replica has applied only up to 700.",
        text: "1s pb1/postgres page.written page=3 lsn=900 flushed=950 oldest_apply=700\n",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace. A position of 0 means that no replica uses a slot.
pub fn judge(trace: &Trace) -> Finding {
    for event in trace.events() {
        let Some(("page.written", fields)) = announcement(event) else { continue };
        let (Some(page), Some(lsn), Some(applied)) =
            (number(fields, "page"), number(fields, "lsn"), number(fields, "oldest_apply"))
        else {
            continue;
        };
        if applied > 0 && lsn > applied {
            let told =
                format!("Page {page} was written with LSN {lsn}; the slowest replica has applied up to {applied}.");
            return violated(&CHECK, event, vec![told]);
        }
    }
    kept(&CHECK, trace, &["page.written"])
}
