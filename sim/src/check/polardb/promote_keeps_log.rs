//! I8: an online promote goes on where the old writer's durable log ends, on the same timeline.

use std::collections::{BTreeMap, BTreeSet};

use reports::sentence;

use super::{
    Check, Example, Finding, Life, Story, announcement, judge_written, kept, life, number, text, violated, volume, who,
};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-promote-keeps-log",
    promise: "The first record of a promoted replica stands behind everything the old writer had made durable, on its timeline.",
    promise_zh: "升主的只读节点从旧主已持久化日志的末尾、在同一时间线上继续。",
    example: Example {
        story: "pb1 has made the log durable up to 9000; pb2 is promoted and goes on at 8000.",
        text: "\
2s pb2/postgres server.mounted role=replica volume=wal
3s pb1/postgres disk.log-durable volume=wal end=9000 timeline=1
4s pb2/postgres disk.end-of-recovery volume=wal start=8000 timeline=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges what the devices say. Which server was a replica is in its files alone, so it is taken from its own word.
pub(super) fn judge(story: &Story) -> Finding {
    let mut replicas: BTreeSet<Life> = BTreeSet::new();
    // Per volume: who made it durable, up to where and on which timeline.
    let mut durable: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for event in story.events() {
        let (Some(life), Some((name, fields))) = (life(event.place), announcement(event)) else { continue };
        match name {
            "server.mounted" if text(fields, "role") == Some("replica") => drop(replicas.insert(life)),
            "disk.log-durable" => {
                let now = (number(fields, "end").unwrap_or(0), number(fields, "timeline").unwrap_or(0));
                let known = durable.entry(volume(fields)).or_default();
                *known = (*known).max(now);
            }
            "disk.end-of-recovery" if replicas.contains(&life) => {
                let (start, timeline) = (number(fields, "start").unwrap_or(0), number(fields, "timeline").unwrap_or(0));
                let (end, old) = durable.get(&volume(fields)).copied().unwrap_or_default();
                let who = who(story.trace, event);
                if start < end {
                    let told = sentence!(
                        "{0} goes on at {start}, but the log was durable up to {end}.",
                        "{0} 从 {start} 继续,而日志已持久化到 {end}。",
                        who
                    );
                    return violated(&CHECK, event, vec![told]);
                }
                if timeline != old {
                    let told = sentence!(
                        "{0} goes on on timeline {timeline}; the log is on timeline {old}.",
                        "{0} 在时间线 {timeline} 上继续,而日志处于时间线 {old}。",
                        who
                    );
                    return violated(&CHECK, event, vec![told]);
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, story, &["disk.end-of-recovery"])
}
