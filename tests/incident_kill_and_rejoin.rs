//! The incident of Dameng DSC in its order: what the dmcss log of the shipped drill says of the crash and of the rejoin,
//! compared whole with the log of the real cluster: every status change, command, target and `cmd_seq`, line by line.

use std::path::Path;

use nodes::world::trace::What;
use simrun::draws::Draws;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::{self, Scenario};
use simrun::vocabulary;

const INCIDENT: &str = include_str!("../nodes/tests/fixtures/dm_CSS0_202105.log");

/// The poll tick of the real cluster, milliseconds: within it dwell times agree, but for the time an EP works.
const TICK: i64 = 1_060;

fn drill() -> Scenario {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/dm_dsc/kill_and_rejoin.toml");
    match scenario::load(&file, &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("the scenario is rejected: {:#?}", rejected.diagnostics),
    }
}

fn run(scenario: &Scenario, seed: u64) -> Record {
    let product = nodes::catalogue::find(&scenario.product.model).expect("the product of the scenario");
    run_scenario(scenario, product, &Draws::of(scenario, seed), &RunOptions::default()).expect("a run to its end")
}

/// A line of the log: milliseconds of its day, and what it says behind process and thread. The number of a life differs
/// in each run.
type Line = (i64, String);

fn line(text: &str) -> Option<Line> {
    let (head, message) = text.split_once("  ")?;
    let mut words = head.split(' ');
    let (_, clock, level) = (words.next()?, words.next()?, words.next()?);
    let parts: Vec<i64> = clock.split([':', '.']).filter_map(|part| part.parse().ok()).collect();
    let [hours, minutes, seconds, millis] = parts[..] else { return None };
    let message = message.split(" guid [").next().unwrap_or_default();
    Some((((hours * 60 + minutes) * 60 + seconds) * 1_000 + millis, format!("{level} {message}")))
}

/// The lines from one that contains `begin` to the group being open.
fn flow(lines: &[Line], begin: &str) -> Vec<Line> {
    let from = lines.iter().position(|(_, text)| text.contains(begin)).unwrap_or_else(|| panic!("no `{begin}`"));
    let opened = |(_, text): &Line| text.ends_with("to (OPEN, STARTUP)");
    let open = lines[from..].iter().position(opened).expect("the group is open again") + from;
    // The line behind it says who belongs to the group then.
    lines[from..=(open + 1).min(lines.len() - 1)].to_vec()
}

fn flows<'a>(log: impl Iterator<Item = &'a str>) -> [Vec<Line>; 2] {
    let lines: Vec<Line> = log.filter_map(line).collect();
    [flow(&lines, "Detected EP DSC0[0] break"), flow(&lines, "css detect DB [DSC0] startup2")]
}

/// The dmcss log of the control CSS in a run. The line with which its CSS starts DSC0 by hand has no place in the flow.
fn flows_of(record: &Record) -> [Vec<Line>; 2] {
    let lines = record.trace.events().iter().filter_map(|event| match &event.what {
        What::Log { file, line } if file.starts_with("css/dm_CSS0_") => Some(&**line),
        _ => None,
    });
    flows(lines.filter(|line| !line.contains(": start DSC0")))
}

fn changes(flow: &[Line]) -> Vec<i64> {
    flow.iter().filter(|(_, text)| text.contains("status change")).map(|(at, _)| *at).collect()
}

#[test]
fn crash_and_rejoin_are_those_of_the_incident_line_by_line() {
    let (scenario, real) = (drill(), flows(INCIDENT.lines()));
    assert_eq!((changes(&real[0]).len(), changes(&real[1]).len()), (11, 17));
    for seed in 1..=5 {
        let found = flows_of(&run(&scenario, seed));
        for (found, real) in found.iter().zip(&real) {
            let texts = |flow: &[Line]| -> Vec<String> { flow.iter().map(|(_, text)| text.clone()).collect() };
            assert_eq!(texts(found), texts(real), "seed {seed}");
            let dwells = |flow: &[Line]| -> Vec<i64> {
                changes(flow).windows(2).map(|pair| (pair[1] - pair[0]).rem_euclid(86_400_000)).collect()
            };
            for (number, (dwell, real)) in dwells(found).iter().zip(dwells(real)).enumerate() {
                assert!(
                    (dwell - real).abs() < TICK,
                    "seed {seed}, change {number}: {dwell} ms, {real} in the incident"
                );
            }
        }
    }
}

/// Nothing of it is a constant: where the counters begin and which calls fail is in the file.
#[test]
fn other_counters_and_sound_addresses_give_another_log() {
    let mut scenario = drill();
    scenario.faults.retain(|fault| fault.name != "vip-fails");
    scenario.product.set.remove("sim_db_cmd_seq");
    let found = flows_of(&run(&scenario, 1));
    let real = flows(INCIDENT.lines());
    assert_ne!(
        found[0].iter().map(|(_, text)| text).collect::<Vec<_>>(),
        real[0].iter().map(|(_, text)| text).collect::<Vec<_>>()
    );
    assert!(!found.iter().flatten().any(|(_, text)| text.starts_with("[ERROR]")), "no call fails: {found:?}");
}
