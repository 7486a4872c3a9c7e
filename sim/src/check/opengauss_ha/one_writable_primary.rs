//! I1: at most one server takes writes at a time.

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, OpenForWrites, holds_if, judge_written, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "ha-one-writable-primary",
    promise: "At most one server of the cluster takes writes at any moment.",
    promise_zh: "任何时刻最多只有一个节点接受写入。",
    example: Example {
        story: "dn1 takes writes, and dn2 is started with -M primary.",
        text: "\
1s dn1/gaussdb writes.opened epoch=1
2s dn2/gaussdb writes.opened epoch=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut open = OpenForWrites::default();
    let mut judged = false;
    for event in trace.events() {
        let opened = open.take(trace, event);
        judged |= opened;
        if opened && open.open.len() > 1 {
            let who: Vec<String> = open.open.keys().map(|(process, _)| trace.process_name(*process)).collect();
            let text = format!("At {} {} all take writes, on one timeline.", event.at, who.join(" and "));
            return violated(&CHECK, event, text);
        }
    }
    holds_if(&CHECK, judged, "no server ever took writes")
}
