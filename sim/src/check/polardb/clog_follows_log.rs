//! I6: what is not committed in the log does not become visible.

use std::collections::BTreeSet;

use reports::sentence;

use super::{Check, Example, Finding, Story, announcement, judge_written, kept, number, text, violated, volume, who};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-clog-follows-log",
    promise: "pg_xact calls a transaction committed only if its commit is durable in the log, and does not forget or abort it then.",
    promise_zh: "pg_xact 中事务的提交/回滚状态与日志一致。",
    example: Example {
        story: "pb1 writes transaction 8 into pg_xact as committed; the log has the commit of 7 alone.",
        text: "\
1s pb1/postgres disk.transaction volume=wal xid=7 client=1 number=1 end=9000
2s pb1/postgres disk.clog volume=wal xid=8 status=committed
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges what the devices say.
pub(super) fn judge(story: &Story) -> Finding {
    let mut committed: BTreeSet<(String, i64)> = BTreeSet::new();
    for event in story.events() {
        let Some((name, fields)) = announcement(event) else { continue };
        let Some(xid) = number(fields, "xid") else { continue };
        match name {
            "disk.transaction" => drop(committed.insert((volume(fields), xid))),
            "disk.clog" => {
                let in_log = committed.contains(&(volume(fields), xid));
                let (status, who) = (text(fields, "status").unwrap_or_default(), who(story.trace, event));
                let told = match (status, in_log) {
                    ("committed", false) => {
                        sentence!(
                            "{0} calls transaction {xid} committed, and no commit of it is in the log.",
                            "{0} 把事务 {xid} 记为已提交,而日志中没有它的提交。",
                            who
                        )
                    }
                    ("in-progress", true) => {
                        sentence!(
                            "{0} forgets that transaction {xid} is committed, though its commit is in the log.",
                            "{0} 不再记得事务 {xid} 已提交,而日志中有它的提交。",
                            who
                        )
                    }
                    ("aborted", true) => {
                        sentence!(
                            "{0} calls transaction {xid} aborted, and its commit is in the log.",
                            "{0} 把事务 {xid} 记为已回滚,而日志中有它的提交。",
                            who
                        )
                    }
                    _ => continue,
                };
                return violated(&CHECK, event, vec![told]);
            }
            _ => {}
        }
    }
    kept(&CHECK, story, &["disk.clog"])
}
