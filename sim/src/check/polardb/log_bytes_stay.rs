//! I2: no byte range of the log is written by two writers.

use reports::{Sentence, sentence};

use super::{Check, Example, Finding, Story, announcement, judge_written, kept, number, text, violated, who};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-log-bytes-stay",
    promise: "No server changes a byte of the log that another server had made durable.",
    promise_zh: "任一实例不改写其他实例已持久化的日志字节。",
    example: Example {
        story: "pb2 has appended at byte 9000; pb1 appends at the same byte.",
        text: "\
1s pb2/postgres disk.log-durable volume=wal end=9100 timeline=1
2s pb1/postgres disk.log-changed volume=wal byte=9000 over=pb2/postgres written_ms=1000
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges what the devices say; every pair of servers is told once.
pub(super) fn judge(story: &Story) -> Finding {
    let mut told: Vec<(Sentence, String)> = Vec::new();
    let mut first = None;
    let mut explanation = Vec::new();
    for event in story.events() {
        let Some(("disk.log-changed", fields)) = announcement(event) else { continue };
        let (Some(byte), Some(over)) = (number(fields, "byte"), text(fields, "over")) else { continue };
        let pair = (who(story.trace, event), over.to_owned());
        if told.contains(&pair) {
            continue;
        }
        let written = number(fields, "written_ms").unwrap_or(0);
        explanation.push(sentence!(
            "{} changed byte {byte} of the log at {}; {over} had written it at {}.{:03}s and made it durable.",
            "{} 于 {} 改写了日志的字节 {byte};{over} 已于 {}.{:03}s 写入并持久化。",
            pair.0,
            event.at,
            written / 1000,
            written % 1000
        ));
        told.push(pair);
        first = first.or(Some(event));
    }
    match first {
        Some(event) => violated(&CHECK, event, explanation),
        None => kept(&CHECK, story, &["disk.log-durable"]),
    }
}
