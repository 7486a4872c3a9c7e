//! The drill of a promotion before the old writer is stopped: two writers, expected in one case, a surprise in the other.

use reports::*;

use super::{entry, landmark, lane, ms, switchover_fail, writer};

/// The hazard shown, as its scenario expects.
pub fn promote_before_stop() -> Report {
    let mut report = surprise();
    report.verdict.outcome = Outcome::AsExpected;
    report.verdict.hazard_shown = true;
    report.verdict.shortest = None;
    report.verdict.expectation = Expectation {
        verdict: ExpectedVerdict::Violation,
        of: vec!["single-writer".into(), "no-lost-commit".into()],
        because: Some("Nothing fences pb1; both append at the same byte of the same segment.".into()),
        because_zh: None,
    };
    report.checks.pop();
    report.faults.retain(Fault::bit);
    report.checks.iter_mut().for_each(|check| check.expected = true);
    report
}

/// The same violation in a scenario that expected none.
pub fn surprise() -> Report {
    let lost = vec![
        lost_commit("transfer 871", "c2", 21_140, "pb2, LSN 0/3A10"),
        lost_commit("transfer 872", "c6", 21_188, "pb2, LSN 0/3A88"),
    ];
    let service = Service { lost_commits: lost, ..served() };
    let finding = Sentence::new("pb1 and pb2 both append to the same log segment", "pb1 与 pb2 同时向同一日志段追加");
    Report {
        run: run(),
        drill: drill(),
        cluster: Cluster {
            model: "polardb".into(),
            profile: Some("pg15".into()),
            defects: vec!["promote-without-logindex".into()],
            nodes: vec![Node { name: "pb1".into(), role: "rw".into() }, Node { name: "pb2".into(), role: "ro".into() }],
            workload: Some("bank-transfer, 8 clients, 200/s".into()),
            workload_zh: None,
        },
        verdict: Verdict {
            outcome: Outcome::NotAsExpected,
            hazard_shown: false,
            cause: finding.clone(),
            expectation: Expectation::default(),
            shortest: Some(ShortestPlan { steps: 2, faults: 0, steps_before: 2, faults_before: 3 }),
        },
        objectives: Objectives {
            rto: RecoveryTime::measure(Some(Span::from_secs(30)), &service.outages, ms(120_000)),
            rpo: RecoveryPoint::measure(Some(Span(0)), &service.lost_commits, ms(21_204)),
        },
        checks: checks(finding),
        runbook: runbook(),
        faults: faults(),
        timeline: vec![
            entry(20_000, 9_011, "pb2/postgres", "promote: looks at the log once, finds it quiet"),
            entry(20_904, 9_240, "pb2/postgres", "is primary on timeline 2"),
            entry(21_131, 9_402, "pb2/postgres", "writes LSN 0/3A10"),
            entry(21_204, 9_466, "pb1/postgres", "writes LSN 0/3A10 over pb2's record"),
            Entry { kind: EntryKind::Step, ..entry(25_904, 12_010, "pb1/pg_ctl", "pg_ctl stop -m fast") },
        ],
        lanes: vec![
            lane("pb1", &[(0, Standing::Primary, "rw"), (26_310, Standing::Down, "stopped")]),
            lane(
                "pb2",
                &[
                    (0, Standing::Standby, "ro"),
                    (20_000, Standing::Changing, "promoting"),
                    (20_904, Standing::Primary, "rw"),
                ],
            ),
        ],
        writers: vec![writer("pb1", "pg_wal", 0, Some(26_310), 5_377), writer("pb2", "pg_wal", 20_904, None, 18_209)],
        service,
        story: story(),
        messages: Vec::new(),
        status: Vec::new(),
        logs: Vec::new(),
        settings: Vec::new(),
        limits: Limits::default(),
        ..switchover_fail()
    }
}

fn run() -> Run {
    Run {
        scenario: "scenarios/polardb/promote_before_stop.toml".into(),
        name: "polardb/promote_before_stop".into(),
        seed: 17,
        hash: "07a1d2c4b8e96f35".into(),
        events: 20_877,
        simulated: Span::from_secs(120),
        again: "simrun scenarios/polardb/promote_before_stop.toml --seed 17".into(),
        ..switchover_fail().run
    }
}

fn drill() -> DrillCard {
    DrillCard {
        id: "PD-001".into(),
        title: "Replica is promoted before the old writer is stopped".into(),
        title_zh: Some("先升主、后停旧主".into()),
        hypothesis: Some("Whatever the operator does first, two nodes never write the shared log at once.".into()),
        hypothesis_zh: None,
        ..switchover_fail().drill
    }
}

fn lost_commit(name: &str, client: &str, acknowledged: u64, position: &str) -> LostCommit {
    LostCommit { name: name.into(), client: client.into(), acknowledged: ms(acknowledged), position: position.into() }
}

fn checks(finding: Sentence) -> Vec<Check> {
    let check = |name: &str, mode, answer, evidence: Option<(u64, u64)>, explanation| Check {
        name: name.into(),
        promise: "What it promises.".into(),
        mode,
        answer,
        evidence: evidence.map(|(event, at)| Evidence { event, at: ms(at) }),
        explanation,
        expected: answer == Answer::Holds,
        line: Some(63),
    };
    let detail = Sentence::from("first bad write: pb1 LSN 0/3A10 at 21.204s, over a record that pb2 wrote at 21.131s");
    let lost = Sentence::from("2 acknowledged transfers are not in the log: 871, 872");
    let never = Sentence::from("no client read from pb2 while pb1 was writing");
    vec![
        check("single-writer", Mode::Always, Answer::Violated, Some((9_466, 21_204)), vec![finding, detail]),
        check("no-lost-commit", Mode::Always, Answer::Violated, Some((9_466, 21_204)), vec![lost]),
        check("writable", Mode::Eventually, Answer::Holds, None, Vec::new()),
        check("stale-read", Mode::Sometimes, Answer::CouldNotTell, None, vec![never]),
    ]
}

fn runbook() -> Vec<Step> {
    let promote = Step {
        name: "promote-new".into(),
        host: "pb2".into(),
        command: "pg_ctl promote -D /home/postgres/replica1".into(),
        kind: StepKind::Change,
        planned: "at 20s".into(),
        planned_zh: None,
        started: Some(ms(20_000)),
        ended: Some(ms(20_904)),
        outcome: StepOutcome::Succeeded,
        exit_code: Some(0),
        output: vec!["waiting for server to promote.... done".into(), "server promoted".into()],
        excerpt: Vec::new(),
        expected: None,
        primary_after: vec!["pb1".into(), "pb2".into()],
        writers_after: vec!["pb1".into(), "pb2".into()],
    };
    let stop = Step {
        name: "stop-old".into(),
        host: "pb1".into(),
        command: "pg_ctl stop -m fast -D /home/postgres/primary".into(),
        planned: "5s after promote-new".into(),
        planned_zh: None,
        started: Some(ms(25_904)),
        ended: None,
        outcome: StepOutcome::TimedOut,
        exit_code: None,
        primary_after: vec!["pb2".into()],
        writers_after: vec!["pb2".into()],
        ..promote.clone()
    };
    vec![promote, stop]
}

fn faults() -> Vec<Fault> {
    let slow = Fault {
        name: "slow-disk".into(),
        verb: "slow".into(),
        told: None,
        target: "pb2 data".into(),
        planned: "at 19s for 2s".into(),
        planned_zh: None,
        fired: Some(ms(19_000)),
        ended: Some(ms(21_000)),
        effects: EffectCounts { armed: 1, fired: 1, observed: 212, repaired: 1 },
        proof: Some("212 writes of pb2 took 40ms longer".into()),
    };
    vec![
        Fault {
            name: "cut-pb1".into(),
            verb: "cut".into(),
            told: None,
            target: "pb1 from its clients".into(),
            planned: "at 110s for 1s".into(),
            planned_zh: None,
            fired: Some(ms(110_000)),
            ended: Some(ms(111_000)),
            effects: EffectCounts { armed: 1, fired: 1, observed: 0, repaired: 1 },
            proof: None,
        },
        Fault {
            name: "kill-checkpointer".into(),
            verb: "kill".into(),
            told: None,
            target: "checkpointer of pb1".into(),
            planned: "after pb1.checkpoint.started".into(),
            planned_zh: None,
            fired: None,
            ended: None,
            effects: EffectCounts::default(),
            proof: None,
        },
        slow,
    ]
}

fn served() -> Service {
    let outage = |from: u64, until: u64| Outage {
        first_failed: landmark(from, from / 2, "transfer 866 of client c1 failed: read-only".into()),
        first_durable: Some(landmark(until, until / 2, "transfer 869 of client c4 is durable on pb2".into())),
    };
    Service {
        outages: vec![outage(20_100, 21_090), outage(26_310, 26_402)],
        lost_commits: Vec::new(),
        clients: ClientStatistics { ok: 21_004, failed: 31, unknown: 2, ..switchover_fail().service.clients },
    }
}

fn story() -> Vec<Sentence> {
    vec![
        Sentence::new("pb2 is promoted while pb1 is alive and idle.", "pb1 仍在运行且空闲时,pb2 被升主。"),
        Sentence::new("Promotion looks at the log once and finds it quiet.", "升主只检查一次日志,发现没有写入。"),
        Sentence::new("pb1's clients end their pause and write again.", "pb1 的客户端结束停顿,重新写入。"),
        Sentence::new("Both nodes append at LSN 0/3A10 of one segment.", "两个节点都在同一段的 LSN 0/3A10 处追加。"),
    ]
}
