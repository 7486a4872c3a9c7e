//! Reference section 7, row 17: a rewind discards no commit that a client was told of, by the bytes of the logs.
//!
//! `gs_rewind` goes back to the last common checkpoint whatever lies behind it; that some of it was confirmed to
//! clients nobody asks.

use nodes::world::trace::{Event, Trace};

use super::{Check, Example, Finding, judge_written_disk, only_here};
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "ha-rewind-discards-no-commit",
    promise: "A rewind discards no commit that a client was told of and its source does not have.",
    promise_zh: "rewind 不会丢弃已向客户端确认而源端没有的事务。",
    example: Example {
        story: "dn1 has one commit that a client was told of and dn2, the new primary, never got; dn1 is rewound.",
        text: "\
4s dn1/gs_ctl disk.only-here kind=rewind commits=1 list=client_1_transaction_7
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
        "rewind",
        ("no rewind came so far as to read the log that it abandons", "没有增量重建进行到读取被放弃日志的步骤"),
    )
}
