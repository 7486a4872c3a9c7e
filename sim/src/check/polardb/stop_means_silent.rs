//! I11: after `pg_ctl stop` has returned, nothing of that server is written any more.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::{HostId, ProcessChange, Trace, What};

use super::{Check, Example, Finding, announcement, judge_written, kept, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-stop-means-silent",
    promise: "After pg_ctl has said that a server is stopped, no request of that server reaches the disk.",
    promise_zh: "pg_ctl 报告实例已停止后,该实例不再有任何写入落盘。",
    example: Example {
        story: "pg_ctl says that pb1 is stopped; its pfsd then writes what pb1 had left in shared memory.",
        text: "\
1s pb1/shell pg_ctl.stopped mode=fast
2s pb1/pfsd pfs.late-write client=3
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut stopped: BTreeMap<HostId, Instant> = BTreeMap::new();
    for event in trace.events() {
        let Some(host) = trace.host_of(event.place) else { continue };
        let of_server = trace.place_name(event.place).ends_with("/postgres");
        match announcement(event) {
            Some(("pg_ctl.stopped", _)) => drop(stopped.insert(host, event.at)),
            Some(("pfs.late-write", _)) => {
                if let Some(at) = stopped.get(&host) {
                    let who = trace.place_name(event.place);
                    let told = format!("{who} wrote for a server that pg_ctl had called stopped at {at}.");
                    return violated(&CHECK, event, vec![told]);
                }
            }
            _ if of_server && event.what == What::Process(ProcessChange::Started) => drop(stopped.remove(&host)),
            _ => {}
        }
    }
    kept(&CHECK, trace, &["pg_ctl.stopped"])
}
