//! I12: registry, group record and `show` agree on who is OK when a flow has ended.

use std::collections::{BTreeMap, BTreeSet};

use reports::{Sentence, sentence};

use super::story::{Ep, Group, Note, Story, What};
use super::{Check, Example, Finding, judge_written, kept, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-registry-agrees",
    promise: "When a group is open again, the registry and what operators are shown name the same EPs as OK as its record does.",
    promise_zh: "组重新 OPEN 后,DCR、组记录与 show 输出对正常 EP 的记载一致。",
    example: Example {
        story: "DSC0 died and was handled; the registry still has it as OK.",
        text: "\
1s dsc1/dmcss registry DB ok=0,1
2s dsc1/dmcss record DB PROCESS_EP_CRASH/WAIT_EP_CONFIG_VIP ok=1 counter=60
3s dsc1/dmcss record DB OPEN/STARTUP ok=1 counter=61
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// The last record of a group: its note, who is OK in it, and who was before that, if it differs.
type Recorded<'a> = (&'a Note, &'a BTreeSet<Ep>, Option<&'a BTreeSet<Ep>>);

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let mut registry: BTreeMap<Group, &BTreeSet<Ep>> = BTreeMap::new();
    let mut recorded: BTreeMap<Group, Recorded<'_>> = BTreeMap::new();
    let mut was_open: BTreeMap<Group, bool> = BTreeMap::new();
    let mut everyone: BTreeMap<Group, BTreeSet<Ep>> = BTreeMap::new();
    let mut was_tested = false;
    for note in &story.notes {
        let (place, group, ok, expected) = match &note.what {
            What::Registry { group, ok } => {
                registry.insert(*group, ok);
                continue;
            }
            What::Record(record) => {
                let before = recorded.get(&record.group).map(|(_, ok, _)| *ok).filter(|ok| **ok != record.ok);
                recorded.insert(record.group, (note, &record.ok, before));
                let opens = record.is_open() && was_open.insert(record.group, record.is_open()) == Some(false);
                was_open.insert(record.group, record.is_open());
                // A registry that was never written names every EP.
                let everyone = everyone.entry(record.group).or_default();
                if record.ok.len() > everyone.len() {
                    everyone.clone_from(&record.ok);
                }
                if !opens {
                    continue;
                }
                let named = registry.get(&record.group).map_or_else(|| everyone.clone(), |named| (*named).clone());
                (("the registry", "注册表"), record.group, named, &record.ok)
            }
            What::Shown { group, ok } => {
                let Some((at, expected, before)) = recorded.get(group) else { continue };
                if at.at == note.at || *before == Some(ok) {
                    continue;
                }
                (("show", "show 输出"), *group, ok.clone(), *expected)
            }
            _ => continue,
        };
        was_tested = true;
        if ok != *expected {
            let (group, at) = (group.name(), note.at);
            let text = sentence!(
                "At {at} {0} has {ok:?} as OK in the {group} group, its record {expected:?}.",
                "{at} 时,{0}中 {group} 组的 OK 成员为 {ok:?},而组记录中为 {expected:?}。",
                Sentence::from(place)
            );
            return violated(&CHECK, note, text);
        }
    }
    kept(&CHECK, was_tested, ("no group was ever opened again", "没有组重新打开过"))
}
