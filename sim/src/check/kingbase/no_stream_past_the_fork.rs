//! V9: a node that is past the fork is not taken back without a rewind.

use std::collections::{BTreeMap, BTreeSet};

use nodes::world::trace::Trace;
use reports::sentence;

use super::{Check, Example, Finding, announcement, answer, judge_written, logs, number, text, violated};
use crate::check::Answer;
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "kb-no-stream-past-the-fork",
    promise: "A standby streams from another timeline only if its own log ends at or before the fork.",
    promise_zh: "备库仅当自身日志不超过分叉点时才能接入新时间线。",
    example: Example {
        story: "Timeline 2 forked off timeline 1 at 4000; node1, on timeline 1 up to 5000, streams from it.",
        text: "\
10s node2/kingbase timeline.started timeline=2 parent=1 fork=4000
20s node1/kingbase stream.started from=node2 timeline=2 own=1 position=5000
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Where timelines forked off others; of two with the same number, the last one is the one that is streamed.
type Forks = BTreeMap<(i64, i64), i64>;

/// Judges a record: streams by what they announced, and each log by its bytes: a timeline begins in it where it forked.
pub fn check(record: &Record) -> Finding {
    let finding = judge(&record.trace);
    if finding.answer == Answer::Violated {
        return finding;
    }
    let forks = forks(&record.trace);
    for log in logs::of(record) {
        for pair in log.records.windows(2) {
            let (own, timeline) = (pair[0].epoch as i64, pair[1].epoch as i64);
            let at = pair[1].position as i64;
            if let Some(fork) = forks.get(&(timeline, own)).filter(|fork| own != timeline && **fork != at) {
                let node = &log.node;
                let text = sentence!(
                    "In the log of {node} timeline {timeline} begins at {at}, but it forked off at {fork}.",
                    "{node} 的日志中时间线 {timeline} 始于 {at},而其分叉点是 {fork}。"
                );
                return Finding::violated(CHECK.name, None, Some(record.ended), vec![text]);
            }
        }
    }
    finding
}

fn forks(trace: &Trace) -> Forks {
    let mut forks = Forks::new();
    for (_, fields) in trace.announced("timeline.started") {
        let value = |name| number(fields, name);
        if let (Some(timeline), Some(parent), Some(fork)) = (value("timeline"), value("parent"), value("fork")) {
            forks.insert((timeline, parent), fork);
        }
    }
    forks
}

fn is_past_the_fork(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| reason.contains("is not in this server's history"))
}

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let (mut forks, mut streamed, mut attached) = (Forks::new(), false, BTreeSet::new());
    for event in trace.events() {
        let Some((name, fields)) = announcement(event) else { continue };
        let here = trace.host_of(event.place);
        let value = |name| number(fields, name);
        match name {
            "timeline.started" => {
                if let (Some(timeline), Some(parent), Some(fork)) = (value("timeline"), value("parent"), value("fork"))
                {
                    forks.insert((timeline, parent), fork);
                }
            }
            "node.attached" => _ = attached.insert(here),
            // A rejoin is there to find this out before it starts the server.
            "stream.refused" if attached.contains(&here) && is_past_the_fork(text(fields, "reason")) => {
                let place = trace.place_name(event.place);
                let text = sentence!(
                    "{place} was attached as a standby, and its upstream refuses it: it is past the fork.",
                    "{place} 已作为备机接入,但上游拒绝它:它已越过分叉点。"
                );
                return violated(&CHECK, event, text);
            }
            "stream.started" => {
                attached.remove(&here);
                let (Some(timeline), Some(own), Some(position)) = (value("timeline"), value("own"), value("position"))
                else {
                    continue;
                };
                streamed |= !forks.is_empty();
                if let Some(fork) = forks.get(&(timeline, own)).filter(|fork| position > **fork) {
                    let place = trace.place_name(event.place);
                    let text = sentence!(
                        "{place} streams timeline {timeline} from {position} on, but it forked off timeline {own} \
                         at {fork}.",
                        "{place} 从 {position} 起接收时间线 {timeline},而该时间线已在 {fork} 从时间线 {own} 分叉。"
                    );
                    return violated(&CHECK, event, text);
                }
            }
            _ => {}
        }
    }
    answer(&CHECK, streamed, ("nobody streamed after a timeline had forked", "时间线分叉之后没有节点接收日志"))
}
