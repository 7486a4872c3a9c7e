//! The drill of a switchover whose new primary dies after the reform lock has moved to it.

use reports::*;

use super::{entry, landmark, lane, ms, setting, writer};

const STATUS_HEAD: &str = "node            node_ip         instance                                state            ";

/// The whole report of one run.
pub fn switchover_fail() -> Report {
    let service = service();
    let end = ms(180_000);
    Report {
        format: FORMAT,
        run: run(),
        drill: drill(),
        cluster: cluster(),
        verdict: Verdict {
            outcome: Outcome::AsExpected,
            hazard_shown: false,
            cause: Sentence::new(
                "The old primary left by itself and the cluster served again after 18.389s.",
                "原主自动退出,集群在 18.389s 后恢复服务。",
            ),
            expectation: Expectation::default(),
            shortest: None,
        },
        objectives: Objectives {
            rto: RecoveryTime::measure(Some(Span::from_secs(60)), &service.outages, end),
            rpo: RecoveryPoint::measure(Some(Span(0)), &service.lost_commits, end),
        },
        checks: checks(),
        runbook: runbook(),
        faults: faults(),
        timeline: timeline(),
        lanes: lanes(),
        writers: vec![writer("dn1", "wal", 0, Some(20_981), 12_004), writer("dn2", "wal", 38_871, None, 81_377)],
        service,
        story: Vec::new(),
        messages: messages(),
        status: status(),
        logs: logs(),
        settings: settings(),
        limits: Limits {
            cut: vec!["Of 61,234 events 17 are drawn.".into()],
            not_simulated: vec![Sentence::new("SQL beyond the workload's transfers.", "负载之外的 SQL。")],
            sources: vec!["openGauss DMS, CM and DSS sources; the incident's published logs.".into()],
        },
    }
}

fn run() -> Run {
    Run {
        version: "0.1.0".into(),
        scenario: "scenarios/switchover_fail.toml".into(),
        name: "switchover_fail".into(),
        seed: 1,
        hash: "9f3c1e07a2b45d86".into(),
        events: 61_234,
        simulated: Span::from_secs(180),
        again: "simrun scenarios/switchover_fail.toml --seed 1".into(),
        scenario_text: Some("format = 1\n\n[drill]\nid = \"GD-001\"\n".into()),
    }
}

fn drill() -> DrillCard {
    DrillCard {
        id: "GD-001".into(),
        title: "Switchover: the new primary dies after the reform lock has moved".into(),
        title_zh: Some("switchover 转移锁后,升主节点升主失败,原主自动退出".into()),
        kind: DrillKind::Simulation,
        level: Some("P2".into()),
        hypothesis: Some("The cluster becomes stable by itself; no acknowledged commit is lost.".into()),
        hypothesis_zh: None,
        scope: Some("Three nodes on one shared volume, their cluster manager and their clients.".into()),
        scope_zh: None,
        rollback: Some("cm_ctl switchover -n 1 -D /data/cluster/dn1".into()),
        rollback_zh: None,
        owner: Some("dba-oncall".into()),
        tags: vec!["switchover".into(), "reform".into()],
    }
}

fn cluster() -> Cluster {
    let node = |name: &str, role: &str| Node { name: name.into(), role: role.into() };
    Cluster {
        model: "opengauss_dms".into(),
        profile: Some("6.0.0".into()),
        defects: Vec::new(),
        nodes: vec![node("dn1", "primary"), node("dn2", "standby"), node("dn3", "standby")],
        workload: Some("bank-transfer, 8 clients, 100/s".into()),
        workload_zh: None,
    }
}

fn checks() -> Vec<Check> {
    let holds = |name: &str, mode, english: &str, chinese: &str| Check {
        name: name.into(),
        promise: Sentence::new(english, chinese),
        mode,
        answer: Answer::Holds,
        evidence: None,
        explanation: Vec::new(),
        expected: true,
        line: None,
    };
    vec![
        holds(
            "single-writer",
            Mode::Always,
            "At no moment do two process incarnations write the same log.",
            "任何时刻都不会有两个进程写同一份日志。",
        ),
        holds(
            "no-lost-commit",
            Mode::Always,
            "Every acknowledged commit is in the log at the end.",
            "每个已确认的提交最终都在日志中。",
        ),
        Check {
            evidence: Some(Evidence { event: 41_201, at: ms(25_019) }),
            ..holds("dn1.self-exit", Mode::Sometimes, "dn1 exits by itself at least once.", "dn1 至少自动退出一次。")
        },
        holds(
            "writable",
            Mode::Eventually,
            "Within 60s after kill-new-primary a write becomes durable again.",
            "kill-new-primary 之后 60s 内恢复写入。",
        ),
    ]
}

fn runbook() -> Vec<Step> {
    vec![
        Step {
            name: "switchover".into(),
            host: "dn1".into(),
            command: "cm_ctl switchover -n 2 -D /data/cluster/dn1".into(),
            kind: StepKind::Change,
            planned: "at 20s".into(),
            planned_zh: None,
            started: Some(ms(20_000)),
            ended: Some(ms(45_105)),
            outcome: StepOutcome::Succeeded,
            exit_code: Some(0),
            output: vec!["cm_ctl: switchover successfully.".into()],
            excerpt: Vec::new(),
            expected: Some(Sentence::new("dn2 is primary.", "dn2 成为主节点。")),
            primary_after: vec!["dn2".into()],
            writers_after: vec!["dn2".into()],
        },
        Step { excerpt: rows("P Down    Starting", "S Standby Starting"), ..query("look-during", 25_900) },
        Step { excerpt: rows("P Standby Normal", "S Primary Normal"), ..query("look-after", 60_000) },
    ]
}

fn query(name: &str, at: u64) -> Step {
    Step {
        name: name.into(),
        host: "dn3".into(),
        command: "cm_ctl query -Cvipd".into(),
        kind: StepKind::Query,
        planned: format!("at {}", ms(at)),
        planned_zh: None,
        started: Some(ms(at - 30)),
        ended: Some(ms(at)),
        outcome: StepOutcome::Succeeded,
        exit_code: Some(0),
        output: vec!["[  CMServer State   ]".into(), String::new(), "[   Cluster State   ]".into()],
        excerpt: Vec::new(),
        expected: None,
        primary_after: Vec::new(),
        writers_after: Vec::new(),
    }
}

/// The datanode rows as the product prints them: three nodes beside each other on one line.
fn rows(first: &str, second: &str) -> Vec<String> {
    let third = if second.contains("Starting") { "S Standby Starting" } else { "S Standby Normal" };
    let row = |number: u32, state: &str| {
        format!(
            "{number}  dn{number}          10.0.0.{number}        600{number} 12703  /data/cluster/dn{number} {state}"
        )
    };
    vec![[STATUS_HEAD; 3].join("| "), "-".repeat(260), [row(1, first), row(2, second), row(3, third)].join(" | ")]
}

fn faults() -> Vec<Fault> {
    vec![Fault {
        name: "kill-new-primary".into(),
        verb: "kill".into(),
        told: None,
        target: "dn2".into(),
        planned: "12ms after dn2.reformer-lock.acquired (0s..50ms, drawn)".into(),
        planned_zh: None,
        fired: Some(ms(21_162)),
        ended: None,
        effects: EffectCounts { armed: 1, fired: 1, observed: 1, repaired: 0 },
        proof: Some(Sentence::new("gaussdb of dn2 was gone, signal 9", "dn2 的 gaussdb 已消失,信号 9")),
    }]
}

fn timeline() -> Vec<Entry> {
    let of_kind = |kind, it: Entry| Entry { kind, ..it };
    let mut entries = vec![
        of_kind(EntryKind::Step, entry(20_000, 30_001, "dn1/cm_ctl", "cm_ctl switchover -n 2 -D /data/cluster/dn1")),
        entry(20_021, 30_040, "dn2/cm_agent", "runs gs_ctl switchover"),
        entry(20_512, 30_702, "dn1/gaussdb", "SWITCHOVER round starts: demote 0, promote 1"),
        of_kind(EntryKind::Client, entry(20_655, 30_911, "dn1/client c3", "transfer 1204 failed: connection reset")),
        entry(20_981, 31_377, "dn1/gaussdb", "demoted, waits for its new role"),
        Entry {
            text: Sentence::new("dms_reformer_lock moves from dn1 to dn2", "dms_reformer_lock 从 dn1 转移到 dn2"),
            ..entry(21_150, 31_640, "dn2/cm_server", "")
        },
        of_kind(EntryKind::Fault, entry(21_162, 31_652, "dn2/gaussdb", "kill-new-primary: killed")),
        of_kind(EntryKind::Process, entry(24_163, 39_876, "dn2/cm_agent", "starts gaussdb again, restart 1 of 5")),
        of_kind(
            EntryKind::Log,
            entry(
                25_019,
                41_199,
                "dn1/gaussdb",
                "local reformer version(0, 781783729655967) is not same as share reformer version(1, 781801668325620) \
                 andshare switchover version(1, 781783739740808)",
            ),
        ),
        entry(25_019, 41_201, "dn1/gaussdb", "self-exit: reform failed in a switchover after the lock had moved"),
        entry(29_881, 43_010, "dn1/gaussdb", "Node:0 starts, found cluster PRIMARY:0"),
        entry(32_056, 44_120, "dn1/dssserver", "takes the DSS main role"),
        entry(33_504, 45_007, "dn2/gaussdb", "FAILOVER round starts without dn1"),
        entry(38_871, 48_230, "dn2/gaussdb", "failover success, instance:1 become primary"),
        of_kind(EntryKind::Client, entry(39_044, 48_301, "dn2/client c5", "transfer 1312 is durable")),
        entry(40_515, 48_944, "dn2/gaussdb", "NORMAL round starts: dn1 joins"),
        entry(42_733, 49_610, "dn1/gaussdb", "Standby Normal"),
    ];
    entries.push(Entry { importance: Importance::Minor, ..entry(43_000, 49_700, "dn3/gaussdb", "checkpoint") });
    entries
}

fn lanes() -> Vec<Lane> {
    vec![
        lane(
            "dn1",
            &[
                (0, Standing::Primary, "Primary Normal"),
                (20_512, Standing::Changing, "Primary Demoting"),
                (20_981, Standing::Standby, "Standby Starting"),
                (25_019, Standing::Down, "Down Starting"),
                (29_881, Standing::Starting, "Standby Starting"),
                (42_733, Standing::Standby, "Standby Normal"),
            ],
        ),
        lane(
            "dn2",
            &[
                (0, Standing::Standby, "Standby Normal"),
                (20_512, Standing::Starting, "Standby Starting"),
                (21_162, Standing::Down, "Down Starting"),
                (24_163, Standing::Starting, "Standby Starting"),
                (33_504, Standing::Changing, "Standby Promoting"),
                (38_871, Standing::Primary, "Primary Normal"),
            ],
        ),
        lane(
            "dn3",
            &[
                (0, Standing::Standby, "Standby Normal"),
                (20_512, Standing::Starting, "Standby Starting"),
                (39_020, Standing::Standby, "Standby Normal"),
            ],
        ),
    ]
}

fn service() -> Service {
    let outage = Outage {
        first_failed: landmark(
            20_655,
            30_911,
            Sentence::new(
                "transfer 1204 of client c3 failed: connection reset by dn1",
                "客户端 c3 的转账 1204 失败:连接被 dn1 重置",
            ),
        ),
        first_durable: Some(landmark(
            39_044,
            48_301,
            Sentence::new("transfer 1312 of client c5 is durable on dn2", "客户端 c5 的转账 1312 在 dn2 上已持久化"),
        )),
    };
    Service {
        outages: vec![outage],
        lost_commits: Vec::new(),
        clients: ClientStatistics {
            ok: 16_102,
            failed: 96,
            unknown: 8,
            latency: Some(LatencyQuantiles {
                p50: Span(4_120_000),
                p90: Span(7_900_000),
                p99: Span(18_000_000),
                p999: Span::from_millis(240),
                slowest: Span::from_millis(1_904),
            }),
            bucket: Span::from_secs(1),
            buckets: (0..180).map(bucket).collect(),
        },
    }
}

fn bucket(second: u64) -> ClientBucket {
    let from = ms(second * 1_000);
    let served = ClientBucket {
        from,
        ok: 98 + second % 5,
        failed: 0,
        unknown: 0,
        median: Some(Span::from_millis(4)),
        slowest: Some(Span::from_millis(9 + second % 7)),
    };
    match second {
        20 => ClientBucket { ok: 64, failed: 9, unknown: 8, ..served },
        21..39 => ClientBucket { from, ok: 0, failed: 5, unknown: 0, median: None, slowest: None },
        39 => ClientBucket { ok: 93, failed: 2, slowest: Some(Span::from_millis(1_904)), ..served },
        _ => served,
    }
}

fn messages() -> Vec<Message> {
    let message = |from: &str, to: &str, sent: u64, arrived: Option<u64>, name: &str, contents: &str| Message {
        from: from.into(),
        to: to.into(),
        sent: ms(sent),
        arrived: arrived.map(ms),
        name: name.into(),
        contents: contents.into(),
    };
    vec![
        message("dn1", "dn2", 21_140, Some(21_141), "SYNC_NEXT_STEP", "step SWITCH_LOCK, round 7"),
        message("dn1", "dn3", 21_140, Some(21_142), "SYNC_NEXT_STEP", "step SWITCH_LOCK, round 7"),
        message("dn3", "dn2", 21_155, Some(21_156), "SYNC_STEP", "step SWITCH_LOCK done"),
        message("dn1", "dn2", 21_161, None, "SYNC_STEP", "step SWITCH_LOCK done"),
        message("dn2", "dn1", 24_900, Some(24_901), "GET_VERSION", "start time changed"),
    ]
}

fn status() -> Vec<StatusOutput> {
    let output = |at, lines| StatusOutput { at: ms(at), command: "cm_ctl query -Cvipd".into(), lines };
    vec![
        output(0, rows("P Primary Normal", "S Standby Normal")),
        output(20_512, rows("P Primary Demoting", "S Standby Starting")),
        output(25_019, rows("P Down    Starting", "S Standby Starting")),
        output(42_733, rows("P Standby Normal", "S Primary Normal")),
    ]
}

fn logs() -> Vec<LogExcerpt> {
    vec![LogExcerpt {
        host: "dn1".into(),
        file: "pg_log/DMS/run/dms.rlog".into(),
        lines: vec![LogLine {
            at: ms(25_019),
            text: "UTC+8 2026-01-01 00:00:25.019|DMS|2001|ERROR>[DMS REFORM]reformer abort during reform".into(),
        }],
    }]
}

fn settings() -> Vec<Setting> {
    vec![
        setting("network.latency", "100us..1ms", Origin::Default),
        setting("product.restart_delay", "1s", Origin::Default),
        setting("fault.kill-new-primary.delay", "12ms", Origin::Drawn),
        setting("workload.clients", "8", Origin::Written),
    ]
}
