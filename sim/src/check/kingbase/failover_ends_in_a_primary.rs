//! V8: a node that wins an election is the primary within `promote_check_timeout`.

use std::time::Duration;

use nodes::world::trace::{Event, HostId, Trace};
use reports::sentence;

use super::{Check, Example, Finding, announcement, answer, is_end, judge_written, text, violated};

/// `promote_check_timeout`, by default.
const LIMIT: Duration = Duration::from_secs(60);

/// The check.
pub const CHECK: Check = Check {
    name: "kb-failover-ends-in-a-primary",
    promise: "A node that wins an election accepts writes within 60 seconds, or says that its promotion failed.",
    promise_zh: "选举获胜的节点在 60 秒内开始接受写入,或明确报告提升失败。",
    example: Example {
        story: "node2 wins an election and is still no primary after 61 seconds.",
        text: "\
10s node2/repmgrd election.held outcome=won visible=2
71s node3/kingbase state.changed state=running
",
        judge: |text| judge_written(text, &CHECK, judge),
    },
};

/// Judges a trace.
pub fn judge(trace: &Trace) -> Finding {
    let mut won: Option<(HostId, &Event)> = None;
    let mut elected = false;
    for event in trace.events() {
        if let Some((host, at)) = won
            && event.at > at.at + LIMIT
        {
            let name = trace.host_name(host);
            return violated(
                &CHECK,
                at,
                sentence!(
                    "{name} won an election at {} and did not become primary.",
                    "{name} 于 {} 赢得选举,但没有成为主节点。",
                    at.at
                ),
            );
        }
        let here = trace.host_of(event.place);
        match announcement(event) {
            Some(("election.held", fields)) if text(fields, "outcome") == Some("won") => {
                won = here.map(|host| (host, event));
                elected = true;
            }
            Some(("writes.opened" | "promotion.failed", _)) if won.map(|(host, _)| host) == here => won = None,
            _ if is_end(event) && won.map(|(host, _)| host) == here => won = None,
            _ => {}
        }
    }
    if let Some((host, at)) = won {
        let name = trace.host_name(host);
        let reason = sentence!(
            "the run ended before {name}, which won an election at {}, had its 60 seconds",
            "{name} 于 {} 赢得选举,未满 60 秒运行即结束",
            at.at
        );
        return Finding::could_not_tell(CHECK.name, reason);
    }
    answer(&CHECK, elected, ("no election was won", "没有节点赢得选举"))
}
