//! I13: the role files and the mount agree after every start.

use std::collections::BTreeSet;

use reports::sentence;

use super::{Check, Example, Finding, Life, Story, announcement, judge_written, kept, life, text, violated, who};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-role-matches-mount",
    promise: "A replica mounts the volume read-only and writes nothing of it until promote has remounted it; every other node mounts it for writing.",
    promise_zh: "只读节点以只读方式挂载共享卷,升主重新挂载前不写入;其他节点以读写方式挂载。",
    example: Example {
        story: "pb2 starts as the writer and mounts the volume read-only.",
        text: "1s pb2/postgres server.mounted role=primary mode=readonly volume=wal\n",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges what servers announce of their role and mount, and what the devices say that they wrote.
pub(super) fn judge(story: &Story) -> Finding {
    let mut readers: BTreeSet<Life> = BTreeSet::new();
    for event in story.events() {
        let (Some(life), Some((name, fields))) = (life(event.place), announcement(event)) else { continue };
        match name {
            "server.mounted" => {
                let (Some(role), Some(mode)) = (text(fields, "role"), text(fields, "mode")) else { continue };
                if (role == "replica") != (mode == "readonly") {
                    let who = who(story.trace, event);
                    let told = sentence!(
                        "{0} is {role} by its files and mounted the volume {mode}.",
                        "{0} 按其角色文件为 {role},却以 {mode} 方式挂载共享卷。",
                        who
                    );
                    return violated(&CHECK, event, vec![told]);
                }
                if mode == "readonly" {
                    readers.insert(life);
                }
            }
            "promote.remounted" => drop(readers.remove(&life)),
            "disk.written" if readers.contains(&life) => {
                let who = who(story.trace, event);
                let structure = text(fields, "structure").unwrap_or_default();
                let told = sentence!(
                    "{0} has mounted the volume read-only, and wrote {structure}.",
                    "{0} 以只读方式挂载共享卷,却写入了 {structure}。",
                    who
                );
                return violated(&CHECK, event, vec![told]);
            }
            _ => {}
        }
    }
    kept(&CHECK, story, &["server.mounted"])
}
