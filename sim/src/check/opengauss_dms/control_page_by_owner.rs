//! I3: the recorded primary is written only by the owner of the reformer lock, in the two steps that may, of a round
//! that it takes part in.

use std::collections::BTreeSet;

use nodes::world::trace::Trace;
use reports::{Sentence, sentence};

use super::{
    Check, Example, Finding, Life, REFORMER_LOCK, announcement, instance_of, judge_written, kept, life, number, text,
    violated,
};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-control-page-by-owner",
    promise: "Page 64 of pg_control is written only by the owner of dms_reformer_lock, in step promote or done of its own round, and records the owner as primary.",
    promise_zh: "pg_control 的 64 号页只由 dms_reformer_lock 的持有者在其本轮的 promote 或 done 步骤中写入,且记录的主实例就是持有者。",
    example: Example {
        story: "Instance 0 records itself as primary although the lock has moved to instance 1.",
        text: "\
1s dn1/gaussdb started
2s dn1/cm_server lock.changed lock=dms_reformer_lock owner=0 version=1
2s dn1/gaussdb reform.started kind=normal participants=3 judge_time=5 reformer=0 last_primary=0
3s dn1/cm_server lock.changed lock=dms_reformer_lock owner=1 version=2
4s dn1/gaussdb control-page.written version=1 primary=0 stable=1 step=done
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let (mut owner, mut was_written) = (None, false);
    let mut in_round: BTreeSet<Life> = BTreeSet::new();
    for event in trace.events() {
        let Some(life) = life(event.place) else { continue };
        match announcement(event) {
            Some(("reform.started", _)) => drop(in_round.insert(life)),
            Some(("reform.finished" | "reform.failed", _)) => drop(in_round.remove(&life)),
            Some(("lock.changed", fields)) if text(fields, "lock") == Some(REFORMER_LOCK) => {
                owner = number(fields, "owner");
            }
            Some(("control-page.written", fields)) => {
                was_written = true;
                let primary = number(fields, "primary");
                if primary != owner {
                    let told = |who: Option<i64>| {
                        who.map_or(("nobody", "无人").into(), |who| sentence!("instance {who}", "实例 {who}"))
                    };
                    return violated(
                        &CHECK,
                        event,
                        vec![sentence!(
                            "At {} {} recorded {} as primary while {} owned the lock.",
                            "{} 时,{} 把 {} 记录为主节点,而持锁者是 {}。",
                            event.at,
                            trace.place_name(event.place),
                            told(primary),
                            told(owner)
                        )],
                    );
                }
                let wrong = match text(fields, "step") {
                    _ if instance_of(trace, event) != owner => Some(("and does not own the lock", "未持有锁却")),
                    _ if !in_round.contains(&life) => Some(("outside every round", "在所有轮次之外")),
                    Some("promote" | "done") => None,
                    _ => Some(("in a step that may not", "在不允许的步骤中")),
                };
                if let Some(wrong) = wrong {
                    let place = trace.place_name(event.place);
                    return violated(
                        &CHECK,
                        event,
                        vec![sentence!(
                            "At {} {place} wrote page 64 {}.",
                            "{} 时,{place} {1}写入第 64 页。",
                            event.at,
                            Sentence::from(wrong)
                        )],
                    );
                }
            }
            _ => {}
        }
    }
    kept(&CHECK, was_written, ("nobody wrote the control page", "没有写过控制页"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    fn answer(rest: &str) -> Answer {
        let lock = "1s dn1/gaussdb started\n2s dn2/gaussdb started\n\
                    2s dn1/cm_server lock.changed lock=dms_reformer_lock owner=0 version=1\n";
        judge_written(&format!("{lock}{rest}"), &CHECK, judge).answer
    }

    #[test]
    fn who_may_write_when() {
        let round = |host: &str| {
            format!(
                "3s {host}/gaussdb reform.started kind=normal participants=3 judge_time=5 reformer=0 last_primary=0\n"
            )
        };
        let written = |host: &str, step: &str| {
            format!("4s {host}/gaussdb control-page.written version=1 primary=0 stable=3 step={step}\n")
        };
        assert_eq!(answer(&(round("dn1") + &written("dn1", "done"))), Answer::Holds);
        assert_eq!(answer(&(round("dn1") + &written("dn1", "start"))), Answer::Violated, "not in that step");
        assert_eq!(answer(&written("dn1", "done")), Answer::Violated, "in no round");
        assert_eq!(answer(&(round("dn2") + &written("dn2", "done"))), Answer::Violated, "not by instance 1");
        let over = "3s dn1/gaussdb reform.finished kind=normal participants=3 judge_time=5\n";
        assert_eq!(answer(&(round("dn1") + over + &written("dn1", "done"))), Answer::Violated, "the round was over");
    }
}
