//! V7: a server removes no file that waits to be archived.

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, announcement, judge_written, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "kb-unarchived-is-kept",
    promise: "No server recycles a WAL file that waits to be archived.",
    promise_zh: "服务器不会回收尚未归档的 WAL 文件。",
    example: Example {
        story: "A checkpoint on node1 recycles a file whose status is still .ready.",
        text: "10s node1/kingbase wal.recycled file=000000010000000000000006 waits=1\n",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    for event in trace.events() {
        let Some(("wal.recycled", fields)) = announcement(event) else { continue };
        if number(fields, "waits") == Some(1) {
            let file = text(fields, "file").unwrap_or("a file");
            let place = trace.place_name(event.place);
            return violated(&CHECK, event, format!("{place} recycled {file}, which waited to be archived."));
        }
    }
    Finding::holds(CHECK.name)
}
