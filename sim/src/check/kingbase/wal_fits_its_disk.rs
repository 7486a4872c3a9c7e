//! V10: the log never fills its disk. Files that wait for an archive nobody has configured do it in the end.

use nodes::world::trace::Trace;
use reports::sentence;

use super::{Check, Example, Finding, announcement, answer, judge_written, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "kb-wal-fits-its-disk",
    promise: "No server ends because sys_wal has filled its disk.",
    promise_zh: "没有服务器因 sys_wal 写满磁盘而退出。",
    example: Example {
        story: "node1 ends: there is no space left for its log.",
        text: "10s node1/kingbase database.panic reason=No-space-left-on-device\n",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut opened = false;
    for event in trace.events() {
        opened |= announcement(event).is_some_and(|(name, _)| name == "writes.opened");
        let Some(("database.panic", fields)) = announcement(event) else { continue };
        let reason = text(fields, "reason").unwrap_or_default().replace('-', " ");
        if reason.contains("No space left") {
            let place = trace.place_name(event.place);
            return violated(
                &CHECK,
                event,
                sentence!("{place} ended at {}: {reason}.", "{place} 于 {} 退出:{reason}。", event.at),
            );
        }
    }
    answer(&CHECK, opened, ("no server ever wrote a log", "没有实例写过日志"))
}
