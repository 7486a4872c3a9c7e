//! V7: a server removes no file that waits to be archived.

use std::collections::BTreeSet;

use nodes::world::time::Instant;
use reports::sentence;

use super::{Check, Example, Finding, answer, device_files, text};
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "kb-unarchived-is-kept",
    promise: "A WAL file that waits to be archived is there, unless an operator removed it.",
    promise_zh: "尚未归档的 WAL 文件不会被服务器回收(操作员手工删除除外)。",
    example: Example {
        story: "A checkpoint on node1 recycled a file whose status is still .ready.",
        text: "\
node1 ready 000000010000000000000006
node1 recycled 000000010000000000000006
",
        judge: |text| judge(&read_written(text), None, Instant::START),
    },
};

/// What is known of the files of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    node: String,
    /// They wait to be archived.
    ready: BTreeSet<String>,
    /// They are there.
    present: BTreeSet<String>,
    /// Checkpoints of the server removed them while they waited.
    recycled: BTreeSet<String>,
}

fn read_written(text: &str) -> Vec<Files> {
    let mut all: Vec<Files> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [node, what, name] = words[..] else { continue };
        if all.iter().all(|files| files.node != node) {
            all.push(Files { node: node.to_owned(), ..Files::default() });
        }
        let Some(files) = all.iter_mut().find(|files| files.node == node) else { continue };
        let set = match what {
            "ready" => &mut files.ready,
            "present" => &mut files.present,
            _ => &mut files.recycled,
        };
        set.insert(name.to_owned());
    }
    all
}

/// Judges a record by the status files on the devices, and by what checkpoints removed.
pub fn check(record: &Record) -> Finding {
    let mut first = None;
    let mut all = Vec::new();
    for node in device_files::of(record) {
        let owned = |name: &str| name.to_owned();
        let mut files = Files {
            ready: node.with_status(".ready").into_iter().map(owned).collect(),
            present: node.below("data/sys_wal/").into_keys().map(owned).collect(),
            node: node.node.clone(),
            recycled: BTreeSet::new(),
        };
        for (event, fields) in record.trace.announced("wal.recycled") {
            let here = record.trace.host_of(event.place).map(|host| record.trace.host_name(host));
            let (Some(name), true) = (text(fields, "file"), here == Some(node.node.as_str())) else { continue };
            let waited = super::number(fields, "waits") == Some(1);
            if waited || files.ready.contains(name) {
                files.recycled.insert(name.to_owned());
                first.get_or_insert((event.number, event.at));
            }
        }
        all.push(files);
    }
    judge(&all, first.map(|(number, _)| number), first.map_or(record.ended, |(_, at)| at))
}

/// Judges what is known of files; the moment is that of the first that was recycled.
pub fn judge(all: &[Files], event: Option<u64>, at: Instant) -> Finding {
    for files in all {
        if let Some(name) = files.recycled.iter().find(|name| !files.present.contains(*name)) {
            let text = sentence!(
                "{} recycled {name}, which waited to be archived.",
                "{} 回收了仍在等待归档的 {name}。",
                files.node
            );
            return Finding::violated(CHECK.name, event, Some(at), vec![text]);
        }
    }
    let known = all.iter().any(|files| !files.ready.is_empty() || !files.present.is_empty());
    answer(&CHECK, known, ("no server has a log", "没有实例有日志"))
}
