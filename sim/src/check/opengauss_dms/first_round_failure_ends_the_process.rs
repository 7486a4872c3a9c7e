//! I9: nobody is in the cluster without having finished a round in this life; a failed first round ends the process.

use std::collections::BTreeSet;

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, Life, announcement, judge_written, kept, life, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-first-round-failure-ends-the-process",
    promise: "A process whose first round failed takes part in no other round before it is restarted.",
    promise_zh: "首轮失败的进程在重启之前不再参与任何轮次。",
    example: Example {
        story: "The first round of dn3 fails and dn3 goes on to the next in the same life.",
        text: "\
1s dn3/gaussdb started
2s dn3/gaussdb reform.started kind=normal participants=7 judge_time=5 reformer=0 last_primary=0
3s dn3/gaussdb reform.failed kind=normal judge_time=5
4s dn3/gaussdb reform.started kind=normal participants=7 judge_time=6 reformer=0 last_primary=0
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut finished: BTreeSet<Life> = BTreeSet::new();
    let mut failed: BTreeSet<Life> = BTreeSet::new();
    for event in trace.events() {
        let (Some(life), Some((name, _))) = (life(event.place), announcement(event)) else { continue };
        match name {
            "reform.finished" => {
                finished.insert(life);
            }
            "reform.failed" if !finished.contains(&life) => {
                failed.insert(life);
            }
            "reform.started" if failed.contains(&life) => {
                return violated(
                    &CHECK,
                    event,
                    vec![format!(
                        "At {} {} begins a round although its first round in this life had failed.",
                        event.at,
                        trace.place_name(event.place)
                    )],
                );
            }
            _ => {}
        }
    }
    kept(&CHECK, !failed.is_empty(), "no process failed its first round")
}
