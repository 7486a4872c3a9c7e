//! I1: two instances with access to the storage never both accept writes.

use nodes::world::trace::{Place, Trace};
use reports::sentence;

use super::{Check, Example, Fenced, Finding, OpenForWrites, judge_written, kept, violated};
use crate::check::all_of;

/// The check.
pub const CHECK: Check = Check {
    name: "dms-one-primary-writes",
    promise: "At most one instance whose host is not fenced accepts writing transactions at any moment.",
    promise_zh: "任何时刻最多只有一个未被隔离的实例接受写事务。",
    example: Example {
        story: "dn2 opens for writes while dn1 is still open and nobody has fenced dn1's host.",
        text: "\
1s dn1/gaussdb started
2s dn1/gaussdb writes.opened
3s dn2/gaussdb started
4s dn2/gaussdb writes.opened
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut open = OpenForWrites::default();
    let mut fenced = Fenced::default();
    let mut was_open = false;
    for event in trace.events() {
        fenced.take(trace, event);
        if !open.take(event) {
            continue;
        }
        was_open = true;
        let unfenced: Vec<String> = open
            .open
            .keys()
            .filter(|(process, incarnation)| !fenced.contains(trace.host_of(Place::Process(*process, *incarnation))))
            .map(|(process, _)| trace.process_name(*process))
            .collect();
        if unfenced.len() > 1 {
            let who = all_of(unfenced.iter());
            return violated(
                &CHECK,
                event,
                vec![sentence!("At {} {} all accept writes.", "{} 时,{} 同时接受写入。", event.at, who)],
            );
        }
    }
    kept(&CHECK, was_open, ("no instance ever accepted writes", "没有实例接受过写入"))
}
