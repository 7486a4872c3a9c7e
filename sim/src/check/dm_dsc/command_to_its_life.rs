//! I8: a command that was meant for one life of an EP is carried out by no other.

use std::collections::{BTreeMap, BTreeSet};

use reports::{Sentence, sentence};

use super::story::{Ep, Group, SYS_HALT, Story, What};
use super::{Check, Example, Finding, judge_written, kept, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-command-to-its-life",
    promise: "An EP carries out only commands that were written for its own life.",
    promise_zh: "EP 只执行写给其本次生命(guid)的命令。",
    example: Example {
        story: "Kill was meant for the life 7 of DSC0; DSC0 was started again as life 9 and ends by it.",
        text: "\
1s dsc1/dmcss order DB.0 guid=7 command=14
2s dsc0/dmserver slot DB.0 guid=9 life=2
3s dsc0/dmserver halted DB.0 guid=9 life=2
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let mut ordered: BTreeMap<(Group, Ep, u64), BTreeSet<u64>> = BTreeMap::new();
    let mut killed: BTreeSet<(Group, Ep, u64)> = BTreeSet::new();
    let mut was_tested = false;
    for note in &story.notes {
        let stray = match &note.what {
            What::Order { group, ep, guid, command: SYS_HALT, .. } => {
                killed.insert((*group, *ep, *guid));
                continue;
            }
            What::Order { group, ep, guid, sequence, .. } => {
                ordered.entry((*group, *ep, *sequence)).or_default().insert(*guid);
                continue;
            }
            What::Slot { group, ep, guid, done, .. } if *done > 0 => {
                let meant = ordered.get(&(*group, *ep, *done));
                meant.is_some_and(|meant| !meant.contains(guid)).then_some((*group, *ep, *guid, *done))
            }
            What::Halted { group, ep, guid } => {
                (!killed.contains(&(*group, *ep, *guid))).then_some((*group, *ep, *guid, 0))
            }
            _ => continue,
        };
        was_tested = true;
        if let Some((group, ep, guid, sequence)) = stray {
            let command = if sequence == 0 {
                Sentence::from("Kill")
            } else {
                sentence!("command {sequence}", "命令 {sequence}")
            };
            let text = sentence!(
                "At {} EP {ep} of the {} group carries out {2} in its life {guid}, for which it was not written.",
                "{} 时,{} 组的 EP {ep} 在标识为 {guid} 的这次运行中执行了 {2},而该命令不是写给这次运行的。",
                note.at,
                group.name(),
                command
            );
            return violated(&CHECK, note, text);
        }
    }
    kept(&CHECK, was_tested, ("no EP ever carried out a command", "没有 EP 执行过命令"))
}
