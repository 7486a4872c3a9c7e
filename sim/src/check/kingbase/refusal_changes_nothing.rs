//! V4: a refused switchover leaves no trace.

use nodes::world::trace::{Event, Trace};
use reports::sentence;

use super::{Check, Example, Finding, announcement, answer, judge_written, switchover_end, switchover_step, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "kb-refusal-changes-nothing",
    promise: "A switchover that ends before its first step pauses nobody, writes no table and no event.",
    promise_zh: "被拒绝的切换不暂停任何 repmgrd,不修改元数据,不写事件。",
    example: Example {
        story: "The switchover was refused with exit code 18, and node1's repmgrd is paused all the same.",
        text: "\
10s node2/shell switchover.step step=checks
11s node1/kingbase repmgrd.paused paused=1
12s node2/shell switchover.ended code=18
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut checking: Option<Option<&Event>> = None;
    let mut refused = false;
    for event in trace.events() {
        match switchover_step(event) {
            Some("checks") => checking = Some(None),
            Some("pause") => checking = None,
            _ => {}
        }
        if switchover_end(event).is_some_and(|code| code != 0)
            && let Some(Some(changed)) = checking
        {
            let what = announcement(changed).map_or("something", |(name, _)| name);
            let text = sentence!(
                "The switchover was refused at {}, but it had caused {what}.",
                "切换于 {} 被拒绝,但此前已引起 {what}。",
                event.at
            );
            return violated(&CHECK, changed, text);
        }
        if switchover_end(event).is_some() {
            refused |= checking.is_some();
            checking = None;
        }
        let changes = ["repmgrd.paused", "metadata.changed", "repmgr.event"];
        if let (Some(None), Some((name, _))) = (&checking, announcement(event))
            && changes.contains(&name)
        {
            checking = Some(Some(event));
        }
    }
    answer(&CHECK, refused, ("no switchover was refused", "没有切换被拒绝"))
}
