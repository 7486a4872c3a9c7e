//! I6: a server never starts over a log that a rewind has replaced without having copied the pages (reference 5.4, row 2).

use std::collections::BTreeMap;

use nodes::world::time::Instant;
use nodes::world::trace::{HostId, Trace};
use reports::sentence;

use super::{Check, Example, Finding, announcement, holds_if, judge_written, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "ha-no-start-over-replaced-log",
    promise: "No server starts on a log that an unfinished rewind has replaced under the pages of the abandoned one.",
    promise_zh: "rewind 未完成而日志已被替换时,节点不会在旧数据页上启动。",
    example: Example {
        story: "The streamer of a killed build replaces a segment, there is no start tag, and the server starts.",
        text: "\
1s dn1/gs_ctl build.streamer-started from=0
2s dn1/gs_ctl killed
3s dn1/streamer streamer.segment segment=0
4s dn1/gaussdb server.started mode=standby uncompleted=0
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut judged = false;
    let mut replaced: BTreeMap<HostId, Instant> = BTreeMap::new();
    for event in trace.events() {
        let Some(host) = trace.host_of(event.place) else { continue };
        match announcement(event) {
            Some(("streamer.segment", _)) => {
                judged = true;
                replaced.entry(host).or_insert(event.at);
            }
            Some(("build.done-tag", _)) => {
                replaced.remove(&host);
            }
            Some(("server.started", _)) => {
                if let Some(since) = replaced.get(&host) {
                    let who = trace.place_name(event.place);
                    let text = sentence!(
                        "At {} {who} starts: its log was replaced at {since}, its pages are those of the abandoned \
                         log.",
                        "{} 时,{who} 启动:其日志已于 {since} 被替换,数据页却仍属于被放弃的日志。",
                        event.at
                    );
                    return violated(&CHECK, event, text);
                }
            }
            _ => {}
        }
    }
    holds_if(&CHECK, judged, ("no rewind replaced a log", "没有增量重建替换过日志"))
}
