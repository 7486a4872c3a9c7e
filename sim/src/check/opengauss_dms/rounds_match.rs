//! I7: every round that ends on a node is one that its reformer began, with the same participants.

use std::collections::{BTreeMap, BTreeSet};

use nodes::world::trace::Trace;
use reports::sentence;

use super::{Check, Example, Finding, Life, announcement, judge_written, kept, life, number, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-rounds-match",
    promise: "A node finishes only a round that began in the same life of it, with the same participants as everywhere.",
    promise_zh: "节点只会完成其本次运行期内开始的轮次,且各节点看到的参与者一致。",
    example: Example {
        story: "dn2 finishes a round that began before it was restarted.",
        text: "\
1s dn2/gaussdb started
2s dn2/gaussdb reform.started kind=normal participants=3 judge_time=5 reformer=0 last_primary=0
3s dn2/gaussdb killed
4s dn2/gaussdb started
5s dn2/gaussdb reform.finished kind=normal participants=3 judge_time=5
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut begun: BTreeSet<(Life, i64)> = BTreeSet::new();
    let mut participants: BTreeMap<i64, i64> = BTreeMap::new();
    for event in trace.events() {
        let Some((name @ ("reform.started" | "reform.finished"), fields)) = announcement(event) else { continue };
        let (Some(life), Some(round), Some(members)) =
            (life(event.place), number(fields, "judge_time"), number(fields, "participants"))
        else {
            continue;
        };
        let place = trace.place_name(event.place);
        if *participants.entry(round).or_insert(members) != members {
            let text = sentence!(
                "At {} {place} knows other participants of round {round} than others do.",
                "{} 时,{place} 所知的第 {round} 轮参与者与其他节点不一致。",
                event.at
            );
            return violated(&CHECK, event, vec![text]);
        }
        if name == "reform.started" {
            begun.insert((life, round));
        } else if !begun.contains(&(life, round)) {
            let text = sentence!(
                "At {} {place} finished round {round}, which this life of it never began.",
                "{} 时,{place} 完成了第 {round} 轮,而本次启动后从未开始过该轮。",
                event.at
            );
            return violated(&CHECK, event, vec![text]);
        }
    }
    kept(&CHECK, !begun.is_empty(), ("no round ever began", "从未开始过任何一轮重组"))
}
