//! I8: an online promote goes on where the old writer's durable log ends, on the same timeline.

use std::collections::BTreeMap;

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, Volumes, announcement, judge_written, kept, life, number, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-promote-keeps-log",
    promise: "A promoted replica goes on behind every transaction that the old writer had made durable.",
    promise_zh: "升主的只读节点从旧主已持久化日志的末尾继续。",
    example: Example {
        story: "pb1 has made a transaction durable up to 9000; pb2 is promoted and goes on at 8000.",
        text: "\
1s pb1/postgres server.mounted role=primary volume=wal
2s pb2/postgres server.mounted role=replica volume=wal
3s pb1/postgres commit.durable xid=7 client=1 number=1 end=9000
4s pb2/postgres promote.end-of-log end=8000 timeline=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut volumes = Volumes::default();
    let mut durable: BTreeMap<String, i64> = BTreeMap::new();
    for event in trace.events() {
        volumes.take(event);
        let Some((name, fields)) = announcement(event) else { continue };
        let Some(volume) = life(event.place).and_then(|life| volumes.of(life)) else { continue };
        let Some(end) = number(fields, "end") else { continue };
        let known = durable.entry(volume).or_default();
        match name {
            "commit.durable" => *known = end.max(*known),
            "promote.end-of-log" if end < *known => {
                let who = trace.place_name(event.place);
                let told = format!("{who} goes on at {end}, but transactions were durable up to {known}.");
                return violated(&CHECK, event, vec![told]);
            }
            _ => {}
        }
    }
    kept(&CHECK, trace, &["promote.end-of-log"])
}
