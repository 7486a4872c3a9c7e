//! PolarDB: the central hazard in five settings side by side, how often its one guard saves the data, and the incident in
//! its order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use nodes::world::trace::{Event, What};
use rayon::prelude::*;
use simrun::check::{Answer, no_lost_commit};
use simrun::draws::Draws;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::source::Source;
use simrun::scenario::{self, Scenario};
use simrun::verdict::{self, Outcome, Verdict};
use simrun::vocabulary;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn drill(name: &str) -> Scenario {
    let file = root().join(format!("scenarios/polardb/{name}.toml"));
    match scenario::load(&file, &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("{name} is rejected: {:#?}", rejected.diagnostics),
    }
}

fn run(scenario: &Scenario, seed: u64) -> (Record, Verdict) {
    let product = nodes::catalogue::find(&scenario.product.model).expect("the product of the scenario");
    let record = run_scenario(scenario, product, &Draws::of(scenario, seed), &RunOptions::default());
    let record = record.unwrap_or_else(|error| panic!("{} seed {seed}: {error}", scenario.name));
    let verdict = verdict::judge(scenario, &record);
    (record, verdict)
}

const FIVE: [&str; 5] = [
    "promote_before_stop",
    "promote_before_stop_idle",
    "promote_before_stop_hung",
    "promote_before_stop_pg11",
    "promote_before_stop_reservation",
];

/// What a server can notice of another writer, or of its own end.
const NOTICES: [&str; 8] = [
    "promote.finished",
    "pfs.another-writer",
    "server.panic",
    "fence.death",
    "node.fenced",
    "stop.received",
    "checkpoint.blocked",
    "stop.finished",
];

/// What each server noticed and when, the first time.
fn notices(record: &Record) -> Vec<String> {
    let mut by_host: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in record.trace.events() {
        let What::Announced { name, .. } = &event.what else { continue };
        let host = record.trace.place_name(event.place).split('/').next().unwrap_or_default().to_owned();
        let known = by_host.entry(host).or_default();
        if NOTICES.contains(name) && !known.iter().any(|notice| notice.starts_with(name)) {
            known.push(format!("{name} at {}", event.at));
        }
    }
    by_host.retain(|_, notices| !notices.is_empty());
    by_host.iter().map(|(host, notices)| format!("  {host}: {}", notices.join(", "))).collect()
}

fn told(name: &str) -> String {
    let scenario = drill(name);
    let (record, verdict) = run(&scenario, 1);
    let broken: Vec<&str> = verdict
        .checks
        .iter()
        .filter(|check| check.finding.answer == Answer::Violated)
        .map(|check| check.name.as_str())
        .collect();
    let first = verdict.checks.iter().find(|check| check.name == "single-writer" && !broken.is_empty());
    let overwritten = verdict.checks.iter().find(|check| check.name == "polar-one-writer");
    let mut lines = vec![
        format!("{name}: {:?}{}", verdict.outcome, if verdict.hazard_shown { ", hazard shown" } else { "" }),
        format!("  violated: {}", if broken.is_empty() { "nothing".to_owned() } else { broken.join(", ") }),
        format!("  acknowledged and lost: {}", no_lost_commit::lost(&record).len()),
    ];
    lines.extend(notices(&record));
    for finding in [first, overwritten].into_iter().flatten() {
        lines.extend(finding.finding.explanation.iter().map(|line| format!("  {}", line.en)));
    }
    lines.join("\n")
}

#[test]
fn five_settings_of_the_same_mistake_side_by_side() {
    let told: Vec<String> = FIVE.par_iter().map(|name| told(name)).collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn one_summary_shows_the_five_verdicts() {
    let files = FIVE.map(|name| format!("scenarios/polardb/{name}.toml"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_simrun"));
    let output = command.current_dir(root()).args(["run", "--seed", "1"]).args(files).output().expect("simrun runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout));
}

/// Two nodes, a promote beside a writer that commits at this rate all the time, and no stop.
fn beside_a_busy_writer(rate: u32) -> Scenario {
    let text = format!(
        "format = 1\n[drill]\nid = \"G\"\ntitle = \"Guard\"\n[product]\nmodel = \"polardb\"\n[[node]]\nname = \"pb1\"\nrole = \"rw\"\n[[node]]\nname = \"pb2\"\n\
         role = \"ro\"\n[workload]\nkind = \"register\"\nclients = 8\nrate = \"{rate}/s\"\nkeys = 64\nstart = \"1s\"\n\
         [[step]]\nname = \"promote\"\nat = \"2s\"\non = \"pb2\"\ncommand = \"pg_ctl promote -D ~/replica1\"\n\
         if-fails = \"continue\"\n[[check]]\nalways = \"polar-one-writer\"\n[run]\nseeds = \"1..200\"\n\
         time-limit = \"3s\"\n"
    );
    match scenario::check(Source::new("guard.toml", &text), &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("{rejected}"),
    }
}

/// Whether the guard ended the promote, and whether the volume had one writer.
fn guarded(scenario: &Scenario, seed: u64) -> (bool, bool) {
    let (record, verdict) = run(scenario, seed);
    let panicked = record.trace.announced("server.panic").next().is_some();
    (panicked, verdict.checks[0].finding.answer == Answer::Holds)
}

/// The guard is one read of the disk: it saves the data if another record became durable between the last one replayed and
/// that read, and never otherwise.
#[test]
fn how_often_the_guard_saves_the_data() {
    let counted = [50, 250, 1000].map(|rate| {
        let scenario = beside_a_busy_writer(rate);
        let outcomes: Vec<(bool, bool)> = (1..=200u64).into_par_iter().map(|seed| guarded(&scenario, seed)).collect();
        let panics = outcomes.iter().filter(|(panicked, _)| *panicked).count();
        let wrong = outcomes.iter().filter(|(panicked, one_writer)| panicked != one_writer).count();
        assert_eq!(wrong, 0, "at {rate}/s the data are safe exactly when the guard struck");
        format!("{rate} transactions a second: the guard's PANIC saved the data in {panics} of 200 seeds")
    });
    insta::assert_snapshot!(counted.join("\n"));
}

/// Everything a reader of the incident sees: what was typed, what it printed, what servers logged.
fn story(record: &Record) -> Vec<String> {
    let logged = record.trace.events().iter().filter_map(|event: &Event| match &event.what {
        What::Log { line, .. } => {
            let host = record.trace.place_name(event.place).split('/').next().unwrap_or_default().to_owned();
            Some(((event.at, 1), format!("{host} log: {line}")))
        }
        _ => None,
    });
    let mut lines: Vec<_> = logged.collect();
    for command in record.steps.iter().flat_map(|step| &step.commands) {
        lines.push(((command.began, 0), format!("{}$ {}", command.host, command.line())));
        lines.extend(command.lines.iter().map(|(at, line)| ((*at, 2), format!("{}: {line}", command.host))));
    }
    lines.sort_by_key(|(at, _)| *at);
    lines.into_iter().map(|(_, line)| line).collect()
}

/// The first line of a document that is not found behind the one before it.
fn first_missing<'a>(story: &[String], document: &'a [(&'a str, &'a str)]) -> Option<&'a (&'a str, &'a str)> {
    let mut rest = story.iter();
    document.iter().find(|(place, text)| !rest.any(|line| line.starts_with(place) && line.contains(text)))
}

/// The steps of the incident: stop, promote with its output, the slots, the rebuild, the stream, the second switchover.
const SWITCHOVER: &[(&str, &str)] = &[
    ("pb1$", "pg_ctl stop -m fast -D ~/primary"),
    ("pb1: ", "waiting for server to shut down.... done"),
    ("pb1: ", "server stopped"),
    ("pb2$", "pg_ctl promote -D ~/replica1"),
    ("pb2: ", "]pfsd_umount_force 247: pbdname nvme1n1"),
    ("pb2: ", "]chnl_connection_release_shm 1164: client umount return : deleted /var/run/pfsd//nvme1n1/"),
    ("pb2: ", "]pfsd_umount_force 261: umount success for nvme1n1"),
    ("pb2: waiting for server to promote...[PFSD_SDK INF ", "]pfsd_umount_force 247: pbdname nvme1n1"),
    ("pb2: ", "]pfsd_umount_force 261: umount success for nvme1n1"),
    ("pb2:  done", ""),
    ("pb2: ", "server promoted"),
    ("pb2$", "select * from pg_replication_slots"),
    ("pb2: ", "slot_name | plugin | slot_type | datoid | database | temporary | active | active_pid"),
    ("pb2:  replica1 ", "| physical "),
    ("pb2: (3 rows)", ""),
    ("pb1$", "rm -rf $HOME/primary"),
    ("pb1$", "mkdir -m 0700 $HOME/primary"),
    ("pb1$", "polar-initdb.sh $HOME/primary/ /nvme1n1/shared_data/ replica"),
    ("pb1$", "chmod -R 700 $HOME/primary"),
    ("pb1$", "chown -R postgres:postgres $HOME/primary"),
    ("pb1$", "initdb -D /tmp/primary"),
    ("pb1$", "cp /tmp/primary/*.conf $HOME/primary/"),
    ("pb1$", "rm -rf /tmp/primary"),
    ("pb1$", "polar_logindex_mem_size=64MB"),
    ("pb1$", "pg_hba.conf"),
    ("pb1$", "touch $HOME/primary/replica.signal"),
    ("pb1$", "pg_ctl start -D $HOME/primary"),
    ("pb1 log", "found replica.signal, PolarDB in replica mode, use readonly mode mount pfs"),
    ("pb1: ", "server started"),
    ("pb2$", "select * from pg_stat_replication"),
    ("pb2: -[ RECORD", ""),
    ("pb2: application_name | ", ""),
    ("pb2: client_addr ", "| 172.17.0."),
    ("pb2: state ", "| streaming"),
    ("pb2: sync_state ", "| async"),
    ("pb2$", "pg_ctl stop -m fast -D ~/replica1"),
    ("pb2: ", "server stopped"),
    ("pb1$", "pg_ctl promote -D ~/primary"),
    ("pb1: ", "server promoted"),
    ("pb2$", "touch $HOME/replica1/replica.signal"),
    ("pb2$", "pg_ctl start -D ~/replica1"),
    ("pb2 log", "found replica.signal, PolarDB in replica mode"),
    ("pb2: ", "server started"),
];

#[test]
fn the_switchover_and_the_way_back_follow_the_incident_line_by_line() {
    let scenario = drill("switchover_and_back");
    for seed in 1..=3 {
        let (record, verdict) = run(&scenario, seed);
        assert_eq!(verdict.outcome, Outcome::AsExpected, "seed {seed}: {:?}", verdict.cause);
        let story = story(&record);
        assert_eq!(first_missing(&story, SWITCHOVER), None, "seed {seed}:\n{}", story.join("\n"));
    }
}

/// What the incident's server logged from the request to its end, and what pg_ctl said.
const DEATH: &[(&str, &str)] = &[
    ("pb2$", "pg_ctl promote -D ~/replica1"),
    ("pb2 log", "LOG:  received promote request"),
    ("pb2 log", "LOG:  async lock replay: startup@polar_alr_terminate_worker: terminate worker"),
    ("pb2 log", "LOG:  redo done at 0/"),
    ("pb2 log", "LOG:  last completed transaction was at log time "),
    ("pb2 log", "WARNING:  polar_log_read_record read records "),
    ("pb2 log", "WARNING:  replica can't modify file in shared storage by pfs: /nvme1n1/shared_data//base/5"),
    ("pb2 log", "WARNING:  replica can't modify file in shared storage by pfs: /nvme1n1/shared_data//base/1"),
    ("pb2 log", "WARNING:  replica can't modify file in shared storage by pfs: /nvme1n1/shared_data//base/4"),
    ("pb2 log", "WARNING:  replica can't modify file in shared storage by pfs: /nvme1n1/shared_data//base/13572"),
    ("pb2 log", "LOG:  selected new timeline ID: 2"),
    ("pb2 log", "LOG:  vfs_unlink /nvme1n1/shared_data//pg_wal/xlogtemp."),
    ("pb2 log", "Got coredump signal(11) in process("),
    ("pb2 log", "  type:\tstartup"),
    ("pb2 log", "polar_vfs_file_handle_node_type+0x158"),
    ("pb2 log", "vfs_unlink+0xf0"),
    ("pb2 log", "XLogFileCopy+0x130"),
    ("pb2 log", "XLogInitNewTimeline+0xe4"),
    ("pb2 log", "StartupProcessMain+0xcc"),
    ("pb2 log", "WARNING:  Failed to get the instance memory usage"),
    ("pb2 log", ") was terminated by signal 11: Segmentation fault"),
    ("pb2 log", "LOG:  terminating any other active server processes"),
    ("pb2 log", "LOG:  shutting down due to startup process failure"),
    ("pb2 log", "]pfsd_umount_force 247: pbdname nvme1n1"),
    ("pb2 log", "]pfsd_umount_force 261: umount success for nvme1n1"),
    ("pb2 log", "LOG:  umount pbd nvme1n1 success"),
    ("pb2 log", "LOG:  database system is shut down"),
    ("pb2:  stopped waiting", ""),
    ("pb2: ", "pg_ctl: server did not promote in time"),
    ("pb1$", "pg_ctl start -D ~/primary"),
    ("pb1: ", "server started"),
];

#[test]
fn the_promote_without_logindex_dies_as_the_incident_did() {
    let scenario = drill("promote_without_logindex");
    let (record, _) = run(&scenario, 1);
    let story = story(&record);
    assert_eq!(first_missing(&story, DEATH), None, "{}", story.join("\n"));
    let printed: Vec<&String> = story.iter().filter(|line| line.starts_with("pb2: ")).collect();
    assert!(printed.iter().any(|line| line.starts_with("pb2: .[PFSD_SDK INF ")), "a dot stands before the third look");
    let mut other = story.clone();
    let unlink = other.iter().position(|line| line.contains("vfs_unlink /nvme1n1")).expect("a line");
    other.swap(unlink, unlink - 1);
    assert_eq!(first_missing(&other, DEATH).map(|(_, text)| *text), Some(DEATH[11].1), "another order is noticed");
}
