//! I9: nobody is in the cluster without having finished a round in this life; a failed first round ends the process.

use std::collections::BTreeSet;

use nodes::world::trace::Trace;
use reports::sentence;

use super::{Check, Example, Finding, Life, announcement, judge_written, kept, life, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-first-round-failure-ends-the-process",
    promise: "A process whose first round failed takes part in no other round before it is restarted, and none shows Normal before a round of its life.",
    promise_zh: "首轮失败的进程在重启之前不再参与任何轮次,且任何进程在其本次运行期的轮次之前不会显示 Normal。",
    example: Example {
        story: "The first round of dn3 fails and dn3 goes on to the next in the same life.",
        text: "\
1s dn3/gaussdb started
2s dn3/gaussdb reform.started kind=normal participants=7 judge_time=5 reformer=0 last_primary=0
3s dn3/gaussdb reform.failed kind=normal judge_time=5
4s dn3/gaussdb reform.started kind=normal participants=7 judge_time=6 reformer=0 last_primary=0
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut finished: BTreeSet<Life> = BTreeSet::new();
    let mut failed: BTreeSet<Life> = BTreeSet::new();
    let mut begun: BTreeSet<Life> = BTreeSet::new();
    for event in trace.events() {
        let (Some(life), Some((name, fields))) = (life(event.place), announcement(event)) else { continue };
        match name {
            "reform.finished" => {
                finished.insert(life);
            }
            "reform.failed" if !finished.contains(&life) => {
                failed.insert(life);
            }
            "reform.started" if failed.contains(&life) => {
                return violated(
                    &CHECK,
                    event,
                    vec![sentence!(
                        "At {} {} begins a round although its first round in this life had failed.",
                        "{} 时,{} 又开始一轮重组,而本次启动后的第一轮已失败。",
                        event.at,
                        trace.place_name(event.place)
                    )],
                );
            }
            "reform.started" => drop(begun.insert(life)),
            "state.changed" if text(fields, "state") == Some("Normal") && !begun.contains(&life) => {
                let place = trace.place_name(event.place);
                let text = sentence!(
                    "At {} {place} shows Normal and has been in no round in this life.",
                    "{} 时,{place} 显示 Normal,但本次启动后未参与过任何一轮重组。",
                    event.at
                );
                return violated(&CHECK, event, vec![text]);
            }
            _ => {}
        }
    }
    kept(&CHECK, !failed.is_empty(), ("no process failed its first round", "没有进程的第一轮失败"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    #[test]
    fn a_process_that_ends_after_its_first_failure_and_one_that_failed_later_keep_the_promise() {
        let answer = |text: &str| judge_written(text, &CHECK, judge).answer;
        let started = |at: u32, round: u32| {
            format!(
                "{at}s dn3/gaussdb reform.started kind=normal participants=7 judge_time={round} reformer=0 last_primary=0\n"
            )
        };
        let first =
            format!("1s dn3/gaussdb started\n{}3s dn3/gaussdb reform.failed kind=normal judge_time=5\n", started(2, 5));
        let restarted = format!("{first}4s dn3/gaussdb exited\n5s dn3/gaussdb started\n{}", started(6, 6));
        assert_eq!(answer(&restarted), Answer::Holds);
        let later = format!(
            "1s dn3/gaussdb started\n{}3s dn3/gaussdb reform.finished kind=normal participants=7 judge_time=5\n{}\
             5s dn3/gaussdb reform.failed kind=normal judge_time=6\n{}",
            started(2, 5),
            started(4, 6),
            started(6, 7)
        );
        assert_eq!(answer(&later), Answer::CouldNotTell);
        assert_eq!(answer("1s dn3/gaussdb started\n2s dn3/gaussdb state.changed state=Normal\n"), Answer::Violated);
    }
}
