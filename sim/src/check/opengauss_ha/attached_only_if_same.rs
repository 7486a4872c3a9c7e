//! I3: the log of a standby that streams is a prefix of its primary's, by the bytes of both.
//!
//! Nodes compare the CRC of one record; here the checksum of the standby's last record, which stands for its whole
//! history, is looked for in the primary's log.

use std::collections::BTreeMap;

use nodes::fields;
use nodes::world::trace::{Event, Trace};
use reports::sentence;

use super::disk::{Nodes, told};
use super::{
    Check, Example, Finding, Life, announcement, holds_if, is_end, judge_written_disk, life, number, violated,
};
use crate::run::Record;

/// The check.
pub const CHECK: Check = Check {
    name: "ha-attached-only-if-same",
    promise: "The log of a standby that streams is a prefix of its primary's log.",
    promise_zh: "进行流复制的备机,其日志是主机日志的前缀。",
    example: Example {
        story: "dn1 ends with a record that is not in the log of the second node, and streams from it.",
        text: "\
2s dn1/gaussdb disk.attached peer=1 last=8192 shared=0
",
        judge: |text| judge_written_disk(text, &CHECK, judge),
    },
};

/// Judges a record.
pub fn check(record: &Record) -> Finding {
    judge(&seen(record), &record.trace)
}

/// What the devices show when a stream begins, and at the end of the run while it lasts.
fn seen(record: &Record) -> Vec<Event> {
    let mut nodes = Nodes::of(record);
    let mut streams: BTreeMap<Life, &Event> = BTreeMap::new();
    let mut seen = Vec::new();
    for event in record.trace.events() {
        let Some(life) = life(event.place) else { continue };
        match announcement(event) {
            Some(("stream.started", _)) => {
                streams.insert(life, event);
                seen.extend(compared(&mut nodes, event));
            }
            Some(("stream.ended", _)) => _ = streams.remove(&life),
            _ if is_end(event) => _ = streams.remove(&life),
            _ => {}
        }
    }
    for event in streams.into_values() {
        seen.extend(compared(&mut nodes, &Event { at: record.ended, ..event.clone() }));
    }
    seen
}

fn compared(nodes: &mut Nodes<'_>, stream: &Event) -> Option<Event> {
    let (_, fields) = announcement(stream)?;
    let peer = number(fields, "peer")?;
    let own = nodes.of_place(stream.place)?;
    let of_peer = nodes.log(usize::try_from(peer).ok()?, stream.at)?;
    let last = nodes.log(own, stream.at)?.records.pop()?;
    let shared = of_peer.has(last.position, last.checksum);
    Some(told(stream, "disk.attached", fields! { peer: peer, last: last.position, shared: shared }))
}

fn judge(events: &[Event], trace: &Trace) -> Finding {
    let mut streamed = false;
    for event in events {
        let Some(("disk.attached", fields)) = announcement(event) else { continue };
        streamed = true;
        if number(fields, "shared") == Some(0) {
            let (who, at) = (trace.place_name(event.place), event.at);
            let last = number(fields, "last").unwrap_or(0);
            let text = sentence!(
                "At {at} {who} streams; its log ends with a record at {last} that is not in the log of its primary.",
                "{at} 时,{who} 正在接收日志;其日志末尾位于 {last} 的记录不在主库日志中。"
            );
            return violated(&CHECK, event, text);
        }
    }
    holds_if(&CHECK, streamed, ("no standby ever streamed", "没有备机接收过日志"))
}
