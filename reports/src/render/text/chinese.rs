//! The words in Simplified Chinese, after the glossary.

use super::{Headings, Kinds, Labels, Marks, Phrases, Text, Verdicts, grouped};
use crate::report::{Language, StepOutcome};

/// Every message in Simplified Chinese.
pub const CHINESE: Text = Text {
    language: Language::Chinese,
    kinds: Kinds { tabletop: "桌面演练", simulation: "仿真演练", live: "实战演练" },
    verdicts: Verdicts {
        as_expected: "符合预期",
        not_as_expected: "不符合预期",
        inconclusive: "无法判定",
        hazard_shown: "已复现风险",
        holds: "成立",
        violated: "违反",
        could_not_tell: "无法判定",
        never_reached: "从未到达",
        expected: "预期之内",
        always: "始终",
        eventually: "最终",
        sometimes: "至少一次",
        met: "达标",
        not_met: "未达标",
        no_target: "未设目标",
    },
    marks: Marks { colon: ":", semicolon: ";", comma: ",", stop: "。", open: "(", close: ")" },
    headings: Headings {
        done: "对集群做了什么",
        happened: "集群的反应",
        writers: "谁能写入",
        service: "业务影响",
        checks: "检查项",
        status: "状态输出",
        story: "前因后果",
    },
    labels: Labels {
        cluster: "集群",
        workload: "负载",
        hypothesis: "稳态假设",
        because: "原因",
        defects: "启用缺陷",
        seed: "种子",
        step: "步骤",
        fault: "故障",
        acts: "操作",
        rto: "RTO",
        rpo: "RPO",
        objective: "目标",
        from: "起",
        until: "止",
        other_outage: "中断",
        clients: "客户端",
        trace: "轨迹",
        report: "报告",
        again: "重放",
        end_of_run: "结束",
        could_write: "能写入",
        could_not_write: "在线但不能写入",
        down: "停止",
        two_at_once: "两个节点同时能写",
        never_two_writers: "从未有两个节点同时能写同一份日志",
        nobody: "没有节点能写入",
        never_returned: "业务一直未恢复",
        no_outage: "无中断",
        never_fired: "从未触发",
        no_effect: "未见效果",
        lost: "丢失",
        unknown: "无法判定",
        verdict: "结论",
        rto_quantiles: "RTO p50 / p95 / 最差",
        lost_commits: "丢失提交",
        scenario: "场景",
        seeds: "种子",
        check: "检查项",
        written: "场景写明",
        drawn: "按种子抽取",
        default: "默认值",
    },
    page: super::chinese_page::PAGE,
    phrases: Phrases {
        drill_of: |kind, model| format!("{kind}:{model}"),
        command_on: |command, host| format!("在 {host} 上执行:{command}"),
        step_ended: |outcome, code, end| {
            let code = code.map_or(String::new(), |code| format!(",退出码 {code}"));
            let end = end.map_or(String::new(), |(at, length)| format!("于 {at},用时 {length}"));
            match outcome {
                StepOutcome::Succeeded => format!("成功{end}{code}"),
                StepOutcome::Failed => format!("失败{end}{code}"),
                StepOutcome::TimedOut => format!("超时{end}{code}"),
                StepOutcome::Unfinished => "运行结束时仍未返回".to_owned(),
                StepOutcome::NeverStarted => "从未开始".to_owned(),
            }
        },
        primary_after: |nodes| format!("此后主节点:{nodes}"),
        bit: |proof| format!("已生效:{proof}"),
        fault_ended: |at| format!("于 {at} 结束"),
        strip_scale: |from, until, column| format!("{from} 至 {until},每列 {column}"),
        writes: |count| format!("写入 {} 次", grouped(count)),
        conflict: |nodes, log, from, until| format!("同时能写:{nodes} 对 {log},{from} 至 {until}"),
        lost_commits: |count, window| match count {
            0 => "没有丢失提交".to_owned(),
            _ => format!("丢失 {} 个提交,时间窗 {window}", grouped(count)),
        },
        operations: |ok, failed, unknown| {
            format!("成功 {},失败 {},结果未知 {}", grouped(ok), grouped(failed), grouped(unknown))
        },
        latency: |p50, p99, slowest| format!("延迟 p50 {p50},p99 {p99},最慢 {slowest}"),
        first_bad: |at, event| format!("首次违反于 {at},事件 {}", grouped(event)),
        reached: |at, event| format!("到达于 {at},事件 {}", grouped(event)),
        more_lines: |count| format!("... 另有 {count} 行"),
        more_entries: |count| format!("... 另有 {} 条,全部见报告页(--out DIR)", grouped(count as u64)),
        checks_hold: |count| match count {
            0 => "没有检查项".to_owned(),
            _ => format!("全部 {count} 个检查项成立"),
        },
        violated_at: |check, at| match at {
            Some(at) => format!("{check} 于 {at} 被违反"),
            None => format!("{check} 被违反"),
        },
        events_lead_here: |count| format!("由 {count} 个事件导致"),
        shortest_plan: |steps, faults, steps_before, faults_before| {
            format!("最短方案:{steps} 个步骤、{faults} 个故障(原为 {steps_before} 个步骤、{faults_before} 个故障)")
        },
        trace: |hash, events, simulated| format!("{hash}  {} 个事件,模拟时间 {simulated}", grouped(events)),
        seed_counts: |as_expected, not_as_expected, inconclusive| {
            format!(
                "{} 个符合预期,{} 个不符合预期,{} 个无法判定",
                grouped(as_expected),
                grouped(not_as_expected),
                grouped(inconclusive)
            )
        },
        rto_over_seeds: |p50, p95, worst| format!("p50 {p50},p95 {p95},最差 {worst}"),
        never_served_seeds: |count| format!("{} 个种子中业务一直未恢复", grouped(count)),
        violated_seeds: |check, violated, all, first| match all {
            1 => format!("{check} 在种子 {first} 中被违反"),
            _ => format!("{check} 在 {} / {} 个种子中被违反,首个种子 {first}", grouped(violated), grouped(all)),
        },
        could_not_tell_seeds: |check, count, all| match all {
            1 => format!("{check} 无法判定"),
            _ => format!("{check} 在 {} / {} 个种子中无法判定", grouped(count), grouped(all)),
        },
        expected_violation_missing: |check, all| match all {
            1 => format!("{check} 本应被违反,但没有出现"),
            _ => format!("{check} 本应被违反,但在全部 {} 个种子中都没有出现", grouped(all)),
        },
    },
};
