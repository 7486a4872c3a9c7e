//! I12: a full build never deletes the only copy of a commit, by the bytes of all logs.

use nodes::world::trace::{Event, Trace};

use super::{Check, Example, Finding, judge_written_disk, only_here};
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "ha-full-build-keeps-a-copy",
    promise: "A full build deletes no data directory that alone holds a commit a client was told of.",
    promise_zh: "全量重建不会删除唯一保存着某个已确认事务的数据目录。",
    example: Example {
        story: "dn1 alone has two commits that clients were told of, and is deleted to be copied from dn2.",
        text: "\
4s dn1/gs_ctl disk.only-here kind=full commits=2 list=client_1_transaction_7
",
        judge: |text| judge_written_disk(text, &CHECK, judge),
    },
};

/// Judges a record.
pub fn check(record: &Record) -> Finding {
    judge(&only_here::seen(record), &record.trace)
}

fn judge(events: &[Event], trace: &Trace) -> Finding {
    only_here::judge(
        &CHECK,
        events,
        trace,
        "full",
        ("no full build deleted a data directory", "没有全量重建删除过数据目录"),
    )
}
