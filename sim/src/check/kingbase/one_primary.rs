//! V1: one writable primary at a time. A real cluster has no fence that keeps this.

use std::collections::BTreeSet;

use nodes::world::trace::Trace;
use reports::sentence;

use super::{Check, Example, Finding, Life, announcement, answer, is_end, judge_written, life, violated};
use crate::check::all_of;

/// The check.
pub const CHECK: Check = Check {
    name: "kb-one-primary",
    promise: "At most one server of the cluster accepts writing transactions at any moment.",
    promise_zh: "任何时刻集群中最多只有一个可写主库。",
    example: Example {
        story: "node2 was promoted while node1, cut off from it, still takes writes.",
        text: "\
1s node1/kingbase started
2s node1/kingbase writes.opened
3s node2/kingbase started
60s node2/kingbase writes.opened
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let (mut open, mut opened): (BTreeSet<Life>, bool) = (BTreeSet::new(), false);
    for event in trace.events() {
        let Some(life) = life(event.place) else { continue };
        match announcement(event) {
            Some(("writes.opened", _)) => {
                open.insert(life);
                opened = true;
            }
            Some(("writes.closed", _)) => {
                open.remove(&life);
            }
            _ if is_end(event) => {
                open.remove(&life);
            }
            _ => {}
        }
        if open.len() > 1 {
            let names = all_of(open.iter().map(|(process, _)| trace.process_name(*process)));
            return violated(
                &CHECK,
                event,
                sentence!("At {} {} all accept writes.", "{} 时,{} 同时接受写入。", event.at, names),
            );
        }
    }
    answer(&CHECK, opened, ("no server ever accepted writes", "没有实例接受过写入"))
}
