//! I5: the recorded primary takes no part in the failover that replays its log.

use nodes::world::trace::Trace;
use reports::sentence;

use super::{Check, Example, Finding, judge_written, kept, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-failover-without-old-primary",
    promise: "The recorded old primary is not among the participants of a FAILOVER round.",
    promise_zh: "FAILOVER 轮次的参与者中不包含已记录的原主实例。",
    example: Example {
        story: "Instance 0 is the recorded primary and takes part in the failover.",
        text: "\
1s dn2/gaussdb started
2s dn2/gaussdb reform.started kind=failover participants=7 last_primary=0 judge_time=1 reformer=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut failovers = 0;
    for (event, fields) in trace.announced("reform.started") {
        if text(fields, "kind") != Some("failover") {
            continue;
        }
        failovers += 1;
        let (Some(participants), Some(primary)) = (number(fields, "participants"), number(fields, "last_primary"))
        else {
            continue;
        };
        if participants >> primary & 1 == 1 {
            return violated(
                &CHECK,
                event,
                vec![sentence!(
                    "At {} a failover began on {} with the recorded primary, instance {primary}, among its \
                     participants.",
                    "{} 时,{} 上开始的 failover 轮次的参与者中包含记录的主节点实例 {primary}。",
                    event.at,
                    trace.place_name(event.place)
                )],
            );
        }
    }
    kept(&CHECK, failovers > 0, ("no failover round began", "没有开始过 failover 轮次"))
}
