//! V2: a switchover promotes nobody who has less than the old primary wrote.

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, announcement, judge_written, number, switchover_end, switchover_step, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "kb-switchover-loses-nothing",
    promise: "The timeline that a switchover begins starts behind the shutdown checkpoint of the old primary.",
    promise_zh: "切换产生的新时间线起点不早于原主库的关闭检查点。",
    example: Example {
        story: "node1 stopped at 5000, and node2 began the next timeline at 4000.",
        text: "\
10s node2/shell switchover.step step=stop
11s node1/kingbase control.shut-down checkpoint=5000
12s node2/kingbase timeline.started timeline=2 fork=4000
13s node2/shell switchover.ended code=0
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let (mut is_stopping, mut shut_down) = (false, None);
    for event in trace.events() {
        if switchover_step(event) == Some("stop") {
            (is_stopping, shut_down) = (true, None);
        }
        if switchover_end(event).is_some() {
            is_stopping = false;
        }
        match announcement(event) {
            Some(("control.shut-down", fields)) if is_stopping => shut_down = number(fields, "checkpoint"),
            Some(("timeline.started", fields)) if is_stopping => {
                let (Some(fork), Some(end)) = (number(fields, "fork"), shut_down) else { continue };
                if fork <= end {
                    let text = format!(
                        "The switchover began a timeline at {fork}, but the old primary had written up to {end}."
                    );
                    return violated(&CHECK, event, text);
                }
            }
            _ => {}
        }
    }
    Finding::holds(CHECK.name)
}
