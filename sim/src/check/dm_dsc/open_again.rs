//! I14: with a voting disk that works and one EP that lives, the DB group is open again in bounded time, counted from when
//! both are so: the group has left OPEN, and the EP beats.

use std::collections::BTreeMap;
use std::time::Duration;

use nodes::world::time::Instant;
use reports::{Sentence, sentence};

use super::story::{Ep, Group, SYS_HALT, Story, What};
use super::{Check, Example, Finding, judge_written};

/// How long a crash handling or a rejoin may take: the death of a control CSS on the way costs DSKCHK (60 s).
const BOUND: Duration = Duration::from_secs(120);
/// The longest time between two heartbeats of an EP that lives and reaches the voting disk.
const BEAT: Duration = Duration::from_secs(10);

/// The check.
pub const CHECK: Check = Check {
    name: "dsc-open-again",
    promise: "The DB group is not out of OPEN while one EP lives for two minutes and reaches the voting disk.",
    promise_zh: "只要有一个 EP 存活且能访问表决盘,DB 组不会连续两分钟不处于 OPEN 状态。",
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
                (1..=13).map(|ten| format!("{}s dsc1/dmserver slot DB.1 guid=8 status=3\n", ten * 10)).collect();
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
    let lives = steady_lives(story);
    let open_end = closed.map(|since| (since, story.ended));
    for (since, until) in opened.iter().copied().chain(open_end) {
        was_tested |= opened.contains(&(since, until)) && was_open_before;
        let waited = |life: &Life| life.from.max(since) + BOUND <= life.to.min(until);
        if let Some(life) = lives.iter().find(|life| waited(life)) {
            let (ep, deadline) = (life.ep, life.from.max(since) + BOUND);
            let is_ok = story.records(Group::Db).take_while(|(note, _)| note.at <= deadline).last();
            let why = match is_ok.is_some_and(|(_, record)| !record.ok.contains(&ep)) {
                true => sentence!(
                    " It is an ERROR EP: it waits for an OK EP, or for its operator.",
                    "该 EP 为 ERROR EP:它等待某个 OK 的 EP 启动或运维介入。"
                ),
                false => Sentence::default(),
            };
            let text = sentence!(
                "The DB group left OPEN at {since} and was not open again at {deadline}; EP {ep} had lived for two \
                 minutes then and reached the voting disk.{}",
                "DB 组于 {since} 离开 OPEN,到 {deadline} 仍未恢复 OPEN;EP {ep} 届时已存活两分钟且能访问表决磁盘。{}",
                why
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

/// A life of an EP, or the part of it in which its heartbeat never paused.
struct Life {
    ep: Ep,
    from: Instant,
    to: Instant,
}

/// The lives of the EPs of the DB group, cut where a heartbeat was late, and ended by Kill.
fn steady_lives(story: &Story) -> Vec<Life> {
    let mut lives = Vec::new();
    let mut now: BTreeMap<(Ep, u64), Life> = BTreeMap::new();
    for note in &story.notes {
        match &note.what {
            What::Slot { group: Group::Db, ep, guid, .. } => {
                let life = now.entry((*ep, *guid)).or_insert(Life { ep: *ep, from: note.at, to: note.at });
                if note.at.since(life.to) > BEAT {
                    lives.push(std::mem::replace(life, Life { ep: *ep, from: note.at, to: note.at }));
                }
                life.to = note.at;
            }
            What::Order { group: Group::Db, ep, guid, command: SYS_HALT, .. } => {
                lives.extend(now.remove(&(*ep, *guid)));
            }
            _ => {}
        }
    }
    lives.extend(now.into_values());
    lives
}

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;
    use crate::check::Answer;

    #[test]
    fn who_comes_back_later_waits_two_minutes_from_then_on() {
        let beats = |from: u64, to: u64| -> String {
            (from..=to).step_by(5).map(|at| format!("{at}s dsc1/dmserver slot DB.1 guid=9 status=1\n")).collect()
        };
        let answer = |text: &str| {
            let mut notes: Vec<&str> = text.lines().collect();
            notes.sort_by_key(|line| line.split_once('s').and_then(|(at, _)| at.parse::<u64>().ok()));
            judge(&written::read(&notes.join("\n")).expect("a story"))
        };
        let halt = "1s dsc1/dmcss record DB OPEN/STARTUP counter=7 ok=0,1\n\
                    9s dsc1/dmcss record DB SYS_HALT/WAIT_SYS_HALT counter=8 ok=0\n";
        let waits = answer(&format!("{halt}{}250s ends\n", beats(60, 200)));
        assert_eq!(waits.answer, Answer::Violated);
        assert!(waits.explanation[0].en.contains("ERROR EP"), "{:?}", waits.explanation);
        assert_eq!(answer(&format!("{halt}{}250s ends\n", beats(60, 150))).answer, Answer::CouldNotTell);
        let pauses = format!("{halt}{}{}250s ends\n", beats(60, 120), beats(140, 240));
        assert_eq!(answer(&pauses).answer, Answer::CouldNotTell, "it stood still for twenty seconds");
        let open = "170s dsc1/dmcss record DB OPEN/STARTUP counter=9 ok=1\n";
        assert_eq!(answer(&format!("{halt}{open}{}250s ends\n", beats(60, 200))).answer, Answer::Holds);
    }
}
