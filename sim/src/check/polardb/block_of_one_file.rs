//! I9: a block of PFS belongs to at most one file.

use std::collections::BTreeMap;

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, Volumes, announcement, judge_written, kept, life, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "pfs-block-of-one-file",
    promise: "No block of the volume is given to two files.",
    promise_zh: "共享卷的一个块不会同时分配给两个文件。",
    example: Example {
        story: "Two mounts that write give block 9 to two files.",
        text: "\
1s pb1/postgres pfs.allocated block=9 file=pg_wal/2 txid=10
2s pb2/postgres pfs.allocated block=9 file=base/5/16384_init txid=10
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut volumes = Volumes::default();
    let mut files: BTreeMap<(String, i64), String> = BTreeMap::new();
    for event in trace.events() {
        volumes.take(event);
        let Some(("pfs.allocated", fields)) = announcement(event) else { continue };
        let (Some(block), Some(file)) = (number(fields, "block"), text(fields, "file")) else { continue };
        let volume = life(event.place).and_then(|life| volumes.of(life)).unwrap_or_default();
        let owner = files.entry((volume, block)).or_insert_with(|| file.to_owned());
        if owner != file {
            return violated(&CHECK, event, vec![format!("Block {block} belongs to {owner} and is given to {file}.")]);
        }
    }
    kept(&CHECK, trace, &["pfs.allocated"])
}
