//! I10: a standby says that its log needs repair only if the primary does not have its last record.

use std::collections::BTreeMap;

use nodes::world::trace::Trace;
use reports::sentence;

use super::{Check, Example, Finding, Life, announcement, holds_if, judge_written, life, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "ha-need-repair-is-true",
    promise: "A standby shows Need repair(WAL) only after its last record was not found in a primary's log, or the log was recycled.",
    promise_zh: "只有最后一条记录不在主机日志中或日志已被回收时,备机才显示 Need repair(WAL)。",
    example: Example {
        story: "The CRCs are equal, and dn1 says that it needs repair.",
        text: "\
1s dn1/gaussdb attach.judged peer=1 lsn=8192 local=77 remote=77
2s dn1/gaussdb reason.changed peer=1 reason=WAL_segment_removed
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut agreed: BTreeMap<(Life, Option<i64>), bool> = BTreeMap::new();
    let mut recycled = false;
    let mut judged = false;
    for event in trace.events() {
        let Some(life) = life(event.place) else { continue };
        match announcement(event) {
            Some(("segment.removed", _)) => recycled = true,
            Some(("attach.judged", fields)) => {
                judged = true;
                let (local, remote) = (number(fields, "local"), number(fields, "remote"));
                agreed.insert((life, number(fields, "peer")), local == remote && remote != Some(0));
            }
            Some(("reason.changed", fields)) => {
                let is_wal = text(fields, "reason").is_some_and(|reason| reason.starts_with("WAL"));
                if is_wal && !recycled && agreed.get(&(life, number(fields, "peer"))) == Some(&true) {
                    let who = trace.place_name(event.place);
                    let text = sentence!(
                        "At {} {who} needs repair although the primary has its last record.",
                        "{} 时,{who} 报告 Need repair,而主库日志中有它的最后一条记录。",
                        event.at
                    );
                    return violated(&CHECK, event, text);
                }
            }
            _ => {}
        }
    }
    holds_if(&CHECK, judged, ("no standby compared its log with a primary's", "没有备机与主库比对过日志"))
}
