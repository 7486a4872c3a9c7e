//! I6: a kicked node owns no lock, and is fenced before another node goes read-write.

use nodes::world::trace::{HostId, Trace};

use super::{Check, Example, Finding, announcement, judge_written, kept, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-kicked-owns-nothing",
    promise: "A node that was kicked is fenced before a dssserver of another node becomes read-write.",
    promise_zh: "被踢出的节点在其他节点的 dssserver 变为可读写之前已被隔离。",
    example: Example {
        story: "Node 1 is kicked and never fenced; the dssserver of dn2 becomes the main one.",
        text: "\
1s dn2/dssserver started
2s dn2/cm_server member.kicked node=1 host=dn1
3s dn2/dssserver dss.read-write
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    // Hosts that were kicked while their key stood on the volume, and have not been fenced since.
    let mut at_large: Vec<String> = Vec::new();
    let mut kicks = 0;
    for event in trace.events() {
        match announcement(event) {
            Some(("member.kicked", fields)) => {
                kicks += 1;
                at_large.extend(text(fields, "host").map(str::to_owned));
            }
            Some(("member.joined", fields)) => at_large.retain(|host| Some(host.as_str()) != text(fields, "host")),
            Some(("node.fenced", fields)) => {
                let fenced = number(fields, "host").map(|host| HostId(host as u16));
                at_large.retain(|host| fenced.is_none_or(|fenced| trace.host_name(fenced) != host));
            }
            Some(("dss.read-write", _)) => {
                let here = trace.host_of(event.place).map(|host| trace.host_name(host));
                let other = at_large.iter().find(|host| Some(host.as_str()) != here);
                if let Some(host) = other {
                    return violated(
                        &CHECK,
                        event,
                        vec![format!(
                            "At {} {} became read-write; {host} had been kicked and its key had not been preempted.",
                            event.at,
                            trace.place_name(event.place)
                        )],
                    );
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, kicks > 0, "nobody was kicked")
}
