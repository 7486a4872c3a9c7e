//! A new primary must not wait for the node it has just replaced, nor for itself. KingbaseES clears the setting in the
//! promotion; stock repmgr leaves it, reports success, and every write hangs (KingbaseES reference, section 6, row 25).

use std::collections::BTreeMap;

use nodes::world::trace::{HostId, Trace};
use reports::sentence;

use super::{Check, Example, Finding, announcement, answer, is_end, judge_written, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "kb-promoted-waits-for-nobody",
    promise: "When a promotion is reported as successful, the new primary waits for no synchronous standby.",
    promise_zh: "提升成功后,新主库不等待任何同步备库。",
    example: Example {
        story: "node1 is promoted with ANY 1(node2) left over from its time as a primary.",
        text: "\
9s node1/kingbase started
10s node1/kingbase promotion.requested
11s node1/kingbase synchronous.waits names=ANY-1(node2)
12s node1/kingbase repmgr.event event=standby_promote node=1 successful=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let (mut waits, mut promoted): (BTreeMap<HostId, String>, bool) = (BTreeMap::new(), false);
    for event in trace.events() {
        let Some(host) = trace.host_of(event.place) else { continue };
        match announcement(event) {
            Some(("synchronous.waits", fields)) => {
                waits.insert(host, text(fields, "names").unwrap_or_default().to_owned());
            }
            // It waits from then on, if its own files say so.
            Some(("promotion.requested", _)) => _ = waits.remove(&host),
            Some(("repmgr.event", fields)) if text(fields, "event") == Some("standby_promote") => {
                promoted = true;
                if let Some(names) = waits.get(&host).filter(|names| !names.is_empty()) {
                    let name = trace.host_name(host);
                    let text = sentence!(
                        "{name} was promoted and waits for {names}.",
                        "{name} 已升主,却仍等待 {names} 的同步确认。"
                    );
                    return violated(&CHECK, event, text);
                }
            }
            _ if is_end(event) && trace.place_name(event.place).ends_with("/kingbase") => _ = waits.remove(&host),
            _ => {}
        }
    }
    answer(&CHECK, promoted, ("nobody was promoted by repmgr", "repmgr 没有提升过任何节点"))
}
