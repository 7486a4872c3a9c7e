//! I13: statements on an EP that lives through a crash handling or a rejoin are delayed and not refused.

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use reports::sentence;

use super::story::{Ep, Group, Note, Story, Told, What};
use super::{Check, Example, Finding, judge_written, kept, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-statements-are-delayed",
    promise: "No statement on an EP that lives through one crash handling or one rejoin is refused.",
    promise_zh: "在一次故障处理或一次重加入期间,存活 EP 上的语句只会被延迟,不会失败。",
    example: Example {
        story: "DSC0 rejoins, and DSC1 refuses a statement meanwhile.",
        text: "\
1s dsc1/dmserver slot DB.1 guid=8 status=3
2s dsc0/dmcss record DB PROCESS_RECOVER/SUSPEND_WORKER recovering=0 counter=62
4s dsc1 told refused called=3s
5s dsc0/dmcss record DB OPEN/STARTUP counter=91
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// A time in which a crash is handled or an EP comes back.
struct Flow {
    from: Instant,
    to: Instant,
    patients: Vec<Ep>,
}

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let flows = flows(story);
    let databases = story.databases();
    let node_of: BTreeMap<&str, Ep> =
        databases.iter().filter_map(|(ep, process)| Some((process.split('/').next()?, *ep))).collect();
    let of_database = |note: &&Note| databases.values().any(|process| *process == note.by);
    let ends: Vec<&Note> = story.notes.iter().filter(|note| note.what == What::Ended).filter(of_database).collect();
    let ended_in =
        |host: &str, flow: &Flow| ends.iter().any(|end| end.host() == host && end.at >= flow.from && end.at <= flow.to);
    let mut was_tested = false;
    for note in &story.notes {
        let What::Told { called, answer, .. } = &note.what else { continue };
        let Some(ep) = node_of.get(note.host()) else { continue };
        let during = |flow: &&Flow| *called < flow.to && note.at > flow.from && *called > flow.from;
        for flow in flows.iter().filter(during).filter(|flow| !flow.patients.contains(ep)) {
            if ended_in(note.host(), flow) {
                continue;
            }
            was_tested = true;
            if *answer == Told::Refused {
                let text = sentence!(
                    "At {} {} refuses a statement of {called}; it lives through what began at {} and ended at {}.",
                    "{} 时,{} 拒绝了 {called} 发起的语句;而它在 {} 至 {} 的整个处理期间一直存活。",
                    note.at,
                    note.by,
                    flow.from,
                    flow.to
                );
                return violated(&CHECK, note, text);
            }
        }
    }
    kept(
        &CHECK,
        was_tested,
        (
            "no statement ran on an EP that lived through a crash or a rejoin",
            "在经历故障处理或重加入的 EP 上没有执行过语句",
        ),
    )
}

/// The flows that ended in an open group.
fn flows(story: &Story) -> Vec<Flow> {
    let mut flows = Vec::new();
    let mut begun: Option<Flow> = None;
    for (note, record) in story.records(Group::Db) {
        let is_flow = record.status.0.starts_with("PROCESS_");
        match &mut begun {
            None if is_flow => {
                let patients = record.broken.iter().copied().chain(record.recovering).collect();
                begun = Some(Flow { from: note.at, to: note.at, patients });
            }
            Some(flow) if record.is_open() => {
                flow.to = note.at;
                flows.extend(begun.take());
            }
            Some(flow) if is_flow => flow.patients.extend(record.broken.iter().copied().chain(record.recovering)),
            Some(_) => begun = None,
            None => {}
        }
    }
    flows
}
