//! I3: a standby streams only from a primary whose log has its own last record.

use std::collections::BTreeMap;

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, Life, announcement, holds_if, judge_written, life, number, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "ha-attached-only-if-same",
    promise: "A standby streams only from a primary that has the standby's last record with the same CRC.",
    promise_zh: "备机只有在最后一条日志记录的 CRC 与主机一致时才进行流复制。",
    example: Example {
        story: "The CRCs differ, and the stream starts all the same.",
        text: "\
1s dn1/gaussdb attach.judged peer=1 lsn=8192 local=77 remote=78
2s dn1/gaussdb stream.started peer=1 lsn=8192
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut streamed = false;
    let mut judged: BTreeMap<Life, (i64, i64, i64)> = BTreeMap::new();
    for event in trace.events() {
        let Some(life) = life(event.place) else { continue };
        match announcement(event) {
            Some(("attach.judged", fields)) => {
                let crc = |name: &str| number(fields, name).unwrap_or(0);
                judged.insert(life, (crc("lsn"), crc("local"), crc("remote")));
            }
            Some(("stream.started", _)) => {
                streamed = true;
                let Some((lsn, local, remote)) = judged.get(&life) else { continue };
                if local != remote || *remote == 0 {
                    let who = trace.place_name(event.place);
                    return violated(
                        &CHECK,
                        event,
                        format!(
                            "At {} {who} streams although its record at {lsn} has the CRC {local} and the primary's {remote}.",
                            event.at
                        ),
                    );
                }
            }
            _ => {}
        }
    }
    holds_if(&CHECK, streamed, "no standby ever streamed")
}
