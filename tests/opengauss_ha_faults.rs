//! openGauss primary and standby: a fault at each step of a switchover, and a kill at each durable step of a build.
//!
//! Each cell is a run of its own; a table of all of them is pinned, and what must hold in every cell is asked for.

use std::fmt::Write;

use simrun::check::Answer;
use simrun::check::no_lost_commit;
use simrun::draws::Draws;
use simrun::run::record::StepOutcome;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::{self, Scenario};
use simrun::verdict::judges;
use simrun::vocabulary;

const HEAD: &str = r#"
format = 1
[drill]
id = "HA-T"
title = "a fault at a step"
kind = "simulation"
hypothesis = "whatever happens can be mended"
[product]
model = "opengauss_ha"
set = { most_available_sync = true }
[[node]]
name = "dn1"
role = "primary"
[[node]]
name = "dn2"
role = "standby"
[workload]
kind = "register"
clients = 4
rate = "20/s"
keys = 8
"#;

const SWITCHOVER: &str = r#"
[[step]]
name = "switchover"
at = "20s"
on = "dn2"
command = "gs_ctl switchover -D /opt/huawei/install/data/d2"
if-fails = "continue"
[[step]]
name = "status"
at = "100s"
on = "dn2"
command = "gs_om -t status --detail"
if-fails = "continue"
[run]
seeds = "1..1"
time-limit = "105s"
"#;

const BUILD: &str = r#"
[[fault]]
name = "cut"
at = "10s"
partition = { groups = [["dn1"], ["dn2", "clients"]] }
for = "15s"
[[step]]
name = "failover"
at = "13s"
on = "dn2"
command = "gs_ctl failover -D /opt/huawei/install/data/d2"
[[step]]
name = "stop-old"
at = "27s"
on = "dn1"
command = "gs_ctl stop -D /opt/huawei/install/data/d1"
[[step]]
name = "start-old"
after = "stop-old"
on = "dn1"
command = "gs_ctl start -D /opt/huawei/install/data/d1 -M standby"
[[step]]
name = "build"
after = "start-old"
on = "dn1"
command = "gs_ctl build -D /opt/huawei/install/data/d1"
if-fails = "continue"
[[step]]
name = "start-again"
after = "build"
delay = "1s"
on = "dn1"
command = "gs_ctl start -D /opt/huawei/install/data/d1 -M standby"
if-fails = "continue"
[[step]]
name = "start-source"
after = "start-again"
on = "dn2"
command = "gs_ctl start -D /opt/huawei/install/data/d2 -M primary"
if-fails = "continue"
[[step]]
name = "build-again"
after = "start-source"
delay = "25s"
on = "dn1"
command = "gs_ctl build -D /opt/huawei/install/data/d1"
if-fails = "continue"
[[step]]
name = "status"
after = "build-again"
delay = "4s"
on = "dn2"
command = "gs_om -t status --detail"
if-fails = "continue"
[run]
seeds = "1..1"
time-limit = "8m"
"#;

fn scenario(text: &str) -> Scenario {
    let source = scenario::source::Source::new("table.toml", text);
    match scenario::check(source, &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("rejected: {:#?}\n{text}", rejected.diagnostics),
    }
}

fn run(text: &str) -> Record {
    let scenario = scenario(text);
    let product = nodes::catalogue::find(&scenario.product.model).expect("the product");
    run_scenario(&scenario, product, &Draws::of(&scenario, 1), &RunOptions::default()).expect("a run to its end")
}

fn status(record: &Record) -> String {
    let command = record.step("status").and_then(|step| step.commands.first());
    let Some(lines) = command.map(|command| &command.lines).filter(|lines| !lines.is_empty()) else {
        return "no status".to_owned();
    };
    let cluster = lines.iter().find_map(|(_, line)| line.strip_prefix("cluster_state   : ")).unwrap_or("?");
    let of_node = |column: &str| column.split_whitespace().skip(6).collect::<Vec<_>>().join(" ");
    let nodes: Vec<String> = lines.last().map(|(_, line)| line.split(" | ").map(of_node).collect()).unwrap_or_default();
    format!("{cluster}: {}", nodes.join(" | "))
}

fn exit(record: &Record, step: &str) -> String {
    let Some(step) = record.step(step) else { return "-".to_owned() };
    match (step.commands.first().and_then(|command| command.exit_code), &step.outcome) {
        (Some(code), _) => format!("{code}"),
        (None, StepOutcome::NeverStarted) => "never typed".to_owned(),
        (None, _) => "never ended".to_owned(),
    }
}

fn announced(record: &Record, name: &str) -> bool {
    record.trace.announced(name).next().is_some()
}

fn judged(record: &Record, check: &str) -> Answer {
    judges::find(check, record).answer
}

#[test]
fn a_fault_at_each_step_of_a_switchover() {
    let steps = [
        "dn1.switchover.requested",
        "dn1.demote.started",
        "dn1.demote.checkpoint",
        "dn1.switchover.approved",
        "dn2.promote.started",
        "dn2.promote.finished",
        "dn2.writes.opened",
        "dn1.role.changed",
    ];
    let faults = [
        ("kill old primary", "kill = \"dn1\""),
        ("kill standby", "kill = \"dn2\""),
        ("kill gs_ctl", "kill = \"dn2/gs_ctl\""),
        ("cut 30 s", "partition = { groups = [[\"dn1\"], [\"dn2\"]] }\nfor = \"30s\""),
        ("pause standby 10 s", "pause = \"dn2\"\nfor = \"10s\""),
    ];
    let mut table = String::new();
    for step in steps {
        for (name, fault) in faults {
            let nth = if step == "dn1.role.changed" { 2 } else { 1 };
            let record = run(&format!(
                "{HEAD}{SWITCHOVER}\n[[fault]]\nname = \"fault\"\nafter = \"{step}\"\nnth = {nth}\n{fault}\n"
            ));
            let lost = no_lost_commit::lost(&record).len();
            let cell = format!("exit {}, {}, lost {lost}", exit(&record, "switchover"), status(&record));
            writeln!(table, "{step:<26} {name:<20} {cell}").expect("a line");
            assert_ne!(judged(&record, "ha-one-writable-primary"), Answer::Violated, "{step} {name}: two primaries");
            assert_ne!(judged(&record, "ha-switchover-report-is-true"), Answer::Violated, "{step} {name}");
            assert_ne!(judged(&record, "ha-switchover-keeps-the-log"), Answer::Violated, "{step} {name}");
        }
    }
    insta::assert_snapshot!("switchover", table);
}

#[test]
fn a_kill_at_each_durable_step_of_a_build_and_a_second_build() {
    let steps = [
        "dn1.build.stopped",
        "dn1.build.pid-written",
        "dn1.build.state-written",
        "dn1.build.common-checkpoint",
        "dn1.build.scanned",
        "dn1.build.streamer-started",
        "dn1.build.start-tag",
        "dn1.build.pages-copied",
        "dn1.build.control-written",
        "dn1.build.double-write",
        "dn1.build.log-complete",
        "dn1.build.label-written",
        "dn1.build.done-tag",
    ];
    let faults = [
        ("kill the build", "kill = \"dn1/gs_ctl\""),
        ("kill the source", "kill = \"dn2\""),
        ("cut 10 s", "partition = { groups = [[\"dn1\"], [\"dn2\"]] }\nfor = \"10s\""),
    ];
    let mut table = String::new();
    for step in steps {
        for (name, fault) in faults {
            let record = run(&format!("{HEAD}{BUILD}\n[[fault]]\nname = \"fault\"\nafter = \"{step}\"\n{fault}\n"));
            let kind = if announced(&record, "build.deleted") { "full" } else { "incremental" };
            let exits: Vec<String> =
                ["build", "start-again", "build-again"].iter().map(|step| exit(&record, step)).collect();
            let cell = format!("exits {}, {kind}, {}", exits.join(" "), status(&record));
            writeln!(table, "{step:<30} {name:<16} {cell}").expect("a line");
            assert_eq!(judged(&record, "ha-unfinished-build-never-serves"), Answer::Holds, "{step} {name}");
        }
    }
    insta::assert_snapshot!("build", table);
}
