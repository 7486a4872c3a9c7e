//! The incident of `opengauss_ha/need_repair` held against the run: what gs_om showed nine times, what gs_rewind said
//! from its first line to its last, how long each switchover took.
//!
//! The lists are the facts of the published incident (openGauss blog of 2021-08-08), with numbers that belong to that
//! day taken out on both sides.

use std::path::Path;

use simrun::draws::Draws;
use simrun::run::record::CommandRecord;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::{self, Scenario};
use simrun::vocabulary;

fn incident() -> Scenario {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/opengauss_ha/need_repair.toml");
    match scenario::load(&file, &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("the scenario is rejected: {:#?}", rejected.diagnostics),
    }
}

fn run(seed: u64) -> Record {
    let scenario = incident();
    let product = nodes::catalogue::find(&scenario.product.model).expect("the product of the scenario");
    run_scenario(&scenario, product, &Draws::of(&scenario, seed), &RunOptions::default()).expect("a run to its end")
}

/// What `gs_om -t status --detail` showed, in the order of the incident: the cluster, and each node behind its letter.
const STATUSES: [&str; 9] = [
    "Normal: P Primary Normal | S Standby Normal",
    "Unavailable: P Down Manually stopped | S Down Manually stopped",
    "Unavailable: P Down Manually stopped | S Standby Need repair(Disconnected)",
    "Degraded: P Down Manually stopped | S Primary Normal",
    "Degraded: P Standby Need repair(WAL) | S Primary Normal",
    "Degraded: P Standby Need repair(WAL) | S Primary Normal",
    "Normal: P Standby Normal | S Primary Normal",
    "Normal: P Primary Normal | S Standby Normal",
    "Normal: P Primary Normal | S Standby Normal",
];

/// What gs_rewind said, every line of it.
const REWIND: &[&str] = &[
    "set gaussdb state file when rewind:db state(BUILDING_STATE), server mode(STANDBY_MODE), build mode(INC_BUILD).",
    "connected to server: host=N port=N dbname=postgres application_name=gs_rewind connect_timeout=N",
    "connect to primary success",
    "get pg_control success",
    "target server was interrupted in mode N.",
    "sanityChecks success",
    "find last checkpoint at L and checkpoint redo at L from source control file",
    "find last checkpoint at L and checkpoint redo at L from target control file",
    "find max lsn success, find max lsn rec (L) success.",
    "request lsn is L and its crc(source, target):[N, N]",
    "request lsn is L and its crc(source, target):[N, N]",
    "request lsn is L and its crc(source, target):[N, N]",
    "find common checkpoint L",
    "find diverge point success",
    "read checkpoint redo (L) success before rewinding.",
    "rewinding from checkpoint redo point at L on timeline N",
    "diverge xlogfile is N, older ones will not be copied or removed.",
    "targetFileStatThread success pid N.",
    "traverse_datadir start.",
    "reading source file list",
    "filemap_list_to_array start.",
    "filemap_list_to_array end sort start. length is N",
    "sort end.",
    "targetFileStatThread return success.",
    "reading target file list",
    "traverse target datadir success",
    "reading WAL in target",
    "could not read WAL record at L: invalid record length at L: wanted N, got N",
    "calculate totals rewind success",
    "need to copy NMB (total source directory size is NMB)",
    "starting background WAL receiver",
    "Starting copy xlog, start point: L",
    "in gs_rewind proecess,so no need remove.",
    "check identify system success",
    "send START_REPLICATION L success",
    "receiving and unpacking files...",
    "execute file map success",
    "find minRecoveryPoint success from xlog insert location L",
    "update pg_control file success, minRecoveryPoint: L, ckpLoc:L, ckpRedo:L, preCkp:L",
    "update pg_dw file success",
    "xlog end point: L",
    "waiting for background process to finish streaming...",
    "creating backup label and updating control file",
    "create backup label success",
    "read checkpoint redo (L) success.",
    "read checkpoint rec (L) success.",
    "dn incremental build completed.",
    "fetching MOT checkpoint",
];

fn command<'a>(record: &'a Record, step: &str) -> &'a CommandRecord {
    record.step(step).and_then(|step| step.commands.first()).unwrap_or_else(|| panic!("{step} was not typed"))
}

fn lines<'a>(record: &'a Record, step: &str) -> Vec<&'a str> {
    command(record, step).lines.iter().map(|(_, line)| line.as_str()).collect()
}

/// A status table in short.
fn status(record: &Record, step: &str) -> String {
    let lines = lines(record, step);
    let cluster = lines.iter().find_map(|line| line.strip_prefix("cluster_state   : ")).expect("a cluster state");
    let of_node = |column: &str| column.split_whitespace().skip(5).collect::<Vec<_>>().join(" ");
    let nodes: Vec<String> = lines.last().expect("a table").split(" | ").map(of_node).collect();
    format!("{cluster}: {}", nodes.join(" | "))
}

/// A line with `L` for each position of a log and `N` for each other number.
fn bare(line: &str) -> String {
    let mut bare = String::new();
    let mut rest = line;
    while let Some(letter) = rest.chars().next() {
        let is_inside = bare.ends_with(|before: char| before.is_alphabetic() && before != 'N' && before != 'L');
        let length = rest.find(|letter: char| !letter.is_ascii_hexdigit() && letter != '/').unwrap_or(rest.len());
        let word = &rest[..length];
        let decimal = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        if letter.is_ascii_digit() && !is_inside && word.contains('/') {
            bare.push('L');
            rest = &rest[length..];
        } else if letter.is_ascii_digit() {
            let number = rest[..decimal].trim_end_matches('.');
            bare.push('N');
            rest = &rest[number.len()..];
        } else {
            bare.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    bare
}

#[test]
fn every_status_of_the_incident_is_shown_in_its_order() {
    for seed in 1..=20 {
        let record = run(seed);
        let shown: Vec<String> = (1..=9).map(|number| status(&record, &format!("status-{number}"))).collect();
        assert_eq!(shown, STATUSES, "seed {seed}");
    }
}

#[test]
fn the_rewind_says_what_it_said_in_the_incident_line_for_line() {
    for seed in 1..=20 {
        let record = run(seed);
        let said: Vec<&str> = lines(&record, "build")
            .into_iter()
            .filter_map(|line| line.split_once("[gs_rewind]: "))
            .map(|(_, text)| text.trim())
            .collect();
        assert_eq!(said.iter().map(|line| bare(line)).collect::<Vec<_>>(), REWIND, "seed {seed}");
        let mode = said.iter().find(|line| line.starts_with("target server")).expect("the mode");
        assert!(mode.ends_with("mode 2."), "a standby that was stopped: {mode}");
        let probes: Vec<(&str, &str)> = said
            .iter()
            .filter_map(|line| line.split_once("target):[")?.1.trim_end_matches(']').split_once(", "))
            .collect();
        let agrees: Vec<bool> = probes.iter().map(|(source, target)| source == target).collect();
        assert_eq!(agrees, [false, false, true], "two checkpoints differ, the third is common: {probes:?}");
        assert!(probes.iter().all(|(source, _)| *source != "0"), "the source has a record at each: {probes:?}");
    }
}

#[test]
fn the_refused_switchover_takes_a_minute_and_the_one_back_takes_seconds() {
    let record = run(1);
    let seconds = |step: &str| {
        let command = command(&record, step);
        command.ended.expect("it ended").since(command.began).as_secs()
    };
    assert_eq!((seconds("switchover-refused"), command(&record, "switchover-refused").exit_code), (60, Some(1)));
    let refused = lines(&record, "switchover-refused");
    let waited = refused.iter().find(|line| line.contains("waiting for server to switchover")).expect("a line of dots");
    assert!(waited.ends_with(&format!("switchover{}", ".".repeat(63))), "three dots and one a second: {waited}");
    assert!(refused.iter().any(|line| line.contains("switchover timeout after 60 seconds.")), "{refused:?}");
    assert!((8..=20).contains(&seconds("switchover-back")), "{} s", seconds("switchover-back"));
    assert_eq!(command(&record, "switchover-back").exit_code, Some(0));
    let started = lines(&record, "start");
    for fact in ["[SUCCESS] wzsy02", "[FAILURE] wzsy01:", "stopped waiting", "could not start server"] {
        assert!(started.iter().any(|line| line.contains(fact)), "no `{fact}` in {started:#?}");
    }
}
