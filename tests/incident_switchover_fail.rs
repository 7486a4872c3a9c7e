//! The incident of `switchover_fail` in its order: what the three nodes logged, what CM did, what the operator saw.
//!
//! The document of the incident shows the log lines and the status output of a real cluster. One test pins everything
//! that seed 1 logs of it; the other demands the order of the document on many seeds, whatever their moments.

use std::path::Path;

use nodes::world::trace::{Event, What};
use simrun::draws::Draws;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::{self, Scenario};
use simrun::verdict::{self, Outcome};
use simrun::vocabulary;

fn incident() -> Scenario {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/switchover_fail.toml");
    match scenario::load(&file, &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("the scenario is rejected: {:#?}", rejected.diagnostics),
    }
}

fn run(scenario: &Scenario, seed: u64) -> Record {
    let product = nodes::catalogue::find(&scenario.product.model).expect("the product of the scenario");
    run_scenario(scenario, product, &Draws::of(scenario, seed), &RunOptions::default()).expect("a run to its end")
}

/// What a reader of the incident wants to know, from the operator's command on, each line with its node.
fn story(record: &Record) -> Vec<String> {
    let from = record.step("switchover").and_then(|step| step.began).expect("the switchover began");
    let later = record.trace.events().iter().filter(|event| event.at >= from);
    later.filter_map(|event| told(record, event)).collect()
}

fn told(record: &Record, event: &Event) -> Option<String> {
    let place = record.trace.place_name(event.place);
    let host = place.split('/').next().unwrap_or_default();
    match &event.what {
        What::Process(change) if place.ends_with("/gaussdb") => Some(format!("{place}: {}", change.event_name())),
        What::Log { file, line } => {
            let text = match file.rsplit('/').next()? {
                "dms.rlog" => dms_text(line)?,
                "cm_server-current.log" | "cm_agent-current.log" => line.split_once(" LOG: ")?.1.to_owned(),
                _ => line.split_once("  0 ")?.1.to_owned(),
            };
            Some(format!("{host} {file}: {text}"))
        }
        What::Step { name, text } if !text.is_empty() => Some(format!("operator {name}: {text}")),
        _ => None,
    }
}

/// A line of the DMS run log without its stamp and its place in the source; the plain steps of a round are left out.
fn dms_text(line: &str) -> Option<String> {
    let (head, text) = line.split_once(">[DMS REFORM]")?;
    let text = text.rsplit_once(" [").map_or(text, |(text, _)| text);
    if let Some((_, rest)) = text.split_once("reform_type:") {
        let kind = rest.split(',').next()?;
        return Some(format!("round of type {kind} begins"));
    }
    let matters = head.ends_with("ERROR")
        || ["set role", "trans reformer lock", "dms_reform_fail", "switch_lock", "promote"]
            .iter()
            .any(|word| text.contains(word));
    matters.then(|| text.to_owned())
}

/// What each `cm_ctl query` of the drill showed, node by node.
fn states(record: &Record) -> Vec<(String, Vec<String>)> {
    let queries = record.steps.iter().filter(|step| step.name.starts_with("look"));
    let shown = |step: &simrun::run::record::StepRecord| {
        let lines = step.commands.iter().flat_map(|command| &command.lines);
        // The nodes stand beside each other, each with the letter of its role, its role and its state in columns.
        let nodes = lines.flat_map(|(_, line)| line.split(" | "));
        let nodes = nodes.filter_map(|node| node.split_once("/data/cluster/dn1 ")).map(|(_, state)| state);
        nodes.map(|state| state.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    queries.map(|step| (step.name.clone(), shown(step))).collect()
}

#[test]
fn the_incident_is_logged_in_its_order() {
    let record = run(&incident(), 1);
    let states = states(&record).into_iter().map(|(look, states)| format!("{look}: {}", states.join(" | ")));
    let lines: Vec<String> = story(&record).into_iter().chain(states).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// The order of the document: each line is found after the one before it.
const DOCUMENT: &[(&str, &str)] = &[
    ("operator switchover", "cm_ctl switchover -n 2"),
    ("cm/cm_server", "switchover to node(2) is pending"),
    ("dn2 pg_log/dn_6002", "Starting switchover, current inst:1 will be promoted."),
    ("dn1 pg_log/DMS", "round of type SWITCHOVER FOR OPENGAUSS begins"),
    ("dn1 pg_log/dn_6001", "Success in fast primary demote, running as standby"),
    ("cm/cm_server", "inst(6001) trans to inst(6002) success"),
    ("dn2/gaussdb", "process.killed"),
    ("dn2/gaussdb", "process.started"),
    ("dn1 pg_log/DMS", "local reformer version(1, "),
    ("dn1 pg_log/DMS", "reformer abort during reform"),
    ("dn1 pg_log/DMS", "node exit, reform fail during switchover, old primary node need restart after reformer lock"),
    ("dn1 pg_log/DMS", "dms_reform_fail enter"),
    ("dn1/gaussdb", "process.exited"),
    ("dn1 pg_log/dn_6001", "Node:0 starts, found cluster PRIMARY:0"),
    ("dn1 pg_log/dn_6001", "set dss server status as primary start."),
    ("dn1 pg_log/dn_6001", "set dss server status as primary: success"),
    ("dn2 pg_log/DMS", "round of type FAILOVER FOR OPENGAUSS begins"),
    ("dn2 pg_log/dn_6002", "set current instance:1 as primary, list_stable:6."),
    ("dn2 pg_log/DMS", "round of type OPENGAUSS_NORMAL begins"),
    ("dn2 pg_log/dn_6002", "set current instance:1 as primary, list_stable:7."),
    ("dn1 pg_log/dn_6001", "Reform success, instance:0 is running."),
    ("operator look-at-the-end", "P Standby Normal | "),
];

/// The first line of the document that is not found after those before it.
fn first_missing(story: &[String]) -> Option<&'static (&'static str, &'static str)> {
    let mut rest = story.iter();
    DOCUMENT.iter().find(|(who, text)| !rest.any(|line| line.contains(who) && line.contains(text)))
}

#[test]
fn the_order_of_the_document_holds_on_every_seed() {
    let scenario = incident();
    for seed in 1..=20 {
        let record = run(&scenario, seed);
        let story = story(&record);
        let missing = first_missing(&story);
        assert_eq!(missing, None, "seed {seed}: not found in its place\n{}", story.join("\n"));

        let while_down = ["P Down Starting", "S Standby Starting", "S Standby Starting"].map(str::to_owned);
        let at_the_end = ["P Standby Normal", "S Primary Normal", "S Standby Normal"].map(str::to_owned);
        let shown = states(&record);
        assert_eq!(shown[0], ("look-while-down".to_owned(), while_down.to_vec()), "seed {seed}");
        assert_eq!(shown[1], ("look-at-the-end".to_owned(), at_the_end.to_vec()), "seed {seed}");

        // The old primary is not in the FAILOVER round.
        let alone = story.iter().skip_while(|line| !line.contains("round of type FAILOVER"));
        let failover: Vec<&String> = alone.take_while(|line| !line.contains("OPENGAUSS_NORMAL")).collect();
        assert!(failover.iter().all(|line| !line.contains("dn1 pg_log/DMS")), "seed {seed}: {failover:#?}");

        assert!(record.trace.count() >= 50_000, "seed {seed}: {} events", record.trace.count());
        assert_eq!(verdict::judge(&scenario, &record).outcome, Outcome::AsExpected, "seed {seed}");
    }
}

#[test]
fn another_order_is_noticed() {
    let mut story = story(&run(&incident(), 1));
    assert_eq!(first_missing(&story), None);
    let of = |story: &[String], text: &str| story.iter().position(|line| line.contains(text)).expect("a line");
    let (abort, exit) = (of(&story, "reformer abort during reform"), of(&story, "node exit, reform fail"));
    story.swap(abort, exit);
    assert_eq!(first_missing(&story).map(|(_, text)| *text), Some(DOCUMENT[10].1));
}
