//! I8: the old primary of a switchover that failed after the lock moved ends before it takes part in another round.
//!
//! It need not say that its round failed, and mostly ends before it could: a round that has not finished when its life
//! ends, or when that life begins another round, has failed.

use std::collections::BTreeMap;

use nodes::world::trace::{ProcessChange, Trace, What};
use reports::sentence;

use super::{
    Check, Example, Finding, Life, REFORMER_LOCK, announcement, instance_of, is_end, judge_written, kept, life, number,
    text, violated,
};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-old-primary-ends",
    promise: "After a switchover failed with the lock moved, the old primary's process ends before its next round.",
    promise_zh: "switchover 在锁转移后失败时,原主进程在参与下一轮之前已退出。",
    example: Example {
        story: "The lock moved to instance 1, the switchover never finishes on dn1, and dn1 takes part in the next round in the same life.",
        text: "\
1s dn1/gaussdb started
2s dn1/cm_server lock.changed lock=dms_reformer_lock owner=0 version=1
3s dn1/gaussdb reform.started kind=switchover participants=7 judge_time=5 reformer=0 last_primary=0
4s dn1/cm_server lock.changed lock=dms_reformer_lock owner=1 version=2
6s dn1/gaussdb reform.started kind=normal participants=7 judge_time=6 reformer=1 last_primary=1
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// A switchover under way on its old primary.
struct Demoting {
    round: i64,
    instance: i64,
    /// The lock has moved while the round was open.
    lock_moved: bool,
}

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut owner = None;
    let mut demoting: BTreeMap<Life, Demoting> = BTreeMap::new();
    let mut ended = 0;
    for event in trace.events() {
        let Some(life) = life(event.place) else { continue };
        match announcement(event) {
            Some(("lock.changed", fields)) if text(fields, "lock") == Some(REFORMER_LOCK) => {
                owner = number(fields, "owner");
                for switchover in demoting.values_mut() {
                    switchover.lock_moved |= owner.is_some_and(|owner| owner != switchover.instance);
                }
            }
            Some(("reform.started", fields)) => {
                if demoting.remove(&life).is_some_and(|switchover| switchover.lock_moved) {
                    return violated(
                        &CHECK,
                        event,
                        vec![sentence!(
                            "At {} {} takes part in a round in the life in which its switchover failed after the \
                             lock had moved.",
                            "{} 时,{} 在同一次启动中参与新一轮重组,而它的 switchover 在锁转移后已失败。",
                            event.at,
                            trace.place_name(event.place)
                        )],
                    );
                }
                // The reformer that organises a switchover is the one to be demoted.
                let here = instance_of(trace, event);
                if text(fields, "kind") == Some("switchover")
                    && let (Some(round), Some(instance)) = (number(fields, "judge_time"), here)
                    && [number(fields, "reformer"), number(fields, "last_primary"), owner] == [here; 3]
                {
                    demoting.insert(life, Demoting { round, instance, lock_moved: false });
                }
            }
            Some(("reform.finished", fields)) => {
                demoting.retain(|known, switchover| {
                    *known != life || number(fields, "judge_time") != Some(switchover.round)
                });
            }
            _ if is_end(event) => {
                let failed = demoting.remove(&life).is_some_and(|switchover| switchover.lock_moved);
                let by_itself = matches!(event.what, What::Process(ProcessChange::Exited(_)));
                ended += u32::from(failed && by_itself);
            }
            _ => {}
        }
    }
    kept(&CHECK, ended > 0, ("no switchover failed after the lock had moved", "没有 switchover 在锁转移后失败"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    const MOVED: &str = "\
1s dn1/gaussdb started
2s dn1/cm_server lock.changed lock=dms_reformer_lock owner=0 version=1
3s dn1/gaussdb reform.started kind=switchover participants=7 judge_time=5 reformer=0 last_primary=0
4s dn1/cm_server lock.changed lock=dms_reformer_lock owner=1 version=2
";

    fn answer(rest: &str) -> Answer {
        judge_written(&format!("{MOVED}{rest}"), &CHECK, judge).answer
    }

    #[test]
    fn an_old_primary_that_ends_itself_keeps_the_promise() {
        let next = "7s dn1/gaussdb reform.started kind=normal participants=7 judge_time=6 reformer=1 last_primary=1\n";
        assert_eq!(answer(&format!("5s dn1/gaussdb exited\n6s dn1/gaussdb started\n{next}")), Answer::Holds);
        let failed = "5s dn1/gaussdb reform.failed kind=switchover judge_time=5\n";
        assert_eq!(answer(&format!("{failed}{next}")), Answer::Violated);
    }

    #[test]
    fn a_switchover_that_worked_and_a_life_that_was_ended_tell_nothing() {
        let next = "7s dn1/gaussdb reform.started kind=normal participants=7 judge_time=6 reformer=1 last_primary=1\n";
        let finished = "5s dn1/gaussdb reform.finished kind=switchover participants=7 judge_time=5\n";
        assert_eq!(answer(&format!("{finished}{next}")), Answer::CouldNotTell);
        assert_eq!(answer("5s dn1/gaussdb killed\n"), Answer::CouldNotTell);
    }
}
