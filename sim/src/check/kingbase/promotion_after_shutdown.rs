//! V3: a switchover promotes only when the old primary's control page says that it is shut down.

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, announcement, judge_written, switchover_end, switchover_step, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "kb-promotion-after-shutdown",
    promise: "A switchover asks for the promotion only after the old primary has written its shutdown checkpoint.",
    promise_zh: "切换仅在原主库写入关闭检查点之后才提升备库。",
    example: Example {
        story: "node2 is told to promote while node1 has not stopped yet.",
        text: "\
10s node2/shell switchover.step step=stop
11s node2/kingbase promotion.requested
12s node1/kingbase control.shut-down checkpoint=5000
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut waits = false;
    for event in trace.events() {
        if switchover_step(event) == Some("stop") {
            waits = true;
        }
        if switchover_end(event).is_some() {
            waits = false;
        }
        match announcement(event) {
            Some(("control.shut-down", _)) => waits = false,
            Some(("promotion.requested", _)) if waits => {
                let text = format!("At {} the switchover promotes, and the old primary is not shut down.", event.at);
                return violated(&CHECK, event, text);
            }
            _ => {}
        }
    }
    Finding::holds(CHECK.name)
}
