//! I4: once redo of a dead EP's log has been ordered, no write of that life reaches the shared disks.
//!
//! The documented protocol does not keep this: Kill is a command that the victim polls for, and nobody waits for its
//! end. A drill that shows it expects this check to be violated.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use reports::{Sentence, sentence};

use super::story::{Ep, Group, REDO_COMMANDS, SYS_HALT, Story, What};
use super::{Check, Example, Finding, judge_written, kept, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-killed-writes-nothing-after-redo",
    promise: "After redo of a dead EP's log has been ordered, no write of that life takes effect on logs or pages.",
    promise_zh: "对故障 EP 的重做开始之后,该 EP 旧进程的任何写入都不再生效于日志或数据页。",
    example: Example {
        story: "The redo log of DSC0 is redone by DSC1; DSC0 wakes and writes a page.",
        text: "\
1s dsc0/dmserver slot DB.0 guid=7
2s dsc1/dmcss order DB.0 guid=7 command=14
3s dsc1/dmcss order DB.1 guid=8 command=2 seq=52 control=1 dead=1
4s dsc0/dmserver page page=3 lsn=8
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let lives = story.lives();
    // Those that were judged dead, with the moment redo was ordered.
    let mut dead: BTreeMap<(Ep, u64), Option<Instant>> = BTreeMap::new();
    for note in &story.notes {
        match &note.what {
            What::Order { group: Group::Db, ep, guid, command: SYS_HALT, .. } => {
                dead.entry((*ep, *guid)).or_default();
            }
            What::Record(record) if record.group == Group::Db => {
                let broken = record.broken.iter().filter_map(|ep| Some((*ep, *record.lives.get(ep)?)));
                for life in broken {
                    dead.entry(life).or_default();
                }
            }
            What::Order { group: Group::Db, ep, command, control, .. }
                if REDO_COMMANDS.contains(command) && ep == control =>
            {
                dead.values_mut().for_each(|redone| *redone = redone.or(Some(note.at)));
            }
            What::Redo { .. } | What::Page { .. } => {
                let mut late = dead.iter().filter_map(|(life, redone)| Some((life, (*redone)?)));
                let own = |life: &(Ep, u64)| lives.get(life) == Some(&(note.by.as_str(), note.life));
                if let Some(((ep, _), redone)) = late.find(|(life, _)| own(life)) {
                    let is_page = matches!(note.what, What::Page { .. });
                    let what =
                        Sentence::from(if is_page { ("a page", "数据页") } else { ("a redo log", "重做日志") });
                    let text = sentence!(
                        "At {} a write of {} into {} takes effect; EP {ep} was judged dead, and redo of its log was \
                         ordered at {redone}.",
                        "{0} 时,{1} 对{2}的写入生效;而 EP {ep} 已被判定故障,且其日志已于 {redone} 下令重做。",
                        note.at,
                        note.who(),
                        what
                    );
                    return violated(&CHECK, note, text);
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, dead.values().any(Option::is_some), ("no dead EP's log was ever redone", "从未重做过故障 EP 的日志"))
}
