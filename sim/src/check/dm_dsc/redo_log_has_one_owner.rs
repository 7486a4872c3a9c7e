//! I2: a redo log is appended to by the present life of its EP only, and never between its being judged dead and its
//! rejoin, but for the control EP that closes it.
//!
//! This is strict: a healthy EP that is judged dead and writes on until its next look into the mailbox breaks it.

use std::collections::{BTreeMap, BTreeSet};

use reports::sentence;

use super::story::{Ep, Group, SYS_HALT, Story, What};
use super::{Check, Example, Finding, judge_written, kept, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-redo-log-has-one-owner",
    promise: "A redo log is written by its EP until Kill is on the voting disk, then by nobody but the control EP that closes it.",
    promise_zh: "在线重做日志只由所属 EP 写入;写入 Kill 命令后,除负责收尾的控制 EP 外任何人不再写入。",
    example: Example {
        story: "Kill for DSC0 is on the voting disk, and DSC0 writes its log.",
        text: "\
1s dsc0/dmserver slot DB.0 guid=7
2s dsc0/dmserver redo log=0
3s dsc1/dmcss order DB.0 guid=7 command=14
4s dsc0/dmserver redo log=0
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let owners = story.databases();
    let mut living: BTreeMap<(&str, u32), (Ep, u64)> = BTreeMap::new();
    let mut killed: BTreeSet<(Ep, u64)> = BTreeSet::new();
    let mut not_ok: BTreeSet<Ep> = BTreeSet::new();
    let mut was_tested = false;
    for note in &story.notes {
        match &note.what {
            What::Slot { group: Group::Db, ep, guid, .. } => {
                living.insert((&note.by, note.life), (*ep, *guid));
            }
            What::Order { group: Group::Db, ep, guid, command: SYS_HALT, .. } => {
                killed.insert((*ep, *guid));
            }
            What::Record(record) if record.group == Group::Db => {
                not_ok = owners.keys().copied().filter(|ep| !record.ok.contains(ep)).collect();
                not_ok.extend(&record.broken);
            }
            What::Redo { log } => {
                was_tested = true;
                let is_owner = owners.get(log) == Some(&note.by.as_str());
                let life = living.get(&(note.by.as_str(), note.life));
                if !is_owner && !not_ok.contains(log) {
                    let text = sentence!(
                        "At {} {} writes the redo log of EP {log}, which is alive.",
                        "{} 时,{} 写入 EP {log} 的重做日志,而该 EP 仍存活。",
                        note.at,
                        note.who()
                    );
                    return violated(&CHECK, note, text);
                }
                if is_owner && life.is_some_and(|life| killed.contains(life)) {
                    let text = sentence!(
                        "At {} {} writes its redo log; Kill was on the voting disk before.",
                        "{} 时,{} 仍在写自己的重做日志;此前表决磁盘上已有对它的 Kill 命令。",
                        note.at,
                        note.who()
                    );
                    return violated(&CHECK, note, text);
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, was_tested, ("no redo log was ever written", "从未写过重做日志"))
}
