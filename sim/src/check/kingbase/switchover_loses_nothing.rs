//! V2: a switchover promotes nobody who has less than the old primary wrote.

use nodes::world::time::Instant;
use nodes::world::trace::{HostId, Trace};
use reports::sentence;

use super::control_pages::{self, SHUT_DOWN};
use super::{
    Check, Example, Finding, Writable, announcement, answer, judge_written, logs, number, switchover_end,
    switchover_step, violated,
};
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "kb-switchover-loses-nothing",
    promise: "The timeline that a switchover begins starts behind the shutdown checkpoint of the old primary.",
    promise_zh: "切换产生的新时间线起点不早于原主库的关闭检查点。",
    example: Example {
        story: "node1 stopped at 5000, and node2 began the next timeline at 4000.",
        text: "\
1s node1/kingbase started
2s node1/kingbase writes.opened
10s node2/shell switchover.step step=stop
11s node1/kingbase control.shut-down checkpoint=5000
12s node2/kingbase timeline.started timeline=2 fork=4000
13s node2/shell switchover.ended code=0
",
        judge: |text| {
            judge_written(text, &CHECK, |trace| {
                judge(trace, |host, at| announced_checkpoint(trace, host, at), |_, _| true)
            })
        },
    },
};

/// Judges a record: the old primary's last checkpoint is read from its control page, and looked for in the log that the
/// new one's device holds.
pub fn check(record: &Record) -> Finding {
    let (pages, logs) = (control_pages::of(record), logs::of(record));
    let name = |host: HostId| record.trace.host_name(host);
    judge(
        &record.trace,
        |host, at| {
            let last = control_pages::last(&pages, name(host), at).filter(|page| page.state == SHUT_DOWN);
            last.map(|page| page.checkpoint)
        },
        |host, position| {
            let log = logs.iter().find(|log| log.node == name(host));
            // A log whose old segments are gone by now cannot say.
            let begins = log.and_then(|log| log.records.first()).map_or(i64::MAX, |record| record.position as i64);
            position < begins || log.is_some_and(|log| log.records.iter().any(|it| it.position as i64 == position))
        },
    )
}

fn announced_checkpoint(trace: &Trace, host: HostId, at: Instant) -> Option<i64> {
    let of_host = trace.announced("control.shut-down").filter(|(event, _)| trace.host_of(event.place) == Some(host));
    of_host.filter(|(event, _)| event.at <= at).last().and_then(|(_, fields)| number(fields, "checkpoint"))
}

/// Judges a trace, told where the shutdown checkpoint of a host is at a moment, and whether the log of a host has a record
/// at a position.
pub fn judge(
    trace: &Trace,
    shut_down_at: impl Fn(HostId, Instant) -> Option<i64>,
    has_record: impl Fn(HostId, i64) -> bool,
) -> Finding {
    let (mut writable, mut old, mut promoted) = (Writable::default(), None, false);
    for event in trace.events() {
        if switchover_step(event) == Some("stop") {
            old = writable.only();
        }
        if switchover_end(event).is_some() {
            old = None;
        }
        writable.take(trace, event);
        let (Some(("timeline.started", fields)), Some(stopped)) = (announcement(event), old) else { continue };
        let (Some(fork), Some(end)) = (number(fields, "fork"), shut_down_at(stopped, event.at)) else { continue };
        promoted = true;
        let keeps = trace.host_of(event.place).is_none_or(|host| has_record(host, end));
        if fork <= end || !keeps {
            let name = trace.host_name(stopped);
            let text = sentence!(
                "The switchover began a timeline at {fork}, but {name} had written its last checkpoint at {end}.",
                "切换从 {fork} 开始新时间线,而 {name} 的最后检查点在 {end}。"
            );
            return violated(&CHECK, event, text);
        }
    }
    answer(&CHECK, promoted, ("no switchover began a timeline", "没有切换开始过新时间线"))
}
