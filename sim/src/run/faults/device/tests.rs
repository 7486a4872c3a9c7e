//! Every storage fault that the test product can meet, in runs: it bites, its counts say so, and a checker sees what it
//! did where the product does not survive it.
//!
//! The test product writes one sector a transaction past the cache, never flushes, and reads its log when it is started
//! again. It cannot meet torn writes of several sectors, flushes and reservations; the device's own tests show those.

use std::time::Duration;

use nodes::product::events;
use nodes::world::device::{EntryKind, FaultCounts, FaultKind, InterruptionKind, RequestId};
use nodes::world::time::Instant;
use nodes::world::trace::{Fields, field};

use crate::check::{Answer, Budget, Finding, linearizable};
use crate::draws::DrawnWhen;
use crate::run::cut::Wanted;
use crate::run::record::{Record, Unproved};
use crate::run::testing::run;
use crate::scenario::verbs::device::DeviceTarget;

/// A run in which damage may be done anywhere, with these faults; the primary is killed at 10 s and started at 11 s.
fn unbounded(faults: &str) -> Record {
    run(&format!("[storage]\ndamage = \"unbounded\"\n{}", restarted(faults)), 1)
}

fn restarted(faults: &str) -> String {
    format!(
        r#"{faults}
[[fault]]
name = "kill"
at = "10s"
kill = "a"
[[fault]]
name = "start"
at = "11s"
start = "a"
"#
    )
}

fn fault(verb: &str) -> String {
    format!("[[fault]]\nname = \"it\"\nat = \"5s\"\n{verb}\n")
}

fn counts(record: &Record) -> FaultCounts {
    let fault = record.fault("it").expect("the fault is in the scenario");
    assert_eq!(fault.unproved(), None, "{fault:?}");
    assert!(fault.targets.iter().all(|target| target.starts_with("shared")), "{:?}", fault.targets);
    fault.effects.counts.expect("a device has counted")
}

fn judged(record: &Record) -> Finding {
    linearizable::check(&record.history, Budget::default())
}

#[test]
fn without_a_fault_a_restart_loses_nothing() {
    let record = unbounded("");
    assert_eq!(judged(&record).answer, Answer::Holds);
    assert!(record.history.operations.iter().filter(|operation| operation.is_ok()).count() > 2_000);
}

#[test]
fn what_the_log_lost_is_seen_by_the_history() {
    for (verb, least) in [
        ("lose-write = { count = 1 }", 1),
        ("misdirect-write = { region = \"wal\", count = 1 }", 1),
        ("bit-rot = { region = \"wal\" }", 1),
        ("bit-rot = { region = \"wal\", sectors = \"20..40\", count = 5 }", 5),
        ("stale-read = { region = \"wal\" }", 1),
        ("read-error = { region = \"wal\", mode = \"latent\", count = 1 }", 1),
        ("read-error = { region = \"wal\", mode = \"sticky\" }", 1),
    ] {
        let record = unbounded(&fault(verb));
        let counts = counts(&record);
        assert!(counts.fired >= least && counts.observed >= 1, "{verb}: {counts:?}");
        assert_eq!(judged(&record).answer, Answer::Violated, "{verb}");
    }
}

#[test]
fn what_the_product_survives_breaks_nothing() {
    for verb in [
        "write-error = { count = 1 }",
        "write-error = { ratio = \"1/10\", mode = \"sticky\" }\nfor = \"2s\"",
        "slow-device = { latency = \"20ms..40ms\" }\nfor = \"2s\"",
        "slow-device = { latency = \"500ms..2s\", ratio = \"1/50\", host = \"a\" }\nfor = \"3s\"",
        "stall-device = { host = \"a\" }\nfor = \"2s\"",
        "limp-device = { bandwidth = \"20kB/s\" }\nfor = \"2s\"",
        "power-cut = {}\nfor = \"2s\"",
    ] {
        let record = unbounded(&fault(verb));
        assert!(counts(&record).fired >= 1, "{verb}");
        let after = record.history.operations.iter().filter(|operation| operation.called.as_millis() > 12_000);
        assert!(after.filter(|operation| operation.is_ok()).count() > 500, "{verb}: service returns");
    }
}

#[test]
fn an_error_comes_once_unless_it_is_told_to_come_more_often() {
    let once = unbounded(&fault("write-error = {}"));
    assert_eq!(counts(&once).fired, 1);
    let often = unbounded(&fault("write-error = { ratio = \"1/5\" }\nfor = \"2s\""));
    assert!(counts(&often).fired > 10);
}

#[test]
fn a_full_device_takes_no_more_and_takes_more_when_it_has_room_again() {
    let record = unbounded(&fault("fill-device = { leave = \"5kB\" }\nfor = \"3s\""));
    let fired = counts(&record).fired;
    assert!(fired > 20, "{fired}");
    let unknown = record
        .history
        .operations
        .iter()
        .filter(|operation| (5_500..8_000).contains(&operation.called.as_millis()) && !operation.is_ok());
    assert!(unknown.count() > 20);
}

#[test]
fn bounded_damage_never_touches_the_only_copy() {
    let record = run(&restarted(&fault("bit-rot = { region = \"wal\", count = 3 }")), 1);
    let it = record.fault("it").unwrap();
    assert_eq!(it.unproved(), Some(Unproved::NoEffect));
    assert_eq!(it.effects.counts.map(|counts| (counts.fired, counts.withheld)), Some((0, 3)));
    assert!(it.effects.account.en.contains("damage is bounded"));
    assert_eq!(judged(&record).answer, Answer::Holds);
}

#[test]
fn a_power_cut_shows_that_commits_were_told_too_early() {
    let dark = |defect: &str| {
        let mut scenario = crate::run::testing::accepted(&restarted(&fault("power-cut = {}\nfor = \"1s\""))).scenario;
        if !defect.is_empty() {
            scenario.product.defects = vec![defect.to_owned()];
        }
        let draws = crate::draws::Draws::of(&scenario, 1);
        let product = &crate::run::testing::PAIR;
        crate::run::run_scenario(&scenario, product, &draws, &crate::run::RunOptions::default()).unwrap()
    };
    let (careful, careless) = (dark(""), dark("answers-early"));
    assert_eq!((judged(&careful).answer, judged(&careless).answer), (Answer::Holds, Answer::Violated));
    assert!(counts(&careless).observed > 10, "writes since the last write-back are gone: {:?}", counts(&careless));
}

#[test]
fn a_write_of_a_dead_host_lands_late() {
    let body = r#"
[[fault]]
name = "slow"
at = "4s"
slow-device = { latency = "300ms" }
[[fault]]
name = "it"
at = "5s"
late-write = { host = "a", delay = "1s..2s" }
[[fault]]
name = "dark"
at = "6s"
lose-power = "a"
"#;
    let record = run(body, 1);
    assert!(counts(&record).fired >= 1);
    let late = record.devices[0].journal.entries().iter().filter(|entry| entry.is_late()).count() as u64;
    assert_eq!(late, counts(&record).fired);
}

#[test]
fn the_weather_strikes_by_itself_and_is_counted() {
    let weather = r#"
[storage]
damage = "unbounded"
lose-write = "1/50"
write-error = "1/20"
stall = { ratio = "1/500", up-to = "200ms" }
full = "1/40"
"#;
    let record = run(weather, 1);
    let struck: Vec<(&str, bool)> =
        record.weather.iter().map(|weather| (weather.kind.name(), weather.counts.fired > 0)).collect();
    assert_eq!(struck, [("write-error", true), ("lost-write", true), ("full", true), ("stall", true)]);
    assert!(run("", 1).weather.is_empty());
    let bounded = run("[storage]\nlose-write = \"1/50\"\n", 1);
    assert_eq!(bounded.weather[0].counts.fired, 0);
    assert!(bounded.weather[0].counts.withheld > 0, "{:?}", bounded.weather);
}

#[test]
fn requests_are_slow_or_limp_and_paths_are_lost_by_themselves() {
    let weather = r#"
[storage]
slow = { ratio = "1/50", up-to = "100ms" }
limp = { ratio = "1/50", bandwidth = "20kB/s" }
lose-path = { every = "5s", up-to = "500ms" }
"#;
    let record = run(weather, 1);
    let met: Vec<(&str, bool)> =
        record.weather.iter().map(|weather| (weather.kind.name(), weather.counts.fired > 0)).collect();
    assert_eq!(met, [("slow", true), ("limp", true), ("path-loss", true)]);
    assert!(record.history.operations.iter().filter(|operation| operation.is_ok()).count() > 1_000);
    let lost = |record: &Record| record.weather.iter().find(|it| it.kind.name() == "path-loss").unwrap().counts;
    let alone = run("[storage]\nlose-path = { every = \"5s\", up-to = \"500ms\" }\n", 1);
    assert_eq!(lost(&alone).fired, lost(&record).fired, "other weather moves no outage");
    // Each of two hosts loses its path every five seconds on average, in thirty seconds.
    assert!((4..=30).contains(&lost(&alone).fired), "{:?}", lost(&alone));
    let slowest = |record: &Record| {
        let waits = record.history.operations.iter().map(|it| it.returned.map(|at| at.since(it.called)));
        waits.flatten().filter(|wait| *wait < Duration::from_secs(1)).max().unwrap_or_default()
    };
    let (alone, calm) = (slowest(&alone), slowest(&run("", 1)));
    assert!(alone > calm + Duration::from_millis(50), "whoever writes meanwhile waits: {alone:?}, {calm:?} without");
}

#[test]
fn power_is_cut_by_itself_and_comes_back() {
    let cuts = "[storage]\npower-cut = { every = \"6s\", up-to = \"500ms\" }\n";
    let record = run(cuts, 1);
    let of = |record: &Record| record.weather.iter().find(|it| it.kind == FaultKind::PowerCut).unwrap().counts;
    assert_eq!(record.weather.len(), 1, "one device has one supply");
    // Every six seconds on average, in thirty seconds; whoever writes meanwhile waits.
    let counts = of(&record);
    assert!(counts.armed == 1 && (2..=15).contains(&counts.fired) && counts.observed > 0, "{counts:?}");
    let journal = &record.devices[0].journal;
    let cut = journal.interruptions().iter().filter(|it| it.kind == InterruptionKind::PowerCut).count();
    assert_eq!(cut as u64, counts.fired);
    assert!(record.history.operations.iter().filter(|operation| operation.is_ok()).count() > 1_000);
    let busier = run(&format!("{cuts}lose-path = {{ every = \"5s\", up-to = \"500ms\" }}\n"), 1);
    assert_eq!(of(&busier).fired, counts.fired, "other weather moves no cut");
}

#[test]
fn only_writes_are_slow_where_that_is_asked_for() {
    let record = run(&fault("slow-device = { latency = \"20ms\", requests = \"writes\" }\nfor = \"2s\""), 1);
    assert!(counts(&record).fired > 0);
    let struck = record.devices[0].journal.entries().iter().filter(|entry| !entry.faults.is_empty());
    let kinds: Vec<EntryKind> = struck.map(|entry| entry.kind).collect();
    assert!(!kinds.is_empty() && kinds.iter().all(|kind| matches!(kind, EntryKind::Write { .. })), "{kinds:?}");
}

/// A device stalls from 5 s to 8 s, for all requests or for writes alone; the standby is started again meanwhile, and reads
/// whose turn it is.
fn stalled(requests: &str) -> String {
    let others = "[[fault]]\nname = \"kill\"\nat = \"5100ms\"\nkill = \"b\"\n\
                  [[fault]]\nname = \"start\"\nat = \"5200ms\"\nstart = \"b\"\n";
    format!("{}{others}", fault(&format!("stall-device = {{ requests = \"{requests}\" }}\nfor = \"3s\"")))
}

/// The writes of the primary that hang at a moment, by name, and whether the device has none of them in its journal yet.
fn hanging(body: &str, at: Duration) -> (Vec<RequestId>, bool) {
    let scenario = crate::run::testing::accepted(body).scenario;
    let draws = crate::draws::Draws::of(&scenario, 1);
    let device = DeviceTarget { device: "shared".to_owned(), host: None };
    let wanted = Wanted { when: DrawnWhen::At { at }, device, moments: 1 };
    let options = crate::run::RunOptions::default();
    let (_, mut kept) =
        crate::run::run_to_cut(&scenario, &crate::run::testing::PAIR, &draws, &options, &wanted).unwrap();
    let cut = &mut kept.cuts[0];
    let device = &mut cut.devices[cut.victim];
    let under_way: Vec<RequestId> = device.writes_under_way(cut.at, 0).iter().map(|write| write.id).collect();
    let carried_out =
        device.journal().entries().iter().any(|it| under_way.contains(&it.request) && it.applied.is_some());
    (under_way, !carried_out)
}

#[test]
fn writes_hang_while_the_device_stalls_and_reads_only_where_all_requests_do() {
    let ends = Instant::START + Duration::from_secs(8);
    for requests in ["writes", "all"] {
        let body = stalled(requests);
        let record = run(&body, 1);
        assert!(counts(&record).fired > 0, "{requests}");
        let (writes, none_carried_out) = hanging(&body, Duration::from_secs(7));
        assert!(!writes.is_empty() && none_carried_out, "{requests}: {writes:?}");
        let entries = record.devices[0].journal.entries().iter().filter(|entry| writes.contains(&entry.request));
        let answered: Vec<Option<Instant>> = entries.map(|entry| entry.acknowledged).collect();
        assert_eq!(answered.len(), writes.len(), "{requests}: each goes on when the stall ends");
        assert!(answered.iter().flatten().all(|at| *at >= ends), "{requests}: {answered:?}");
        let roles = record.trace.announced(events::ROLE_CHANGED);
        let is_standby = |fields: &Fields| field(fields, "role").and_then(|role| role.text()) == Some("standby");
        let begun = Instant::START + Duration::from_millis(5_200);
        let read =
            roles.filter(|(event, fields)| event.at > begun && is_standby(fields)).map(|(event, _)| event.at).min();
        let read = read.expect("the standby is back");
        assert_eq!(read >= ends, requests == "all", "{requests}: whose turn it is was read at {read}");
    }
}

#[test]
fn liveness_is_judged_only_where_damage_is_bounded() {
    let outcome = |damage: &str| {
        let body = format!(
            "[storage]\ndamage = \"{damage}\"\n[[fault]]\nname = \"dark\"\nat = \"5s\"\npower-cut = {{}}\n\
             [[check]]\neventually = \"writable\"\nwithin = \"10s\"\n"
        );
        let scenario = crate::run::testing::accepted(&body).scenario;
        let draws = crate::draws::Draws::of(&scenario, 1);
        let product = &crate::run::testing::PAIR;
        let record = crate::run::run_scenario(&scenario, product, &draws, &crate::run::RunOptions::default()).unwrap();
        crate::verdict::judge(&scenario, &record).outcome
    };
    assert_eq!(outcome("bounded"), crate::verdict::Outcome::NotAsExpected);
    assert_eq!(outcome("unbounded"), crate::verdict::Outcome::AsExpected);
}
