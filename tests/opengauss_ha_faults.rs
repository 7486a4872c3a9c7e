//! openGauss primary and standby: a fault at each step of a switchover, and a kill at each durable step of a build.
//!
//! Each cell is a run of its own; a table of all of them is pinned, and what must hold in every cell is asked for.

use rayon::prelude::*;
use simrun::check::Answer;
use simrun::check::no_lost_commit;
use simrun::draws::Draws;
use simrun::run::record::StepOutcome;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::{self, Scenario};
use simrun::verdict::{self, Outcome, judges};
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

/// The old primary is cut off, a standby replaces it, and it comes back with a log of its own: it must be built.
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
[run]
seeds = "1..1"
time-limit = "8m"
"#;

/// After the fault: the node is started, and built once more.
const START_THEN_BUILD: &str = r#"
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
"#;

/// After the fault: the node is built once more, and never started in between.
const BUILD_AT_ONCE: &str = r#"
[[step]]
name = "start-source"
after = "build"
delay = "1s"
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
    let cells: Vec<_> =
        steps.iter().flat_map(|step| faults.iter().map(move |(name, fault)| (*step, *name, *fault))).collect();
    let row = |(step, name, fault): &(&str, &str, &str)| {
        let nth = if *step == "dn1.role.changed" { 2 } else { 1 };
        let record = run(&format!(
            "{HEAD}{SWITCHOVER}\n[[fault]]\nname = \"fault\"\nafter = \"{step}\"\nnth = {nth}\n{fault}\n"
        ));
        let lost = no_lost_commit::lost(&record).len();
        for check in ["ha-one-writable-primary", "ha-switchover-report-is-true", "ha-switchover-keeps-the-log"] {
            assert_ne!(judged(&record, check), Answer::Violated, "{step} {name}: {check}");
        }
        format!("{step:<26} {name:<20} exit {}, {}, lost {lost}\n", exit(&record, "switchover"), status(&record))
    };
    let table: String = cells.par_iter().map(row).collect();
    insta::assert_snapshot!("switchover", table);
}

/// The durable steps of an incremental build, in order.
const BUILD_STEPS: [&str; 13] = [
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

/// One build with a fault at a step, and a second one; a line of the table.
fn build_with(step: &str, name: &str, fault: &str, afterwards: &str) -> String {
    let record = run(&format!("{HEAD}{BUILD}{afterwards}\n[[fault]]\nname = \"fault\"\nafter = \"{step}\"\n{fault}\n"));
    let kind = if announced(&record, "build.deleted") { "full" } else { "incremental" };
    let steps = ["build", "start-again", "build-again"];
    let exits: Vec<String> = steps.iter().map(|step| exit(&record, step)).collect();
    assert_eq!(judged(&record, "ha-unfinished-build-never-serves"), Answer::Holds, "{step} {name}");
    // However a build ended, what it left can be built again, and is then the same as its source.
    assert_eq!(status(&record), "Normal: Standby Normal | Primary Normal", "{step} {name}");
    for check in ["ha-attached-only-if-same", "ha-pages-follow-the-log", "log-intact"] {
        assert_eq!(judged(&record, check), Answer::Holds, "{step} {name}: {check}");
    }
    format!("{step:<30} {name:<16} exits {:<9} {kind}\n", exits.join(" "))
}

#[test]
fn a_kill_at_each_durable_step_of_a_build_and_a_second_build() {
    let kill = ("kill the build", "kill = \"dn1/gs_ctl\"");
    let source = ("kill the source", "kill = \"dn2\"");
    let cut = ("cut 10 s", "partition = { groups = [[\"dn1\"], [\"dn2\"]] }\nfor = \"10s\"");
    // Behind the complete log a build asks nobody any more, and cannot notice a cut.
    let last_asked = "dn1.build.log-complete";
    let asks = BUILD_STEPS.iter().take_while(|step| **step != last_asked);
    let rows =
        BUILD_STEPS.iter().flat_map(|step| [(*step, kill), (*step, source)]).chain(asks.map(|step| (*step, cut)));
    let rows: Vec<_> = rows.collect();
    let mut table: String =
        rows.par_iter().map(|(step, (name, fault))| build_with(step, name, fault, START_THEN_BUILD)).collect();
    table.push_str("\nThe same kill, and the second build without a start in between:\n");
    let at_once: String = BUILD_STEPS.par_iter().map(|step| build_with(step, kill.0, kill.1, BUILD_AT_ONCE)).collect();
    insta::assert_snapshot!("build", table + &at_once);
}

#[test]
fn every_defect_is_found_by_a_drill_that_ends_differently_without_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/opengauss_ha");
    let load = |entry: std::io::Result<std::fs::DirEntry>| match scenario::load(
        &entry.expect("an entry").path(),
        &vocabulary::known(),
    ) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("rejected: {:#?}", rejected.diagnostics),
    };
    let drills: Vec<Scenario> = std::fs::read_dir(folder).expect("the folder of drills").map(load).collect();
    let product = nodes::catalogue::find("opengauss_ha").expect("the product");
    let outcome = |drill: &Scenario| {
        let record = run_scenario(drill, product, &Draws::of(drill, 1), &RunOptions::default()).expect("a run");
        let verdict = verdict::judge(drill, &record);
        let answers: Vec<(String, Answer)> =
            verdict.checks.iter().map(|check| (check.name.clone(), check.finding.answer)).collect();
        let exits: Vec<String> = drill.steps.iter().map(|step| exit(&record, &step.name)).collect();
        (verdict.outcome, (answers, exits))
    };
    let wrong: Vec<String> = product
        .defects
        .par_iter()
        .flat_map_iter(|defect| {
            let has = |drill: &&Scenario| drill.product.defects.iter().any(|planted| planted == defect.name);
            let Some(drill) = drills.iter().find(has) else {
                return vec![format!("no drill is about {}", defect.name)];
            };
            let (loud, found) = outcome(drill);
            let mut sound = drill.clone();
            sound.product.defects.clear();
            let (_, answers) = outcome(&sound);
            let mut wrong = Vec::new();
            if loud != Outcome::AsExpected || found == answers {
                wrong.push(format!(
                    "{} is not found by {}: {found:?} and without it {answers:?}",
                    defect.name, drill.name
                ));
            }
            wrong
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
