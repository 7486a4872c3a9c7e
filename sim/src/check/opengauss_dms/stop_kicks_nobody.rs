//! While the operator stops the whole cluster, nobody is kicked for being the first to have stopped (CM 597e9d6).

use nodes::world::trace::Trace;
use reports::sentence;

use super::{Check, Example, Finding, announcement, judge_written, kept, text, violated};

/// The check.
pub const CHECK: Check = Check {
    name: "dms-stop-kicks-nobody",
    promise: "Between cm_ctl stop and cm_ctl start of the whole cluster no work member is kicked.",
    promise_zh: "从整个集群的 cm_ctl stop 到 cm_ctl start 之间,不踢出任何工作成员。",
    example: Example {
        story: "The operator stops the cluster; dn2 is the first to have stopped, and is kicked for it.",
        text: "\
1s dn1/cm_server started
2s dn1/cm_server arbitration.halted
5s dn1/cm_server member.kicked node=2 host=dn2
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let (mut is_halted, mut halts) = (false, 0);
    for event in trace.events() {
        match announcement(event) {
            Some(("arbitration.halted", _)) => {
                is_halted = true;
                halts += 1;
            }
            Some(("arbitration.resumed", _)) => is_halted = false,
            Some(("member.kicked", fields)) if is_halted => {
                let host = text(fields, "host").unwrap_or("a node");
                let told = sentence!(
                    "At {} {host} was kicked while the cluster was being stopped.",
                    "{} 时,{host} 在停集群期间被踢出。",
                    event.at
                );
                return violated(&CHECK, event, vec![told]);
            }
            _ => {}
        }
    }
    kept(&CHECK, halts > 0, ("the whole cluster was never stopped", "从未停止整个集群"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;

    #[test]
    fn a_kick_counts_only_between_stop_and_start() {
        let judged = |text: &str| judge_written(text, &CHECK, judge).answer;
        let begin = "1s dn1/cm_server started\n";
        assert_eq!(judged(begin), Answer::CouldNotTell);
        let kick = "member.kicked node=2 host=dn2\n";
        let before = format!("{begin}2s dn1/cm_server {kick}3s dn1/cm_server arbitration.halted\n");
        assert_eq!(judged(&before), Answer::Holds);
        let after = format!("{before}4s dn1/cm_server arbitration.resumed\n5s dn1/cm_server {kick}");
        assert_eq!(judged(&after), Answer::Holds);
        assert_eq!(judged(&format!("{before}4s dn1/cm_server {kick}")), Answer::Violated);
    }
}
