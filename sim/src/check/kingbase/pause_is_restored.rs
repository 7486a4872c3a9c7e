//! V5: a switchover that succeeds leaves repmgrd paused where it was paused before, and nowhere else.

use nodes::world::trace::Trace;
use reports::sentence;

use super::{Check, Example, Finding, Pauses, answer, judge_written, switchover_end, switchover_step, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "kb-pause-is-restored",
    promise: "After a switchover with exit code 0 the same repmgrds are paused as before it.",
    promise_zh: "退出码为 0 的切换结束后,repmgrd 的暂停状态与切换前一致。",
    example: Example {
        story: "The switchover paused node1 and ended with exit code 0 without letting it go.",
        text: "\
10s node2/shell switchover.step step=checks
11s node2/shell switchover.step step=pause
11s node1/kingbase repmgrd.paused paused=1
15s node2/shell switchover.ended code=0
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut pauses = Pauses::default();
    let (mut before, mut succeeded) = (Vec::new(), false);
    for event in trace.events() {
        if switchover_step(event) == Some("checks") {
            before = pauses.paused();
        }
        pauses.take(trace, event);
        succeeded |= switchover_end(event) == Some(0);
        if switchover_end(event) == Some(0) && pauses.paused() != before {
            let still: Vec<&str> = pauses.paused().iter().map(|host| trace.host_name(*host)).collect();
            let text = sentence!(
                "After the switchover repmgrd is paused on {}, as it was not before.",
                "主备切换后 {} 上的 repmgrd 仍处于暂停,而切换前并未暂停。",
                still.join(", ")
            );
            return violated(&CHECK, event, text);
        }
    }
    answer(&CHECK, succeeded, ("no switchover ended with exit code 0", "没有切换以退出码 0 结束"))
}
