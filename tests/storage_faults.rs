//! Every fault of the storage, once where it bites and once where the product lives through it.
//!
//! The drills themselves are run by the scenario tests. Here it is kept that none is missing: a verb without a drill in
//! which it bites, or without one in which it is survived, has never been shown to do either.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use nodes::world::device::{FaultCounts, FaultKind};
use rayon::prelude::*;
use simrun::draws::Draws;
use simrun::run::{RunOptions, run_scenario};
use simrun::scenario::model::{ExpectedVerdict, Promise, Reached, Trigger};
use simrun::scenario::source::Source;
use simrun::scenario::values::Ratio;
use simrun::scenario::verbs::FAULT_VERBS;
use simrun::scenario::{self, Scenario};
use simrun::vocabulary;

/// One fault, and the drills that show both sides of it.
struct Row {
    verb: &'static str,
    /// A checker, or the product's own checksum, sees what it did.
    bites: &'static str,
    /// The product goes on, or comes back with everything, where the real one does.
    survives: &'static str,
}

const fn row(verb: &'static str, bites: &'static str, survives: &'static str) -> Row {
    Row { verb, bites, survives }
}

/// The faults of the storage; the drills are below `scenarios/storage`.
const TABLE: &[Row] = &[
    row("power-cut", "power_cut_lying_controller", "power_cut_of_everything"),
    row("torn-write", "torn_write_unflushed", "torn_write"),
    row("read-error", "latent_sector_in_log", "read_error_once"),
    row("write-error", "write_error", "write_error_of_a_vote_survived"),
    row("bit-rot", "bit_rot_in_log", "bit_rot_in_control_page"),
    row("misdirect-write", "misdirected_log_write", "dsc_misdirected_vote_survived"),
    row("stale-read", "stale_log_read", "dsc_stale_vote_survived"),
    row("lose-write", "lost_log_writes", "dsc_lost_heartbeats_survived"),
    row("fail-flush", "failed_flush", "failed_flush_of_a_file"),
    row("lie-about-flush", "power_cut_lying_controller", "lying_flush_once"),
    row("fill-device", "full_device", "full_device"),
    row("slow-device", "late_writes_accepted", "latency_tail_survived"),
    row("stall-device", "long_stall_of_the_primary", "short_stall_survived"),
    row("limp-device", "dsc_limping_voting_disk", "limping_array_survived"),
    row("lose-path", "path_loss", "one_path_of_two_fails"),
    row("restore-path", "path_restored_by_hand", "path_restored_by_hand"),
    row("late-write", "late_writes_accepted", "late_writes_refused"),
    row("lose-reservation", "lost_reservation_before_the_fence", "lost_reservation_behind_the_fence"),
    row("lose-data", "primary_data_gone", "standby_data_gone"),
];

/// Each fault as a rate of `[storage]`; damage that is found when it is read has one of its own. Writes are torn and late
/// only where something is under way when power or a host goes.
const RATES: &[(&str, FaultKind, &str)] = &[
    ("power-cut", FaultKind::PowerCut, "power-cut = { every = \"10s\", up-to = \"2s\" }"),
    (
        "torn-write",
        FaultKind::TornWrite,
        "torn-write = \"1/1\"\nlie-about-flush = \"1/1\"\npower-cut = { every = \"5s\", up-to = \"200ms\" }",
    ),
    ("read-error", FaultKind::ReadError, "read-error = \"1/20\""),
    ("read-error", FaultKind::LatentSectorError, "latent-error = \"1/20\""),
    ("write-error", FaultKind::WriteError, "write-error = \"1/20\""),
    ("bit-rot", FaultKind::BitRot, "bit-rot = \"1/20\""),
    ("misdirect-write", FaultKind::MisdirectedWrite, "misdirect-write = \"1/20\""),
    ("stale-read", FaultKind::StaleRead, "stale-read = \"1/20\""),
    ("lose-write", FaultKind::LostWrite, "lose-write = \"1/20\""),
    ("fail-flush", FaultKind::FailedFlush, "fail-flush = \"1/20\""),
    ("lie-about-flush", FaultKind::LyingFlush, "lie-about-flush = \"1/20\""),
    ("fill-device", FaultKind::Full, "full = \"1/20\""),
    ("slow-device", FaultKind::Slow, "slow = { ratio = \"1/20\", up-to = \"1s\" }"),
    ("stall-device", FaultKind::Stall, "stall = { ratio = \"1/200\", up-to = \"1s\" }"),
    ("limp-device", FaultKind::Limp, "limp = { ratio = \"1/20\", bandwidth = \"1MB/s\" }"),
    ("lose-path", FaultKind::PathLoss, "lose-path = { every = \"10s\", up-to = \"2s\" }"),
    ("late-write", FaultKind::LateWrite, "late-write = { ratio = \"1/1\", up-to = \"2s\" }\nlatency = \"10ms\""),
    ("lose-reservation", FaultKind::ReservationsLost, "lose-reservation = { every = \"10s\" }"),
];

/// The verbs without a rate, and why. Of the storage-fault model also `host fenced` and `two writers` have none: a fence
/// is the product's own deed, and a second writer is what comes of it when the fence fails.
const WITHOUT_RATE: &[(&str, &str)] = &[
    ("restore-path", "it ends another fault, and what is lost by a rate comes back by itself"),
    ("lose-data", "a disk is exchanged by somebody, while its host is down; no device does it to itself"),
];

/// Verbs that are about processes, hosts, links, clocks or what stands outside; all others are about the storage.
const OTHERS: [&str; 21] = [
    "kill",
    "start",
    "pause",
    "resume",
    "slow-cpu",
    "lose-power",
    "restore-power",
    "partition",
    "nic-down",
    "slow",
    "drop",
    "duplicate",
    "reorder",
    "prioritize",
    "limit-bandwidth",
    "skew-clock",
    "jump-clock",
    "fail-command",
    "fail-vip",
    "remove-file",
    "restore-file",
];

/// The storage-fault model row by row (dst-methods, section 3.2), also where a row is no single verb: where it bites, and
/// where it is survived.
const MODEL: &[(&str, &str, &str)] = &[
    ("power cut", "storage/power_cut_lying_controller", "storage/power_cut_of_everything"),
    ("torn write", "storage/torn_write_unflushed", "storage/torn_write"),
    ("bit rot", "storage/bit_rot_in_log", "storage/bit_rot_in_control_page"),
    ("misdirected write", "storage/misdirected_log_write", "storage/dsc_misdirected_vote_survived"),
    ("stale read", "storage/stale_log_read", "storage/dsc_stale_vote_survived"),
    ("lost write", "storage/lost_log_writes", "storage/dsc_lost_heartbeats_survived"),
    ("EIO once, sticky, range", "storage/read_error_sticky", "storage/read_error_once"),
    ("fsync failure", "storage/failed_flush", "storage/failed_flush_of_a_file"),
    ("device full", "storage/full_device", "storage/full_device"),
    ("latency tail, stall, limp", "storage/long_stall_of_the_primary", "storage/latency_tail_survived"),
    ("path loss, one of several", "storage/path_loss", "storage/one_path_of_two_fails"),
    ("host fenced", "storage/late_writes_accepted", "storage/late_writes_refused"),
    ("late write after death", "dm_dsc/late_write_of_a_dead_host", "storage/late_writes_refused"),
    ("two writers", "dm_dsc/paused_past_limit", "opengauss_dms/primary_cut_but_on_storage"),
    ("voting block torn, stale, slow, missing", "dm_dsc/healthy_judged_dead", "storage/dsc_slow_votes_survived"),
    ("all nodes lose power", "storage/power_cut_lying_controller", "dm_dsc/both_hosts_lose_power"),
    ("data gone with the node", "storage/primary_data_gone", "storage/standby_data_gone"),
];

fn load(name: &str) -> Scenario {
    load_from("storage", name)
}

fn load_from(folder: &str, name: &str) -> Scenario {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(folder);
    let path = folder.join(format!("{name}.toml"));
    match scenario::load(&path, &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("{name} is rejected: {:#?}", rejected.diagnostics),
    }
}

/// Whether something in the drill has the fault.
fn carries(scenario: &Scenario, verb: &str) -> bool {
    let planned = scenario.faults.iter().any(|fault| fault.verb.name() == verb);
    planned || (verb == "lie-about-flush" && scenario.storage.default.lie_about_flush != Ratio::ZERO)
}

/// A drill in which the fault would not bite could not end as it says: a check is to break, or something has to be
/// seen that only the fault brings about.
fn shows_the_bite(scenario: &Scenario) -> bool {
    let breaks = matches!(scenario.expect.verdict, ExpectedVerdict::Violation(_));
    let seen = |promise: &Promise| {
        matches!(
            promise,
            Promise::Sometimes(Reached::Announced { .. } | Reached::Counted { .. })
                | Promise::Eventually { after: Some(Trigger::Fault(..)), .. }
        )
    };
    breaks || scenario.checks.iter().any(|check| seen(&check.promise))
}

/// Everything is to hold, and something of it could not hold of a product that stays down.
fn shows_survival(scenario: &Scenario) -> bool {
    let goes_on = |promise: &Promise| matches!(promise, Promise::Survives(_) | Promise::Eventually { .. });
    scenario.expect.verdict == ExpectedVerdict::Pass && scenario.checks.iter().any(|check| goes_on(&check.promise))
}

#[test]
fn every_fault_of_the_storage_has_a_drill_in_which_it_bites_and_one_that_survives_it() {
    let mut missing = Vec::new();
    for Row { verb, bites, survives } in TABLE {
        let (bite, survival) = (load(bites), load(survives));
        for (name, scenario) in [(bites, &bite), (survives, &survival)] {
            if !carries(scenario, verb) {
                missing.push(format!("{name} has no {verb}"));
            }
        }
        if !shows_the_bite(&bite) {
            missing.push(format!("{bites} would end as it says if {verb} did nothing"));
        }
        if !shows_survival(&survival) {
            missing.push(format!("{survives} does not ask that the product goes on after {verb}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_table_has_every_verb_of_the_storage_once() {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    TABLE.iter().for_each(|row| *times.entry(row.verb).or_default() += 1);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
    let listed: BTreeSet<&str> = FAULT_VERBS.iter().map(|verb| verb.name).collect();
    let covered: BTreeSet<&str> = times.keys().copied().chain(OTHERS).collect();
    assert_eq!(listed, covered, "a new fault of the storage needs a row, another one a place among the others");
}

/// A cluster that stores on one volume under a reservation, whose primary's host loses its power.
fn under(rate: &str) -> Scenario {
    let text = format!(
        r#"
format = 1
[drill]
id = "ST-T"
title = "a fault that strikes by itself"
kind = "simulation"
hypothesis = "it strikes"
[product]
model = "opengauss_dms"
[[node]]
name = "dn1"
role = "primary"
[[node]]
name = "dn2"
role = "standby"
[[node]]
name = "dn3"
role = "standby"
[storage]
damage = "unbounded"
{rate}
[workload]
kind = "register"
clients = 4
rate = "100/s"
keys = 8
[[fault]]
name = "dark"
at = "30s"
lose-power = "dn1"
for = "10s"
[[check]]
always = "single-writer"
[run]
seeds = "1..1"
time-limit = "60s"
"#
    );
    match scenario::check(Source::new("rate.toml", text.as_str()), &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("rejected: {:#?}\n{text}", rejected.diagnostics),
    }
}

#[test]
fn every_fault_of_the_storage_is_a_rate_too_and_strikes() {
    let with_rate = RATES.iter().map(|(verb, ..)| *verb);
    let said: BTreeSet<&str> = with_rate.chain(WITHOUT_RATE.iter().map(|(verb, _)| *verb)).collect();
    assert_eq!(said, TABLE.iter().map(|row| row.verb).collect(), "a fault without a rate says why");
    RATES.par_iter().for_each(|(_, kind, rate)| {
        let counts = counts_of(rate, *kind);
        assert!(counts.armed > 0 && counts.fired > 0, "{rate}: {counts:?}");
    });
}

/// What the devices count of a rate, all together.
fn counts_of(rate: &str, kind: FaultKind) -> FaultCounts {
    let scenario = under(rate);
    let product = nodes::catalogue::find("opengauss_dms").expect("the product");
    let record = run_scenario(&scenario, product, &Draws::of(&scenario, 1), &RunOptions::default()).expect("a run");
    let mut all = FaultCounts::default();
    record.weather.iter().filter(|it| it.kind == kind).for_each(|it| all += it.counts);
    all
}

#[test]
fn reservations_are_forgotten_by_themselves_and_whoever_looks_finds_out() {
    let rate = "lose-reservation = { every = \"10s\" }";
    let counts = counts_of(rate, FaultKind::ReservationsLost);
    assert!(counts.armed >= 1 && counts.fired >= 1 && counts.observed >= 1, "{counts:?}");
    let beside =
        counts_of(&format!("power-cut = {{ every = \"20s\", up-to = \"100ms\" }}\n{rate}"), FaultKind::PowerCut);
    let alone = counts_of("power-cut = { every = \"20s\", up-to = \"100ms\" }", FaultKind::PowerCut);
    assert!(alone.fired >= 1 && alone.observed >= 1, "{alone:?}");
    assert_eq!(alone.fired, beside.fired, "other weather moves no cut");
}

#[test]
fn every_row_of_the_storage_fault_model_has_a_drill_in_which_it_bites_and_one_that_survives_it() {
    let load = |path: &str| {
        let (folder, name) = path.split_once('/').expect("a folder and a name");
        load_from(folder, name)
    };
    for (row, bites, survives) in MODEL {
        assert!(shows_the_bite(&load(bites)), "{row}: {bites} would end as it says if nothing bit");
        assert!(shows_survival(&load(survives)), "{row}: {survives} does not ask that the product goes on");
    }
}
