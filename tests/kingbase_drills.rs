//! KingbaseES drills from outside: what each command of a drill returned and printed, a drill for every planted defect,
//! and a fault at every step of a switchover as one table.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use nodes::kingbase::PRODUCT;
use nodes::world::trace::{What, field};
use rayon::prelude::*;
use simrun::check::{Answer, no_lost_commit};
use simrun::draws::Draws;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::{self, Scenario};
use simrun::verdict::{self, Outcome};
use simrun::vocabulary;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/kingbase")
}

fn load(name: &str) -> Scenario {
    match scenario::load(&folder().join(format!("{name}.toml")), &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("{name} is rejected: {:#?}", rejected.diagnostics),
    }
}

fn run(scenario: &Scenario, seed: u64) -> Record {
    let draws = Draws::of(scenario, seed);
    run_scenario(scenario, &PRODUCT, &draws, &RunOptions::default()).expect("a run to its end")
}

/// What a step returned, and what it printed.
fn done<'a>(record: &'a Record, step: &str) -> (Option<i32>, Vec<&'a str>) {
    let step = record.step(step).unwrap_or_else(|| panic!("the step {step} is in the drill"));
    let command = step.commands.last();
    let lines = command.map(|command| command.lines.iter().map(|(_, line)| line.as_str()).collect());
    (command.and_then(|command| command.exit_code), lines.unwrap_or_default())
}

/// What a drill's step must return, and a part of a line it must print.
const TOLD: &[(&str, &str, Option<i32>, &str)] = &[
    ("switchover_refused", "switchover", Some(18), "[DETAIL] 134 pending archive files (critical threshold: 128)"),
    ("switchover_refused", "check-node", Some(25), "WAL archiving: CRITICAL (134 pending archive ready files"),
    ("switchover_refused", "view", Some(0), " archive_mode              | on      | kingbase"),
    ("remedy_archive_command", "view", Some(0), " archive_command           | /bin/cp -f %p archive/%f | sighup"),
    ("remedy_by_hand", "switchover", Some(18), "--status=CRITICAL --files=134 --threshold=128"),
    ("remedy_by_hand", "check-again", Some(0), "WAL archiving: OK (12 pending archive ready files)"),
    ("remedy_by_hand", "what-is-gone", Some(1), "12 files wait to be archived, 10 of them without their WAL file"),
    ("remedy_by_hand", "what-is-gone", Some(1), "000000010000000000000006 to 000000010000000000000089 are gone"),
    ("remedy_by_hand", "switchover-again", Some(0), "--status=OK --files=12"),
    ("remedy_one_segment_too_far", "what-is-gone", Some(1), "to 00000001000000000000008C are gone"),
    ("remedy_one_segment_too_far", "restart", Some(1), "could not start server"),
    ("remedy_archive_command", "settings", Some(0), "/bin/cp -f %p archive/%f"),
    ("remedy_archive_command", "while-draining", Some(0), "WAL archiving: OK (15 pending archive ready files)"),
    ("remedy_archive_command", "drained", Some(0), "WAL archiving: OK (0 pending archive ready files)"),
    (
        "remedy_archive_command",
        "second-switchover",
        Some(0),
        "change synchronous_standby_names from \"ANY 1(node2)\" to",
    ),
    ("switchover_forced", "switchover", Some(0), "[NOTICE] -F/--force set, continuing with switchover"),
    ("switchover_forced", "check-demoted", Some(2), "134 pending archive ready files"),
    ("archive_command_hangs", "switchover", Some(18), "shutdown of the primary server could not be confirmed"),
    ("shutdown_waits_for_frozen_standby", "switchover", Some(18), "shutdown of the primary server could not be"),
    ("stop_script_returns_early", "switchover", Some(18), "10 of 10 attempts (\"shutdown_check_timeout\")"),
    ("start_command_does_nothing", "switchover", Some(22), "STANDBY SWITCHOVER has completed with issues"),
    ("paused_and_primary_dies", "promote", Some(0), "STANDBY PROMOTE successful"),
    ("no_registered_upstream", "refused", Some(1), "has no registered upstream node"),
    ("standby_promoted_by_accident", "show", Some(25), "! running as primary"),
    ("standby_promoted_by_accident", "refused", Some(24), "timeline is ahead of the rejoin target node's timeline"),
    ("split_brain_and_rejoin", "rejoin-refused", Some(24), "before current recovery point"),
    ("split_brain_and_rejoin", "rejoin", Some(0), "NODE REJOIN successful"),
    ("split_brain_two_nodes", "show-from-node1", Some(25), "! running as primary"),
    ("split_brain_two_nodes", "show-from-node2", Some(25), "! running"),
    ("rewind_without_wal", "rejoin", Some(24), "could not find previous WAL record"),
    ("ssh_refused_at_the_stop", "switchover", Some(18), "shutdown of the primary server could not be confirmed"),
    ("ssh_refused_at_the_stop", "status", Some(0), "| yes"),
    ("ssh_channel_breaks_behind_the_stop", "switchover", Some(18), "remote node is still shutting down"),
    ("rejoin_hangs_on_ssh", "rejoin", Some(0), "NODE REJOIN successful"),
    ("demoted_node_starts_slowly", "switchover", Some(22), "execution of \"repmgr node rejoin\" on demotion candidate"),
    ("no_replication_connection", "refused", Some(1), "unable to make replication connection to promotion candidate"),
    ("logins_refused", "show", Some(25), "? running"),
    ("logins_refused", "switchover", Some(6), "unable to connect to current primary node"),
    ("clone_after_a_failed_rewind", "rejoin", Some(24), "the WAL it needs is gone: clone this node anew"),
    ("clone_after_a_failed_rewind", "refused", Some(1), "use -F/--force to overwrite the existing data directory"),
    ("clone_after_a_failed_rewind", "clone", Some(0), "standby clone (using sys_basebackup) complete"),
    ("writes_hang_after_the_switchover", "switchover", Some(0), "STANDBY SWITCHOVER has completed successfully"),
    ("cascaded_upstream_dies", "show-after", Some(25), "node3 | standby | running | node1"),
    ("switchover_with_a_sibling", "switchover", Some(0), "STANDBY FOLLOW successfully executed on all reachable"),
    ("switchover_with_a_sibling", "show", Some(0), "node3 | standby | running | node2"),
    ("switchover_leaves_a_sibling", "switchover", Some(0), "option \"--siblings-follow\" not specified"),
    ("switchover_leaves_a_sibling", "show", Some(0), "node3 | standby | running | node1"),
    ("any_standby_confirms", "look", Some(0), "quorum"),
    ("first_standby_confirms", "before", Some(0), "potential"),
    ("first_standby_confirms", "after", Some(0), "(1 rows)"),
    ("sync_overridden_by_auto_conf", "look", Some(0), ""),
];

/// A line with one blank where a table has many.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn commands_return_and_print_what_the_stories_tell() {
    let drills: BTreeSet<&str> = TOLD.iter().map(|(drill, ..)| *drill).collect();
    let drills: Vec<&str> = drills.into_iter().collect();
    let wrong: Vec<String> = drills
        .par_iter()
        .flat_map_iter(|drill| {
            let record = run(&load(drill), 1);
            let told = TOLD.iter().filter(|(of, ..)| of == drill);
            let check = |(_, step, code, part): &(&str, &str, Option<i32>, &str)| {
                let (returned, lines) = done(&record, step);
                let is_told = part.is_empty() || lines.iter().any(|line| squeezed(line).contains(&squeezed(part)));
                (returned != *code || !is_told).then(|| {
                    format!("{drill} {step}: {returned:?} for {code:?}, {part:?} is not in\n{}", lines.join("\n"))
                })
            };
            told.filter_map(check).collect::<Vec<String>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_planted_defect_has_a_drill_of_its_own_that_finds_it() {
    let drills: Vec<Scenario> = std::fs::read_dir(folder().join("defects"))
        .expect("the folder of defects")
        .map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .map(|name| load(&format!("defects/{name}")))
        .collect();
    for defect in PRODUCT.defects {
        let alone = |drill: &&Scenario| drill.product.defects.iter().map(String::as_str).eq([defect.name]);
        let drill = drills.iter().find(alone).unwrap_or_else(|| panic!("no drill is about {} alone", defect.name));
        let record = run(drill, 1);
        let verdict = verdict::judge(drill, &record);
        assert_eq!(verdict.outcome, Outcome::AsExpected, "{}: {:?}", defect.name, verdict.cause);
        assert!(verdict.hazard_shown, "{} is not found", defect.name);
        let mut sound = drill.clone();
        sound.product.defects.clear();
        let record = run(&sound, 1);
        let broken: Vec<String> = verdict::judge(&sound, &record)
            .checks
            .into_iter()
            .filter(|check| check.finding.answer == Answer::Violated)
            .map(|check| check.name)
            .collect();
        let of = &drill.expect.verdict;
        let expected = format!("{of:?}");
        assert!(broken.iter().all(|name| !expected.contains(name.as_str())), "{} without it: {broken:?}", defect.name);
    }
}

/// The steps a switchover announces, in order.
const STEPS: [&str; 13] = [
    "checks",
    "ssh-check",
    "replication-check",
    "archive-check",
    "pause-check",
    "pause",
    "stop",
    "shutdown-wait",
    "receive-wait",
    "promote",
    "rejoin",
    "final-check",
    "unpause",
];

/// Who is struck, how, and how that is written. What can end lasts 15 s.
const BLOWS: &[(&str, &str, &str)] = &[
    ("node1", "kill", "kill = \"node1/kingbase\""),
    ("node1", "pause", "pause = \"node1/kingbase\"\nfor = \"15s\""),
    ("node1", "cut", "partition = { isolate = [\"node1\"] }\nfor = \"15s\""),
    ("node2", "kill", "kill = \"node2/kingbase\""),
    ("node2", "pause", "pause = \"node2/kingbase\"\nfor = \"15s\""),
    ("node2", "cut", "partition = { isolate = [\"node2\"] }\nfor = \"15s\""),
    ("repmgrd 1", "kill", "kill = \"node1/repmgrd\""),
    ("repmgrd 1", "pause", "pause = \"node1/repmgrd\"\nfor = \"15s\""),
    ("repmgrd 1", "cut", "partition = { isolate = [\"node1/repmgrd\"] }\nfor = \"15s\""),
    ("repmgrd 2", "kill", "kill = \"node2/repmgrd\""),
    ("repmgrd 2", "pause", "pause = \"node2/repmgrd\"\nfor = \"15s\""),
    ("repmgrd 2", "cut", "partition = { isolate = [\"node2/repmgrd\"] }\nfor = \"15s\""),
    ("ssh", "kill", "kill = \"node1/sshd\""),
    ("ssh", "pause", "pause = \"node1/sshd\"\nfor = \"15s\""),
    ("ssh", "cut", "partition = { isolate = [\"node1/sshd\"] }\nfor = \"15s\""),
    ("ssh", "refuse", "fail-command = { on = \"node2\", command = \"ssh\", how = \"refuse\" }\nfor = \"15s\""),
    ("ssh", "hang", "fail-command = { on = \"node2\", command = \"ssh\", how = \"hang\" }\nfor = \"15s\""),
    ("ssh", "fail", "fail-command = { on = \"node2\", command = \"ssh\", how = \"fail\" }\nfor = \"15s\""),
];

/// A switchover under load with one blow at one of its steps.
fn struck(step: usize, blow: &str) -> Scenario {
    let nth = step + 1;
    let text = format!(
        r#"
format = 1
[drill]
id = "T"
title = "A blow at a step"
kind = "simulation"
[product]
model = "kingbase"
set = {{ shutdown_check_timeout = 20, node_rejoin_timeout = 15, standby_reconnect_timeout = 15, wal_receive_check_timeout = 10 }}
[[node]]
name = "node1"
role = "primary"
[[node]]
name = "node2"
role = "standby"
[workload]
kind = "list-append"
clients = 2
rate = "10/s"
keys = 4
[[step]]
name = "switchover"
at = "15s"
on = "node2"
command = "repmgr standby switchover"
if-fails = "continue"
[[fault]]
name = "blow"
after = "node2.switchover.step"
nth = {nth}
{blow}
[[check]]
always = "kb-one-primary"
[run]
seeds = "3"
time-limit = "2m30s"
"#
    );
    match scenario::check(scenario::source::Source::new("blow.toml", text), &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("{blow}: {:#?}", rejected.diagnostics),
    }
}

/// One line of the table.
struct Told {
    line: String,
    lost: usize,
    two_primaries: bool,
    /// The switchover says that all went well, and every server could be reached when it let repmgrd go.
    still_paused_after_success: bool,
}

fn tell(step: usize, (whom, how, blow): (&str, &str, &str)) -> Told {
    let scenario = struck(step, blow);
    let record = run(&scenario, 3);
    let (code, lines) = done(&record, "switchover");
    let exit = code.map_or("never".to_owned(), |code| code.to_string());
    let paused = paused(&record);
    let lost = no_lost_commit::lost(&record).len();
    let states: Vec<String> = record
        .states
        .last()
        .map(|snapshot| snapshot.nodes.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|node| format!("{} {} {}", node.role, node.state, node.epoch))
        .collect();
    let verdict = verdict::judge(&scenario, &record);
    let two_primaries = verdict.checks[0].finding.answer == Answer::Violated;
    let names = if paused.is_empty() { "-".to_owned() } else { paused.join("+") };
    let line = format!("{:18} {whom:10} {how:7} {exit:>5}  {names:12} {lost:>4}  {}", STEPS[step], states.join(" | "));
    let told = lines.iter().any(|line| line.contains("unable to unpause"));
    let still_paused_after_success = code == Some(0) && !paused.is_empty() && !told;
    Told { line, lost, two_primaries, still_paused_after_success }
}

/// Where repmgrd is paused in the end.
fn paused(record: &Record) -> Vec<String> {
    let mut last = std::collections::BTreeMap::new();
    for event in record.trace.events() {
        let What::Announced { name: "repmgrd.paused", fields } = &event.what else { continue };
        let is_paused = field(fields, "paused").and_then(|value| value.number()) == Some(1);
        let host = record.trace.host_of(event.place).map(|host| record.trace.host_name(host).to_owned());
        last.insert(host.unwrap_or_default(), is_paused);
    }
    last.into_iter().filter(|(_, is_paused)| *is_paused).map(|(host, _)| host).collect()
}

/// Kill, pause and cut of either node, of repmgrd and of the ssh channel, at each step: the table says how the command
/// ended, where repmgrd stays paused, what acknowledged was lost, and how the nodes stand; nothing may be lost anywhere,
/// and there may never be two primaries.
#[test]
fn a_fault_at_every_step_loses_nothing_acknowledged_and_makes_no_second_primary() {
    let cells: Vec<(usize, (&str, &str, &str))> =
        (0..STEPS.len()).flat_map(|step| BLOWS.iter().map(move |blow| (step, *blow))).collect();
    let told: Vec<Told> = cells.par_iter().map(|(step, blow)| tell(*step, *blow)).collect();
    for told in &told {
        assert_eq!(told.lost, 0, "acknowledged commits are lost: {}", told.line);
        assert!(!told.two_primaries, "two primaries at once: {}", told.line);
        assert!(!told.still_paused_after_success, "success, and repmgrd is paused without a word: {}", told.line);
    }
    let head =
        format!("{:18} {:10} {:7} {:>5}  {:12} {:>4}  end state", "step", "whom", "how", "exit", "paused", "lost");
    let lines: Vec<&str> = told.iter().map(|told| told.line.as_str()).collect();
    insta::assert_snapshot!("kingbase_fault_at_every_step", format!("{head}\n{}", lines.join("\n")));
}
