//! V11: a primary that was told to wait for its standbys goes on waiting. KingbaseES gives it up, upstream blocks.

use nodes::world::trace::Trace;
use reports::sentence;

use super::{Check, Example, Finding, announcement, answer, judge_written, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "kb-sync-is-kept",
    promise: "No primary gives up waiting for its synchronous standbys.",
    promise_zh: "主库不会放弃等待其同步备库。",
    example: Example {
        story: "node1's standby is gone, and its repmgrd lets it go on alone.",
        text: "10s node1/repmgrd synchronous.given-up names=node2\n",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut waited = false;
    for event in trace.events() {
        waited |= announcement(event).is_some_and(|(name, _)| name == "synchronous.waits");
        let Some(("synchronous.given-up", fields)) = announcement(event) else { continue };
        let (place, names) = (trace.place_name(event.place), text(fields, "names").unwrap_or_default());
        let text = sentence!(
            "At {} {place} let its primary go on without {names}: commits are on one node.",
            "{} 时,{place} 让主库不再等待 {names}:提交只存在于一个节点上。",
            event.at
        );
        return violated(&CHECK, event, text);
    }
    answer(&CHECK, waited, ("no primary was told to wait for a standby", "没有主库被要求等待备机"))
}
