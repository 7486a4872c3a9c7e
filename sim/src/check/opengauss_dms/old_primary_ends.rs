//! I8: the old primary of a switchover that failed after the lock moved ends before it takes part in another round.

use std::collections::{BTreeMap, BTreeSet};

use nodes::world::trace::{Event, Trace};

use super::{
    Check, Example, Finding, Life, REFORMER_LOCK, announcement, judge_written, kept, life, number, text, violated,
};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-old-primary-ends",
    promise: "After a switchover failed with the lock moved, the old primary's process ends before its next round.",
    promise_zh: "switchover 在锁转移后失败时,原主进程在参与下一轮之前已退出。",
    example: Example {
        story: "The switchover fails on dn1 after the lock moved to instance 1, and dn1 takes part in the next round in the same life.",
        text: "\
1s dn1/gaussdb started
2s dn1/cm_server lock.changed lock=dms_reformer_lock owner=0 version=1
3s dn1/gaussdb reform.started kind=switchover participants=7 judge_time=5 reformer=0 last_primary=0
4s dn1/cm_server lock.changed lock=dms_reformer_lock owner=1 version=2
5s dn1/gaussdb reform.failed kind=switchover judge_time=5
6s dn1/gaussdb reform.started kind=normal participants=7 judge_time=6 reformer=1 last_primary=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut owner = None;
    let mut demoting: BTreeMap<(Life, i64), i64> = BTreeMap::new();
    let mut must_end: BTreeSet<Life> = BTreeSet::new();
    for event in trace.events() {
        let Some(life) = life(event.place) else { continue };
        match announcement(event) {
            Some(("lock.changed", fields)) if text(fields, "lock") == Some(REFORMER_LOCK) => {
                owner = number(fields, "owner");
            }
            Some(("reform.started", fields)) => {
                if must_end.contains(&life) {
                    return violated(
                        &CHECK,
                        event,
                        vec![format!(
                            "At {} {} takes part in a round in the life in which its switchover failed after the lock had \
                         moved.",
                            event.at,
                            trace.place_name(event.place)
                        )],
                    );
                }
                // The reformer that organises a switchover is the one to be demoted.
                if text(fields, "kind") == Some("switchover")
                    && let (Some(round), Some(reformer)) = (number(fields, "judge_time"), number(fields, "reformer"))
                    && owner == Some(reformer)
                    && number(fields, "last_primary") == Some(reformer)
                    && is_instance(trace, event, reformer)
                {
                    demoting.insert((life, round), reformer);
                }
            }
            Some(("reform.failed", fields)) => {
                let round = number(fields, "judge_time").unwrap_or(-1);
                if demoting.get(&(life, round)).is_some_and(|old| owner.is_some_and(|owner| owner != *old)) {
                    must_end.insert(life);
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, !must_end.is_empty(), "no switchover failed after the lock had moved")
}

/// Instances are numbered in the order of their gaussdb processes.
fn is_instance(trace: &Trace, event: &Event, instance: i64) -> bool {
    let databases: Vec<usize> =
        (0..trace.processes.len()).filter(|index| &*trace.processes[*index].name == "gaussdb").collect();
    let here = life(event.place).map(|(process, _)| usize::from(process.0));
    usize::try_from(instance).ok().and_then(|instance| databases.get(instance).copied()) == here
}
