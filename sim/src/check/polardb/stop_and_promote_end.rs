//! I12: with working storage, a stop and a promote come to an end.

use std::collections::BTreeMap;
use std::time::Duration;

use nodes::world::trace::Event;
use reports::sentence;

use super::{Check, Example, Finding, Life, Story, announcement, is_end, judge_written, kept, life, violated, who};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-stop-and-promote-end",
    promise: "A server that is told to stop or to promote has done so, or is gone, within sixty seconds.",
    promise_zh: "实例收到停止或升主命令后六十秒内完成或退出。",
    example: Example {
        story: "pb1 is told to stop and still runs seventy seconds later.",
        text: "\
1s pb1/postgres started
2s pb1/postgres stop.received
72s pb1/postgres checkpoint.blocked redo=9 oldest_apply=5
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// How long it may take: as long as pg_ctl waits.
const BOUND: Duration = Duration::from_secs(60);

/// Judges what servers announce: the moments at which they were told, and had done it.
pub(super) fn judge(story: &Story) -> Finding {
    let mut open: BTreeMap<(Life, &'static str), &Event> = BTreeMap::new();
    for event in story.events() {
        if let Some(((_, what), since)) = open.iter().find(|(_, since)| event.at.since(since.at) > BOUND) {
            let who = who(story.trace, since);
            let told = sentence!(
                "{0} was told to {1} at {2} and has not done it within {3} s.",
                "{0} 于 {2} 收到{1}命令,{3} 秒内仍未完成。",
                who,
                what,
                since.at,
                BOUND.as_secs()
            );
            return violated(&CHECK, since, vec![told]);
        }
        let Some(life) = life(event.place) else { continue };
        match announcement(event) {
            Some(("stop.received", _)) => drop(open.insert((life, "stop"), event)),
            Some(("promote.received", _)) => drop(open.insert((life, "promote"), event)),
            Some(("writes.opened", _)) => drop(open.remove(&(life, "promote"))),
            _ if is_end(event) => open.retain(|(other, _), _| *other != life),
            _ => {}
        }
    }
    kept(&CHECK, story, &["stop.received", "promote.received"])
}
