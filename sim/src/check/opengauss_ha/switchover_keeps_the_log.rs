//! I8: who is promoted by a switchover has the old primary's last checkpoint, by the bytes of both logs.

use nodes::fields;
use nodes::world::trace::{Event, Trace};
use reports::sentence;

use super::disk::{NodeNumber, Nodes, told};
use super::{Check, Example, Finding, announcement, holds_if, judge_written_disk, number, text, violated};
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "ha-switchover-keeps-the-log",
    promise: "A standby promoted by a switchover has the whole log of the old primary, its last checkpoint included.",
    promise_zh: "switchover 提升的备机拥有原主机的全部日志,包括最后一个检查点。",
    example: Example {
        story: "dn1 has written its last checkpoint at 8192, dn2 is promoted without it.",
        text: "\
2s dn2/gaussdb disk.promoted checkpoint=8192 shared=0
",
        judge: |text| judge_written_disk(text, &CHECK, judge),
    },
};

/// Judges a record.
pub fn check(record: &Record) -> Finding {
    judge(&seen(record), &record.trace)
}

/// Each promotion by a switchover, held against the checkpoint of the demotion it belongs to, whichever comes first.
fn seen(record: &Record) -> Vec<Event> {
    let mut nodes = Nodes::of(record);
    let mut demoted: Option<(NodeNumber, u64)> = None;
    let mut promoted: Option<&Event> = None;
    let mut seen = Vec::new();
    for event in record.trace.events() {
        match announcement(event) {
            Some(("demote.started", _)) => (demoted, promoted) = (None, None),
            Some(("demote.checkpoint", fields)) => {
                let checkpoint = number(fields, "lsn").map(|lsn| lsn as u64);
                demoted = nodes.of_place(event.place).zip(checkpoint);
            }
            Some(("promote.finished", fields)) if text(fields, "kind") == Some("switchover") => promoted = Some(event),
            _ => continue,
        }
        if let (Some(demoted), Some(promotion)) = (demoted, promoted) {
            promoted = None;
            seen.extend(compared(&mut nodes, &Event { at: event.at, ..promotion.clone() }, demoted));
        }
    }
    seen
}

fn compared(nodes: &mut Nodes<'_>, promotion: &Event, (old, checkpoint): (NodeNumber, u64)) -> Option<Event> {
    let new = nodes.of_place(promotion.place)?;
    let of_old = nodes.log(old, promotion.at)?;
    let record = of_old.records.iter().find(|one| one.position == checkpoint)?;
    let shared = nodes.log(new, promotion.at)?.has(checkpoint, record.checksum);
    Some(told(promotion, "disk.promoted", fields! { checkpoint: checkpoint, shared: shared }))
}

fn judge(events: &[Event], trace: &Trace) -> Finding {
    let mut judged = false;
    for event in events {
        let Some(("disk.promoted", fields)) = announcement(event) else { continue };
        judged = true;
        if number(fields, "shared") == Some(0) {
            let (who, at) = (trace.place_name(event.place), event.at);
            let checkpoint = number(fields, "checkpoint").unwrap_or(0);
            let text = sentence!(
                "At {at} {who} is promoted without the old primary's last checkpoint at {checkpoint} in its log.",
                "{at} 时,{who} 升主,而其日志中没有旧主位于 {checkpoint} 的最后检查点。"
            );
            return violated(&CHECK, event, text);
        }
    }
    holds_if(&CHECK, judged, ("no standby was promoted by a switchover", "没有备机因 switchover 升主"))
}
