//! V6: no timeline begins twice. Both sides of a split do it: each takes the next number.

use std::collections::BTreeMap;

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, announcement, judge_written, number, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "kb-timeline-begins-once",
    promise: "No two promotions begin the same timeline at different positions.",
    promise_zh: "同一时间线不会在两个不同位置产生。",
    example: Example {
        story: "node2 and node3 both begin timeline 2, at different positions.",
        text: "\
10s node2/kingbase timeline.started timeline=2 fork=4000
11s node3/kingbase timeline.started timeline=2 fork=5000
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut begun: BTreeMap<i64, (i64, String)> = BTreeMap::new();
    for event in trace.events() {
        let Some(("timeline.started", fields)) = announcement(event) else { continue };
        let (Some(timeline), Some(fork)) = (number(fields, "timeline"), number(fields, "fork")) else { continue };
        let place = trace.place_name(event.place);
        match begun.get(&timeline) {
            Some((other, whose)) if *other != fork => {
                let text =
                    format!("Timeline {timeline} begins at {fork} on {place}, and began at {other} on {whose} before.");
                return violated(&CHECK, event, text);
            }
            _ => {
                begun.insert(timeline, (fork, place));
            }
        }
    }
    Finding::holds(CHECK.name)
}
