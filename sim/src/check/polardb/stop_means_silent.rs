//! I11: after `pg_ctl stop` has returned, nothing of that server is written any more.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::{HostId, ProcessChange, What};
use reports::sentence;

use super::{Check, Example, Finding, Story, announcement, judge_written, kept, text, violated, who};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-stop-means-silent",
    promise: "After pg_ctl has said that a server is stopped, no write of that server takes effect on the disk.",
    promise_zh: "pg_ctl 报告实例已停止后,该实例不再有任何写入落盘。",
    example: Example {
        story: "pg_ctl says that pb1 is stopped; then what pb1 had left in the shared memory of pfsd is written.",
        text: "\
1s pb1/shell pg_ctl.stopped mode=fast
2s pb1/postgres disk.written volume=wal structure=control first=1 sectors=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges the devices' writes against what operators were told.
pub(super) fn judge(story: &Story) -> Finding {
    let mut stopped: BTreeMap<HostId, Instant> = BTreeMap::new();
    for event in story.events() {
        let Some(host) = story.trace.host_of(event.place) else { continue };
        let of_server = || story.trace.place_name(event.place).ends_with("/postgres");
        match announcement(event) {
            Some(("pg_ctl.stopped", _)) => drop(stopped.insert(host, event.at)),
            Some(("disk.written", fields)) => {
                if let Some(at) = stopped.get(&host) {
                    let structure = text(fields, "structure").unwrap_or_default();
                    let who = who(story.trace, event);
                    let told = sentence!(
                        "{structure} was written for {0}, which pg_ctl had called stopped at {at}.",
                        "{structure} 中出现了 {0} 的写入,而 pg_ctl 已于 {at} 报告其停止。",
                        who
                    );
                    return violated(&CHECK, event, vec![told]);
                }
            }
            _ if event.what == What::Process(ProcessChange::Started) && of_server() => drop(stopped.remove(&host)),
            _ => {}
        }
    }
    kept(&CHECK, story, &["pg_ctl.stopped"])
}
