//! The flush rule: a page reaches the disk after every replica has applied the log up to it.

use std::collections::BTreeMap;

use nodes::world::trace::{HostId, ProcessId};
use reports::sentence;

use super::{
    Check, Example, Finding, Story, announcement, is_end, judge_written, kept, life, number, text, violated, who,
};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-flush-waits-for-replicas",
    promise: "No page is written whose LSN is beyond what a connected replica says to have applied.",
    promise_zh: "数据页落盘时,其 LSN 不超过任一已连接只读节点上报的回放位点。",
    example: Example {
        story: "pb1 writes page 3 with LSN 900 when the connected replica pb2 has applied only up to 700.",
        text: "\
1s pb2/postgres stream.started from=100 to=pb1 slot=replica1 role=replica
2s pb2/postgres replica.applied lsn=700
3s pb1/postgres disk.page volume=wal page=3 lsn=900
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// A replica that is connected: to which host, and how far it says to have applied the log.
struct Connected {
    to: String,
    applied: i64,
}

/// Judges the pages the devices have against what the replicas say of themselves. A replica counts from its connection
/// until either side ends it: from then on nobody knows what the writer knows of it.
pub(super) fn judge(story: &Story) -> Finding {
    let mut replicas: BTreeMap<ProcessId, Connected> = BTreeMap::new();
    let host = |process: ProcessId| -> Option<HostId> { Some(story.trace.processes.get(usize::from(process.0))?.host) };
    for event in story.events() {
        let Some((process, _)) = life(event.place) else { continue };
        if is_end(event) {
            let ended = host(process).map(|host| story.trace.host_name(host)).unwrap_or_default();
            replicas.retain(|replica, connected| *replica != process && connected.to != ended);
            continue;
        }
        let Some((name, fields)) = announcement(event) else { continue };
        match name {
            "stream.started" => {
                let word = |name| text(fields, name).unwrap_or_default();
                let to = word("to").to_owned();
                // The writer does not know of a replica without a slot, and a standby has a disk of its own.
                if word("role") != "replica" || word("slot").is_empty() {
                    continue;
                }
                replicas.insert(process, Connected { to, applied: number(fields, "from").unwrap_or(0) });
            }
            "replica.applied" => {
                if let (Some(replica), Some(lsn)) = (replicas.get_mut(&process), number(fields, "lsn")) {
                    replica.applied = replica.applied.max(lsn);
                }
            }
            "stream.ended" => drop(replicas.remove(&process)),
            "slot.inactive" => {
                let peer = text(fields, "peer").unwrap_or_default();
                replicas.retain(|replica, _| host(*replica).map(|host| story.trace.host_name(host)) != Some(peer));
            }
            "disk.page" => {
                let (Some(page), Some(lsn)) = (number(fields, "page"), number(fields, "lsn")) else { continue };
                let writer = host(process).map(|host| story.trace.host_name(host)).unwrap_or_default();
                let slow = replicas.iter().find(|(_, replica)| replica.to == writer && replica.applied < lsn);
                if let Some((replica, connected)) = slow {
                    let told = sentence!(
                        "{} wrote page {page} with LSN {lsn}; {} has applied the log only up to {}.",
                        "{} 写出了 LSN 为 {lsn} 的页 {page};而 {} 只回放到 {}。",
                        who(story.trace, event),
                        story.trace.process_name(*replica),
                        connected.applied
                    );
                    return violated(&CHECK, event, vec![told]);
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, story, &["disk.page"])
}
