//! I1: at most one CSS gives commands at a time.

use std::collections::BTreeMap;

use reports::sentence;

use super::story::{Group, Note, Story, What};
use super::{Check, Example, Finding, judge_written, kept, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-one-control-css",
    promise: "Once another CSS has written a command or a group record, the one before it never writes one in its old reign.",
    promise_zh: "一旦新的 DMCSS 控制节点写入命令或组记录,旧控制节点不再以其旧任期写入。",
    example: Example {
        story: "CSS1 has taken over, and CSS0 gives one more command.",
        text: "\
1s dsc0/dmcss order DB.1 guid=8 command=5 seq=50 reign=1
2s dsc1/dmcss record DB OPEN/STARTUP counter=51 reign=2
3s dsc0/dmcss order DB.1 guid=8 command=6 seq=51 reign=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let mut writers: BTreeMap<Group, Vec<&Note>> = BTreeMap::new();
    for note in &story.notes {
        let group = match &note.what {
            What::Order { group, .. } => *group,
            What::Record(record) => record.group,
            _ => continue,
        };
        let writers = writers.entry(group).or_default();
        let same = |first: &&Note| (&first.by, first.life, first.reign) == (&note.by, note.life, note.reign);
        match writers.iter().position(same) {
            None => writers.push(note),
            Some(place) if place + 1 == writers.len() => {}
            Some(place) => {
                let follower = writers[place + 1];
                let text = sentence!(
                    "At {} {} writes for the {} group in its reign {}; {} took over at {} with reign {}.",
                    "{} 时,{} 仍以第 {3} 任为 {2} 组下达命令;而 {4} 已于 {5} 以第 {6} 任接管。",
                    note.at,
                    note.who(),
                    group.name(),
                    note.reign,
                    follower.who(),
                    follower.at,
                    follower.reign
                );
                return violated(&CHECK, note, text);
            }
        }
    }
    kept(&CHECK, !writers.is_empty(), ("no CSS ever gave a command", "没有 CSS 下达过命令"))
}
