//! I3: a page reaches the disk after the log records it holds.

use std::collections::BTreeMap;

use reports::sentence;

use super::{Check, Example, Finding, Story, announcement, judge_written, kept, number, violated, volume, who};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-log-before-page",
    promise: "No page is written whose LSN is beyond what of the log is durable.",
    promise_zh: "数据页落盘时,其 LSN 之前的日志必已持久化。",
    example: Example {
        story: "pb1 writes page 3 with LSN 900 when the log is durable up to 800.",
        text: "\
1s pb1/postgres disk.log-durable volume=wal end=800 timeline=1
2s pb1/postgres disk.page volume=wal page=3 lsn=900
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges what the devices say.
pub(super) fn judge(story: &Story) -> Finding {
    let mut durable: BTreeMap<String, i64> = BTreeMap::new();
    for event in story.events() {
        let Some((name, fields)) = announcement(event) else { continue };
        match name {
            "disk.log-durable" => {
                let known = durable.entry(volume(fields)).or_default();
                *known = number(fields, "end").unwrap_or(0).max(*known);
            }
            "disk.page" => {
                let (Some(page), Some(lsn)) = (number(fields, "page"), number(fields, "lsn")) else { continue };
                let until = durable.get(&volume(fields)).copied().unwrap_or(0);
                if lsn > until {
                    let who = who(story.trace, event);
                    let told = sentence!(
                        "{0} wrote page {page} with LSN {lsn}, but the log is durable only up to {until}.",
                        "{0} 写出了 LSN 为 {lsn} 的页 {page},而日志只持久化到 {until}。",
                        who
                    );
                    return violated(&CHECK, event, vec![told]);
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, story, &["disk.page"])
}
