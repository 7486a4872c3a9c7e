//! I7: a transaction number belongs to one transaction; redo position and next number never go back on a disk.

use std::collections::BTreeMap;

use reports::sentence;

use super::{Check, Example, Finding, Story, announcement, judge_written, kept, number, violated, volume, who};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-numbers-never-go-back",
    promise: "No transaction number is used twice on a volume, and pg_control never goes back.",
    promise_zh: "同一卷上事务号不重复使用,控制文件的 redo 位点与下一事务号不回退。",
    example: Example {
        story: "pb1 and pb2 both give the number 7 to a transaction of theirs.",
        text: "\
2s pb1/postgres disk.transaction volume=wal xid=7 client=1 number=1 end=9000
4s pb2/postgres disk.transaction volume=wal xid=7 client=2 number=4 end=9100
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges what the devices say.
pub(super) fn judge(story: &Story) -> Finding {
    let mut used: BTreeMap<(String, i64), (i64, i64)> = BTreeMap::new();
    let mut control: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for event in story.events() {
        let Some((name, fields)) = announcement(event) else { continue };
        let field = |name| number(fields, name).unwrap_or(0);
        match name {
            "disk.transaction" => {
                let transaction = (field("client"), field("number"));
                let earlier = *used.entry((volume(fields), field("xid"))).or_insert(transaction);
                if earlier != transaction {
                    let told = sentence!(
                        "{} gives the transaction number {} to transaction {} of client {}; it belongs to \
                         transaction {} of client {}.",
                        "{} 把事务号 {} 给了客户端 {3} 的事务 {2};而它属于客户端 {5} 的事务 {4}。",
                        who(story.trace, event),
                        field("xid"),
                        transaction.1,
                        transaction.0,
                        earlier.1,
                        earlier.0
                    );
                    return violated(&CHECK, event, vec![told]);
                }
            }
            "disk.control" => {
                let now = (field("redo"), field("next_xid"));
                let earlier = control.insert(volume(fields), now).unwrap_or(now);
                if now.0 < earlier.0 || now.1 < earlier.1 {
                    let told = sentence!(
                        "{} writes pg_control with redo {} and next number {}, over redo {} and next number {}.",
                        "{} 写入 pg_control:redo 位点 {}、下一事务号 {},覆盖了 redo 位点 {}、下一事务号 {}。",
                        who(story.trace, event),
                        now.0,
                        now.1,
                        earlier.0,
                        earlier.1
                    );
                    return violated(&CHECK, event, vec![told]);
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, story, &["disk.transaction", "disk.control"])
}
