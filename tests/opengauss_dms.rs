//! openGauss resource pooling: each invariant of the protocol reference (section 8.6) is really judged in a shipped drill
//! and has a written history that breaks it; and each drill shows the events it is there for, in their order.

use std::path::Path;

use nodes::world::device::EntryKind;
use nodes::world::time::Instant;
use nodes::world::trace::{Event, What, field};
use simrun::check::{Answer, catalogue};
use simrun::draws::Draws;
use simrun::run::{Record, RunOptions, run_scenario};
use simrun::scenario::{self, Scenario};
use simrun::verdict::{self, Outcome};
use simrun::vocabulary;

fn load(name: &str) -> Scenario {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(format!("{name}.toml"));
    match scenario::load(&file, &vocabulary::known()) {
        Ok(accepted) => accepted.scenario,
        Err(rejected) => panic!("{name} is rejected: {:#?}", rejected.diagnostics),
    }
}

fn run(scenario: &Scenario, seed: u64) -> Record {
    let product = nodes::catalogue::find(&scenario.product.model).expect("the product of the scenario");
    run_scenario(scenario, product, &Draws::of(scenario, seed), &RunOptions::default()).expect("a run to its end")
}

/// An invariant, the check that keeps it, a drill in which it is put to the test, and what the check says there.
type Row = (&'static str, &'static str, &'static str, Answer);

const INVARIANTS: &[Row] = &[
    ("I1", "dms-one-primary-writes", "opengauss_dms/primary_cut_but_on_storage", Answer::Holds),
    ("I1", "single-writer", "opengauss_dms/primary_cut_and_kick_without_preempt", Answer::Violated),
    ("I2", "log-intact", "opengauss_dms/power_loss_with_writes_in_flight", Answer::Holds),
    ("I3", "dms-control-page-by-owner", "switchover_fail", Answer::Holds),
    ("I4", "dms-lock-history", "opengauss_dms/primary_cut_but_on_storage", Answer::Holds),
    ("I4", "one-lock-holder", "switchover_fail", Answer::Holds),
    ("I5", "dms-failover-without-old-primary", "opengauss_dms/old_primary_back_during_failover", Answer::Holds),
    ("I6", "dms-kicked-owns-nothing", "opengauss_dms/primary_cut_but_on_storage", Answer::Holds),
    ("I6", "fenced-means-silent", "opengauss_dms/primary_cut_but_on_storage", Answer::Holds),
    ("I7", "dms-rounds-match", "switchover_fail", Answer::Holds),
    ("I8", "dms-old-primary-ends", "switchover_fail", Answer::Holds),
    ("I8", "dms-old-primary-ends", "opengauss_dms/old_primary_stays", Answer::Violated),
    ("I9", "dms-first-round-failure-ends-the-process", "opengauss_dms/first_round_fails", Answer::Holds),
    ("I10", "converged", "switchover_fail", Answer::Holds),
    ("I10", "writable", "switchover_fail", Answer::Holds),
    ("I11", "no-lost-commit", "opengauss_dms/power_loss_with_writes_in_flight", Answer::Holds),
    ("I12", "dms-one-primary-shown", "switchover_fail", Answer::Holds),
];

#[test]
fn each_invariant_is_judged_in_a_shipped_drill() {
    let mut drills: Vec<&str> = INVARIANTS.iter().map(|row| row.2).collect();
    drills.sort_unstable();
    drills.dedup();
    for drill in drills {
        let scenario = load(drill);
        let verdict = verdict::judge(&scenario, &run(&scenario, scenario.run.seeds.first));
        for (invariant, check, _, expected) in INVARIANTS.iter().filter(|row| row.2 == drill) {
            let judged = verdict.checks.iter().find(|judged| judged.name == *check);
            let judged = judged.unwrap_or_else(|| panic!("{drill} does not ask for {check} ({invariant})"));
            let why = &judged.finding.explanation;
            assert_eq!(judged.finding.answer, *expected, "{invariant} in {drill}: {check}: {why:?}");
        }
    }
}

#[test]
fn each_invariant_has_a_check_and_a_history_that_breaks_it() {
    for number in 1..=12 {
        let invariant = format!("I{number}");
        assert!(INVARIANTS.iter().any(|row| row.0 == invariant), "{invariant} is kept by no check");
    }
    // Liveness has no bad event of its own: it is broken by the end of a run, which the tests of `verdict` write.
    let safety = INVARIANTS.iter().filter(|row| row.0 != "I10");
    for (invariant, name, ..) in safety {
        let check = catalogue::find(name).unwrap_or_else(|| panic!("{invariant}: {name} is no check"));
        assert_eq!(check.judge_example().answer, Answer::Violated, "{invariant}: {name}");
    }
}

/// `(moment, "dn2 reform.started failover")`: what was announced, with its kind or its role where it has one.
fn told(record: &Record) -> Vec<(Instant, String)> {
    record.trace.events().iter().filter_map(|event| Some((event.at, line(record, event)?))).collect()
}

fn line(record: &Record, event: &Event) -> Option<String> {
    let place = record.trace.place_name(event.place);
    let (host, process) = place.split_once('/').unwrap_or((&place, ""));
    match &event.what {
        What::Announced { name, fields } => {
            let detail =
                ["kind", "role", "why"].iter().find_map(|known| field(fields, known)?.text().map(str::to_owned));
            let lock = field(fields, "lock").and_then(|lock| lock.text()).map(|lock| format!(" {lock}"));
            Some(
                format!("{host} {name} {}{}", detail.unwrap_or_default(), lock.unwrap_or_default())
                    .trim_end()
                    .to_owned(),
            )
        }
        What::Process(change) => Some(format!("{host} {process} {}", change.event_name())),
        _ => None,
    }
}

/// Runs some seeds of a drill, which must end as it says, and hands each record and what was told from `from` on.
fn on_seeds(drill: &str, from: &str, look: impl Fn(u64, &Record, &[(Instant, String)])) {
    let scenario = load(drill);
    for seed in 1..=5 {
        let record = run(&scenario, seed);
        let verdict = verdict::judge(&scenario, &record);
        assert_eq!(verdict.outcome, Outcome::AsExpected, "{drill} seed {seed}: {:?}", verdict.cause);
        let fired = record.fault(from).and_then(|fault| fault.fired);
        let began = record.step(from).and_then(|step| step.began);
        let from = fired.or(began).unwrap_or_else(|| panic!("{drill} seed {seed}: {from} never happened"));
        let told: Vec<_> = told(&record).into_iter().filter(|(at, _)| *at >= from).collect();
        look(seed, &record, &told);
    }
}

/// Each line is found after the one before it.
fn in_order(drill: &str, seed: u64, told: &[(Instant, String)], wanted: &[&str]) {
    let mut rest = told.iter();
    for line in wanted {
        let found = rest.any(|(_, told)| told == line);
        assert!(found, "{drill} seed {seed}: `{line}` is not found in its place\n{:#?}", told);
    }
}

fn never(drill: &str, seed: u64, told: &[(Instant, String)], unwanted: &str) {
    let found = told.iter().find(|(_, told)| told.contains(unwanted));
    assert_eq!(found, None, "{drill} seed {seed}: `{unwanted}` happened");
}

#[test]
fn a_primary_restarted_in_time_keeps_its_locks_and_comes_back_by_a_normal_round() {
    let drill = "opengauss_dms/primary_killed_and_restarted";
    on_seeds(drill, "kill-primary", |seed, _, told| {
        let wanted = [
            "dn1 gaussdb process.killed",
            "dn1 gaussdb process.started",
            "dn1 database.starts",
            "dn1 reform.started normal",
            "dn1 replay.finished",
            "dn1 role.changed primary",
            "dn1 writes.opened",
        ];
        in_order(drill, seed, told, &wanted);
        for unwanted in ["failover", "lock.changed", "member.kicked", "node.fenced"] {
            never(drill, seed, told, unwanted);
        }
    });
}

#[test]
fn a_kick_releases_fences_and_fails_over_in_the_real_order() {
    for (drill, from) in [
        ("opengauss_dms/primary_host_lost", "power-loss"),
        ("opengauss_dms/power_loss_with_writes_in_flight", "power-loss"),
    ] {
        on_seeds(drill, from, |seed, _, told| {
            let position = |wanted: &dyn Fn(&str) -> bool| {
                let found = told.iter().position(|(_, line)| wanted(line));
                found.unwrap_or_else(|| panic!("{drill} seed {seed}: something is missing\n{told:#?}"))
            };
            let kicked = position(&|line| line.ends_with("member.kicked"));
            let reformer_free = position(&|line| line.ends_with("lock.changed release dms_reformer_lock"));
            let ordered = position(&|line| line.ends_with("unreg.ordered"));
            let fenced = position(&|line| line.ends_with("node.fenced"));
            let dss_free = position(&|line| line.ends_with("lock.changed release dss cm lock"));
            let main = position(&|line| line.ends_with("dss.read-write"));
            let round = position(&|line| line.ends_with("reform.started failover"));
            let open = position(&|line| line.ends_with("writes.opened"));
            // The reformer lock is free at the kick; the DSS lock, and with it the right to write, waits for the fence.
            assert!(kicked < reformer_free && reformer_free < fenced, "{drill} seed {seed}");
            assert!(ordered < fenced && fenced < dss_free && dss_free < main, "{drill} seed {seed}");
            assert!(main < open && round < open, "{drill} seed {seed}");
        });
    }
}

#[test]
fn writes_are_in_flight_when_the_power_goes() {
    let drill = "opengauss_dms/power_loss_with_writes_in_flight";
    on_seeds(drill, "power-loss", |seed, record, _| {
        let mut entries = record.devices.iter().flat_map(|device| device.journal.entries());
        let orphan = entries.any(|entry| entry.orphaned.is_some() && matches!(entry.kind, EntryKind::Write { .. }));
        assert!(orphan, "seed {seed}: no write was in flight");
    });
}

#[test]
fn an_old_primary_that_comes_back_in_a_failover_waits_for_the_next_round() {
    let drill = "opengauss_dms/old_primary_back_during_failover";
    on_seeds(drill, "power-loss", |seed, _, told| {
        let at = |wanted: &dyn Fn(&str) -> bool| told.iter().find(|(_, line)| wanted(line)).map(|(at, _)| *at);
        let began = at(&|line| line.ends_with("reform.started failover")).expect("a failover began");
        let back = at(&|line| line == "dn1 database.starts").expect("dn1 came back");
        let done = at(&|line| line.ends_with("reform.finished failover")).expect("the failover ended");
        assert!(began < back && back < done, "seed {seed}: {began} {back} {done}");
        never(drill, seed, told, "dn1 reform.started failover");
        in_order(
            drill,
            seed,
            told,
            &["dn1 database.starts", "dn1 reform.started normal", "dn1 reform.finished normal"],
        );
    });
}

#[test]
fn the_restart_limit_ends_in_a_manual_stop_a_kick_and_a_failover() {
    let drill = "opengauss_dms/restart_limit_reached";
    on_seeds(drill, "kill-1", |seed, _, told| {
        let starts = told.iter().filter(|(_, line)| line == "dn1 resource.started").count();
        assert!(starts >= 5, "seed {seed}: {starts} starts before the node was given up");
        in_order(drill, seed, told, &["dn1 resource.started", "dn1 manual-stop.written"]);
        let kicked = told.iter().position(|(_, line)| line.ends_with("member.kicked")).expect("a kick");
        let stopped = told.iter().position(|(_, line)| line == "dn1 manual-stop.written").expect("a manual stop");
        assert!(stopped < kicked, "seed {seed}");
        let rest = &told[kicked..];
        let over = rest.iter().position(|(_, line)| line.ends_with("reform.finished failover")).expect("a failover");
        let back = rest.iter().position(|(_, line)| line == "dn1 gaussdb process.started");
        assert!(back.is_some_and(|back| over < back), "seed {seed}: dn1 stays out until the operator starts it");
    });
}

#[test]
fn a_standby_whose_first_round_failed_ends_itself_and_joins_in_its_next_life() {
    let drill = "opengauss_dms/first_round_fails";
    on_seeds(drill, "kill-primary", |seed, _, told| {
        let wanted = [
            "dn3 first-round.failed",
            "dn3 gaussdb process.exited",
            "dn3 gaussdb process.started",
            "dn3 reform.started normal",
            "dn3 reform.finished normal",
        ];
        in_order(drill, seed, told, &wanted);
    });
}

#[test]
fn om_monitor_starts_a_dead_agent_before_its_node_is_kicked() {
    let drill = "opengauss_dms/cm_agent_killed";
    on_seeds(drill, "kill-agent", |seed, _, told| {
        in_order(
            drill,
            seed,
            told,
            &["dn1 cm_agent process.killed", "dn1 cm_agent process.started", "dn1 agent.restarted"],
        );
        never(drill, seed, told, "member.kicked");
    });
}

#[test]
fn after_the_loss_of_the_new_primarys_host_the_lock_comes_back_to_the_old_primary_which_stays() {
    let drill = "opengauss_dms/new_primary_host_lost_after_lock_moved";
    on_seeds(drill, "power-loss", |seed, _, told| {
        never(drill, seed, told, "self-exit");
        let free = told.iter().position(|(_, line)| line.ends_with("lock.changed release dms_reformer_lock"));
        let free = free.unwrap_or_else(|| panic!("seed {seed}: the kick released nothing"));
        let wanted = ["dn1 reformer-lock.acquired", "dn1 role.changed primary", "dn1 writes.opened"];
        in_order(drill, seed, &told[free..], &wanted);
    });
}

#[test]
fn a_cluster_that_is_stopped_and_started_kicks_nobody_and_keeps_its_primary() {
    let drill = "opengauss_dms/cluster_stopped_and_started";
    on_seeds(drill, "stop", |seed, _, told| {
        in_order(
            drill,
            seed,
            told,
            &["dn1 gaussdb process.exited", "dn1 gaussdb process.started", "dn1 writes.opened"],
        );
        for unwanted in ["member.kicked", "lock.changed", "failover"] {
            never(drill, seed, told, unwanted);
        }
    });
}
