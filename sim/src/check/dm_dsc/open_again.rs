//! I14: with a voting disk that works and one EP that lives all the while, the DB group is open again in bounded time.

use std::collections::BTreeMap;
use std::time::Duration;

use nodes::world::time::Instant;
use reports::sentence;

use super::story::{Ep, Group, SYS_HALT, Story, What};
use super::{Check, Example, Finding, judge_written};

/// How long a crash handling or a rejoin may take: the death of a control CSS on the way costs DSKCHK (60 s).
const BOUND: Duration = Duration::from_secs(120);
/// The longest time between two heartbeats of an EP that lives and reaches the voting disk.
const BEAT: Duration = Duration::from_secs(10);

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-open-again",
    promise: "While an EP lives and reaches the voting disk, the DB group is open again two minutes after it left OPEN.",
    promise_zh: "只要有一个 EP 存活且能访问表决盘,DB 组离开 OPEN 状态后两分钟内恢复 OPEN。",
    example: Example {
        story: "A command got lost, and crash handling waits for its answer for ever.",
        text: "\
1s dsc1/dmcss record DB PROCESS_EP_CRASH/CSS_SUB_STATUS_EP_CRASH_WAIT_STEP1 broken=0 counter=50
2s dsc1/dmserver slot DB.1 guid=8 status=3
8s dsc1/dmserver slot DB.1 guid=8 status=3
130s ends
",
        judge: |text| {
            let beats: String =
                (1..=12).map(|ten| format!("{}s dsc1/dmserver slot DB.1 guid=8 status=3\n", ten * 10)).collect();
            let text = if text.is_empty() { String::new() } else { format!("{text}{beats}") };
            judge_written(&text, &CHECK, judge)
        },
    },
};

/// Judges a story.
pub fn judge(story: &Story) -> Finding {
    let mut closed: Option<Instant> = None;
    let mut was_tested = false;
    let mut was_open_before = false;
    let mut opened: Vec<(Instant, Instant)> = Vec::new();
    for (note, record) in story.records(Group::Db) {
        was_open_before |= record.is_open();
        match (closed, record.is_open()) {
            (None, false) => closed = Some(note.at),
            (Some(since), true) => {
                opened.push((since, note.at));
                closed = None;
            }
            _ => {}
        }
    }
    let open_end = closed.map(|since| (since, story.ended));
    for (since, until) in opened.iter().copied().chain(open_end) {
        let deadline = since + BOUND;
        let is_over = opened.contains(&(since, until));
        was_tested |= is_over && was_open_before;
        if until < deadline {
            continue;
        }
        if let Some(ep) = lived_through(story, since, deadline) {
            let text = sentence!(
                "The DB group left OPEN at {since} and was not open again at {deadline}; EP {ep} lived all the \
                 while and reached the voting disk.",
                "DB 组于 {since} 离开 OPEN,到 {deadline} 仍未恢复 OPEN;期间 EP {ep} 一直存活且能访问表决磁盘。"
            );
            return Finding::violated(CHECK.name, None, Some(deadline), vec![text]);
        }
    }
    match (closed, was_tested) {
        (Some(since), _) => {
            let text = sentence!(
                "the run ended with the DB group not open since {since}, with no EP living all the while or before \
                 two minutes were over",
                "运行结束时 DB 组自 {since} 起仍未恢复 OPEN,但没有一直存活的 EP,或尚未满两分钟"
            );
            Finding::could_not_tell(CHECK.name, text)
        }
        (None, true) => Finding::holds(CHECK.name),
        (None, false) => Finding::could_not_tell(CHECK.name, ("the DB group never left OPEN", "DB 组从未离开 OPEN")),
    }
}

/// An EP of the DB group whose heartbeat never paused in a time, and that was not killed.
fn lived_through(story: &Story, from: Instant, to: Instant) -> Option<Ep> {
    let mut beats: BTreeMap<(Ep, u64), (Instant, bool)> = BTreeMap::new();
    for note in story.notes.iter().filter(|note| note.at <= to) {
        match &note.what {
            What::Slot { group: Group::Db, ep, guid, .. } => {
                let (last, steady) = beats.entry((*ep, *guid)).or_insert((note.at, note.at <= from + BEAT));
                *steady &= note.at.since(*last) <= BEAT || *last < from;
                *last = note.at;
            }
            What::Order { group: Group::Db, ep, guid, command: SYS_HALT, .. } => {
                beats.entry((*ep, *guid)).or_insert((note.at, false)).1 = false;
            }
            _ => {}
        }
    }
    let steady = beats.into_iter().find(|(_, (last, steady))| *steady && to.since(*last) <= BEAT);
    steady.map(|((ep, _), _)| ep)
}
