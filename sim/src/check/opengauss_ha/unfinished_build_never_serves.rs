//! I7, first half: a data directory in the middle of a build is never served.

use nodes::world::trace::Trace;
use reports::sentence;

use super::{Check, Example, Finding, holds_if, judge_written, number, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "ha-unfinished-build-never-serves",
    promise: "No server starts while build_completed.start is there.",
    promise_zh: "存在 build_completed.start 时数据库不会启动。",
    example: Example {
        story: "A build is killed, and the server starts on what it left.",
        text: "\
1s dn1/gs_ctl build.start-tag
2s dn1/gs_ctl killed
3s dn1/gaussdb server.started mode=standby uncompleted=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let judged = trace.announced("build.start-tag").next().is_some();
    for (event, fields) in trace.announced("server.started") {
        if number(fields, "uncompleted") == Some(1) {
            let who = trace.place_name(event.place);
            return violated(
                &CHECK,
                event,
                sentence!(
                    "At {} {who} starts over an unfinished build.",
                    "{} 时,{who} 在未完成的重建之上启动。",
                    event.at
                ),
            );
        }
    }
    holds_if(&CHECK, judged, ("no build ever wrote its tag", "没有重建写过标记文件"))
}
