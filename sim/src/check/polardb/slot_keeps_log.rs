//! I10: the log a valid slot still needs is there.

use std::collections::BTreeMap;

use reports::sentence;

use super::{Check, Example, Finding, Story, announcement, judge_written, kept, number, text, violated, volume, who};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-slot-keeps-log",
    promise: "No segment of the log is removed that a replication slot still needs.",
    promise_zh: "复制槽仍需要的日志段不会被删除。",
    example: Example {
        story: "The segment that ends at 9000 is removed; the slot replica1 still needs the log from 5000 on.",
        text: "\
1s pb1/postgres disk.slot volume=wal place=0 slot=replica1 restart=5000
2s pb1/postgres disk.segment-removed volume=wal end=9000
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges the state files of the slots and the headers of the segments, as the devices have them.
pub(super) fn judge(story: &Story) -> Finding {
    let mut slots: BTreeMap<(String, i64), (String, i64)> = BTreeMap::new();
    let mut removed: BTreeMap<String, i64> = BTreeMap::new();
    for event in story.events() {
        let Some((name, fields)) = announcement(event) else { continue };
        let field = |name| number(fields, name).unwrap_or(0);
        match name {
            "disk.slot" => {
                let (slot, restart) = (text(fields, "slot").unwrap_or_default().to_owned(), field("restart"));
                let gone = removed.get(&volume(fields)).copied().unwrap_or(0);
                if !slot.is_empty() && restart < gone {
                    let who = who(story.trace, event);
                    let told = sentence!(
                        "{0} wrote the slot {slot} with {restart}; the log before {gone} is removed.",
                        "{0} 写入复制槽 {slot},位点 {restart};而 {gone} 之前的日志已被删除。",
                        who
                    );
                    return violated(&CHECK, event, vec![told]);
                }
                slots.insert((volume(fields), field("place")), (slot, restart));
            }
            "disk.segment-removed" => {
                let (of, end) = (volume(fields), field("end"));
                let needy = slots
                    .iter()
                    .find(|((volume, _), (slot, restart))| *volume == of && !slot.is_empty() && *restart < end);
                if let Some((_, (slot, restart))) = needy {
                    let who = who(story.trace, event);
                    let told = sentence!(
                        "{0} removed the log before {end}; the slot {slot} needs it from {restart} on.",
                        "{0} 删除了 {end} 之前的日志;而复制槽 {slot} 从 {restart} 起仍需要它。",
                        who
                    );
                    return violated(&CHECK, event, vec![told]);
                }
                let gone = removed.entry(of).or_default();
                *gone = end.max(*gone);
            }
            _ => {}
        }
    }
    kept(&CHECK, story, &["disk.segment-removed"])
}
