//! I7: a transaction number belongs to one transaction; redo position and next number never go back on a disk.

use std::collections::BTreeMap;

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, Volumes, announcement, judge_written, kept, life, number, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-numbers-never-go-back",
    promise: "No transaction number is used twice on a volume, and pg_control never goes back.",
    promise_zh: "同一卷上事务号不重复使用,控制文件的 redo 位点与下一事务号不回退。",
    example: Example {
        story: "pb1 and pb2 both give the number 7 to a transaction of theirs.",
        text: "\
1s pb1/postgres server.mounted role=primary volume=wal
2s pb1/postgres commit.durable xid=7 client=1 number=1 end=9000
3s pb2/postgres server.mounted role=primary volume=wal
4s pb2/postgres commit.durable xid=7 client=2 number=4 end=9100
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut volumes = Volumes::default();
    let mut used: BTreeMap<(String, i64), (i64, i64)> = BTreeMap::new();
    let mut control: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for event in trace.events() {
        volumes.take(event);
        let Some((name, fields)) = announcement(event) else { continue };
        let Some(volume) = life(event.place).and_then(|life| volumes.of(life)) else { continue };
        match name {
            "commit.durable" => {
                let (Some(xid), Some(client), Some(count)) =
                    (number(fields, "xid"), number(fields, "client"), number(fields, "number"))
                else {
                    continue;
                };
                let earlier = *used.entry((volume, xid)).or_insert((client, count));
                if earlier != (client, count) {
                    let told = format!(
                        "Transaction number {xid} belongs to transaction {count} of client {client} and to transaction {} of client {}.",
                        earlier.1, earlier.0
                    );
                    return violated(&CHECK, event, vec![told]);
                }
            }
            "control.written" => {
                let (Some(redo), Some(next)) = (number(fields, "redo"), number(fields, "next_xid")) else { continue };
                let earlier = control.insert(volume, (redo, next)).unwrap_or((redo, next));
                if redo < earlier.0 || next < earlier.1 {
                    let told = format!(
                        "pg_control goes back from redo {} and next number {} to redo {redo} and next number {next}.",
                        earlier.0, earlier.1
                    );
                    return violated(&CHECK, event, vec![told]);
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, trace, &["commit.durable", "control.written"])
}
