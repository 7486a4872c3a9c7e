//! I1: at most one server writes a shared volume.

use std::collections::BTreeMap;

use nodes::world::trace::{Event, Place, Trace};

use super::{
    Check, Example, Finding, Life, Volumes, announcement, is_end, judge_written, kept, life, number, violated,
};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-one-writer",
    promise: "While a server is the writer of a volume, no other server writes anything on it.",
    promise_zh: "某实例为共享卷的写入者期间,其他实例不写入该卷的任何内容。",
    example: Example {
        story: "pb2 is promoted while pb1 goes on committing.",
        text: "\
1s pb1/postgres server.mounted role=primary volume=wal
2s pb1/postgres writes.opened log=wal
3s pb2/postgres server.mounted role=replica volume=wal
4s pb2/postgres writes.opened log=wal
5s pb1/postgres commit.durable xid=7 client=1 number=1 end=9000
6s pb1/postgres control.written redo=1 checkpoint=1 next_xid=8
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// What an announcement says was written.
fn structure(name: &str) -> Option<&'static str> {
    Some(match name {
        "commit.durable" | "promote.end-of-recovery" => "the log",
        "page.written" => "data pages",
        "control.written" => "pg_control",
        "promote.data-copied" => "pg_xact",
        "pfs.allocated" => "the metadata of PFS",
        _ => return None,
    })
}

/// Judges a trace: the first structure that two servers wrote, and the others in their order. The writer of a volume is
/// whoever opened it last, until its process ends or its host is fenced.
pub fn judge(trace: &Trace) -> Finding {
    let mut volumes = Volumes::default();
    let mut owners: BTreeMap<String, Life> = BTreeMap::new();
    let mut damage: Vec<(&'static str, &Event)> = Vec::new();
    for event in trace.events() {
        volumes.take(event);
        if let Some(ended) = life(event.place).filter(|_| is_end(event)) {
            owners.retain(|_, owner| *owner != ended);
        }
        if let Some(("node.fenced", fields)) = announcement(event) {
            let host = number(fields, "host");
            owners.retain(|_, (process, life)| {
                let owner = trace.host_of(Place::Process(*process, *life));
                owner.map(|owner| i64::from(owner.0)) != host
            });
        }
        let (Some(writer), Some((name, _))) = (life(event.place), announcement(event)) else { continue };
        let Some(volume) = volumes.of(writer) else { continue };
        if name == "writes.opened" {
            owners.insert(volume, writer);
            continue;
        }
        let Some(structure) = structure(name) else { continue };
        let elsewhere = owners.get(&volume).is_some_and(|owner| *owner != writer);
        if elsewhere && damage.iter().all(|(known, _)| *known != structure) {
            damage.push((structure, event));
        }
    }
    let Some((_, first)) = damage.first() else { return kept(&CHECK, trace, &["writes.opened"]) };
    let told = damage.iter().map(|(structure, event)| {
        format!(
            "{} wrote {structure} at {}, while another server was the writer of the volume.",
            trace.place_name(event.place),
            event.at
        )
    });
    violated(&CHECK, first, told.collect())
}
