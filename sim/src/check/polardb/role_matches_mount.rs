//! I13: the role files and the mount agree after every start.

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, announcement, judge_written, kept, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "polar-role-matches-mount",
    promise: "A replica mounts the volume read-only, and every other node mounts it for writing.",
    promise_zh: "只读节点以只读方式挂载共享卷,其他节点以读写方式挂载。",
    example: Example {
        story: "pb2 starts as the writer and mounts the volume read-only.",
        text: "1s pb2/postgres server.mounted role=primary mode=readonly volume=wal\n",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    for event in trace.events() {
        let Some(("server.mounted", fields)) = announcement(event) else { continue };
        let (Some(role), Some(mode)) = (text(fields, "role"), text(fields, "mode")) else { continue };
        if (role == "replica") != (mode == "readonly") {
            let who = trace.place_name(event.place);
            return violated(
                &CHECK,
                event,
                vec![format!("{who} is {role} by its files and mounted the volume {mode}.")],
            );
        }
    }
    kept(&CHECK, trace, &["server.mounted"])
}
