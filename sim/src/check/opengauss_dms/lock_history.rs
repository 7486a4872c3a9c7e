//! I4: the history of a lock is one sequence of changes.

use std::collections::BTreeMap;

use nodes::world::trace::Trace;

use super::{Check, Example, Finding, announcement, judge_written, kept, number, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-lock-history",
    promise: "Every change of a CM lock has the next version number, and no owner follows itself.",
    promise_zh: "CM 锁的每次变更版本号连续递增,且相邻两次持有者不同。",
    example: Example {
        story: "The same version number is given out twice.",
        text: "\
1s dn1/cm_server lock.changed lock=dms_reformer_lock owner=0 version=1
2s dn2/cm_server lock.changed lock=dms_reformer_lock owner=1 version=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut locks: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for event in trace.events() {
        let Some(("lock.changed", fields)) = announcement(event) else { continue };
        let (Some(lock), Some(owner), Some(version)) =
            (text(fields, "lock"), number(fields, "owner"), number(fields, "version"))
        else {
            continue;
        };
        if let Some((before, last)) = locks.insert(lock.to_owned(), (owner, version))
            && (version <= last || owner == before)
        {
            return violated(
                &CHECK,
                event,
                vec![format!(
                    "At {} {lock} went from owner {before} (version {last}) to owner {owner} (version {version}).",
                    event.at
                )],
            );
        }
    }
    kept(&CHECK, !locks.is_empty(), "no lock ever had an owner")
}
