//! I12: a status query shows at most one normal primary.

use std::collections::BTreeMap;

use nodes::world::trace::{Place, Trace};
use reports::sentence;

use super::{Check, Example, Fenced, Finding, Life, announcement, is_end, judge_written, kept, life, text, violated};
use crate::check::all_of;

/// The check.
pub const CHECK: Check = Check {
    name: "dms-one-primary-shown",
    promise: "At most one running instance shows Primary Normal at any moment.",
    promise_zh: "任何时刻最多只有一个运行中的实例显示为 Primary Normal。",
    example: Example {
        story: "dn1 and dn2 both are primary and normal.",
        text: "\
1s dn1/gaussdb started
2s dn1/gaussdb role.changed role=primary
2s dn1/gaussdb state.changed state=Normal
3s dn2/gaussdb started
4s dn2/gaussdb role.changed role=primary
4s dn2/gaussdb state.changed state=Normal
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut shown: BTreeMap<Life, (bool, bool)> = BTreeMap::new();
    let mut fenced = Fenced::default();
    let mut was_shown = false;
    for event in trace.events() {
        fenced.take(trace, event);
        let Some(life) = life(event.place) else { continue };
        match announcement(event) {
            Some(("role.changed", fields)) => {
                shown.entry(life).or_default().0 = text(fields, "role") == Some("primary");
            }
            Some(("state.changed", fields)) => {
                shown.entry(life).or_default().1 = text(fields, "state") == Some("Normal");
            }
            _ if is_end(event) => {
                shown.remove(&life);
            }
            _ => continue,
        }
        let primaries: Vec<String> = shown
            .iter()
            .filter(|((process, incarnation), state)| {
                **state == (true, true) && !fenced.contains(trace.host_of(Place::Process(*process, *incarnation)))
            })
            .map(|((process, _), _)| trace.process_name(*process))
            .collect();
        was_shown |= !primaries.is_empty();
        if primaries.len() > 1 {
            let who = all_of(primaries.iter());
            return violated(
                &CHECK,
                event,
                vec![sentence!("At {} {} all show Primary Normal.", "{} 时,{} 都显示 Primary Normal。", event.at, who)],
            );
        }
    }
    kept(&CHECK, was_shown, ("no instance ever showed Primary Normal", "没有实例显示过 Primary Normal"))
}
