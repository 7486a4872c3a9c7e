//! I1: at most one server takes writes at a time.

use nodes::world::trace::Trace;
use reports::sentence;

use super::{Check, Example, Finding, OpenForWrites, holds_if, judge_written, violated};
use crate::check::all_of;

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
            let who = all_of(open.open.keys().map(|(process, _)| trace.process_name(*process)));
            let text = sentence!(
                "At {} {} all take writes, on one timeline.",
                "{} 时,{} 在同一时间线上同时接受写入。",
                event.at,
                who
            );
            return violated(&CHECK, event, text);
        }
    }
    holds_if(&CHECK, judged, ("no server ever took writes", "没有实例接受过写入"))
}
