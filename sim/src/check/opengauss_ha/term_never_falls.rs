//! I11: the term under which the log is written never falls.

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, holds_if, judge_written, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "ha-term-never-falls",
    promise: "No server becomes primary under a term below one that was written before.",
    promise_zh: "新主机的 term 不会低于此前已写入的 term。",
    example: Example {
        story: "dn1 reigned under the term 7, dn2 begins under 1.",
        text: "\
1s dn1/gaussdb role.changed role=primary term=7
2s dn2/gaussdb role.changed role=primary term=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut highest = 0;
    let mut judged = false;
    for (event, fields) in trace.announced("role.changed") {
        let Some(term) = number(fields, "term").filter(|_| text(fields, "role") == Some("primary")) else { continue };
        judged = true;
        if term < highest {
            let who = trace.place_name(event.place);
            let text = format!("At {} {who} reigns under the term {term}; {highest} was written before.", event.at);
            return violated(&CHECK, event, text);
        }
        highest = term;
    }
    holds_if(&CHECK, judged, "no server became primary")
}
