//! I9: a block of PFS belongs to at most one file.

use std::collections::BTreeMap;

use reports::{Sentence, sentence};

use super::{Check, Example, Finding, Story, announcement, judge_written, kept, number, text, violated, volume, who};

/// The check.
pub const CHECK: Check = Check {
    name: "pfs-block-of-one-file",
    promise: "No block of the volume is given to two files.",
    promise_zh: "共享卷的一个块不会同时分配给两个文件。",
    example: Example {
        story: "Two mounts that write give block 9 to two files.",
        text: "\
1s pb1/postgres disk.block volume=wal block=9 file=pg_wal/2 txid=10
2s pb2/postgres disk.block volume=wal block=9 file=base/5/16384_init txid=10
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges the journal of PFS as the device has it.
pub(super) fn judge(story: &Story) -> Finding {
    let mut files: BTreeMap<(String, i64), (String, Sentence)> = BTreeMap::new();
    for event in story.events() {
        let Some(("disk.block", fields)) = announcement(event) else { continue };
        let (Some(block), Some(file)) = (number(fields, "block"), text(fields, "file")) else { continue };
        let now = (file.to_owned(), who(story.trace, event));
        let owner = files.entry((volume(fields), block)).or_insert_with(|| now.clone());
        if owner.0 != now.0 {
            let told = sentence!(
                "{} gives block {block} to {}; {} had given it to {}, by a journal entry that is overwritten now.",
                "{} 把块 {block} 分配给 {};而 {} 已把它分配给 {},该日志项现已被覆盖。",
                now.1,
                now.0,
                owner.1,
                owner.0
            );
            return violated(&CHECK, event, vec![told]);
        }
    }
    kept(&CHECK, story, &["disk.block"])
}
