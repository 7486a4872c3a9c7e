//! I3: the recorded primary is written only by the owner of the reformer lock, in the two steps that may.

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, REFORMER_LOCK, announcement, judge_written, kept, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-control-page-by-owner",
    promise: "Page 64 of pg_control is written only by the owner of dms_reformer_lock, and it records the owner as primary.",
    promise_zh: "pg_control 的 64 号页只由 dms_reformer_lock 的持有者写入,且记录的主实例就是持有者。",
    example: Example {
        story: "Instance 0 records itself as primary although the lock has moved to instance 1.",
        text: "\
1s dn1/gaussdb started
2s dn1/cm_server lock.changed lock=dms_reformer_lock owner=0 version=1
3s dn1/cm_server lock.changed lock=dms_reformer_lock owner=1 version=2
4s dn1/gaussdb control-page.written version=1 primary=0 stable=1 step=done
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let (mut owner, mut was_written) = (None, false);
    for event in trace.events() {
        match announcement(event) {
            Some(("lock.changed", fields)) if text(fields, "lock") == Some(REFORMER_LOCK) => {
                owner = number(fields, "owner");
            }
            Some(("control-page.written", fields)) => {
                was_written = true;
                let primary = number(fields, "primary");
                if primary != owner {
                    let told = |who: Option<i64>| who.map_or("nobody".to_owned(), |who| format!("instance {who}"));
                    return violated(
                        &CHECK,
                        event,
                        vec![format!(
                            "At {} {} recorded {} as primary while {} owned the lock.",
                            event.at,
                            trace.place_name(event.place),
                            told(primary),
                            told(owner)
                        )],
                    );
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, was_written, "nobody wrote the control page")
}
