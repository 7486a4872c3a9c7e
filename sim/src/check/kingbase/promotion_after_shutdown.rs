//! V3: a switchover promotes only when the old primary's control page says that it is shut down.

use nodes::world::time::Instant;
use nodes::world::trace::{HostId, Trace};
use reports::sentence;

use super::control_pages::{self, SHUT_DOWN};
use super::{
    Check, Example, Finding, Writable, announcement, answer, judge_written, switchover_end, switchover_step, violated,
};
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "kb-promotion-after-shutdown",
    promise: "A switchover asks for the promotion only after the old primary has written its shutdown checkpoint.",
    promise_zh: "切换仅在原主库写入关闭检查点之后才提升备库。",
    example: Example {
        story: "node2 is told to promote while node1 has not stopped yet.",
        text: "\
1s node1/kingbase started
2s node1/kingbase writes.opened
10s node2/shell switchover.step step=stop
11s node2/kingbase promotion.requested
12s node1/kingbase control.shut-down checkpoint=5000
",
        judge: |text| {
            judge_written(text, &CHECK, |trace| judge(trace, |host, at| announced_shut_down(trace, host, at)))
        },
    },
};

/// Judges a record by the bytes of the control pages.
pub fn check(record: &Record) -> Finding {
    let pages = control_pages::of(record);
    judge(&record.trace, |host, at| {
        let last = control_pages::last(&pages, record.trace.host_name(host), at);
        last.is_some_and(|page| page.state == SHUT_DOWN)
    })
}

/// A written example has no bytes: its control page is what is announced of it.
fn announced_shut_down(trace: &Trace, host: HostId, at: Instant) -> bool {
    let of_host = trace.announced("control.shut-down").filter(|(event, _)| trace.host_of(event.place) == Some(host));
    of_host.into_iter().any(|(event, _)| event.at <= at)
}

/// Judges a trace, told of each host whether its control page says "shut down" at a moment.
pub fn judge(trace: &Trace, is_shut_down: impl Fn(HostId, Instant) -> bool) -> Finding {
    let (mut writable, mut old, mut promoted) = (Writable::default(), None, false);
    for event in trace.events() {
        if switchover_step(event) == Some("stop") {
            old = writable.only();
        }
        if switchover_end(event).is_some() {
            old = None;
        }
        writable.take(trace, event);
        let (Some(("promotion.requested", _)), Some(stopped)) = (announcement(event), old) else { continue };
        promoted = true;
        if !is_shut_down(stopped, event.at) {
            let name = trace.host_name(stopped);
            let text = sentence!(
                "At {} the switchover promotes, and {name}'s control page is not shut down.",
                "{} 时切换已在升主,而 {name} 的控制文件尚未处于正常停库状态。",
                event.at
            );
            return violated(&CHECK, event, text);
        }
    }
    answer(&CHECK, promoted, ("no switchover came to its promotion", "没有切换进行到升主"))
}
