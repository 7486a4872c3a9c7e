//! V9: a node that is past the fork is not taken back without a rewind.

use std::collections::BTreeMap;

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, announcement, judge_written, number, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "kb-no-stream-past-the-fork",
    promise: "A standby streams from another timeline only if its own log ends at or before the fork.",
    promise_zh: "备库仅当自身日志不超过分叉点时才能接入新时间线。",
    example: Example {
        story: "Timeline 2 forked off timeline 1 at 4000; node1, on timeline 1 up to 5000, streams from it.",
        text: "\
10s node2/kingbase timeline.started timeline=2 parent=1 fork=4000
20s node1/kingbase stream.started from=node2 timeline=2 own=1 position=5000
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    // Where a timeline forked off another; of two with the same number, the last one is the one that is streamed.
    let mut forks: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for event in trace.events() {
        let Some((name, fields)) = announcement(event) else { continue };
        let value = |name| number(fields, name);
        match name {
            "timeline.started" => {
                if let (Some(timeline), Some(parent), Some(fork)) = (value("timeline"), value("parent"), value("fork"))
                {
                    forks.insert((timeline, parent), fork);
                }
            }
            "stream.started" => {
                let (Some(timeline), Some(own), Some(position)) = (value("timeline"), value("own"), value("position"))
                else {
                    continue;
                };
                if let Some(fork) = forks.get(&(timeline, own)).filter(|fork| position > **fork) {
                    let place = trace.place_name(event.place);
                    let text = format!(
                        "{place} streams timeline {timeline} from {position} on, but it forked off timeline {own} at {fork}."
                    );
                    return violated(&CHECK, event, text);
                }
            }
            _ => {}
        }
    }
    Finding::holds(CHECK.name)
}
